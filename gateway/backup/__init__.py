"""Backups: a moment of the journal with every stored file that it names, and back."""
