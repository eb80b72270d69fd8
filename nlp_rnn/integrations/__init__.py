"""Other people's tools, one file each, which is a face of its own: ``from nlp_rnn.integrations.ray import classify``."""
