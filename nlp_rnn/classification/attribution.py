"""Attributions of an answer to its tokens (occlusion, Shapley values), and the answers to all prefixes.

Asks the model about parts of the text, and nothing else: no gradients, no torch. Knows token ids and a
function from rows of ids to probabilities; how an explanation is shown is ``explanation.py``'s.

Shapes: T units (tokens, or equal runs of tokens if the text is long), C classes, R rows asked about,
M masks over the units, P permutations of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.classification.explanation import POLARITY, Explanation
from nlp_rnn.errors import InputError, one_of, whole_number
from nlp_rnn.probabilities import check_probs, has_polarity, polarity
from nlp_rnn.text.tokenizer import UNK, Encoding, TextTokenizer

METHODS: Final = ("occlusion", "shapley")
MAX_UNITS: Final = {"occlusion": 256, "shapley": 64}
MAX_WORK: Final = 2**17  # units times tokens, beyond which a text is cut into fewer units; at least 64

ProbsOf = Callable[[list[list[int]]], NDArray[Any]]
"""Rows of ids to class probabilities: R rows -> (R, C), each row's answer independent of the others."""

_PAUSE_TOKENS = 2**12  # ids between two pauses
_CALL_TOKENS = 2**15  # ids handed to the model in one call, so that memory stays bounded
_LEFT_OUT = 200  # characters between two tokens that no white space or markup explains


def explain(
    text: str,
    *,
    tokenizer: TextTokenizer,
    probs_of: ProbsOf,
    classes: Sequence[str],
    target: str | None = None,
    method: str = "occlusion",
    samples: int = 128,
    seed: int = 0,
) -> Explanation:
    """Explain one answer.

    The *trajectory* is the model's answer to every prefix of the text's ids. The *attributions* compare
    answers with tokens hidden:

    - ``occlusion``: the target's value for the whole text minus its value with the token hidden (Zeiler &
      Fergus 2014; Li et al. 2016). T questions; it misses a token that another one makes redundant.
    - ``shapley``: the mean of what the token adds to random subsets of the others, by sampling permutations
      (Strumbelj & Kononenko 2014), each with its reverse (Mitchell et al. 2022). Attributions sum to the
      target's value minus ``baseline``. Up to ``samples`` * T questions; exact if T! <= ``samples``.

    A hidden token is read as the unknown token, so all others keep their places. A text of more than
    ``MAX_UNITS[method]`` tokens is cut into so many runs of equal length (give or take one token), which
    replace the tokens everywhere, so that the number of questions stays bounded; one of more than 512 tokens
    into fewer, down to 64, so that units times tokens stay at ``MAX_WORK``. A text without tokens is read as
    one unknown token: one unit, attribution 0.

    Args:
        text: The text.
        tokenizer: The model's own tokenizer; texts it shortens are explained as shortened.
        probs_of: Rows of ids to probabilities, R rows -> *(R, C)*.
        classes: Names of the C columns.
        target: ``polarity`` or a class. Default: ``polarity`` if the classes have one, else the answer.
        method: ``occlusion`` or ``shapley``.
        samples: Permutations for ``shapley``; an odd number is rounded up.
        seed: Seed of the permutations.

    Raises:
        InputError: If the text is no str, the target is none of the classes, or ``probs_of`` does not answer
            with one row of probabilities per row of ids.
        ConfigError: If an option is outside its range.

    >>> tokenizer = TextTokenizer("word").train(["not good"])
    >>> good = tokenizer.token_to_id("good")
    >>> def probs_of(rows):
    ...     return np.array([[0.1, 0.9] if good in row else [0.5, 0.5] for row in rows])
    >>> why = explain("So good!", tokenizer=tokenizer, probs_of=probs_of, classes=["negative", "positive"])
    >>> why.label, why.tokens, why.attributions.round(1).tolist()
    ('positive', ('So', 'good', '!'), [0.0, 0.8, 0.0])
    """
    one_of("method", method, METHODS)
    samples, seed = whole_number("samples", samples, 1, 2**20), whole_number("seed", seed, 0, 2**63 - 1)
    names = tuple(str(name) for name in classes)
    _check_target(target, names)
    # Cut the text into units, and ask about every prefix that ends with one: the last is the whole text.
    encoding = tokenizer.encode(text)
    edges = _edges(encoding.spans, _most_units(len(encoding.spans), method))
    ids = np.array(encoding.ids, dtype=np.int64)
    trajectory_TC = _ask(probs_of, (ids[:edge] for edge in edges[1:]), len(names))
    probs_C = trajectory_TC[-1]
    label = names[int(probs_C.argmax())]
    if target is None:
        target = POLARITY if has_polarity(names) else label
    # Then ask about the text with units hidden.
    value_of = partial(_value_of_masks, ids, edges, tokenizer.unk_id, probs_of, names, target)
    units = len(edges) - 1
    if method == "occlusion":
        full = _value(probs_C[None], names, target)[0]
        attributions_T = full - value_of(~np.eye(units, dtype=np.bool_))
    else:
        attributions_T = _shapley(value_of, _permutations(units, samples, seed))
    tokens, spans = _units(text, encoding, edges, tokenizer)
    return Explanation(
        text=text,
        tokens=tokens,
        spans=spans,
        classes=names,
        label=label,
        probabilities=probs_C,
        trajectory=trajectory_TC,
        attributions=attributions_T,
        target=target,
        baseline=float(value_of(np.zeros((1, units), dtype=np.bool_))[0]),
        method=method,
    )


