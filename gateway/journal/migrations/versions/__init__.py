"""One file a change, named for what it does."""
