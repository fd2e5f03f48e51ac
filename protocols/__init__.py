"""Payer networks and channels: formats, readers, writers, transports."""
