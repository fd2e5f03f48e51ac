"""Simulated vendors, and the demo."""