def _check_target(target: str | None, names: tuple[str, ...]) -> None:
    """Refuse a target that is neither a class nor, where the classes have one, their polarity."""
    targets = (*names, POLARITY) if has_polarity(names) else names
    if target is not None and target not in targets:
        raise InputError(f"Invalid target. Received: {target!r}; it should be one of {', '.join(targets)}")


def _most_units(tokens: int, method: str) -> int:
    """Return into how many units a text of so many tokens is cut at most: each is asked about in all of them.

    >>> [_most_units(tokens, "occlusion") for tokens in (100, 512, 1024, 10_000)]
    [256, 256, 128, 64]
    """
    return min(MAX_UNITS[method], max(64, MAX_WORK // max(1, tokens)))


def _edges(spans: Sequence[tuple[int, int]], limit: int) -> NDArray[np.int64]:
    """Return the edges of the units among the tokens: T + 1 rising numbers from 0 to the number of tokens.

    Where the tokenizer left out a part of a long text, the nearest edge moves there, so that no unit
    reaches across it.
    """
    # A short text: every token is a unit.
    tokens = len(spans)
    if tokens <= limit:
        return np.arange(tokens + 1, dtype=np.int64)
    edges: NDArray[np.int64] = np.arange(limit + 1, dtype=np.int64) * tokens // limit
    # The widest stretch of text between two tokens; the tokenizer drops the middle of a very long text.
    gaps = [after[0] - before[1] for before, after in itertools.pairwise(spans)]
    if limit > 1 and max(gaps) > _LEFT_OUT:
        # Move the inner edge that is nearest to it.
        widest = 1 + int(np.argmax(gaps))
        edges[1 + int(np.argmin(np.abs(edges[1:-1] - widest)))] = widest
    return edges


def _units(
    text: str, encoding: Encoding, edges: NDArray[np.int64], tokenizer: TextTokenizer
) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Return the units for people, and their spans; an unknown word, or a byte, as it stands in the text."""
    words = [
        text[start:end] if (token == UNK or tokenizer.kind == "byte") and end > start else token
        for token, (start, end) in zip(encoding.tokens, encoding.spans, strict=True)
    ]
    pairs = list(itertools.pairwise(edges))
    tokens = tuple(" ".join(words[first:end]) for first, end in pairs)
    return tokens, tuple((encoding.spans[first][0], encoding.spans[end - 1][1]) for first, end in pairs)


def _value_of_masks(
    ids: NDArray[np.int64],
    edges: NDArray[np.int64],
    unk_id: int,
    probs_of: ProbsOf,
    names: Sequence[str],
    target: str,
    masks_MT: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the target's value where only the units of each mask are read, (M, T) -> (M,)."""
    # Many permutations begin alike: ask about each mask once.
    masks_MT, places_M = np.unique(masks_MT, axis=0, return_inverse=True)
    # From units to tokens; the unknown token replaces one that is hidden.
    sizes_T = np.diff(edges)
    rows = (np.where(np.repeat(mask, sizes_T), ids, unk_id) for mask in masks_MT)
    # The answers back to all masks that asked the same.
    return _value(_ask(probs_of, rows, len(names)), names, target)[places_M.reshape(-1)]


def with_pauses(probs_of: ProbsOf, pause: Callable[[], object]) -> ProbsOf:
    """Return a function that answers the same in smaller calls, and calls ``pause`` before each."""

    def answer(rows: list[list[int]]) -> NDArray[Any]:
        parts: list[NDArray[Any]] = []
        first = tokens = 0
        for number, row in enumerate(rows):
            tokens += len(row)
            if tokens >= _PAUSE_TOKENS or number == len(rows) - 1:
                pause()
                parts.append(probs_of(rows[first : number + 1]))
                first, tokens = number + 1, 0
        return np.concatenate(parts)

    return answer


def _ask(probs_of: ProbsOf, rows: Iterable[NDArray[np.int64]], num_classes: int) -> NDArray[np.float64]:
    """Return the answers to rows of ids, asked for in a few calls of bounded size."""
    answers: list[NDArray[np.float64]] = []
    waiting: list[list[int]] = []
    tokens = 0
    # None marks the end, when the rows that wait are asked about.
    for row in itertools.chain(rows, [None]):
        if waiting and (row is None or tokens + len(row) > _CALL_TOKENS):
            probs_RC = check_probs(probs_of(waiting), num_classes=num_classes)
            if len(probs_RC) != len(waiting):
                raise InputError(f"probs_of answered {len(probs_RC)} rows for {len(waiting)} rows of ids")
            answers.append(probs_RC)
            waiting, tokens = [], 0
        if row is not None:
            waiting.append(row.tolist())
            tokens += len(row)
    return np.concatenate(answers)


def _value(probs_RC: NDArray[np.float64], names: Sequence[str], target: str) -> NDArray[np.float64]:
    """Return the target's value, (R, C) -> (R,)."""
    return polarity(probs_RC, names) if target == POLARITY else probs_RC[:, names.index(target)]


def _permutations(units: int, samples: int, seed: int) -> NDArray[np.int64]:
    """Return orders of the units, (P, T): all if ``samples`` allows, else random ones and their reverses."""
    # 20! has 19 digits; beyond, the factorial alone would take time.
    if units <= 20 and math.factorial(units) <= samples:
        return np.array(list(itertools.permutations(range(units))), dtype=np.int64)
    # A unit that comes early in an order comes late in its reverse, which evens out much of the chance.
    rng = np.random.default_rng(seed)
    half_PT: NDArray[np.int64] = np.tile(np.arange(units, dtype=np.int64), ((samples + 1) // 2, 1))
    half_PT = rng.permuted(half_PT, axis=1)
    return np.concatenate([half_PT, half_PT[:, ::-1]])


def _shapley(
    value_of: Callable[[NDArray[np.bool_]], NDArray[np.float64]], orders_PT: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean of what each unit adds when units are revealed in these orders, (P, T) -> (T,)."""
    orders, units = orders_PT.shape
    # The inverse of each order: at which place a unit comes.
    place_PT = orders_PT.argsort(axis=1)
    # After k units are revealed, those at places below k are read: K = T + 1 masks for each order.
    masks_PKT = place_PT[:, None, :] < np.arange(units + 1)[:, None]
    values_PK = value_of(masks_PKT.reshape(-1, units)).reshape(orders, units + 1)
    # The difference from k to k + 1 belongs to the unit at place k: take it back to the unit, then the mean.
    return np.asarray(np.take_along_axis(np.diff(values_PK, axis=1), place_PT, axis=1).mean(axis=0))
