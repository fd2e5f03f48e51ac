"""Tests of the networks and channels."""
