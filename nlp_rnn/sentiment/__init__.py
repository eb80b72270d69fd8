"""Sentiment with recurrent models: classify, explain, calibrate, probe negation, mix training data."""
