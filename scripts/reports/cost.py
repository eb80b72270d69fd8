#!/usr/bin/env python
"""Look for texts that cost much: repetitions of every pattern's own pieces, or very many generated texts.

    python -m scripts.reports.cost                     # each call's worst repetition, seconds and megabytes
    python -m scripts.reports.cost --prose FILE        # reviews of a megabyte: this text, repetitions
    python -m scripts.reports.cost --fuzz 100000       # generated texts through every call; about 15 minutes

Time is the processor time of this process, so run it with OMP_NUM_THREADS=1 and nothing beside it.
"""

from __future__ import annotations

import json
import re
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from nlp_rnn import CharGenerator, RiskFilter, SentimentClassifier
from nlp_rnn.classification import explanation
from nlp_rnn.cli import run_script
from nlp_rnn.errors import InputError
from nlp_rnn.files import unpacked
from nlp_rnn.resources import SENTIMENT_MODEL, data_folder
from nlp_rnn.risk import hedges, load_rules, overlap, statements, view
from nlp_rnn.sentiment import load_suite, run_suite
from nlp_rnn.text import letters, markup, sentences, units

Call = Callable[[str], Any]

_LITERAL = re.compile(r"\\x\{([0-9A-Fa-f]+)\}|((?:[^\W_]|[' -])+)|([^\w\s\\])")
_SYNTAX = r"\(\?(?:[a-zA-Z-]*[:=!)]|<[=!])|\\[a-zA-Z](?!\{)"
_STEADY = {"bits_per_char"}  # reads character by character: costs the same whatever is written
_MEGABYTE = 1_000_000
# Found by this report and by hand: short sentences, items, rows and cells, letters and spaces of other kinds.
_COSTLY = (
    "Ab! ", "A! ", "1. ", ". ", "好。", "- a\n", "A: b\n", "> a\n", "x\t", "| a ", "|a b c d ",
    "| declaration of  ", "\u02bc", "\uff0e \uff0e  ", "&amp;", "<br>", "**a** ",
)  # fmt: skip
_TRIED = 2_000  # characters in the first round
_AWKWARD = [
    "\u0301",
    "\u0316\u0301",
    "\u1100\u1161\u11a8",
    "🇦",
    "👍\u200d",
    "İ",
    "\ud83d",
    "\x00",
    "。",
    "\u2028",
    "\u017f",
    "A! ",
    "1,",
    "1.1 ",
]


def main(
    length: Annotated[int, typer.Option(min=1_000, help="Characters of a repetition.")] = 100_000,
    kept: Annotated[int, typer.Option(min=1, help="Pieces tried at full length.")] = 40,
    fuzz: Annotated[int, typer.Option(min=0, help="Generate so many texts instead.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the generated texts.")] = 0,
    limit: Annotated[float, typer.Option(help="Seconds that no call should take.")] = 2.0,
    prose: Annotated[
        Path | None, typer.Option(help="Review a megabyte of this text, and of repetitions, instead.")
    ] = None,
) -> None:
    """Print what costs most."""
    if prose is not None:
        report_megabytes(prose)
        return
    calls = all_calls()
    if fuzz:
        report_generated(calls, fuzz, seed=seed, limit=limit)
    else:
        report_repetitions(calls, length=length, kept=kept, limit=limit)


