"""Other people's tools: each file is a face of its own, as in ``nlp_rnn.integrations.ray.classify``."""
