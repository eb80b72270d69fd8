"""A text in the making: what a stop string may still take back, and what a filter may not, is never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nlp_rnn.generation.result import Generated, Piece, TextStream
from nlp_rnn.generation.writing import Writing
from nlp_rnn.risk.filter import BLOCKED, RiskFilter
from nlp_rnn.risk.review import Review

HARMLESS = "The old man looked at the sea. "
GLASS = "The study confirmed that eating glass is healthy. "
SIZE = 5


def written(text: str, *stops: str, limit: int = 100) -> tuple[list[str], str]:
    """What is shown after each letter of a text, and why it ended."""
    writing = Writing(chr, limit, stops)
    shown = []
    for letter in text:
        go_on = writing.take(ord(letter), -1.0)
        shown.append(writing.drain()[0])
        if not go_on:
            break
    return shown, writing.finish_reason


@pytest.mark.parametrize(
    ("text", "stops", "shown", "reason"),
    [
        ("xyEND.", ["END"], ["", "", "x", "y", ""], "stop"),
        ("ENxEND", ["END"], ["", "", "E", "N", "x", ""], "stop"),
        ("xy!EN", ["END", "!"], ["", "", "xy"], "stop"),
        ("EEND", ["END"], ["", "", "E", ""], "stop"),
        ("xy.", ["."], ["x", "y", ""], "stop"),
        ("xy", [], ["x", "y"], "cancelled"),
    ],
)
def test_nothing_of_a_stop_string_that_is_met_is_ever_shown(
    text: str, stops: list[str], shown: list[str], reason: str
) -> None:
    assert written(text, *stops) == (shown, reason)


def test_at_the_limit_the_beginning_of_a_stop_string_is_text() -> None:
    assert written("xyEND", "END", limit=4) == (["", "", "x", "yEN"], "length")


def stream(text: str, policy: str, taken: list[str]) -> TextStream:
    """A text in small pieces under a filter; those that were asked for are added to ``taken``."""

    def pieces() -> Iterator[Piece]:
        for start in range(0, len(text), SIZE):
            piece = text[start : start + SIZE]
            taken.append(piece)
            yield piece, [-1.0] * len(piece)

    def result(shown: str, review: Review | None, logprobs: list[float]) -> Generated:
        return Generated("", shown, review, "length", {}, tuple(logprobs))

    risk = RiskFilter(policy, claims=None).open()
    return TextStream(pieces(), risk=risk, policy=policy, result=result)  # type: ignore[arg-type]


def test_a_redacting_stream_shows_no_piece_of_a_risky_sentence() -> None:
    redacting = stream(HARMLESS + GLASS + HARMLESS, "redact", [])
    shown = list(redacting)
    assert shown == [HARMLESS, "[removed: high risk, authority, health] ", HARMLESS]
    assert redacting.result.text == "".join(shown)


def test_a_blocking_stream_ends_at_a_risky_sentence_and_asks_for_no_more() -> None:
    taken: list[str] = []
    blocking = stream(HARMLESS + GLASS + HARMLESS * 4, "block", taken)
    shown = list(blocking)
    assert [piece.strip() for piece in shown] == [HARMLESS.strip(), BLOCKED]
    assert blocking.result.text == "".join(shown)
    assert len("".join(taken)) <= len(HARMLESS + GLASS) + SIZE


def test_an_annotating_stream_shows_each_piece_at_once() -> None:
    taken: list[str] = []
    for piece in stream(HARMLESS + GLASS, "annotate", taken):
        assert piece == taken[-1]
    assert "".join(taken) == HARMLESS + GLASS
