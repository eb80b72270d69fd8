"""Detections in scores: once for each word, the same in any pieces, nested by threshold."""

from __future__ import annotations

import numpy as np
import pytest

from nlp_rnn.audio.alarms import trade_off
from nlp_rnn.audio.detection import Detection, Detector, detect
from nlp_rnn.audio.stretches import Spoken

SETTINGS = {"smoothing": 3, "refractory": 10, "step_seconds": 0.02, "first_seconds": 0.035}


def bump(length: int, *peaks: tuple[int, int, float]) -> np.ndarray:
    """Scores (length, 2) with a hill at each (step, column, height)."""
    scores = np.zeros((length, 2), np.float32)
    for step, column, height in peaks:
        scores[step - 3 : step + 4, column] = height * np.array([0.3, 0.6, 0.9, 1, 0.9, 0.6, 0.3])
    return scores


def test_a_hill_is_heard_once_at_its_top() -> None:
    (found,) = detect(bump(60, (20, 1, 0.9)), ["a", "b"], threshold=0.5, **SETTINGS)
    assert found.word == "b"
    assert found.time == pytest.approx(0.035 + 21 * 0.02)  # the mean of three steps is greatest a step later
    assert found.confidence == pytest.approx(0.9 * 2.8 / 3, abs=1e-6)


def test_of_two_hills_that_are_near_the_higher_is_heard_and_of_distant_ones_both() -> None:
    near = detect(bump(60, (20, 0, 0.8), (28, 1, 0.9)), ["a", "b"], threshold=0.5, **SETTINGS)
    assert [each.word for each in near] == ["b"]
    before = detect(bump(60, (20, 0, 0.9), (28, 1, 0.8)), ["a", "b"], threshold=0.5, **SETTINGS)
    assert [each.word for each in before] == ["a"]
    apart = detect(bump(60, (20, 0, 0.8), (40, 1, 0.9)), ["a", "b"], threshold=0.5, **SETTINGS)
    assert [each.word for each in apart] == ["a", "b"]


def test_a_hill_at_the_end_of_the_stream_is_heard() -> None:
    detector = Detector(["a", "b"], threshold=0.5, **SETTINGS)
    assert detector.feed(bump(24, (20, 0, 0.9))) == []
    assert [each.word for each in detector.end()] == ["a"]
    assert detector.end() == []


@pytest.mark.parametrize("size", [1, 2, 13])
def test_pieces_give_the_same_detections(size: int) -> None:
    scores = np.random.default_rng(0).random((500, 2)).astype(np.float32)
    detector = Detector(["a", "b"], threshold=0.6, **SETTINGS)
    parts = [found for at in range(0, 500, size) for found in detector.feed(scores[at : at + size])]
    whole = detect(scores, ["a", "b"], threshold=0.6, **SETTINGS)
    assert len(whole) > 5
    assert [*parts, *detector.end()] == whole


def test_a_higher_threshold_takes_some_of_the_same() -> None:
    scores = np.random.default_rng(1).random((800, 2)).astype(np.float32)
    every = detect(scores, ["a", "b"], threshold=0.0, **SETTINGS)
    times = np.diff([each.time for each in every])
    assert (times > 0.02 * SETTINGS["refractory"]).all()
    for threshold in (0.5, 0.7, 0.8):
        found = detect(scores, ["a", "b"], threshold=threshold, **SETTINGS)
        assert found == [each for each in every if each.confidence >= threshold]


def test_what_thresholds_cost() -> None:
    spoken = [Spoken("a", 1.0, 1.5), Spoken("b", 3.0, 3.5), Spoken("a", 5.0, 5.5)]
    heard = [Detection(1.4, "a", 0.9), Detection(3.4, "a", 0.95), Detection(5.9, "a", 0.5)]
    alarms = [Detection(2.0, "b", 0.6), Detection(8.0, "a", 0.4)]
    found = trade_off("test", heard, spoken, alarms, hours=0.5)
    assert found.heard == (0.9, 0.0, 0.5)  # the second is heard as another word
    assert found.misses(0.55) == pytest.approx(2 / 3)
    assert found.threshold(0) > 0.6
    assert found.threshold(0) == pytest.approx(0.6)
    assert found.threshold(1) == pytest.approx(0.4)
    assert found.threshold(2) == 0.3  # never lower
    assert (0.5, 2.0, pytest.approx(1 / 3)) in found.curve()
