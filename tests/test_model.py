"""What all trained models share: older folders, a Hub id, a name, one sentence for each fault."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import CharGenerator, Forecaster, LanguageModel, SentimentClassifier, TextClassifier, Translator
from nlp_rnn.artifact import fingerprint
from nlp_rnn.config import (
    CharTrainConfig,
    ForecastTrainConfig,
    PretrainConfig,
    TrainConfig,
    TranslationTrainConfig,
)
from nlp_rnn.errors import ArtifactError, InputError, NotFittedError
from nlp_rnn.folder import CARD, WEIGHTS
from nlp_rnn.model import Pretrained

OLDER = Path(__file__).parent / "older"
"""Small folders as they were written before all models had one format, and what they answered."""
TEXTS = ["the parcel came late", "my bill is wrong", "where is my parcel", "the bill came twice"]
KINDS: list[tuple[str, type[Pretrained[Any]]]] = [
    ("classifier", SentimentClassifier),
    ("classifier", TextClassifier),
    ("generator", CharGenerator),
    ("language", LanguageModel),
    ("translator", Translator),
    ("forecaster", Forecaster),
]
CLASSES = [kind for _, kind in KINDS]


def answer(model: Pretrained[Any]) -> Any:
    if isinstance(model, TextClassifier):
        return model.predict_proba(TEXTS).tolist()
    if isinstance(model, CharGenerator):
        return model.generate("The ", max_new_chars=30, seed=1, risk_filter=None).text
    if isinstance(model, Translator):
        # All that it wrote: the text itself says once what the pieces repeat.
        (found,) = model.translations(["the hen runs"])
        return ["".join(found.pieces).removesuffix("</s>").replace("▁", " ").strip()]
    if isinstance(model, Forecaster):
        return model.rollout(4).tolist()
    assert isinstance(model, LanguageModel)
    return model.perplexity(TEXTS)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_folder_written_before_answers_as_it_did(
    folder: str, kind: type[Pretrained[Any]], tmp_path: Path
) -> None:
    expected = json.loads((OLDER / "answers.json").read_text(encoding="utf-8"))[folder]
    model = kind.from_pretrained(OLDER / folder)
    again = kind.from_pretrained(model.save_pretrained(tmp_path / "again"))
    for found in (answer(model), answer(again)):
        if isinstance(expected, str) or folder == "translator":
            assert found == expected
        elif isinstance(expected, dict):
            assert found == pytest.approx(expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("kind", CLASSES)
def test_before_fit_every_model_says_so(kind: type[Pretrained[Any]], tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="has no model yet: call fit, or use from_pretrained"):
        kind().save_pretrained(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [TextClassifier, LanguageModel, Translator, Forecaster])
def test_without_a_shipped_model_a_source_is_asked_for(kind: type[Pretrained[Any]]) -> None:
    with pytest.raises(InputError, match="comes with the package: give a model folder or a Hub id"):
        kind.from_pretrained()


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_model_has_the_name_of_its_folder(folder: str, kind: type[Pretrained[Any]], tmp_path: Path) -> None:
    model = kind.from_pretrained(OLDER / folder)
    assert (model.name, model.fingerprint) == (folder, fingerprint(OLDER / folder))
    saved = model.save_pretrained(tmp_path / "mine", dtype="float16")
    assert (model.name, model.fingerprint) == ("mine", fingerprint(saved))
    assert (saved / WEIGHTS).stat().st_size < kind.from_pretrained(saved).save_pretrained(
        tmp_path / "large"
    ).joinpath(WEIGHTS).stat().st_size


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_every_model_comes_from_the_hub(
    folder: str, kind: type[Pretrained[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: list[list[str]] = []

    def fetch(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        assert revision == "v1"
        return str(OLDER / folder)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    kind.from_pretrained("owner/name", revision="v1")
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= set(asked[0])
    assert ("overlap.safetensors" in asked[0]) == (kind is CharGenerator)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_model_for_another_task_is_refused(kind: type[Pretrained[Any]]) -> None:
    for folder in {folder for folder, _ in KINDS} - {folder for folder, own in KINDS if own is kind}:
        with pytest.raises(ArtifactError, match="it was made for the task"):
            kind.from_pretrained(OLDER / folder)


def test_what_was_trained_is_saved_with_a_card_that_names_its_class(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    config = TrainConfig(max_epochs=1, batch_size=4)
    labels = ["delivery", "billing", "delivery", "billing"]
    trained: list[Pretrained[Any]] = [
        TextClassifier(embedding_dim=2, hidden_size=2).fit(TEXTS * 2, labels * 2, config=config),
        LanguageModel(embedding_dim=2, hidden_size=2).fit(TEXTS, config=PretrainConfig(max_epochs=1)),
        CharGenerator(embedding_dim=2, hidden_size=2).fit(
            "a fox. " * 40, config=CharTrainConfig(max_epochs=1, window=20)
        ),
        Translator(embedding_dim=2, hidden_size=2).fit(
            [(text, text) for text in TEXTS], config=TranslationTrainConfig(max_epochs=1)
        ),
        Forecaster(context=4, hidden_size=2, linear=False).fit(
            np.sin(np.arange(40)), config=ForecastTrainConfig(max_epochs=1, epoch_steps=1)
        ),
    ]
    for model in trained:
        card = (model.save_pretrained(tmp_path / type(model).__name__) / CARD).read_text(encoding="utf-8")
        assert card.startswith("---\n")
        assert type(model).__name__ in card or isinstance(model, LanguageModel)
        assert "{" not in card


def test_what_is_trained_anew_no_longer_has_the_name_of_its_folder() -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    model = SentimentClassifier.from_pretrained(OLDER / "classifier")
    model.fit(TEXTS * 2, ["delivery", "billing"] * 4, config=TrainConfig(max_epochs=1, batch_size=4))
    assert (model.name, model.fingerprint) == ("unsaved", "")


def test_other_classes_get_a_new_head() -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    config = TrainConfig(max_epochs=1, batch_size=4, learning_rate=1e-8, warmup=0.0, ema_decay=0.0)
    start = TextClassifier.from_pretrained(OLDER / "classifier")
    kept = TextClassifier.from_pretrained(OLDER / "classifier")
    kept.fit(TEXTS * 2, ["delivery", "billing"] * 4, config=config)
    renamed = TextClassifier.from_pretrained(OLDER / "classifier")
    renamed.fit(TEXTS * 2, ["parcels", "money"] * 4, config=config)
    head = start.artifact.weights["output.weight"]
    np.testing.assert_allclose(kept.artifact.weights["output.weight"], head, atol=1e-4)
    assert np.abs(renamed.artifact.weights["output.weight"] - head).max() > 1e-3


def test_a_generator_without_an_index_takes_none_over_from_another(tmp_path: Path) -> None:
    folder = CharGenerator.from_pretrained(OLDER / "generator").save_pretrained(tmp_path / "model")
    assert (folder / "overlap.safetensors").is_file()
    plain = CharGenerator.from_pretrained(OLDER / "generator")
    plain.memory = None
    plain.save_pretrained(folder)
    assert CharGenerator.from_pretrained(folder).memory is None


def test_the_answers_have_the_fields_that_users_unpack() -> None:
    sentiment = SentimentClassifier.from_pretrained().classify("Movie was not good")
    known = ["unsure", "language", "unknown_share"]
    assert [each.name for each in fields(sentiment)] == [
        "label",
        "score",
        "polarity",
        "probabilities",
        *known,
    ]
    found = TextClassifier.from_pretrained(OLDER / "classifier").classify("my bill")
    assert [each.name for each in fields(found)] == ["label", "score", "probabilities", *known]
