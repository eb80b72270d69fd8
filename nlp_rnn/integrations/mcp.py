"""A server of the Model Context Protocol: assistants classify, explain and review (extra ``mcp``).

Three tools that only read, each with the schema of its answer. Knows the protocol's library, which reads and
writes the messages; the tools are the library's own calls.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from nlp_rnn.errors import NlpRnnError, require
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.sentiment.classifier import SentimentClassifier
from nlp_rnn.version import __version__

__all__ = ["make_server"]

Tool = TypeVar("Tool", bound=Callable[..., Any])


# The schemas of the answers are made from these classes.


@dataclass(frozen=True)
class Label:
    """The label of one text; polarity is P(positive) - P(negative), unsure that it is better not believed."""

    label: str
    score: float
    probabilities: dict[str, float]
    polarity: float | None
    unsure: bool
    language: str | None


@dataclass(frozen=True)
class Labels:
    """One label for each text, in their order."""

    labels: list[Label]


@dataclass(frozen=True)
class Token:
    """A token, its place in the text, and its effect on the target: what is lost when it is hidden."""

    text: str
    start: int
    end: int
    effect: float


@dataclass(frozen=True)
class Reasons:
    """Why a text got its label; the target is polarity, or the class whose probability is explained."""

    label: str
    probabilities: dict[str, float]
    target: str
    tokens: list[Token]


@dataclass(frozen=True)
class Signal:
    """One reason for doubt, and its place in the text."""

    kind: str
    start: int
    end: int
    score: float
    why: str


@dataclass(frozen=True)
class Risk:
    """How risky a text is to rely on (low, medium, high), why, and what to show with it."""

    level: str
    score: float
    signals: list[Signal]
    disclaimer: str
    not_checked: list[str]


def make_server(classifier: SentimentClassifier, risk_filter: RiskFilter) -> Any:
    """Return a server with the tools ``classify``, ``explain`` and ``review``; its ``run`` serves stdin.

    Args:
        classifier: What labels and explains.
        risk_filter: What reviews.

    Raises:
        MissingExtraError: If the extra ``mcp`` is not installed.
    """
    server = require("mcp.server", extra="mcp").MCPServer(
        "nlp-rnn", version=__version__, instructions=_INSTRUCTIONS, log_level="CRITICAL"
    )
    annotations = require("mcp.types", extra="mcp").ToolAnnotations(
        read_only_hint=True, idempotent_hint=True, open_world_hint=False
    )
    for tool in (_classify(classifier), _explain(classifier), _review(risk_filter)):
        server.tool(annotations=annotations)(_in_one_sentence(tool))
    return server


_INSTRUCTIONS = (
    "Small models on this machine. classify: what English texts say about their subject (sentiment). "
    "explain: which words made it so. review: how risky a text is to rely on; nothing is checked for truth."
)


def _classify(classifier: SentimentClassifier) -> Callable[..., Labels]:
    def classify(texts: list[str]) -> Labels:
        """Label each text negative, neutral or positive (or with the classes of the server's own model)."""
        return Labels(
            [
                Label(
                    label=found.label,
                    score=found.score,
                    probabilities=found.probabilities,
                    polarity=None if math.isnan(found.polarity) else found.polarity,
                    unsure=found.unsure,
                    language=found.language,
                )
                for found in classifier.classify_many(texts)
            ]
        )

    return classify


def _explain(classifier: SentimentClassifier) -> Callable[..., Reasons]:
    def explain(text: str, target: str | None = None) -> Reasons:
        """Say what each word of a text adds to its label; the target is polarity or the name of a class."""
        found = classifier.explain(text, target=target)
        each = zip(found.tokens, found.spans, found.attributions.tolist(), strict=True)
        return Reasons(
            label=found.label,
            probabilities=dict(zip(found.classes, found.probabilities.tolist(), strict=True)),
            target=found.target,
            tokens=[Token(token, *span, effect) for token, span, effect in each],
        )

    return explain


def _review(risk_filter: RiskFilter) -> Callable[..., Risk]:
    def review(text: str) -> Risk:
        """Say what makes a text, a machine's for example, risky to rely on; nothing is checked for truth."""
        found = risk_filter.review(text)
        return Risk(
            level=found.level,
            score=found.score,
            signals=[Signal(**signal.to_dict()) for signal in found.signals],
            disclaimer=found.disclaimer,
            not_checked=list(found.not_checked),
        )

    return review


def _in_one_sentence(tool: Tool) -> Tool:
    """Return a tool whose refusals reach the assistant as our own sentences."""
    error_of = require("mcp.server.mcpserver.exceptions", extra="mcp").ToolError

    @functools.wraps(tool)
    def answer(*args: Any, **named: Any) -> Any:
        try:
            return tool(*args, **named)
        except NlpRnnError as error:
            raise error_of(str(error)) from None

    return answer  # type: ignore[return-value]
