"""The table of all routes: path, what it takes and gives, who answers. The app and ``openapi.py`` read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nlp_rnn.service import answering, completions, schemas


@dataclass(frozen=True)
class Taking:
    """A route that takes JSON.

    Attributes:
        path: Where it is.
        takes: Type of the body.
        gives: Types that the answer may have.
        answer: Who answers.
        words: What it does, for the OpenAPI document.
        example: A body.
    """

    path: str
    takes: Any
    gives: tuple[Any, ...]
    answer: Callable[..., Any]
    words: str
    example: dict[str, Any]

    @property
    def openai(self) -> bool:
        """Whether it is one of OpenAI's routes, whose errors have another form."""
        return self.path.startswith("/v1/")


@dataclass(frozen=True)
class Telling:
    """A route that takes nothing.

    Attributes:
        path: Where it is.
        gives: Type of the answer; None if it is no JSON of ours.
        name: The method of ``about.About`` that answers.
        words: What it does.
        kind: Its media type.
    """

    path: str
    gives: Any
    name: str
    words: str
    kind: str = "application/json"


_LISTS = list[list[schemas.Prediction]]

TAKING = (
    Taking(
        "/predict",
        schemas.PredictRequest,
        (list[schemas.Prediction], _LISTS),
        answering.predict,
        "Classify a text, or several",
        {"inputs": "Movie was not good"},
    ),
    Taking(
        "/",
        schemas.PredictRequest,
        (_LISTS,),
        answering.predict_lists,
        "Classify, always as a list of lists",
        {"inputs": "Movie was not good"},
    ),
    Taking(
        "/v1/classify",
        schemas.ClassifyRequest,
        (schemas.ClassifyAnswer,),
        answering.classify,
        "Classify, as vLLM does",
        {"input": ["Movie was not good", "Movie was good"]},
    ),
    Taking(
        "/v1/completions",
        schemas.CompletionRequest,
        (schemas.Completion,),
        completions.complete,
        "Write text, marked as such",
        {"prompt": "ROMEO:", "max_tokens": 80, "seed": 7},
    ),
    Taking(
        "/v1/moderations",
        schemas.ModerationRequest,
        (schemas.ModerationAnswer,),
        answering.moderate,
        "Say what makes texts risky to rely on, as OpenAI's moderation does",
        {"input": "The study confirmed that eating glass is healthy."},
    ),
    Taking(
        "/explain",
        schemas.ExplainRequest,
        (schemas.ExplainAnswer,),
        answering.explain,
        "Explain an answer, token by token",
        {"inputs": "Movie was not good"},
    ),
    Taking(
        "/review",
        schemas.ReviewRequest,
        (schemas.ReviewAnswer,),
        answering.review,
        "Review a text sentence by sentence",
        {"inputs": "The study confirmed that eating glass is healthy.", "policy": "redact"},
    ),
)

TELLING = (
    Telling("/v1/models", schemas.ModelList, "models", "List the models, as OpenAI does"),
    Telling("/info", schemas.Info, "info", "Models, cards, fingerprints, limits"),
    Telling("/health", schemas.Status, "health", "Whether the process lives"),
    Telling("/ready", schemas.Status, "ready", "Whether requests are answered"),
    Telling("/metrics", None, "metrics", "Figures for Prometheus", "text/plain"),
)
