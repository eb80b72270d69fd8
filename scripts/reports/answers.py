#!/usr/bin/env python
"""Print checksums of the shipped models' answers, to prove that a change of the code changes no answer.

    python -m scripts.reports.answers --data FOLDER > before.json

The same on another commit, then compare the two. Sums are to the last bit, so run both on one machine with as
many threads.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from nlp_rnn import CharGenerator, RiskFilter, SentimentClassifier
from nlp_rnn.cli import run_script
from nlp_rnn.files import load_corpus
from nlp_rnn.resources import data_folder
from nlp_rnn.risk import CASE_FILES, load_cases

TEMPERATURES = (0.0, 0.5, 0.8, 1.2)


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/.")],
    texts: Annotated[int, typer.Option(min=1, help="Reviews, and as many sentences.")] = 2_000,
    prompts: Annotated[int, typer.Option(min=1, help="Texts to write.")] = 200,
) -> None:
    """Answer reviews, sentences, prompts and risk cases, and print a checksum for each kind."""
    corpora = {"reviews": "imdb/test.parquet", "sentences": "sst/sentences_test.parquet"}
    found: dict[str, str] = {}
    classifier, generator, risk_filter = (
        SentimentClassifier.from_pretrained(),
        CharGenerator.from_pretrained(),
        RiskFilter(),
    )
    for name, file in corpora.items():
        read = load_corpus(data / "sentiment" / file).texts
        drawn = [read[i] for i in np.random.default_rng(0).permutation(len(read))[:texts].tolist()]
        found[name] = digest(classifier.predict_proba(drawn).tobytes())
    why = [classifier.explain(text) for text in drawn[:50]]
    found["explanations"] = digest(
        b"".join(each.trajectory.tobytes() + each.attributions.tobytes() for each in why)
    )
    written = []
    for number, text in enumerate(drawn[:prompts]):
        temperature = TEMPERATURES[number % len(TEMPERATURES)]
        made = generator.generate(text[:40], max_new_chars=200, temperature=temperature, seed=number)
        written.append(f"{made} {made.finish_reason} {made.risk}")
    found["prompts"] = digest("\n".join(written).encode())
    cases = [case.text for name in CASE_FILES for case in load_cases(data_folder("risk") / name)]
    found["risk cases"] = digest("\n".join(str(risk_filter.review(text)) for text in cases).encode())
    typer.echo(json.dumps(found, indent=2))


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    run_script(main)
