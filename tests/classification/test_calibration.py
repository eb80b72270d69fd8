"""Temperature scaling finds the temperature, whatever the logits."""

from __future__ import annotations

import re
from importlib.util import find_spec

import numpy as np
import pytest

from nlp_rnn.classification.calibration import (
    ABSENT,
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    fit_class_scaling,
    fit_temperature,
)
from nlp_rnn.errors import InputError
from nlp_rnn.metrics import reliability
from nlp_rnn.probabilities import softmax

needs_scipy = pytest.mark.skipif(find_spec("scipy") is None, reason="class scaling needs the train extra")


def overconfident(temperature: float, *, seed: int, rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are ``temperature`` times too large, and labels drawn from the honest probabilities."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(size=(rows, 3)) * 2
    edges = softmax(honest).cumsum(axis=1)
    labels = (rng.random((rows, 1)) > edges[:, :-1]).sum(axis=1)
    return honest * temperature, labels


def nll(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Against targets that leave 1 / (N + 2) to the other classes."""
    doubt = 1 / (len(labels) + 2)
    logs = np.log(softmax(logits, temperature))
    right = logs[np.arange(len(labels)), labels]
    others = (logs.sum(axis=1) - right) / (logits.shape[1] - 1)
    return float(-((1 - doubt) * right + doubt * others).mean())


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_made_the_logits_is_found(temperature):
    logits, labels = overconfident(temperature, seed=1)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_scaling_makes_probabilities_honest_and_moves_no_answer():
    logits, labels = overconfident(3.0, seed=2)
    scaled = softmax(logits, fit_temperature(logits, labels))
    assert reliability(softmax(logits), labels).ece > 0.1
    assert reliability(scaled, labels).ece < 0.015
    assert (scaled.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_no_temperature_near_by_is_likelier():
    logits, labels = overconfident(1.7, seed=3, rows=500)
    best = fit_temperature(logits, labels)
    assert nll(logits, labels, best) < min(nll(logits, labels, best * f) for f in (0.8, 0.99, 1.01, 1.25))


def test_the_same_minimum_as_scipy():
    optimize = pytest.importorskip("scipy.optimize", reason="compared with scipy")
    logits, labels = overconfident(2.2, seed=4, rows=300)
    found = optimize.minimize_scalar(
        lambda log_t: nll(logits, labels, np.exp(log_t)),
        bounds=(-3, 3),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert fit_temperature(logits, labels) == pytest.approx(np.exp(found.x), rel=1e-5)


def test_shifted_and_scaled_logits_give_the_shifted_and_scaled_answer():
    logits, labels = overconfident(1.5, seed=5, rows=400)
    best = fit_temperature(logits, labels)
    assert fit_temperature(logits + 1000.0, labels) == pytest.approx(best)
    assert fit_temperature(logits * 2, labels) == pytest.approx(2 * best)


def test_where_there_is_no_minimum_the_end_of_the_range_is_returned():
    logits = np.array([[5.0, 0.0], [0.0, 5.0]])
    assert fit_temperature(logits / 1e3, [0, 1]) == MIN_TEMPERATURE
    assert fit_temperature(logits, [1, 0]) == MAX_TEMPERATURE
    assert fit_temperature(np.zeros((4, 2)), [0, 1, 1, 0]) == 1.0


@pytest.mark.parametrize("texts", [2, 4, 40])
def test_a_few_texts_all_answered_rightly_are_no_reason_to_be_sure(texts):
    logits = np.tile(np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]), (texts // 2, 1))
    best = fit_temperature(logits, [0, 1] * (texts // 2))
    assert softmax(logits, best).max() == pytest.approx(1 - 1 / (texts + 2))


def test_a_class_that_a_set_does_not_have_gets_nothing():
    logits, labels = overconfident(2.0, seed=8, rows=300)
    absent = np.hstack([logits, np.full((len(logits), 1), ABSENT)])
    assert fit_temperature(absent, labels) == pytest.approx(fit_temperature(logits, labels))


def test_very_large_logits_do_no_harm():
    logits, labels = overconfident(1.0, seed=6, rows=200)
    assert fit_temperature(logits * 1e6, labels) == MAX_TEMPERATURE


def distorted(*, seed: int, rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose middle class is twice too sure and comes too easily, the others half; and labels."""
    honest, labels = overconfident(1.0, seed=seed, rows=rows)
    centered = honest - honest.mean(axis=1, keepdims=True)
    return (centered - [0.0, -0.5, 0.0]) * [0.5, 2.0, 0.5], labels


@needs_scipy
def test_the_scales_and_biases_that_undo_a_distortion_are_found():
    logits, labels = distorted(seed=9)
    scales, biases = fit_class_scaling(logits, labels)
    np.testing.assert_allclose(scales, [2, 0.5, 2], rtol=0.05)
    np.testing.assert_allclose(biases - biases.mean(), np.array([1, -2, 1]) / 6, atol=0.05)
    scaled = softmax(scales * logits + biases)
    assert reliability(softmax(logits), labels).ece > 0.05
    assert reliability(scaled, labels).ece < 0.015


@needs_scipy
def test_class_scaling_makes_labels_likeliest_also_with_a_class_that_some_texts_do_not_have():
    from scipy import optimize

    logits, labels = distorted(seed=10, rows=600)
    polar = (labels != 1) & (np.arange(600) < 300)
    logits[polar, 1] = ABSENT

    def loss(numbers: np.ndarray) -> float:
        scaled = np.where(logits == ABSENT, ABSENT, numbers[:3] * logits + numbers[3:])
        logs, doubt = np.log(np.maximum(softmax(scaled), 1e-300)), 1 / 602
        present = scaled > ABSENT / 2
        right = logs[np.arange(600), labels]
        others = (np.where(present, logs, 0).sum(axis=1) - right) / (present.sum(axis=1) - 1)
        return float(-((1 - doubt) * right + doubt * others).mean())

    found = np.concatenate(fit_class_scaling(logits, labels))
    best = optimize.minimize(loss, found * 0.9, method="Nelder-Mead", options={"maxiter": 5_000})
    assert loss(found) == pytest.approx(best.fun, abs=1e-5)


@needs_scipy
def test_class_scaling_turns_no_class_around():
    logits, _ = overconfident(1.0, seed=11, rows=40)
    scales, biases = fit_class_scaling(logits, logits.argmin(axis=1))
    assert (scales == 1 / fit_temperature(logits, logits.argmin(axis=1))).all()
    assert not biases.any()


@needs_scipy
def test_class_scaling_of_hopeless_logits_stays_finite():
    for logits in (np.zeros((4, 2)), np.array([[50.0, -50.0], [-50.0, 50.0]])):
        labels = [0, 1] * (len(logits) // 2)
        assert np.isfinite(np.concatenate(fit_class_scaling(logits, labels))).all()


@pytest.mark.parametrize("fit", [fit_temperature, pytest.param(fit_class_scaling, marks=needs_scipy)])
@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([0.0, 1.0], [0], "logits must have the shape"),
        (np.zeros((0, 3)), [], "logits must have the shape"),
        ([[0.0, np.nan]], [0], "NaN or an infinite"),
        ([[0.0, 1.0]], [0, 1], "1 whole numbers, one per row"),
        ([[0.0, 1.0]], [0.5], "1 whole numbers, one per row"),
        ([[0.0, 1.0]], ["negative"], "1 whole numbers, one per row"),
        ([[0.0, 1.0]], [2], "label 2 is no column: they run from 0 to 1"),
    ],
)
def test_bad_input_is_one_clear_sentence(fit, logits, labels, message):
    with pytest.raises(InputError, match=re.escape(message)):
        fit(logits, labels)
