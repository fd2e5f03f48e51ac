"""Tests of the Belgian network."""
