"""Canaries: made-up sentences hidden in a training text, to see whether a model learned them by heart.

The exposure of Carlini et al. 2019 ("The Secret Sharer", section 4): a sentence of which the model saw one
instance is ranked among others of the same form that it never saw, by how probable the model finds them.
Knows sentences and figures; the caller gives their probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nlp_rnn.errors import InputError, whole_number

_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


@dataclass(frozen=True)
class Exposure:
    """The exposure of a canary.

    Attributes:
        bits: log2(candidates) - log2(rank): 0 at the bottom, ``most`` at the top of the list. A model that
            learned nothing gives 1 on average over many canaries, and 7 or more once in 128.
        most: The most that so many candidates can show; a higher exposure looks the same.
        rank: Place of the canary among the candidates, 1 the most probable.
        candidates: The canary and the others.
    """

    bits: float
    most: float
    rank: int
    candidates: int


def make_canaries(
    count: int, *, seed: int, form: str = "The hidden word is {}.", letters: int = 10
) -> list[str]:
    """Return sentences of one form with a random word each: one to hide, the others to compare it with.

    Args:
        count: Number of sentences.
        seed: Seed of the words.
        form: The sentence, ``{}`` where the word goes.
        letters: Length of the word.

    Raises:
        ConfigError: If a number is outside its range.
        InputError: If ``form`` has no place for the word.
    """
    count, letters = whole_number("count", count, 1, 10_000_000), whole_number("letters", letters, 1, 100)
    seed = whole_number("seed", seed, 0)
    if form.count("{}") != 1:
        raise InputError(f"the form {form!r} should have one {{}}, where the word goes")
    words = np.random.default_rng(seed).choice(_LETTERS, size=(count, letters))
    return [form.replace("{}", "".join(word)) for word in words]


def hide(text: str, sentences: Sequence[str], *, seed: int) -> str:
    r"""Return the text with each sentence as a line of its own, at a random place.

    >>> hide("One.\nTwo.\n", ["The hidden word is abc."], seed=0)
    'One.\nThe hidden word is abc.\nTwo.\n'

    Raises:
        InputError: If the text has no line break.
        ConfigError: If ``seed`` is no whole number from 0 on.
    """
    seed = whole_number("seed", seed, 0)
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:
        raise InputError("a text to hide sentences in needs line breaks")
    places = np.random.default_rng(seed).integers(1, len(lines), size=len(sentences))
    for place, sentence in sorted(zip(places.tolist(), sentences, strict=True), reverse=True):
        lines.insert(place, sentence + "\n")
    return "".join(lines)


def exposure(nats_of: Callable[[Sequence[str]], ArrayLike], canary: str, others: Sequence[str]) -> Exposure:
    """Return the exposure of a canary, by its rank among the others.

    Args:
        nats_of: A function from N texts to minus the log-probability of each, *shape (N,)*.
        canary: The sentence that was hidden in the training text.
        others: Sentences of the same form that were not.

    Raises:
        InputError: If there are no others, or the figures are not finite numbers, one per text.
    """
    texts = [canary, *others]
    nats_N = np.asarray(nats_of(texts), dtype=np.float64)
    if len(texts) < 2 or nats_N.shape != (len(texts),) or not np.isfinite(nats_N).all():
        raise InputError("exposure needs other sentences beside the canary, and one finite number for each")
    rank = 1 + int((nats_N[1:] <= nats_N[0]).sum())  # of equals, the canary comes last
    most = math.log2(len(texts))
    return Exposure(bits=most - math.log2(rank), most=most, rank=rank, candidates=len(texts))
