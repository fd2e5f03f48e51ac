"""The journal: tables, transactions, chained events, claim ledger."""
