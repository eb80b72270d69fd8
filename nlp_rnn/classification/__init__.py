"""Classifiers of texts: training, calibration, explanation."""
