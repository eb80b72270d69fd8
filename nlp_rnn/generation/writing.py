"""From ids to characters: spelling, stop strings and length of a text that is being written.

Knows tokenizers; no models, no sampling.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator, Iterable, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain

from nlp_rnn.errors import InputError, as_texts, whole_number
from nlp_rnn.text.tokenizer import TextTokenizer

LONGEST = 10_000_000
"""Characters of a text at most."""


@dataclass(eq=False)
class Writing:
    """The characters of one text that is being written.

    Attributes:
        spell: Function from ids to characters, see ``speller``.
        limit: Characters at most.
        stops: Strings before which the text ends.
        finish_reason: ``length`` or ``stop``; until it ends, and if it never does, ``cancelled``.
    """

    spell: Callable[[int], str]
    limit: int
    stops: tuple[str, ...]
    finish_reason: str = "cancelled"
    _letters: list[str] = field(default_factory=list)
    _logprobs: list[float] = field(default_factory=list)
    _ready: int = 0  # letters that no stop string can take back
    _count: int = 0
    _nats: float = 0.0  # log-probability of the bytes of a character so far

    def __post_init__(self) -> None:
        """Count the letters that a stop string may still take back."""
        self._held = max((len(stop) - 1 for stop in self.stops), default=0)

    def take(self, chosen: int, log_prob: float) -> bool:
        """Add an id; return False if the text ends with it."""
        self._nats += log_prob
        # No letter inside a character's bytes; two if those were no valid character.
        for letter in self.spell(chosen):
            # A character costs what all of its bytes cost.
            self._letters.append(letter)
            self._logprobs.append(self._nats)
            self._nats = 0.0
            self._count += 1
            # A stop string can only end with the letter that was just written; it is cut off again.
            for stop in self.stops:
                if stop[-1] == letter and "".join(self._letters[-len(stop) :]) == stop:
                    return self._end("stop", len(self._letters) - len(stop))
            if self._count >= self.limit:
                return self._end("length", len(self._letters))
        # Hold back as many letters as may turn out to be the beginning of a stop string.
        self._ready = max(0, len(self._letters) - self._held)
        return True

    def _end(self, reason: str, ready: int) -> bool:
        self.finish_reason, self._ready = reason, ready
        return False

    def drain(self) -> tuple[str, list[float]]:
        """Return what no stop string can take back since the last call, and its log-probabilities."""
        ready, self._ready = self._ready, 0
        piece, known = "".join(self._letters[:ready]), self._logprobs[:ready]
        del self._letters[:ready], self._logprobs[:ready]
        return piece, known

    def pieces(self, steps: Iterable[object]) -> Generator[tuple[str, list[float]], None, None]:
        """Yield what ``drain`` returns after each of the steps that write the text."""
        for _ in chain(steps, [None]):
            piece, known = self.drain()
            if piece:
                yield piece, known


def speller(tokenizer: TextTokenizer) -> Callable[[int], str]:
    """Return a function from a text's ids, in their order, to characters; "" within a character's bytes."""
    if tokenizer.kind == "char":
        return tokenizer.vocab.__getitem__
    # Byte-level tokenizers write each byte as one printable letter; here is the way back.
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]  # bytes that are written as themselves
    letters = {chr(byte): byte for byte in plain}
    letters |= {chr(256 + i): byte for i, byte in enumerate(sorted(set(range(256)) - set(plain)))}
    bytes_of = [bytes([letters[token]]) if token in letters else b"" for token in tokenizer.vocab]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda chosen: decoder.decode(bytes_of[chosen])


def start_writing(tokenizer: TextTokenizer, max_new_chars: int, stop: str | Sequence[str] | None) -> Writing:
    """Return a text with nothing written yet.

    Args:
        tokenizer: The model's own.
        max_new_chars: Characters to write at most.
        stop: A string, or several, before which the text ends.

    Raises:
        ConfigError: If there is no such number of characters.
        InputError: If a stop string is no str or empty.
    """
    max_new_chars = whole_number("max_new_chars", max_new_chars, 0, LONGEST)
    reason = "cancelled" if max_new_chars else "length"
    return Writing(speller(tokenizer), max_new_chars, _stop_strings(stop), reason)


def _stop_strings(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the strings before which a text ends, checked."""
    if stop is None:
        return ()
    if not isinstance(stop, Iterable):
        raise InputError(f"stop should be a str, or a sequence of several, got {stop!r}")
    if isinstance(stop, Set):  # the first to end a text does, in whatever order they are given
        stop = list(stop)
    stops = (stop,) if isinstance(stop, str) else tuple(as_texts(stop, "stop"))
    if "" in stops:
        raise InputError("a stop string must be a str of at least one character, got ''")
    return stops
