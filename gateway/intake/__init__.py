"""The ways in: reception, and the doors in front of it."""
