"""The staff console: pages under `/console`, rendered on the server (ADR 12)."""
