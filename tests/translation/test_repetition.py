"""What a translation says over and over is said once, and marked."""

from __future__ import annotations

import pytest

from nlp_rnn.translation.repetition import cut

LA = "▁il ▁est ▁là"
LOOPS = {
    "words": (LA + " ▁là" * 9, False, LA + " ▁[…]", "repetition"),
    "words with an end": (LA + " ▁là" * 9 + " .", True, LA + " ▁[…] .", "repetition"),
    "of two words": ("▁a" + " ▁de ▁la" * 5 + " ▁de", False, "▁a ▁de ▁la ▁[…]", "repetition"),
    "in a word": ("▁h" + " a" * 12, False, "▁h a ▁[…]", "repetition"),
    "in the middle": ("▁le" + " ▁de ▁la" * 5 + " ▁de ▁fin", True, "▁le ▁de ▁la ▁[…] ▁de ▁fin", "repetition"),
    "no end": ("▁un ▁deux ▁trois", False, "▁un ▁deux ▁trois ▁[…]", "length"),
    "none": ("▁non ▁non ▁non .", True, None, None),
    "zeros": ("▁1" + " 0" * 12, True, None, None),
    "short": ("▁un", True, None, None),
    "nothing": ("", True, None, None),
}


@pytest.mark.parametrize("name", LOOPS)
def test_endless_repetition_is_said_once_and_marked(name: str) -> None:
    pieces, ended, expected, why = LOOPS[name]
    found = cut(pieces.split(), "▁the ▁cat .".split(), ended=ended)
    assert (" ".join(found[0]), found[1]) == (pieces if expected is None else expected, why)


def test_what_the_source_repeats_is_no_endless_repetition() -> None:
    laughing = ["▁ha"] * 6
    assert cut(laughing, laughing, ended=True) == (laughing, None)
    assert cut(laughing, ["▁lol"], ended=True)[1] == "repetition"
    assert cut(laughing * 3, laughing, ended=True)[1] == "repetition"
