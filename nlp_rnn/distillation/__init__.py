"""Models that teach smaller ones."""
