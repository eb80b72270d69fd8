"""Scores: what scikit-learn counts, the calibration error by hand, and bad input."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from nlp_rnn.errors import ConfigError, InputError, MissingExtraError
from nlp_rnn.metrics import evaluate, evaluate_present, reliability
from nlp_rnn.probabilities import has_polarity, polarity, softmax

pytest.importorskip("sklearn", reason="metrics need the train extra")

THREE = ["negative", "neutral", "positive"]
# Right classes and answers of six texts: negative 2 of 3 right, neutral 0 of 1, positive 2 of 2.
LABELS = ["negative", "negative", "negative", "neutral", "positive", "positive"]
PROBS = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],
        [0.1, 0.2, 0.7],
        [0.2, 0.3, 0.5],
        [0.1, 0.1, 0.8],
        [0.3, 0.3, 0.4],
    ]
)


def test_scores_of_a_hand_counted_example():
    scores = evaluate(LABELS, PROBS, THREE)
    assert scores.n == 6
    assert scores.classes == ("negative", "neutral", "positive")
    assert scores.confusion.tolist() == [[2, 0, 1], [0, 0, 1], [0, 0, 2]]
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.precision.tolist() == pytest.approx([1, 0, 2 / 4])
    assert scores.recall.tolist() == pytest.approx([2 / 3, 0, 1])
    assert scores.macro_recall == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert scores.macro_f1 == pytest.approx((0.8 + 0 + 2 / 3) / 3)


def test_scores_follow_the_columns_whatever_their_order():
    turned = evaluate(LABELS, PROBS[:, ::-1], THREE[::-1])
    scores = evaluate(LABELS, PROBS, THREE)
    assert turned.macro_f1 == pytest.approx(scores.macro_f1)
    assert turned.ece == pytest.approx(scores.ece)
    assert turned.confusion.tolist() == scores.confusion[::-1, ::-1].tolist()


def test_a_class_without_texts_takes_no_part_in_macro_averages():
    scores = evaluate(["positive", "negative"], [[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]], THREE)
    assert scores.macro_recall == pytest.approx(0.5)
    assert np.isnan(scores.recall[1])
    assert scores.to_dict()["per_class"]["neutral"] == {"precision": 0.0, "recall": None, "texts": 0}


def test_only_drops_columns_and_rescales_the_rest():
    labels = ["negative", "positive"]
    probs = [[0.3, 0.6, 0.1], [0.15, 0.8, 0.05]]
    both = evaluate(labels, probs, THREE, only=("negative", "positive"))
    assert both.classes == ("negative", "positive")
    assert both.confusion.tolist() == [[1, 0], [1, 0]]
    # Both texts are answered "negative" with 0.75, one of them rightly.
    assert both.ece == pytest.approx(0.25)
    assert evaluate(labels, probs, THREE).accuracy == 0


def test_a_row_with_nothing_left_counts_as_evenly_spread():
    scores = evaluate(["negative"], [[0.0, 1.0, 0.0]], THREE, only=["negative", "positive"])
    assert scores.ece == pytest.approx(0.5)
    assert scores.accuracy == 1


def test_to_dict_is_plain_json():
    found = json.loads(json.dumps(evaluate(LABELS, PROBS, THREE).to_dict(), allow_nan=False))
    assert found["n"] == 6
    assert found["confusion"][0] == [2, 0, 1]
    assert found["per_class"]["positive"] == {"precision": 0.5, "recall": 1.0, "texts": 2}


def test_expected_calibration_error_by_hand():
    # Two in the last of 15 bins (gap 0.45), one each in the bins of 0.55 (gap 0.45) and 0.65 (gap 0.65).
    probs = [[0.95, 0.05], [0.95, 0.05], [0.45, 0.55], [0.65, 0.35]]
    labels = ["a", "b", "b", "b"]
    assert evaluate(labels, probs, ["a", "b"]).ece == pytest.approx(0.5 * 0.45 + 0.25 * 0.45 + 0.25 * 0.65)


def test_reliability_bins_are_closed_above():
    table = reliability([[0.5, 0.5], [0.51, 0.49], [0.0, 1.0]], [1, 0, 1], bins=2)
    assert table.count.tolist() == [1, 2]
    assert table.accuracy.tolist() == [0, 1]
    assert table.confidence.tolist() == pytest.approx([0.5, 0.755])


def test_reliability_says_nothing_of_empty_bins():
    table = reliability([[0.9, 0.1]], [0], bins=4)
    assert table.count.tolist() == [0, 0, 0, 1]
    assert np.isnan(table.confidence[:3]).all()
    assert np.isnan(table.accuracy[:3]).all()
    assert table.ece == pytest.approx(0.1)


def test_calibrated_answers_have_a_small_error():
    rng = np.random.default_rng(3)
    probs = softmax(rng.normal(size=(20_000, 3)) * 2)
    labels = [THREE[rng.choice(3, p=row)] for row in probs]
    assert evaluate(labels, probs, THREE).ece < 0.015
    assert evaluate(labels, softmax(np.log(probs) * 3), THREE).ece > 0.1


@pytest.mark.parametrize("suffix", ["png", "svg", "PDF"])
def test_plot_writes_a_picture(tmp_path, suffix):
    path = evaluate(LABELS, PROBS, THREE).plot(tmp_path / f"confusion.{suffix}")
    assert path == tmp_path / f"confusion.{suffix}"
    assert path.stat().st_size > 5_000
    curve = evaluate(LABELS, PROBS, THREE).curve.plot(tmp_path / f"curve.{suffix}")
    assert curve.stat().st_size > 5_000


def test_plot_takes_class_names_as_they_are(tmp_path):
    names = [r"$\nomath$", "a_b"]
    scores = evaluate(names, [[0.9, 0.1], [0.1, 0.9]], names)
    assert scores.plot(tmp_path / "names.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("labels", "probs", "options", "message"),
    [
        (
            ["meh"],
            [[0.2, 0.3, 0.5]],
            {},
            "label 'meh' of row 0 is not among the classes negative, neutral, pos",
        ),
        (
            ["neutral"],
            [[0.2, 0.3, 0.5]],
            {"only": ["negative", "positive"]},
            "'neutral' of row 0 is not among",
        ),
        (["neutral"], [[0.2, 0.3, 0.5]], {"only": ["neutral", "bad"]}, "only names the class 'bad'"),
        (["neutral"], [[0.2, 0.3, 0.5]], {"only": ["neutral"]}, "at least two different class names"),
        (["neutral"], [[0.2, 0.3, 0.5]], {"only": "neutral"}, "got one str"),
        ("neutral", [[0.2, 0.3, 0.5]], {}, "got one str"),
        (["neutral"] * 2, [[0.2, 0.3, 0.5]], {}, "2 labels for 1 rows"),
        (["neutral"], [[0.5, 0.5]], {}, "2 columns for 3 classes"),
        (["neutral"], [0.2, 0.3, 0.5], {}, "shape (texts, classes)"),
        ([], np.zeros((0, 3)), {}, "shape (texts, classes)"),
        (["neutral"] * 2, [[0.2, 0.3, 0.5], [0.2, np.nan, 0.8]], {}, "row 1 of probs holds NaN"),
        (["neutral"], [[2.0, -3.0, 2.0]], {}, "logits go through softmax first"),
        (["neutral"], [["a", "b", "c"]], {}, "probs must be numbers"),
    ],
)
def test_bad_input_is_one_clear_sentence(labels, probs, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        evaluate(labels, probs, THREE, **options)


@pytest.mark.parametrize("name", ["picture", "picture.bmp"])
def test_an_unknown_picture_format_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"should end in one of \.png"):
        evaluate(LABELS, PROBS, THREE).plot(tmp_path / name)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot write the picture .*nowhere"):
        evaluate(LABELS, PROBS, THREE).plot(tmp_path / "nowhere" / "a.png")


def test_without_scikit_learn_the_line_to_type_is_given(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    monkeypatch.setitem(__import__("sys").modules, "sklearn.metrics", None)
    with pytest.raises(MissingExtraError, match=re.escape('pip install "nlp-rnn[train]"')):
        evaluate(LABELS, PROBS, THREE)


def test_softmax_survives_huge_logits_and_keeps_its_type():
    probs = softmax(np.array([[1e4, 0.0], [-1e4, -1e4]], dtype=np.float32))
    assert probs.dtype == np.float32
    assert probs.tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert softmax([[1, 2]]).sum() == pytest.approx(1)


def test_a_higher_temperature_is_less_sure_and_changes_no_answer():
    logits = np.random.default_rng(0).normal(size=(50, 4))
    cold, hot = softmax(logits, 0.5), softmax(logits, 2.0)
    assert (cold.max(axis=1) > hot.max(axis=1)).all()
    assert (cold.argmax(axis=1) == hot.argmax(axis=1)).all()


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_softmax_refuses_a_temperature_that_is_none(temperature):
    with pytest.raises(ConfigError, match="temperature"):
        softmax([[0.0, 1.0]], temperature)


def test_polarity_is_positive_minus_negative():
    assert polarity([[0.1, 0.2, 0.7]], THREE).tolist() == pytest.approx([0.6])
    assert polarity([0.7, 0.3], ["positive", "negative"]) == pytest.approx(0.4)
    assert not has_polarity(["ham", "spam"])
    assert np.isnan(polarity([[0.5, 0.5]], ["ham", "spam"])).all()


def test_texts_are_measured_between_the_classes_they_have_and_one_class_alone_against_all() -> None:
    classes = ["negative", "neutral", "positive"]
    probs = [[0.3, 0.5, 0.2], [0.1, 0.5, 0.4]]
    for labels, right in ((["negative", "positive"], 1.0), (["negative"] * 2, 0.0), (["neutral"] * 2, 1.0)):
        assert evaluate_present(labels, probs, classes).macro_recall == right
