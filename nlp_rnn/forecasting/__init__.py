"""Forecasts of series, and their comparison with naive and classical ones."""
