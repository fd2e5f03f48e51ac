"""Promises that every channel and every network keeps alike."""
