"""Every public object survives pickle, deepcopy and process pools, and answers as before."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import (
    CharGenerator,
    Forecaster,
    LanguageModel,
    RiskFilter,
    SentimentClassifier,
    TextClassifier,
    Translator,
)
from nlp_rnn.text import TextTokenizer

OLDER = Path(__file__).parent / "older"
TEXTS = ["the parcel came late", "my bill is wrong", "Where is my PARCEL?"]
RISKY = "The study confirmed that eating glass is healthy."

Make = Callable[[], Any]
Answer = Callable[[Any], Any]
MODELS: dict[str, tuple[Make, Answer]] = {
    "classifier": (
        lambda: SentimentClassifier.from_pretrained(OLDER / "classifier"),
        lambda model: model.predict_proba(TEXTS).tolist(),
    ),
    "text classifier": (
        lambda: TextClassifier.from_pretrained(OLDER / "classifier"),
        lambda model: model.explain(TEXTS[0]).to_dict(),
    ),
    "generator": (
        lambda: CharGenerator.from_pretrained(OLDER / "generator"),
        lambda model: (model.generate("The ", max_new_chars=30, seed=1).text, model.name, model.fingerprint),
    ),
    "language model": (
        lambda: LanguageModel.from_pretrained(OLDER / "language"),
        lambda model: model.artifact.weights["embedding.weight"].tolist(),
    ),
    "translator": (
        lambda: Translator.from_pretrained(OLDER / "translator"),
        lambda model: model.translate(["the hen runs"]),
    ),
    "forecaster": (
        lambda: Forecaster.from_pretrained(OLDER / "forecaster"),
        lambda model: model.rollout(4).tolist(),
    ),
    "risk filter": (RiskFilter, lambda model: model.review(RISKY).to_dict()),
    "risk filter with sources": (
        lambda: RiskFilter(sources=[Path(__file__).parent / "risk" / "evidence" / "sources"]),
        lambda model: model.review("Firewood is sold at the office for £8 a bag.").to_dict(),
    ),
    "tokenizer": (
        lambda: TextTokenizer("word", max_tokens=6, mend_typos=True).train(TEXTS),
        lambda tokenizer: [tokenizer.encode(text) for text in (*TEXTS, "the parcell", "wasn’t it")],
    ),
    "tokenizer of the second reading": (
        lambda: TextTokenizer("word", reading=2, mend_typos=True).train(TEXTS, known_words=["parcell"]),
        lambda tokenizer: [tokenizer.encode(text) for text in (*TEXTS, "the parcell", "<b>sooo</b> :-)")],
    ),
    "sub-word tokenizer": (
        lambda: TextTokenizer("piece", vocab_size=40).train(TEXTS),
        lambda tokenizer: tokenizer.encode(TEXTS[0]),
    ),
}
RESULTS: dict[str, Make] = {
    "sentiment": lambda: SentimentClassifier.from_pretrained(OLDER / "classifier").classify(TEXTS[0]),
    "review": lambda: RiskFilter().review(RISKY),
    "text": lambda: CharGenerator.from_pretrained(OLDER / "generator").generate("a", max_new_chars=5),
}
UNTRAINED = (SentimentClassifier, TextClassifier, CharGenerator, LanguageModel, Translator, Forecaster)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", MODELS)
def test_a_pickled_model_answers_as_before(name: str, protocol: int) -> None:
    make, answer = MODELS[name]
    model = make()
    assert answer(pickle.loads(pickle.dumps(model, protocol))) == answer(model)


@pytest.mark.parametrize("name", MODELS)
def test_a_copied_model_answers_as_before_and_shares_nothing(name: str) -> None:
    make, answer = MODELS[name]
    model = make()
    expected = answer(model)
    copied = copy.deepcopy(model)
    assert answer(copied) == expected
    if hasattr(copied, "artifact"):
        for weight in copied.artifact.weights.values():
            weight[:] = 0
        assert answer(model) == expected


@pytest.mark.parametrize("kind", UNTRAINED)
def test_an_untrained_model_is_copied_with_its_settings(kind: type[Any]) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    model = kind(hidden_size=3, cell="gru")
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again._shape == model._shape


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_pickled(name: str) -> None:
    found = RESULTS[name]()
    assert repr(pickle.loads(pickle.dumps(found))) == repr(found)  # a polarity may be NaN


def test_a_pickled_model_holds_its_folder_and_no_engine() -> None:
    model = SentimentClassifier.from_pretrained(OLDER / "classifier")
    stored = pickle.dumps(model)
    names = {argument for _, argument, _ in pickletools.genops(stored) if isinstance(argument, str)}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names
    assert not any(
        "runtime" in name or ("engine" in name and "name" not in name) for name in names if "." in name
    )


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_pool_of_processes_answers_as_before(method: str) -> None:
    model = SentimentClassifier.from_pretrained(OLDER / "classifier")
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert repr(pool.map(model.classify, TEXTS)) == repr([model.classify(text) for text in TEXTS])


def test_joblib_keeps_a_trained_model(tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib", reason="comes with scikit-learn, extra train")
    model = SentimentClassifier.from_pretrained(OLDER / "classifier")
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(model.classify)(text) for text in TEXTS)
    assert repr(found) == repr([model.classify(text) for text in TEXTS])
