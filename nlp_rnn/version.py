"""The version, alone in a file that imports nothing, so that every other file may import it."""

__version__ = "0.1.0"
