"""NumPy's and torch's numbers are numbers wherever one is taken; True, NaN and words are none."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import CharGenerator, Forecaster, LanguageModel, SentimentClassifier, TextClassifier, Translator
from nlp_rnn import config as settings_of
from nlp_rnn.config import Settings
from nlp_rnn.errors import ConfigError, InputError, in_range, true_or_false, whole_number
from nlp_rnn.files import load_corpus, split_at, stream_corpus
from nlp_rnn.forecasting import mase, run_backtest
from nlp_rnn.generation import Sampling
from nlp_rnn.metrics import reliability
from nlp_rnn.probabilities import softmax
from nlp_rnn.reference import initialise
from nlp_rnn.risk import OverlapIndex, Thresholds
from nlp_rnn.runtime.engine import NumpyEngine
from nlp_rnn.sentiment import measure_robustness
from nlp_rnn.sentiment.baselines import score_proba
from nlp_rnn.sentiment.perturbation import perturbed, perturbed_pairs
from nlp_rnn.sentiment.suite import Case
from nlp_rnn.studies.canaries import hide, make_canaries
from nlp_rnn.text import TextTokenizer, cooccurrence_vectors
from nlp_rnn.translation import beam_search, score_by_length

OLDER = Path(__file__).parent / "older"
REFUSED = (ConfigError, InputError)
NO_NUMBERS = [
    True,
    np.bool_(True),
    math.nan,
    np.float32(math.nan),
    "3",
    None,
    [3],
    np.array([3]),
    Decimal(3),
    3j,
]
SETTINGS = [
    kind
    for kind in (*vars(settings_of).values(), Sampling)
    if inspect.isclass(kind) and issubclass(kind, Settings) and kind is not Settings
]


def needed(kind: type[Settings]) -> dict[str, Any]:
    """Values for the fields that have no default."""
    values = {"vocab_size": 10, "num_classes": 2, "columns": ("value",), "classes": ("yes", "no")}
    return {
        field.name: values[field.name]
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }


def numbers_of(kind: type[Settings]) -> dict[str, float]:
    """The settings that are numbers, with an allowed value for each."""
    made = kind(**needed(kind))
    found = {name: getattr(made, name) for name in (field.name for field in fields(kind))}
    found |= {"top_k": 5, "top_p": 0.5, "min_p": 0.5} if kind is Sampling else {}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_setting_takes_numpys_numbers_and_keeps_pythons(kind: type[Settings]) -> None:
    numbers = numbers_of(kind)
    assert numbers
    given: dict[str, Any] = {
        name: np.int64(value) if isinstance(value, int) else np.float64(value)
        for name, value in numbers.items()
    }
    made = kind(**{**needed(kind), **given})
    assert made == kind(**{**needed(kind), **numbers})
    for name, value in numbers.items():
        assert type(getattr(made, name)) is type(value)
    json.dumps(made.to_dict())
    assert kind.from_dict(made.to_dict()) == made


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_setting_refuses_what_is_no_number(kind: type[Settings]) -> None:
    for name, value in numbers_of(kind).items():
        optional = name in ("top_k", "top_p", "min_p")
        for wrong in [*NO_NUMBERS, *([2.5, float(2)] if isinstance(value, int) else [])]:
            if wrong is None and optional:
                continue
            with pytest.raises(ConfigError, match=rf"Invalid {name}. Received: .*; it should be a") as caught:
                kind(**{**needed(kind), name: wrong})
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_flag_takes_numpys_truth_and_no_number(kind: type[Settings]) -> None:
    made = kind(**needed(kind))
    for name in [field.name for field in fields(kind) if isinstance(getattr(made, field.name), bool)]:
        value = getattr(made, name)
        assert getattr(kind(**{**needed(kind), name: np.bool_(value)}), name) is value
        with pytest.raises(ConfigError, match=f"Invalid {name}. Received: 1; it should be true or false"):
            kind(**{**needed(kind), name: 1})


def test_numbers_inside_of_settings_are_numbers_too() -> None:
    levels = settings_of.ForecastConfig(columns=("a",), quantiles=tuple(np.array([0.1, 0.5, 0.9])))
    assert levels.quantiles == (0.1, 0.5, 0.9)
    assert {type(level) for level in levels.quantiles} == {float}
    with pytest.raises(ConfigError, match="quantiles"):
        settings_of.ForecastConfig(columns=("a",), quantiles=(0.1, 0.5, math.nan))
    weights = settings_of.TrainConfig(objectives={"entropy": np.float32(0.5)})
    assert json.dumps(weights.to_dict()["objectives"]) == '{"entropy": 0.5}'
    assert json.dumps(vars(Thresholds(high=np.float32(0.5), loop_chars=np.int8(9))))


def test_the_checks_themselves() -> None:
    for two in (2, np.int8(2), np.uint64(2), np.array(2)):
        assert (whole_number("n", two, 0), type(whole_number("n", two, 0))) == (2, int)
    for half in (0.5, np.float16(0.5), np.longdouble(0.5), np.array(0.5), Fraction(1, 2)):
        assert (in_range("n", half, 0, 1), type(in_range("n", half, 0, 1))) == (0.5, float)
    assert true_or_false("n", np.bool_(False)) is False
    with pytest.raises(ConfigError, match=r"Received: 1; it should be a number in \[0, 1\)"):
        in_range("n", 1, 0, 1, open_high=True)
    with pytest.raises(InputError, match=r"Received: 7; it should be a whole number, in \[0, 3\]"):
        whole_number("n", 7, 0, 3, error=InputError)
    with pytest.raises(ConfigError, match="a whole number, at least 1"):
        whole_number("n", 10**30, 1) and whole_number("n", 0, 1)


def test_torchs_numbers_are_numbers() -> None:
    torch = pytest.importorskip("torch", reason="needs the train extra")
    assert whole_number("n", torch.tensor(3), 0) == 3
    assert in_range("n", torch.tensor(0.5), 0, 1) == 0.5


@dataclass(frozen=True)
class Take:
    """A call that takes a number, and one that it may take; ``None`` may mean the default."""

    call: Callable[[Any], object]
    value: float
    none: bool = False


def classifier() -> SentimentClassifier:
    return SentimentClassifier.from_pretrained(OLDER / "classifier")


def generator() -> CharGenerator:
    return CharGenerator.from_pretrained(OLDER / "generator")


def forecaster() -> Forecaster:
    return Forecaster.from_pretrained(OLDER / "forecaster")


def translator() -> Translator:
    return Translator.from_pretrained(OLDER / "translator")


class Ends:
    """A decoder that ends at once."""

    def advance(self, ids_n: Any) -> Any:
        return np.array([[0, 0, 9]] * len(ids_n), np.float32), np.zeros((len(ids_n), 1), np.float32)

    def keep(self, rows_n: Any) -> None:
        pass


def search(**more: Any) -> object:
    return beam_search(Ends(), [4], begin_id=1, end_id=2, **more)


MODEL = classifier()
PROBS = np.array([[0.2, 0.8], [0.6, 0.4]])
TEXT = "The cat sat on the mat, and the dog sat on the cat.\n" * 3
TEXTS = ["a text of five words here", "another text of five words"] * 3
SERIES = np.sin(np.arange(60.0))
VECTORS = {"vocab_size": 9, "dim": 2}
ROWS = [[2, 3, 4, 5, 6, 7, 8, 2, 3], [4, 6, 8, 2, 5, 7, 3]]


def vectors(**changes: Any) -> object:
    pytest.importorskip("scipy", reason="needs the train extra")
    pytest.importorskip("sklearn", reason="needs the train extra")
    return cooccurrence_vectors(ROWS, **{**VECTORS, **changes})


def robustness(**more: Any) -> object:
    def undecided(texts: Any) -> Any:
        return np.full((len(texts), 3), 1 / 3)

    return measure_robustness(MODEL, {"a": TEXTS}, predict_proba=undecided, **more)


def backtest(test: Any = 4, **more: Any) -> object:
    """Refused, or stopped just after the numbers were looked at."""
    return run_backtest(SERIES[:, None], test, name="a", forecaster=forecaster(), **{"season": 99, **more})


TAKERS: dict[str, Take] = {
    "tokenizer vocab_size": Take(lambda n: TextTokenizer("word", vocab_size=n), 9),
    "tokenizer min_count": Take(lambda n: TextTokenizer("word", min_count=n), 2),
    "tokenizer max_tokens": Take(lambda n: TextTokenizer("word", max_tokens=n), 2, none=True),
    "classifier hidden_size": Take(lambda n: TextClassifier(hidden_size=n), 3),
    "classifier max_tokens": Take(lambda n: TextClassifier(max_tokens=n), 3, none=True),
    "language vocab_size": Take(lambda n: LanguageModel(vocab_size=n), 9),
    "translator vocab_size": Take(lambda n: Translator(vocab_size=n), 9),
    "generator min_count": Take(lambda n: CharGenerator(min_count=n), 2),
    "explain samples": Take(lambda n: classifier().explain("the bill", method="shapley", samples=n), 2),
    "explain seed": Take(lambda n: classifier().explain("the bill", method="shapley", seed=n, samples=2), 2),
    "predict_proba batch_tokens": Take(
        lambda n: classifier().predict_proba(["a"], batch_tokens=n), 64, none=True
    ),
    "generate max_new_chars": Take(lambda n: generator().generate("The ", max_new_chars=n), 3),
    "generate seed": Take(lambda n: generator().generate("The ", max_new_chars=1, seed=n), 3),
    "generate temperature": Take(lambda n: generator().generate("The ", max_new_chars=1, temperature=n), 0.5),
    "generate top_k": Take(lambda n: generator().generate("The ", max_new_chars=1, top_k=n), 3, none=True),
    "generate top_p": Take(lambda n: generator().generate("The ", max_new_chars=1, top_p=n), 0.5, none=True),
    "generate_many seeds": Take(lambda n: generator().generate_many(["The "], seeds=[n], max_new_chars=1), 3),
    "generate_many width": Take(
        lambda n: generator().generate_many(["The "], seeds=[0], max_new_chars=1, width=n), 3
    ),
    "dynamic_bits_per_char": Take(lambda n: generator().dynamic_bits_per_char(TEXT, learning_rate=n), 0.001),
    "forecaster context": Take(lambda n: Forecaster(n), 3),
    "forecaster seed": Take(lambda n: Forecaster(seed=n), 3),
    "forecaster window": Take(lambda n: Forecaster(window=n), 3),
    "forecaster quantiles": Take(lambda n: Forecaster(quantiles=(n, 0.5)), 0.25),
    "fit target": Take(lambda n: Forecaster(4).fit(np.ones((9, 4)), target=n), 9, none=True),
    "rollout steps": Take(lambda n: forecaster().rollout(n), 3),
    "rollout_quantiles paths": Take(lambda n: forecaster().rollout_quantiles(2, paths=n), 3),
    "rollout_quantiles seed": Take(lambda n: forecaster().rollout_quantiles(2, paths=2, seed=n), 3),
    "mase season": Take(lambda n: mase(SERIES[:3], SERIES[3:6], SERIES, season=n), 3),
    "run_backtest test": Take(lambda n: backtest(test=n), 4),
    "run_backtest season": Take(lambda n: backtest(season=n), 99),
    "run_backtest target": Take(lambda n: backtest(target=n), 0),
    "translate beam": Take(lambda n: translator().translate(["a"], beam=n), 2),
    "translate length_penalty": Take(lambda n: translator().translate(["a"], length_penalty=n), 0.5),
    "beam_search beam": Take(lambda n: search(beam=n), 2),
    "beam_search alpha": Take(lambda n: search(alpha=n), 0.5),
    "score_by_length groups": Take(lambda n: score_by_length(["a"], ["a"], [["a"]], groups=n), 2),
    "reliability bins": Take(lambda n: reliability(PROBS, [0, 1], bins=n), 3),
    "softmax temperature": Take(lambda n: softmax([0.0, 1.0], n), 0.5),
    "score_proba neutral_below": Take(lambda n: score_proba([0.5], neutral_below=n), 0.25),
    "initialise hidden_size": Take(lambda n: initialise("gru", 2, n), 3),
    "initialise seed": Take(lambda n: initialise("gru", 2, 3, seed=n), 3),
    "engine threads": Take(
        lambda n: NumpyEngine(classifier().artifact.config, classifier().artifact.weights, threads=n),
        3,
        none=True,
    ),
    "thresholds high": Take(lambda n: Thresholds(high=n), 0.5),
    "thresholds loop_chars": Take(lambda n: Thresholds(loop_chars=n), 9),
    "index run": Take(lambda n: OverlapIndex.build(TEXT, run=n), 40),
    "index rate": Take(lambda n: OverlapIndex.build(TEXT, false_positive_rate=n), 2.0**-20),
    "index windows": Take(
        lambda n: OverlapIndex.build(TEXT).windows_with_copies(TEXT, length=50, windows=n), 3
    ),
    "index length": Take(lambda n: OverlapIndex.build(TEXT).windows_with_copies(TEXT, length=n), 50),
    "robustness most": Take(lambda n: robustness(most=n), 2),
    "robustness seed": Take(lambda n: robustness(seed=n), 2),
    "perturbed share": Take(lambda n: perturbed(TEXTS, share=n, seed=0), 0.5),
    "perturbed seed": Take(lambda n: perturbed(TEXTS, share=0.5, seed=n), 2),
    "perturbed_pairs seed": Take(lambda n: perturbed_pairs(TEXTS, seed=n), 2),
    "perturbed_pairs most": Take(lambda n: perturbed_pairs(TEXTS, seed=0, most=n), 2, none=True),
    "canaries count": Take(lambda n: make_canaries(n, seed=0), 3),
    "canaries seed": Take(lambda n: make_canaries(2, seed=n), 3),
    "hide seed": Take(lambda n: hide(TEXT, ["A line."], seed=n), 3),
    "case margin": Take(
        lambda n: Case(id="a", phenomenon="b", type="DIR", texts=("a", "b"), expect="higher", margin=n), 0.5
    ),
    "vectors dim": Take(lambda n: vectors(dim=n), 2),
    "vectors window": Take(lambda n: vectors(window=n), 2),
    "vectors smoothing": Take(lambda n: vectors(smoothing=n), 0.5),
    "vectors seed": Take(lambda n: vectors(seed=n), 2),
    "limit": Take(lambda n: stream_corpus("missing.csv", limit=n), 2, none=True),
    "classes": Take(lambda n: load_corpus("missing.csv", classes=n), 2, none=True),
    "split_at": Take(lambda n: split_at(TEXT, n), 0.5),
}


def outcome(take: Take, number: Any) -> object:
    """What came of a call: that it went well, or its refusal (of something else)."""
    try:
        take.call(number)
    except Exception as error:
        return type(error).__name__, str(error)
    return "well"


@pytest.mark.parametrize("name", TAKERS)
def test_every_argument_takes_numpys_numbers(name: str) -> None:
    take = TAKERS[name]
    kinds = (
        [np.int64, np.int16, np.array] if isinstance(take.value, int) else [np.float64, np.float32, np.array]
    )
    expected = outcome(take, take.value)
    assert [outcome(take, kind(take.value)) for kind in kinds] == [expected] * 3
    assert not isinstance(expected, tuple) or "should be a" not in expected[1]


@pytest.mark.parametrize("name", TAKERS)
def test_every_argument_refuses_what_is_no_number(name: str) -> None:
    take = TAKERS[name]
    for wrong in [*NO_NUMBERS[:5], *([2.5] if isinstance(take.value, int) else [])]:
        if name == "classes" and isinstance(wrong, str):
            continue
        with pytest.raises(REFUSED, match="it should be a"):
            take.call(wrong)


def test_random_draws_are_the_same_for_numpys_seeds() -> None:
    assert perturbed(TEXTS, share=0.5, seed=np.int64(3)) == perturbed(TEXTS, share=0.5, seed=3)
    writer = generator()
    told = [
        writer.generate("The ", max_new_chars=9, seed=seed).text for seed in (3, np.int64(3), np.uint8(3))
    ]
    assert len(set(told)) == 1
    many = writer.generate_many(["The "] * 2, seeds=np.arange(2), max_new_chars=5)
    assert [each.text for each in many] == [
        writer.generate("The ", max_new_chars=5, seed=seed).text for seed in range(2)
    ]


@pytest.mark.parametrize("stop", [5, 2.5, True])
def test_a_stop_that_is_no_text_is_one_sentence(stop: object) -> None:
    with pytest.raises(InputError, match=f"stop should be a str, or a sequence of several, got {stop}"):
        generator().generate("The ", max_new_chars=3, stop=stop)  # type: ignore[arg-type]
