"""A life in words, for a terminal and for a page: what happened, stands, is next."""
