"""How bytes travel to and from a payer."""
