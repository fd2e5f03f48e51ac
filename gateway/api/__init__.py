"""The HTTP interface for vendors."""
