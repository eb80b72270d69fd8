"""The teachers of the shipped classifiers: reviews read and answered, and a tiny transformer taught."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="training needs the train extra")

SCRIPTS = Path(__file__).parents[1] / "scripts"
if not (SCRIPTS / "teachers.py").is_file():
    pytest.skip("only in the source tree", allow_module_level=True)
sys.path.insert(0, str(SCRIPTS))

import teachers  # noqa: E402

from nlp_rnn.config import LoopConfig  # noqa: E402
from nlp_rnn.errors import ArtifactError  # noqa: E402
from nlp_rnn.training.loop import Trainer, seeded  # noqa: E402

TEXTS = ["good soup", "bad soup", "plain soup", "a good day", "a bad day", "a plain day"] * 4
LABELS = ["positive", "negative", "neutral"] * 8


class Words:
    """A teacher that counts good and bad words; what its head sees are the counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        self.asked += texts
        pooled = np.array([[text.count("good"), text.count("bad")] for text in texts], np.float32)
        return np.stack([pooled[:, 1], 0 * pooled[:, 0], pooled[:, 0]], axis=1), pooled


def test_a_review_is_read_in_its_sentences_and_once(tmp_path: Path) -> None:
    reviews = ["It was good. Good it was not, but bad.<br /><br />Well?", "Bad.", "..."]
    teacher = Words()
    found = teachers.Reviews.read(reviews, teacher, tmp_path / "read.npz")
    parts = ["It was good.", "Good it was not, but bad.", "Well?", "Bad.", "..."]
    assert found.sentences == teacher.asked == parts
    assert found.logits_SC.shape == (5, 3)
    mean, last, largest = found.features_NF[0, :2], found.features_NF[0, 2:4], found.features_NF[0, 4:6]
    np.testing.assert_allclose([mean, last, largest], [[1 / 3, 1 / 3], [0, 0], [1, 1]], rtol=1e-3)
    again = teachers.Reviews.read(reviews, teacher, tmp_path / "read.npz")
    np.testing.assert_allclose(again.features_NF, found.features_NF, rtol=1e-3)
    assert teacher.asked == parts


def test_reviews_are_answered_by_both_teachers_together() -> None:
    rng = np.random.default_rng(0)
    texts = [f"a {word} film {word} {number}" for number in range(40) for word in ("warm", "cold")]
    labels = ["positive", "negative"] * 40
    features_NF = np.array([[1.0, 0.0], [0.0, 1.0]] * 40, np.float32) + rng.normal(0, 0.5, (80, 2))
    unread = ["a warm film", "a cold film", "a film"]
    probs_NC = teachers.review_answers(
        (texts, labels), features_NF, (texts, labels), features_NF, unread, np.eye(3, 2, dtype=np.float32)
    )
    assert probs_NC.shape == (3, 3)
    assert probs_NC.dtype == np.float32
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1, rtol=1e-5)
    assert (probs_NC[:, 1] == 0).all()
    assert probs_NC[0, 2] > 0.9
    assert probs_NC[1, 0] > 0.9
    assert probs_NC[0, 2] > probs_NC[2, 2] > probs_NC[1, 2]  # unsure where both are


class Student:
    """Knows one word."""

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        positive = np.array([0.9 if "warm" in text else 0.1 for text in texts])
        return np.stack([0.99 - positive, 0.01 + 0 * positive, positive], axis=1)


def test_a_student_who_knows_better_is_heard() -> None:
    texts = [f"a {word} {number}" for number in range(40) for word in ("warm", "cold")]
    labels = ["positive", "negative"] * 40
    noise_NF = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    unread = ["warm", "cold"]
    learned = ["the same"] * 80  # of which the other teachers learn nothing
    data = (learned, labels), noise_NF, (texts, labels), noise_NF, unread, np.zeros((2, 2), np.float32)
    probs_NC = teachers.review_answers(*data, students=[Student()])
    assert probs_NC.argmax(axis=1).tolist() == [2, 0]
    alone_NC = teachers.review_answers(*data)
    assert probs_NC.max(axis=1).min() > alone_NC.max(axis=1).max()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    folder = tmp_path_factory.mktemp("tiny")
    known = sorted({word for text in TEXTS for word in text.split()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
    transformers.BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.3,
        num_labels=3,
    )
    with seeded(0):
        transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_transformer_learns_and_is_the_same_when_loaded(tiny: Path, tmp_path: Path) -> None:
    teacher = teachers.Transformer.load(tiny)
    config = LoopConfig(max_epochs=20, batch_size=8, learning_rate=2e-3, ema_decay=0.0, patience=20)
    task = teachers.SentenceTask(teacher, (TEXTS, LABELS), {"all": (TEXTS, LABELS)}, config)
    history = Trainer(teacher.model, task, config).run()
    assert history[-1]["validation"]["all"] == 1.0
    probs_NC = teacher.predict_proba(TEXTS)
    assert [teachers.CLASSES[best] for best in probs_NC.argmax(axis=1)] == LABELS
    teacher.save(tmp_path / "model")
    loaded = teachers.Transformer.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(TEXTS[::-1])[::-1], probs_NC, atol=1e-5)
    assert loaded.predict_proba([]).shape == (0, 3)


def test_a_folder_without_a_transformer_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    with pytest.raises(ArtifactError, match=f"{tmp_path} holds no transformer that can be fine-tuned"):
        teachers.Transformer.load(tmp_path)
