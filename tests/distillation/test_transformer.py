"""The teachers of the shipped classifiers: reviews read and answered, and a tiny transformer taught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="training needs the train extra")

import torch

from nlp_rnn.config import LoopConfig
from nlp_rnn.errors import ArtifactError, ConfigError
from nlp_rnn.probabilities import one_hot, softmax
from nlp_rnn.training.loop import Trainer, seeded

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
from scripts.recipes import sentiment, teachers
from scripts.recipes.mixture import CLASSES, Mixture

TEXTS = ["good soup", "bad soup", "plain soup", "a good day", "a bad day", "a plain day"] * 4
LABELS = ["positive", "negative", "neutral"] * 8


class Words:
    """A teacher that counts good and bad words; what its head sees are the counts."""

    def __init__(self, fingerprint: str = "words") -> None:
        self.fingerprint = fingerprint
        self.asked: list[str] = []

    def quantized(self) -> Words:
        return self

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        return softmax(self.read(texts)[0])

    def read(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        self.asked += texts
        pooled = np.array([[text.count("good"), text.count("bad")] for text in texts], np.float32)
        return np.stack([pooled[:, 1], 0 * pooled[:, 0], pooled[:, 0]], axis=1), pooled


def test_a_review_is_read_in_its_sentences_and_once_for_each_teacher(tmp_path: Path) -> None:
    reviews = ["It was good. Good it was not, but bad.<br /><br />Well? How bad!", "Bad.", "..."]
    teacher = Words()
    found_NF = teachers.review_features(reviews, teacher, tmp_path)
    parts = ["It was good.", "Good it was not, but bad.", "Well?", "How bad!", "Bad.", "..."]
    assert teacher.asked == parts
    one, none = softmax([1.0, 0, 0]), np.full(3, 1 / 3)
    expected = [0.25, 0.5, 0, 1, 1, 1, *(2 * one + one[::-1] + none) / 4, *one[::-1], *one]
    np.testing.assert_allclose(found_NF[0], expected, rtol=1e-3)
    again_NF = teachers.review_features(reviews, teacher, tmp_path)
    np.testing.assert_array_equal(again_NF, found_NF)  # bit by bit: a run goes on with them
    assert teacher.asked == parts
    other = Words("retrained")
    teachers.review_features(reviews, other, tmp_path)
    teachers.review_features(reviews[:1], other, tmp_path)
    assert other.asked == parts + parts[:4]


def test_a_judge_of_features_learns_what_the_transformer_saw(tmp_path: Path) -> None:
    train = ["A good day.", "A bad day."] * 30, ["positive", "negative"] * 30
    judge = teachers.judge_of_features(train, Words(), tmp_path)
    warm, cold = judge(["So good.", "So bad."])
    assert warm > 0 > cold


class Student:
    """Knows one word."""

    classes_ = np.array(CLASSES)

    def __init__(self, word: str) -> None:
        self.word = word

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        positive = np.array([0.9 if self.word in text else 0.1 for text in texts])
        return np.stack([0.99 - positive, 0.01 + 0 * positive, positive], axis=1)


def test_the_judge_of_a_student_tells_its_log_odds() -> None:
    margins = teachers.judge_of_student(Student("warm"))(["warm", "cold"])
    np.testing.assert_allclose(margins, [np.log(0.9 / 0.09), np.log(0.1 / 0.89)])


def test_a_student_of_other_classes_is_no_judge() -> None:
    student = Student("warm")
    student.classes_ = np.array(["negative", "positive"])
    with pytest.raises(ArtifactError, match="answers negative, positive: give one for negative, neutral"):
        teachers.judge_of_student(student)


def test_a_model_is_not_refined_in_its_own_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="would be lost"):
        sentiment.main(tmp_path, output=tmp_path, refine=tmp_path / "." / "")


def test_reviews_are_answered_by_all_judges_together() -> None:
    """Half of the reviews can be told by one judge alone, half by the other; the third knows nothing."""
    texts = ["warm film", "cold film", "dry film", "wet film"] * 20
    labels = ["positive", "negative"] * 40
    noise = np.random.default_rng(0)
    known = [
        lambda texts: np.array([("warm" in text) - 1.0 * ("cold" in text) for text in texts]),
        lambda texts: np.array([5.0 * ("dry" in text) - 5 * ("wet" in text) + 1 for text in texts]),
        lambda texts: noise.normal(size=len(texts)),
    ]
    probs_NC = teachers.review_answers(known, (texts, labels), texts[:4])
    assert probs_NC.dtype == np.float32
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1, rtol=1e-5)
    assert (probs_NC[:, 1] == 0).all()
    assert [CLASSES[best] for best in probs_NC.argmax(axis=1)] == labels[:4]
    assert probs_NC.max(axis=1).min() > 0.95
    alone_NC = teachers.review_answers(known[:1], (texts, labels), texts[:4])
    assert alone_NC[:2].max() > 0.95 > 0.6 > alone_NC[2:].max()


def test_every_lesson_has_its_own_answer_and_none_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "bad " * 70
    sources = {
        "yelp": (["good it is", "bad it is"], ["negative", "positive"]),
        "templates": (["a bad day"], ["positive"]),
        "amazon": ([long], ["positive"]),
    }
    reviews = ["It was said to be good. This one they hold. Yes.", "It is not bad here. No."]
    secret = ["This one they hold.", "It is bad here."]
    mixture = Mixture(sources, {"imdb": ([], [])}, [], {}, reviews, lambda text: text in secret)
    teacher, answers_NC = Words(), np.array([[0.25, 0, 0.75], [0.5, 0, 0.5]], np.float32)
    monkeypatch.setattr(sentiment, "review_answers", lambda *_: answers_NC)
    monkeypatch.setattr(sentiment, "CHANGED", 0.0)
    texts, targets_NC = sentiment.lessons(mixture, teacher, list, tmp_path, seed=0, share=1.0)
    taught = dict(zip(texts, targets_NC, strict=True))
    assert len(taught) == len(texts)
    np.testing.assert_array_equal([taught[long], taught["a bad day"]], [[0, 0, 1]] * 2)
    for text, label in (("good it is", "negative"), ("bad it is", "positive")):
        expected = (one_hot([label], CLASSES) + teacher.predict_proba([text])) / 2
        np.testing.assert_allclose(taught[text], expected[0], rtol=1e-6)
    np.testing.assert_array_equal([taught[review] for review in reviews], answers_NC)
    others = {text for own, _ in sources.values() for text in own} | {*reviews}
    spoken = [text for text in texts if text not in others]
    assert {*spoken} - {"It was not said to be good.", "It wasn't said to be good."} == {
        "It was said to be good.",
        "It is not bad here.",  # without its not it is held out
    }
    assert len(spoken) == 3
    np.testing.assert_allclose([taught[text] for text in spoken], teacher.predict_proba(spoken), rtol=1e-6)
    asked = len(teacher.asked)
    again, same_NC = sentiment.lessons(mixture, teacher, list, tmp_path, seed=0, share=1.0)
    assert again == texts
    np.testing.assert_array_equal(same_NC, targets_NC)
    assert len(teacher.asked) == asked


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
        initializer_range=0.3,
        num_labels=3,
    )
    with seeded(0):
        transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_transformer_learns_and_is_the_same_when_loaded(tiny: Path, tmp_path: Path) -> None:
    teacher = teachers.Transformer.load(tiny)
    rows = teacher.batch(teacher.rows(TEXTS), np.arange(6))
    teacher.model.train()  # its dropout is off
    torch.testing.assert_close(teacher.model(**rows).logits, teacher.model(**rows).logits, rtol=0, atol=0)
    config = LoopConfig(max_epochs=20, batch_size=8, learning_rate=2e-3, ema_decay=0.0, patience=20)
    task = teachers.SentenceTask(teacher, (TEXTS, LABELS), {"all": (TEXTS, LABELS)}, config)
    history = Trainer(teacher.model, task, config).run()
    assert history[-1]["validation"]["all"] == 1.0
    probs_NC = teacher.predict_proba(TEXTS)
    assert [CLASSES[best] for best in probs_NC.argmax(axis=1)] == LABELS
    teacher.save(tmp_path / "model")
    loaded = teachers.Transformer.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(TEXTS[::-1])[::-1], probs_NC, atol=1e-5)
    alone_NC = np.concatenate([loaded.predict_proba([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(alone_NC, probs_NC[:6], atol=1e-5)  # beside longer texts it is the same
    assert loaded.predict_proba([]).shape == (0, 3)


def test_a_folder_that_is_none_or_has_no_transformer_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    with pytest.raises(ArtifactError, match=f"{tmp_path} holds no transformer that can be fine-tuned"):
        teachers.Transformer.load(tmp_path)
    with pytest.raises(ArtifactError, match="there is no folder nowhere"):
        teachers.Transformer.load("nowhere")


def test_a_transformer_that_is_no_bert_is_refused(tiny: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    transformers.AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    config = transformers.DistilBertConfig(vocab_size=12, dim=8, n_layers=1, n_heads=1, hidden_dim=8)
    transformers.DistilBertModel(config).save_pretrained(tmp_path)
    with pytest.raises(ArtifactError, match="is a distilbert: give a BERT"):
        teachers.Transformer.load(tmp_path)
