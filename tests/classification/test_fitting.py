"""Learning from probabilities: what soft targets are worth, and several classifiers as one teacher."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

from nlp_rnn import SentimentClassifier  # noqa: E402
from nlp_rnn.classification.fitting import ClassificationTask, LabelledRows  # noqa: E402
from nlp_rnn.config import ModelConfig, TrainConfig  # noqa: E402
from nlp_rnn.errors import InputError  # noqa: E402
from nlp_rnn.probabilities import one_hot  # noqa: E402

TEXTS = ["good soup", "bad soup", "a good day", "a bad day", "so good", "so bad"] * 3
LABELS = ["up", "down"] * 9
CLASSES = ["up", "down"]
HELD_OUT = (["good", "bad"], ["up", "down"])
CONFIG = TrainConfig(max_epochs=2, batch_size=8, learning_rate=0.01, seed=0)


def small(**settings: object) -> SentimentClassifier:
    return SentimentClassifier(embedding_dim=6, hidden_size=4, min_count=1, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_a_sure_target_costs_what_its_class_costs(class_weights: str, label_smoothing: float) -> None:
    labels_N = np.array([0, 1, 1, 2, 1], np.int64)
    model = ModelConfig(vocab_size=9, num_classes=3, embedding_dim=2, hidden_size=2)
    config = TrainConfig(class_weights=class_weights, label_smoothing=label_smoothing)
    logits_BC = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32))
    item = np.array([4, 0, 3, 1])
    losses = []
    for targets_NC in (None, np.eye(3, dtype=np.float32)[labels_N]):
        rows = LabelledRows([[5]] * 5, labels_N, targets_NC)
        task = ClassificationTask(rows, {}, pad_id=0, model=model, config=config)
        losses.append(task.cross_entropy(logits_BC, item))
    torch.testing.assert_close(losses[0], losses[1])


def test_fitting_on_one_hot_rows_is_fitting_on_labels() -> None:
    hard = small().fit(TEXTS, LABELS, classes=CLASSES, config=CONFIG)
    soft = small().fit(TEXTS, one_hot(LABELS, CLASSES), classes=CLASSES, config=CONFIG)
    np.testing.assert_allclose(soft.predict_proba(TEXTS), hard.predict_proba(TEXTS), atol=1e-5)


def test_a_student_learns_how_sure_its_teacher_is() -> None:
    sure = np.array([[0.7, 0.3], [0.3, 0.7]] * 9, np.float32)
    config = TrainConfig(
        max_epochs=40, patience=40, learning_rate=0.03, dropout=0.0, unk_dropout=0.0, label_smoothing=0.0
    )
    student = small().fit(TEXTS, sure, classes=CLASSES, validation=HELD_OUT, config=config)
    least = -(0.7 * np.log(0.7) + 0.3 * np.log(0.3))
    assert student.artifact.notes["history"][-1]["train_loss"] == pytest.approx(least, abs=0.01)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (np.full((18, 2), 0.5), None, "need the names of their columns: give classes"),
        (np.full((18, 2), 0.5), ["a", "b", "c"], "has 2 columns for 3 classes"),
        (np.full((18, 2), 0.7), CLASSES, "every row must be in"),
        (np.full((17, 2), 0.5), CLASSES, "18 texts but 17 labels"),
    ],
)
def test_labels_that_are_no_probabilities_are_refused(
    labels: np.ndarray, classes: list[str] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        small().fit(TEXTS, labels, classes=classes, validation=HELD_OUT, config=CONFIG)


def test_an_unknown_label_has_no_column() -> None:
    with pytest.raises(InputError, match="unknown label 'side'; the classes are up, down"):
        one_hot(["side"], CLASSES)


def test_a_held_out_set_of_one_class_is_measured_against_all_others() -> None:
    config = TrainConfig(max_epochs=40, patience=40, learning_rate=0.03, unk_dropout=0.0)
    wrong = (["so good", "so good", "a good day"], ["down"] * 3)
    validation = {"both": HELD_OUT, "wrong": wrong}
    trained = small().fit(TEXTS, LABELS, classes=CLASSES, validation=validation, config=config)
    figures = trained.artifact.notes["history"][-1]["validation"]
    assert (figures["both"], figures["wrong"]) == (1.0, 0.0)