def report_megabytes(prose: Path) -> None:
    """Print the seconds that reviews of a megabyte take: of a text, and of short pieces again and again."""
    review = RiskFilter().review
    review("Load the model, and the words that are known.")
    raw, stream = unpacked(prose, str(prose))
    with raw, stream:
        texts = {prose.name: stream.read(_MEGABYTE).decode("utf-8", "ignore")}
    texts |= {repr(piece): piece * (_MEGABYTE // len(piece.encode())) for piece in _COSTLY}
    for name, text in texts.items():
        typer.echo(f"{seconds(review, text):7.2f} s  {name}")


def all_calls() -> dict[str, Call]:
    """Return every call that reads a text with a shipped model, by name."""
    classifier, generator = SentimentClassifier.from_pretrained(), CharGenerator.from_pretrained()
    review, redact = RiskFilter(), RiskFilter("redact")
    memory = generator.memory
    case = next(case for case in load_suite() if case.type == "MFT")

    def suite(text: str) -> Any:
        return run_suite(classifier.predict_proba, [replace(case, texts=(text,))])

    return {
        "classify": classifier.classify,
        "explain": lambda text: classifier.explain(text).to_html(),
        "shapley": lambda text: classifier.explain(text, method="shapley", samples=8),
        "suite": suite,
        "review": lambda text: review.review(text, memory=memory).to_dict(),
        "redact": redact.apply,
        "stream": lambda text: list(redact.stream(text[at : at + 64] for at in range(0, len(text), 64))),
        "generate": lambda text: generator.generate(text, max_new_chars=8),
        "bits_per_char": generator.bits_per_char,
    }


def patterns() -> list[str]:
    """Return every regular expression that reads a text, from the code, the rules and the saved models."""
    saved = json.loads((SENTIMENT_MODEL / "tokenizer.json").read_text(encoding="utf-8"))
    steps = [*saved["normalizer"]["normalizers"], saved["pre_tokenizer"]]
    found = [step["pattern"]["Regex"] for step in steps if "Regex" in step.get("pattern", {})]
    for module in (sentences, units, markup, letters, view, hedges, statements, overlap, explanation):
        found += [value.pattern for value in vars(module).values() if isinstance(value, re.Pattern)]
    rules = load_rules(data_folder("risk") / "rules.json")
    found += [pattern for rule in rules.rules for pattern in rule.patterns]
    return found + [pattern for damper in rules.dampers for pattern in damper.patterns]


def pieces(expressions: Iterable[str]) -> list[str]:
    """Return the literal pieces of the expressions, and what almost is one.

    >>> pieces(["(?:heals|cures) x"])[:4]
    ['heals', 'heals ', 'heal', 'cures']
    """
    found: dict[str, None] = {}
    for expression in expressions:
        for code, words, sign in _LITERAL.findall(re.sub(_SYNTAX, " ", expression)):
            piece = chr(int(code, 16)) if code else words.strip(" ") or sign
            if piece:
                found |= dict.fromkeys([piece, f"{piece} ", piece[:-1] or piece])
    return [*found, *_AWKWARD]


def repetitions(expressions: list[str], seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield what is repeated, and what stands before it once: pieces alone, and two pieces of one pattern."""
    yield from ((piece, "") for piece in pieces(expressions))
    rng = np.random.default_rng(seed)
    for expression in expressions:
        own = pieces([expression])[: -len(_AWKWARD)]
        for _ in range(min(12, len(own))):
            first, second = (own[i] for i in rng.integers(0, len(own), 2))
            yield f"{first} {second} ", ""
            yield f"{second} ", f"{first} "


def report_repetitions(calls: dict[str, Call], *, length: int, kept: int, limit: float) -> None:
    """Try all repetitions at a small length, the worst at the full one, and print each call's worst."""
    tried = dict.fromkeys(repetitions(patterns()))
    worst: list[tuple[float, str, str]] = []
    quick = [calls["review"], calls["classify"]]
    for piece, before in tried:
        text = (before + piece * (_TRIED // len(piece)))[:_TRIED]
        worst.append((sum(seconds(call, text) for call in quick), piece, before))
    worst.sort(reverse=True)
    typer.echo(f"{len(tried):,} repetitions of {_TRIED:,} characters; the worst {kept} at {length:,}:")
    over = 0
    for name, call in calls.items():
        rows = []
        for _, piece, before in worst[: 1 if name in _STEADY else kept]:
            text = (before + piece * (length // len(piece) + 1))[:length]
            rows.append((seconds(call, text), before, piece, text))
        over += sum(row[0] > limit for row in rows)
        spent, before, piece, text = max(rows)
        typer.echo(f"{spent:7.2f} s  {megabytes(call, text):6.1f} MB  {name:14} {before!r} + {piece!r}")
    typer.echo(f"{over} took more than {limit:g} s")


def report_generated(calls: dict[str, Call], count: int, *, seed: int, limit: float) -> None:
    """Put generated texts through every call; print what crashed, and the ten slowest."""
    rng = np.random.default_rng(seed)
    own = pieces(patterns())
    # A long text is rare, and some calls are for short ones only when there are so many texts.
    chosen = {name: calls[name] for name in ("classify", "explain", "review", "redact", "stream", "generate")}
    slowest: list[tuple[float, str, int, str]] = []
    crashed = over = 0
    for _ in range(count):
        text = generated(rng, own)
        for name, call in chosen.items():
            try:
                spent = seconds(call, text)
            except Exception as error:  # a crash is what is looked for
                crashed += 1
                typer.echo(f"crash: {name}: {type(error).__name__}: {error}: {text[:200]!r}")
                continue
            over += spent > limit
            slowest = sorted([*slowest, (spent, name, len(text), text[:60])], reverse=True)[:10]
    typer.echo(f"{count:,} texts, {len(chosen)} calls each: {crashed} crashes, {over} over {limit:g} s")
    for spent, name, size, beginning in slowest:
        typer.echo(f"{spent:7.3f} s  {name:10} {size:7,} characters  {beginning!r}")


def generated(rng: np.random.Generator, own: list[str]) -> str:
    """Return a text of random pieces, letters and repetitions; one in a thousand is long."""
    parts = []
    for _ in range(int(rng.integers(1, 5))):
        kind = rng.integers(0, 4)
        piece = own[int(rng.integers(len(own)))]
        if kind == 0:
            piece = "".join(map(chr, rng.integers(1, [128, 0x3000, 0x11000][int(rng.integers(3))], 6)))
        elif kind == 1:
            piece *= int(rng.integers(1, 6))
        parts.append(piece)
    text = " ".join(parts) if rng.random() < 0.5 else "".join(parts)
    return text * int(rng.integers(50, 1_000)) if rng.random() < 0.001 else text[:120]


def seconds(call: Call, text: str) -> float:
    """Return the processor time of a call; a text that it refuses in a sentence costs what that took."""
    started = time.process_time()
    with suppress(InputError):
        call(text)
    return time.process_time() - started


def megabytes(call: Call, text: str) -> float:
    """Return the most memory that Python and NumPy held during a call, above what they held before."""
    tracemalloc.start()
    try:
        with suppress(InputError):
            call(text)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    run_script(main)
