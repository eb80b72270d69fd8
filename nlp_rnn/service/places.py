"""Places in a text, for Python in code points and for browsers in UTF-16 units; and reviews that have them.

Knows reviews and their JSON; reviews nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from nlp_rnn.risk.review import Passage
from nlp_rnn.service.schemas import Reason, Sentence


class Places:
    """The UTF-16 places of a text.

    >>> Places("a😀b").utf16(2)
    3
    """

    def __init__(self, text: str) -> None:
        # Only characters beyond the first plane need two units: as a rule there are none.
        self._wide = [] if text.isascii() else [at for at, letter in enumerate(text) if letter > "\uffff"]

    def utf16(self, place: int) -> int:
        """Return a place in UTF-16 units."""
        return place + bisect_left(self._wide, place)


def sentences_of(passages: Sequence[Passage], places: Places, *, quoted: bool = True) -> list[Sentence]:
    """Return passages as JSON.

    Args:
        passages: Reviewed sentences.
        places: Of the text under review.
        quoted: Whether to give their text and the words that were found: not where a policy removed them.
    """
    return [
        Sentence(
            start=passage.start,
            end=passage.end,
            start_utf16=places.utf16(passage.start),
            end_utf16=places.utf16(passage.end),
            text=passage.text if quoted else None,
            level=passage.level,
            score=passage.score,
            signals=[
                Reason(
                    start=signal.start,
                    end=signal.end,
                    start_utf16=places.utf16(signal.start),
                    end_utf16=places.utf16(signal.end),
                    name=signal.kind,
                    score=signal.score,
                    reason=signal.why if quoted else None,
                )
                for signal in passage.signals
            ],
        )
        for passage in passages
    ]
