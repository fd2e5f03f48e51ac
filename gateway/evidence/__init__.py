"""Bundles of evidence: all that is known of one thing, checked without Octway."""
