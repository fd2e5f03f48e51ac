"""Payloads: encrypted segments and files, addressed by id."""
