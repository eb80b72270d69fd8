"""``nlp-rnn classify``: labels for texts given as words, in a file of any length, or through a pipe."""
from __future__ import annotations
def classify(x: str) -> None:
    """Later."""
