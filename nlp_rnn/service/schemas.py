"""The JSON of every route, in and out: what msgspec reads, checks and writes, and ``openapi.py`` describes.

Unknown fields are ignored, as clients of other services send them. Knows shapes, no limits of a service.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Policy = Literal["annotate", "redact", "block"]


# What clients send.
class Parameters(Struct):
    """Options of the Hub's client."""

    top_k: Annotated[int, Meta(ge=1)] | None = None
    function_to_apply: Literal["softmax"] | None = None


class PredictRequest(Struct):
    """Texts to classify."""

    inputs: str | list[str | Annotated[list[str], Meta(min_length=1, max_length=1)]]
    top_k: Annotated[int, Meta(ge=1)] | None = None
    parameters: Parameters | None = None


class ClassifyRequest(Struct):
    """Texts to classify, as vLLM takes them."""

    input: str | list[str]
    model: str | None = None


class ExplainRequest(Struct):
    """A text whose answer is to be explained."""

    inputs: str
    method: Literal["occlusion", "shapley"] = "occlusion"
    target: str | None = None


class ReviewRequest(Struct):
    """A text to review."""

    inputs: str
    policy: Policy | None = None


class TextPart(Struct):
    """A part of a text to moderate."""

    text: str
    type: Literal["text"] = "text"


class ModerationRequest(Struct):
    """Texts to moderate, as OpenAI takes them."""

    input: str | list[str | TextPart]
    model: str | None = None


class StreamOptions(Struct):
    """Options of a stream."""

    include_usage: bool | None = None


class CompletionRequest(Struct):
    """What to write, as OpenAI takes it; ``max_tokens`` counts characters."""

    prompt: str | list[str]
    model: str | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=100)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=1)] | None = None
    min_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    repetition_penalty: Annotated[float, Meta(ge=0.01, le=100)] | None = None
    seed: Seed | None = None
    stop: str | list[str] | None = None
    n: Annotated[int, Meta(ge=1)] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    policy: Policy | None = None
    risk_marks: bool | None = None


# What the service answers.
class Prediction(Struct):
    """A class and its probability."""

    label: str
    score: float


class ClassProbabilities(Struct):
    """The answer for one text, as vLLM gives it."""

    index: int
    label: str
    probs: list[float]
    num_classes: int


class ClassifyUsage(Struct):
    """What a request cost; texts are not counted in tokens here."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0


class ClassifyAnswer(Struct):
    """The answers for texts, as vLLM gives them."""

    id: str
    object: str
    created: int
    model: str
    data: list[ClassProbabilities]
    usage: ClassifyUsage


class Place(Struct):
    """A stretch of a text, in code points and in UTF-16 units."""

    start: int
    end: int
    start_utf16: int
    end_utf16: int


class Token(Place):
    """A unit of an explained text, and its effect."""

    text: str
    attribution: float


class ExplainAnswer(Struct):
    """Why a text got its label."""

    label: str
    score: float
    polarity: float | None
    classes: list[str]
    probabilities: list[float]
    tokens: list[Token]
    trajectory: list[list[float]]
    target: str
    baseline: float
    method: str


class Reason(Place):
    """One reason for doubt."""

    name: str
    score: float
    reason: str | None


class Sentence(Place):
    """A sentence under review."""

    text: str | None
    level: str
    score: float
    signals: list[Reason]


class ReviewAnswer(Struct):
    """A text as a policy shows it, and what makes it risky to rely on."""

    level: str
    score: float
    disclaimer: str
    text: str
    changed: bool
    not_checked: list[str]
    sentences: list[Sentence]


class Flags(Struct):
    """The spans of a moderated text."""

    level: str
    score: float
    disclaimer: str
    sentences: list[Sentence]


class Moderation(Struct):
    """What a text was found to have."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]
    nlp_rnn: Flags


class ModerationAnswer(Struct):
    """What texts were found to have, as OpenAI gives it."""

    id: str
    model: str
    results: list[Moderation]


class Risk(Struct):
    """The mark of a written text: what a reader must see with it, or of a stream, what was judged so far."""

    sentences: list[Sentence]
    disclaimer: str | UnsetType = UNSET
    level: str | UnsetType | None = UNSET
    score: float | UnsetType | None = UNSET
    finish_reason: str | UnsetType = UNSET
    not_checked: list[str] | UnsetType = UNSET
    provenance: dict[str, Any] | UnsetType = UNSET


class Logprobs(Struct):
    """The log-probability of each character, as OpenAI gives that of tokens."""

    tokens: list[str]
    token_logprobs: list[float]
    text_offset: list[int]
    top_logprobs: None = None


class Choice(Struct):
    """A written text, or a piece of one."""

    index: int
    text: str
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    nlp_rnn: Risk | UnsetType = UNSET


class Usage(Struct):
    """What a request cost, in characters."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Mark(Struct):
    """The mark of all texts of an answer: that of the riskiest."""

    disclaimer: str
    level: str | None


class Completion(Struct):
    """Written texts, as OpenAI gives them."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    object: str = "text_completion"
    system_fingerprint: str | UnsetType = UNSET
    usage: Usage | UnsetType | None = UNSET
    nlp_rnn: Mark | UnsetType = UNSET


class Model(Struct):
    """A model, as OpenAI lists it."""

    id: str
    created: int
    object: str = "model"
    owned_by: str = "nlp_rnn"


class ModelList(Struct):
    """The models, as OpenAI lists them."""

    data: list[Model]
    object: str = "list"


class ModelFacts(Struct):
    """A model with its card."""

    id: str
    task: str
    fingerprint: str
    card: str
    classes: list[str] | UnsetType = UNSET


class Info(Struct):
    """What is served, with which limits."""

    version: str
    models: list[ModelFacts]
    limits: dict[str, float]


class Status(Struct):
    """Whether something is well."""

    status: str


class OurError(Struct):
    """An error on our own routes."""

    error: str
    error_type: str


class ErrorFacts(Struct):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(Struct):
    """An error under /v1."""

    error: ErrorFacts
