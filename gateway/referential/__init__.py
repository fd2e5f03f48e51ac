"""The payer directory as client software is given it: whole, in pages, by what changed."""
