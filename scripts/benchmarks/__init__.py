"""What ``scripts/benchmark.py`` measures: one file per kind of row."""
