"""Measurements of the shipped models, and of each lever of their training."""
