"""What is said of data that teach little, and of answers that show it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import TextClassifier
from nlp_rnn.classification.examples import Examples, check_examples
from nlp_rnn.classification.remarks import answer_remarks, data_remarks, reading_remarks
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import ConfigError, InputError, TrainingWarning

MANY = [f"text {number}" for number in range(40)]


def examples(texts: Sequence[str], labels: Sequence[str], **more: object) -> Examples:
    settings: dict[str, object] = {"validation": None, "unlabelled": None, "pairs": None} | more
    return check_examples(texts, labels, settings.pop("classes", None), config=TrainConfig(), **settings)  # type: ignore[arg-type]


def labelled(**counts: int) -> tuple[list[str], list[str]]:
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [f"text {number}" for number in range(len(labels))], labels


def test_good_data_get_no_remark() -> None:
    assert data_remarks(examples(*labelled(up=20, down=20))) == []


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["up"] * 30 + ["down"] * 6, "very few texts to learn from have the label 'down' (5)"),
        (
            ["up"] * 20 + ["Neg"] * 20 + [" neg"] * 20,
            "the labels ' neg', 'Neg' differ in case or spaces",
        ),
        (["up"] * 20 + ["very  bad"] * 20 + ["very bad"] * 20, "the labels 'very  bad', 'very bad' differ"),
        (["up"] * 20 + ["nan"] * 20, "the label 'nan' looks like a missing one"),
        (["up"] * 20 + [""] * 20, "the label '' looks like a missing one"),
        (["up"] * 20 + ["None"] * 20, "the label 'None' looks like a missing one"),
    ],
)
def test_odd_labels_are_named(labels: list[str], said: str) -> None:
    found = data_remarks(examples([f"text {number}" for number in range(len(labels))], labels))
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(("lonely", "twin"), [("Pos", "pos"), (" pos", "pos"), ("very  Bad", "very bad")])
def test_a_single_label_that_is_another_in_other_letters_names_its_twin(lonely: str, twin: str) -> None:
    texts, labels = labelled(up=20, **{twin: 20})
    with pytest.raises(InputError, match=f"'{lonely}' has 1 text, and '{twin}' is almost alike: write both"):
        examples([*texts, "another"], [*labels, lonely])
    with pytest.raises(InputError, match="'other' has 1 text: give it more"):
        examples([*texts, "another"], [*labels, "other"])


def test_a_class_without_texts_is_named() -> None:
    found = data_remarks(examples(*labelled(up=20, down=20), classes=["up", "down", "aside"]))
    assert "'aside' (0)" in found[0]


def test_a_text_with_two_labels_is_named() -> None:
    texts, labels = labelled(up=20, down=20)
    found = data_remarks(
        examples([*texts, "text 1"], [*labels, "down"], validation=(["x", "y"], ["up", "down"]))
    )
    assert found == ["there is a text with two labels or more, such as 'text 1': keep the right one of each"]


def test_texts_that_leak_are_counted_by_set() -> None:
    held = {"one": (["text 1", "other"], ["up", "down"]), "two": (["new", "newer"], ["up", "down"])}
    found = data_remarks(examples(*labelled(up=20, down=20), validation=held))
    assert len(found) == 1
    assert found[0].startswith("1 of the 2 held-out texts (one) are learned from, too")


@pytest.mark.parametrize("text", ["the same", "", "  "])
def test_equal_texts_teach_nothing(text: str) -> None:
    with pytest.raises(InputError, match="all 40 texts are equal"):
        examples([text, text + " "] * 20, ["up", "down"] * 20)


def test_a_missing_label_is_named_by_its_place() -> None:
    with pytest.raises(InputError, match=r"labels\[1\] is missing \(nan\)"):
        examples(["a", "b"], ["up", float("nan")])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"labels\[0\] is missing \(None\)"):
        examples(["a", "b"], [None, "up"])  # type: ignore[list-item]


def test_without_copies_the_tenth_held_out_is_the_one_it_always_was() -> None:
    rng, labels = np.random.default_rng(0), ["up", "down"] * 20
    held = set()
    for name in ("down", "up"):
        of_class = [number for number, label in enumerate(labels) if label == name]
        held.update(rng.permutation(of_class)[:2].tolist())
    found = examples(MANY, labels)
    assert found.validation["validation"][0] == [MANY[number] for number in sorted(held)]


def test_copies_of_a_text_stay_on_one_side() -> None:
    found = examples(MANY[:8] * 5, ["up", "down"] * 20)
    held = set(found.validation["validation"][0])
    assert held
    assert held.isdisjoint(found.texts)
    assert {*found.labels} == {"up", "down"}


def test_a_tokenizer_that_reads_nothing_is_named() -> None:
    assert reading_remarks([[5, 6], [6, 5]], unk_id=1) == []
    assert "reads all 3 training texts alike" in reading_remarks([[5, 1]] * 3, unk_id=1)[0]
    assert "does not know 75% of the words" in reading_remarks([[1, 1], [5, 1]], unk_id=1)[0]


def test_answers_that_show_nothing_learned() -> None:
    classes, labels_N = ["down", "up"], np.array([0] * 2 + [1] * 38)
    said = answer_remarks(labels_N, np.ones(40, np.int64), classes)
    assert len(said) == 1
    assert "(only 2 of 'down') the model is no better than always answering 'up'" in said[0]
    assert answer_remarks(labels_N, labels_N, classes) == []
    rng = np.random.default_rng(0)
    even_N = np.arange(200) % 2
    assert "no better than always answering" in answer_remarks(even_N, rng.permutation(even_N), classes)[0]


def test_a_class_that_is_never_answered_is_named() -> None:
    labels_N = np.repeat([0, 1, 2], [50, 50, 3])
    said = answer_remarks(labels_N, np.where(labels_N == 2, 0, labels_N), ["a", "b", "rare"])
    assert said[0].startswith("the model never answers 'rare' on the 103 held-out texts, though 3 of them")


# The whole way


ADJECTIVES = {"up": ["lovely", "great", "superb", "charming"], "down": ["awful", "dreadful", "dull", "poor"]}
THINGS = ["film", "book", "phone", "meal", "hotel", "song"]


def reviews(up: int, down: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(["up"] * up + ["down"] * down).tolist()
    return [f"the {rng.choice(THINGS)} was {rng.choice(ADJECTIVES[label])}" for label in labels], labels


@pytest.mark.parametrize(
    ("up", "down", "weights"),
    [(63, 63, "none"), (380, 20, "balanced"), pytest.param(380, 20, "none", marks=pytest.mark.slow)],
)
def test_few_or_uneven_rows_are_learned_with_the_defaults(up: int, down: int, weights: str) -> None:
    classifier = TextClassifier(embedding_dim=32, hidden_size=24)
    classifier.fit(*reviews(up, down, seed=0), config=TrainConfig(class_weights=weights))
    texts, labels = reviews(100, 100, seed=9)
    answers = classifier.predict(texts)
    recalls = [np.mean(answers[np.array(labels) == name] == name) for name in ("up", "down")]
    assert min(recalls) > 0.8
    assert classifier.artifact.notes["train"]["batch_size"] == 16


def test_a_training_that_taught_nothing_says_so_and_keeps_it(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="training needs the train extra")
    still = TrainConfig(max_epochs=1, batch_size=256, learning_rate=1e-8)
    classifier = TextClassifier(embedding_dim=4, hidden_size=4)
    with pytest.warns(TrainingWarning, match="no better than always answering"):
        classifier.fit(*reviews(60, 60, seed=0), config=still)
    saved = TextClassifier.from_pretrained(classifier.save_pretrained(tmp_path / "model"))
    assert "no better" in saved.artifact.notes["remarks"][-1]
    assert saved.artifact.notes["train"]["batch_size"] == 256


def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(ConfigError, match="config must be a TrainConfig, got dict"):
        TextClassifier().fit(*reviews(9, 9, seed=0), config={"max_epochs": 1})  # type: ignore[arg-type]
