"""Generating text, and saying how risky it looks."""
