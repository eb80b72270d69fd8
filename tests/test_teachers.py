"""The teachers of the shipped classifiers: reviews read and answered, and a tiny transformer taught."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="training needs the train extra")

from nlp_rnn.config import LoopConfig
from nlp_rnn.errors import ArtifactError
from nlp_rnn.probabilities import one_hot, softmax
from nlp_rnn.sentiment.mixture import CLASSES, Mixture
from nlp_rnn.training.loop import Trainer, seeded

SCRIPTS = Path(__file__).parents[1] / "scripts"
if not (SCRIPTS / "teachers.py").is_file():
    pytest.skip("only in the source tree", allow_module_level=True)
sys.path.insert(0, str(SCRIPTS))

import teachers  # noqa: E402
import train_pretrained  # noqa: E402

TEXTS = ["good soup", "bad soup", "plain soup", "a good day", "a bad day", "a plain day"] * 4
LABELS = ["positive", "negative", "neutral"] * 8


class Words:
    """A teacher that counts good and bad words."""

    def __init__(self, fingerprint: str = "words") -> None:
        self.fingerprint = fingerprint
        self.asked: list[str] = []

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return softmax(np.array([[text.count("bad"), 0, text.count("good")] for text in texts]))


def test_sentences_of_reviews_are_those_that_hold_a_word() -> None:
    reviews = ["It was good. Good it was not, but bad.<br /><br />Well? How bad!", "Bad.", "..."]
    parts = ["It was good.", "Good it was not, but bad.", "Well?", "How bad!", "Bad."]
    assert teachers.review_sentences(reviews) == parts


def test_a_teacher_is_asked_once_for_the_same_texts(tmp_path: Path) -> None:
    teacher = Words()
    found = teachers.Remembered(teacher, tmp_path).predict_proba(TEXTS)
    again = teachers.Remembered(teacher, tmp_path).predict_proba(TEXTS)
    np.testing.assert_array_equal(again, found)  # bit by bit: a run goes on with them
    assert teacher.asked == TEXTS
    other = Words("retrained")
    teachers.Remembered(other, tmp_path).predict_proba(TEXTS)
    teachers.Remembered(other, tmp_path).predict_proba(TEXTS[:1])
    assert other.asked == [*TEXTS, TEXTS[0]]


class Student:
    """Knows one word."""

    def __init__(self, word: str) -> None:
        self.word = word

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        positive = np.array([0.9 if self.word in text else 0.1 for text in texts])
        return np.stack([0.99 - positive, 0.01 + 0 * positive, positive], axis=1)


def test_reviews_are_answered_by_all_teachers_together() -> None:
    """Half of the reviews can be told by the words that are labelled, half by what another knows alone."""
    texts = ["a warm film", "a cold film", "some dry film", "some wet film"] * 20
    labels = ["positive", "negative"] * 40
    learned = ["a warm film", "a cold film", "some film", "some film"] * 20, labels
    probs_NC = teachers.review_answers(learned, (texts, labels), texts[:4], [Student("dry")])
    assert probs_NC.dtype == np.float32
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1, rtol=1e-5)
    assert (probs_NC[:, 1] == 0).all()
    assert [CLASSES[best] for best in probs_NC.argmax(axis=1)] == labels[:4]
    assert probs_NC.max(axis=1).min() > 0.8
    alone_NC = teachers.review_answers(learned, (texts, labels), texts[:4], [])
    assert alone_NC[:2].max() > 0.8 > alone_NC[2:].max()


def test_a_teacher_who_knows_nothing_is_not_heard() -> None:
    texts = [f"a {word} {number}" for number in range(40) for word in ("warm", "cold")]
    labels = ["positive", "negative"] * 40
    ignorant = Student("1")
    probs_NC = teachers.review_answers((texts, labels), (texts, labels), ["warm 1", "cold 1"], [ignorant])
    assert probs_NC.argmax(axis=1).tolist() == [2, 0]


def test_every_lesson_has_its_own_answer_and_none_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "bad " * 70
    sources = {
        "yelp": (["good it is", "bad it is"], ["negative", "positive"]),
        "templates": (["a bad day"], ["positive"]),
        "amazon": ([long], ["positive"]),
        "imdb": ([], []),
        "counterfactual": ([], []),
    }
    reviews = ["It was said to be good. This one they hold. Yes.", "It is not bad here. No."]
    secret = ["This one they hold.", "It is bad here."]
    mixture = Mixture(sources, {"imdb": ([], [])}, [], {}, reviews, lambda text: text in secret)
    teacher, answers_NC = Words(), np.array([[0.25, 0, 0.75], [0.5, 0, 0.5]], np.float32)
    monkeypatch.setattr(train_pretrained, "review_answers", lambda *_: answers_NC)
    monkeypatch.setattr(train_pretrained, "CHANGED", 0.0)
    texts, targets_NC = train_pretrained.lessons(mixture, teacher, [], tmp_path, seed=0, share=1.0)
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
    again, same_NC = train_pretrained.lessons(mixture, teacher, [], tmp_path, seed=0, share=1.0)
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
        num_hidden_layers=2,
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
    task = teachers.FineTuning(teacher, (TEXTS, LABELS), {"all": (TEXTS, LABELS)}, config)
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


def test_of_a_long_text_the_middle_is_left_out(tiny: Path) -> None:
    teacher = teachers.Transformer.load(tiny, longest=8)
    words = "good bad plain soup day a".split()
    whole, ends = teacher.rows([" ".join(words), " ".join([*words[:1], *["soup"] * 9, *words[1:]])])
    assert whole == teacher.tokenizer(" ".join(words))["input_ids"]
    assert ends == whole[:2] + whole[2:]  # two of the beginning, six of the end
    assert teacher.rows(["good<br />day"]) == teacher.rows(["good day"])


def test_frozen_layers_learn_nothing_and_the_others_do(tiny: Path) -> None:
    teacher = teachers.Transformer.load(tiny)
    before = {name: tensor.clone() for name, tensor in teacher.model.state_dict().items()}
    teacher.freeze(1)
    config = LoopConfig(max_epochs=1, batch_size=8, learning_rate=1e-2, ema_decay=0.0)
    task = teachers.FineTuning(teacher, (TEXTS, LABELS), {"all": (TEXTS, LABELS)}, config)
    Trainer(teacher.model, task, config).run()
    after = teacher.model.state_dict()
    moved = {name for name, tensor in before.items() if not tensor.equal(after[name])}
    assert not [name for name in moved if "embeddings" in name or "layer.0." in name]
    assert [name for name in moved if "layer.1." in name]
    assert "classifier.weight" in moved


def test_a_folder_that_is_none_or_has_no_transformer_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    with pytest.raises(ArtifactError, match=f"{tmp_path} holds no transformer that can be fine-tuned"):
        teachers.Transformer.load(tmp_path)
    with pytest.raises(ArtifactError, match="there is no folder nowhere"):
        teachers.Transformer.load("nowhere")
