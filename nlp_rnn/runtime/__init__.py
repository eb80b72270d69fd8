"""The models in NumPy, for use; the same files and names as in ``nn/``."""
