"""Models that read one sequence and write another: forecasts of a series, translations of a text."""
