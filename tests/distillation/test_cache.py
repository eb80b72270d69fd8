"""What a teacher said comes back from its file, is asked for once, and is refused if it is another's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.distillation.cache import Answers
from nlp_rnn.errors import ArtifactError

CLASSES = ["negative", "neutral", "positive"]


def teacher(asked: list[str]) -> object:
    """A fake teacher that notes what it was asked."""

    def predict_proba(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        shares = np.array([[1 + len(text), 2, 3 + text.count("a")] for text in texts], np.float32)
        return shares / shares.sum(axis=1, keepdims=True)

    return predict_proba


def test_answers_come_back_from_the_file_and_only_new_texts_are_asked(tmp_path: Path) -> None:
    asked: list[str] = []
    file = tmp_path / "more" / "answers.npz"
    answers = Answers(file, CLASSES)
    seen: list[tuple[int, int]] = []
    answers.ask(
        teacher(asked),
        ["banana", "", "banana", "\ud800"],
        teacher="one",
        progress=lambda *now: seen.append(now),
    )
    assert asked == ["banana", "", "\ud800"]
    assert seen == [(3, 3)]
    again = Answers(file, CLASSES)
    again.ask(teacher(asked), ["", "new", "banana"], teacher="one")
    assert asked == ["banana", "", "\ud800", "new"]
    texts = ["new", "banana", "banana"]
    expected = teacher([])(texts)
    np.testing.assert_allclose(Answers(file, CLASSES).look_up(texts), expected, atol=0.004)
    assert (len(again), "new" in again, "old" in again) == (4, True, False)
    assert file.stat().st_size < 1_500


def test_what_was_answered_before_a_stop_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlp_rnn.distillation.cache._AT_ONCE", 2)
    asked: list[str] = []

    def stops(texts: list[str]) -> np.ndarray:
        if "c" in texts:
            raise KeyboardInterrupt
        return teacher(asked)(texts)

    with pytest.raises(KeyboardInterrupt):
        Answers(tmp_path / "a.npz", CLASSES).ask(stops, ["a", "b", "c"], teacher="one")
    left = Answers(tmp_path / "a.npz", CLASSES)
    assert ("a" in left, "b" in left, "c" in left) == (True, True, False)


def test_answers_of_two_teachers_are_never_mixed(tmp_path: Path) -> None:
    Answers(tmp_path / "a.npz", CLASSES).ask(teacher([]), ["a"], teacher="one")
    again = Answers(tmp_path / "a.npz", CLASSES)
    with pytest.raises(ArtifactError, match=r"another teacher \(one, not two"):
        again.ask(teacher([]), ["b"], teacher="two")
    assert "b" not in again


def test_an_unknown_text_other_classes_and_a_broken_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "answers.npz"
    answers = Answers(file, CLASSES)
    answers.ask(teacher([]), ["one"], teacher="one")
    with pytest.raises(KeyError):
        answers.look_up(["two"])
    with pytest.raises(ArtifactError, match="answers of the classes negative, neutral, positive"):
        Answers(file, ["no", "yes", "perhaps"])
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ArtifactError, match="holds no answers"):
        Answers(file, CLASSES)
