"""The routes that answer about texts: classes, explanations, reviews, moderation.

Knows the queues, the models' results and their JSON; knows no HTTP.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from nlp_rnn.probabilities import has_polarity
from nlp_rnn.risk.disclaimer import COPIED, SUBJECTS
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.review import Filtered, Passage
from nlp_rnn.risk.signals import combined
from nlp_rnn.service import schemas
from nlp_rnn.service.endpoint import Call, Service
from nlp_rnn.service.limits import while_wanted
from nlp_rnn.service.models import FILTER_NAME
from nlp_rnn.service.places import Places, sentences_of
from nlp_rnn.service.queues import F32
from nlp_rnn.service.refusals import Refused


async def predict(call: Call[schemas.PredictRequest]) -> list[Any]:
    """Classify: one list of classes for one text, a list of lists for several."""
    asked = call.asked
    if isinstance(asked.inputs, str):
        return (await _ranked(call, [asked.inputs]))[0]
    return await _ranked(call, [text if isinstance(text, str) else text[0] for text in asked.inputs])


async def predict_lists(call: Call[schemas.PredictRequest]) -> list[Any]:
    """Classify: always a list of lists, as the Hub's client wants."""
    found = await predict(call)
    return [found] if isinstance(call.asked.inputs, str) else found


async def _ranked(call: Call[schemas.PredictRequest], texts: list[str]) -> list[list[schemas.Prediction]]:
    """Return the classes of each text, the most probable first."""
    asked = call.asked
    top_k = asked.top_k or (None if asked.parameters is None else asked.parameters.top_k)
    probs_NC = await _classify(call, texts, "inputs")
    classes = call.service.batching.check_ready().classifier.artifact.classes
    found = []
    for probs_C in probs_NC.tolist():
        ranked = sorted(zip(probs_C, classes, strict=True), key=_by_score)[:top_k]
        found.append([schemas.Prediction(label, score) for score, label in ranked])
    return found


def _by_score(pair: tuple[float, str]) -> float:
    return -pair[0]


async def classify(call: Call[schemas.ClassifyRequest]) -> schemas.ClassifyAnswer:
    """Classify, as vLLM does."""
    asked, classifier = call.asked, call.service.batching.check_ready().classifier
    check_model(asked.model, classifier.name)
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    classes = classifier.artifact.classes
    probs_NC = await _classify(call, texts, "input")
    data = [
        schemas.ClassProbabilities(number, classes[int(probs_C.argmax())], probs_C.tolist(), len(classes))
        for number, probs_C in enumerate(probs_NC)
    ]
    characters = sum(map(len, texts))
    usage = schemas.ClassifyUsage(characters, characters)
    return schemas.ClassifyAnswer(new_id("classify"), "list", int(time.time()), classifier.name, data, usage)


async def _classify(call: Call[Any], texts: list[str], field: str) -> F32:
    """Return the probabilities of texts, *shape (N, C)*, once they are within the limits."""
    settings = call.service.settings
    if len(texts) > settings.max_client_batch:
        raise Refused(
            413,
            f"{field} has {len(texts):,} texts; it should have at most {settings.max_client_batch:,}: send "
            "several requests",
            field=field,
        )
    for number, text in enumerate(texts):
        check_length(text, f"{field}[{number}]" if len(texts) > 1 else field, settings.max_text_chars)
    check_any(texts, field)
    return await while_wanted(call.receive, call.service.batching.classify(texts))


async def explain(call: Call[schemas.ExplainRequest]) -> schemas.ExplainAnswer:
    """Explain an answer."""
    asked, batching = call.asked, call.service.batching
    classifier = batching.check_ready().classifier
    check_length(asked.inputs, "inputs", call.service.settings.max_explain_chars)
    work = partial(
        classifier.explain,
        asked.inputs,
        target=asked.target,
        method=asked.method,
        samples=16,
        between=batching.serve_between,
    )
    found = await while_wanted(call.receive, batching.call("explain", work))
    places = Places(asked.inputs)
    tokens = [
        schemas.Token(
            start=start,
            end=end,
            start_utf16=places.utf16(start),
            end_utf16=places.utf16(end),
            text=token,
            attribution=attribution,
        )
        for token, (start, end), attribution in zip(
            found.tokens, found.spans, found.attributions.tolist(), strict=True
        )
    ]
    return schemas.ExplainAnswer(
        label=found.label,
        score=found.score,
        polarity=found.polarity if has_polarity(found.classes) else None,
        classes=list(found.classes),
        probabilities=found.probabilities.tolist(),
        tokens=tokens,
        trajectory=found.trajectory.tolist(),
        target=found.target,
        baseline=found.baseline,
        method=found.method,
    )


