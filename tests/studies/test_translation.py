"""The comparison of translators, with fakes that are right as often as they are told to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlp_rnn.errors import InputError

pytest.importorskip("sacrebleu", reason="BLEU needs the extra translate")
from nlp_rnn.studies.translation import study_translation

PAIRS = [
    (f"{'very ' * (n % 7 + 3)}long text {n}", f"{'tres ' * (n % 7 + 3)}long texte {n}") for n in range(32)
]


class Fake:
    """A translator that knows the texts of fewer words than ``most``."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.beams: list[int] = []

    def translate(self, texts: list[str], *, beam: int) -> list[str]:
        self.beams.append(beam)
        known = dict(PAIRS)
        return [known[text] if len(text.split()) < self.most else "autre chose" for text in texts]


def test_the_one_that_knows_long_texts_is_better_there_alone() -> None:
    good, short = Fake(99), Fake(8)
    said: list[str] = []
    found = study_translation({"good": good, "short": short}, PAIRS, beam=3, progress=said.append)  # type: ignore[dict-item]
    assert good.beams == short.beams == [1, 3]
    assert said == ["good: greedy", "good: beam 3", "short: greedy", "short: beam 3"]
    first, *_, last = zip(found.quarters["good"], found.quarters["short"], strict=True)
    assert first[0].bleu == first[1].bleu == pytest.approx(100)
    assert last[0].bleu == pytest.approx(100)
    assert last[1].bleu < 1
    assert [len(found.quarters["good"]), len(found.eighths["good"])] == [4, 8]
    header, *rows = found.table_by_length()
    assert header == ["words", "pairs", "BLEU: good", "BLEU: short", "chrF: good", "chrF: short"]
    assert [row[1] for row in rows] == ["8", "8", "8", "8"]
    assert [row[:3] for row in found.table()[1:]][::2] == [["good", "greedy", "100.0"], found.table()[3][:3]]


def test_a_text_with_two_translations_is_asked_once_and_has_both_as_references() -> None:
    pairs = [*PAIRS, (PAIRS[0][0], "un autre texte tout a fait different")]
    fake = Fake(99)
    each, once = study_translation({"fake": fake}, pairs).whole["fake"]["greedy"]  # type: ignore[dict-item]
    assert (each.n, once.n) == (33, 32)
    assert each.bleu < once.bleu == pytest.approx(100)


def test_the_figures_are_json_and_the_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = study_translation({"fake": Fake(9)}, PAIRS)  # type: ignore[dict-item]
    values = json.loads(json.dumps(found.to_dict()))
    assert set(values) == {"whole", "by length"}
    assert set(values["whole"]["fake"]["beam 5"]) == {"each pair", "all references"}
    assert found.plot(tmp_path / "bleu.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="at least 8 pairs, got 7"):
        study_translation({"fake": Fake(9)}, PAIRS[:7])  # type: ignore[dict-item]
    with pytest.raises(InputError, match="needs a translator"):
        study_translation({}, PAIRS)
