"""Tests of the French network."""