async def review(call: Call[schemas.ReviewRequest]) -> schemas.ReviewAnswer:
    """Review a text."""
    asked, settings = call.asked, call.service.settings
    check_length(asked.inputs, "inputs", settings.max_review_chars)
    filters = call.service.batching.check_ready().filters
    (found,) = await _review(call, filters[asked.policy or settings.policy], [asked.inputs])
    shown = found.review
    return schemas.ReviewAnswer(
        level=shown.level,
        score=shown.score,
        disclaimer=shown.disclaimer,
        text=found.text,
        changed=shown.changed,
        not_checked=list(shown.not_checked),
        sentences=sentences_of(shown.passages, Places(asked.inputs)),
    )


async def moderate(call: Call[schemas.ModerationRequest]) -> schemas.ModerationAnswer:
    """Review texts, as OpenAI's moderation does."""
    asked, settings = call.asked, call.service.settings
    check_model(asked.model, FILTER_NAME)
    given = [asked.input] if isinstance(asked.input, str) else asked.input
    texts = [text if isinstance(text, str) else text.text for text in given]
    if len(texts) > settings.max_reviews:
        raise Refused(
            413,
            f"input has {len(texts):,} texts; it should have at most {settings.max_reviews}",
            field="input",
        )
    for text in texts:
        check_length(text, "input", settings.max_review_chars)
    check_any(texts, "input")
    found = await _review(call, call.service.batching.check_ready().filters["annotate"], texts)
    results = [_moderation(text, each) for text, each in zip(texts, found, strict=True)]
    return schemas.ModerationAnswer(new_id("modr"), FILTER_NAME, results)


async def _review(call: Call[Any], risk_filter: RiskFilter, texts: Sequence[str]) -> list[Filtered]:
    """Return the reviews of texts, one call to the thread for each."""
    service: Service = call.service
    found = []
    for text in texts:
        work = partial(risk_filter.apply, text)
        found.append(await while_wanted(call.receive, service.batching.call("review", work)))
        service.metrics.reviews.labels(found[-1].review.level).inc()
    return found


def _moderation(text: str, found: Filtered) -> schemas.Moderation:
    """Return a review in OpenAI's shape: the kinds of signals are its categories."""
    shown = found.review
    scores = {kind: combined(s for s in shown.signals if s.kind == kind) for kind in (*SUBJECTS, COPIED)}
    limit = shown.thresholds.medium
    risky: list[Passage] = [passage for passage in shown.passages if passage.signals]
    return schemas.Moderation(
        flagged=shown.level == "high",
        categories={kind: score >= limit for kind, score in scores.items()},
        category_scores=scores,
        category_applied_input_types={kind: ["text"] for kind in scores},
        nlp_rnn=schemas.Flags(shown.level, shown.score, shown.disclaimer, sentences_of(risky, Places(text))),
    )


def check_length(text: str, field: str, limit: int) -> None:
    """Refuse a text that is too long.

    Raises:
        Refused: With 422, the field and the limit.
    """
    if len(text) > limit:
        raise Refused(
            422, f"{field} has {len(text):,} characters; it should have at most {limit:,}", field=field
        )


def check_any(texts: Sequence[str], field: str) -> None:
    """Refuse an empty list.

    Raises:
        Refused: With 422 and the field.
    """
    if not texts:
        raise Refused(422, f"{field} is an empty list; it should have at least one text", field=field)


def check_model(asked: str | None, *known: str) -> None:
    """Refuse the name of a model that there is not.

    Raises:
        Refused: With 404 and the names that there are.
    """
    if asked is not None and asked not in known:
        raise Refused(
            404,
            f"there is no model {asked!r:.100} for this route; it has {', '.join(known)} (see /v1/models)",
            field="model",
        )


def new_id(kind: str) -> str:
    """Return a name for an answer, such as OpenAI's have."""
    return f"{kind}-{uuid.uuid4().hex}"
