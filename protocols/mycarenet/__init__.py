"""The Belgian network: eFact billing out, receipts, verdicts and settlements back."""
