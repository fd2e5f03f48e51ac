"""Watching for what does not come back."""
