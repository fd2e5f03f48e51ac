"""The Belgian network: eFact billing over MyCareNet."""
