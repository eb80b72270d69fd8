#!/usr/bin/env python
"""Measure what should not move an answer and does: ``python scripts/robustness_report.py --data FOLDER``.

Swapped identities in sentences of the project's own; typos, other names, places and numbers, and links, in
test sentences and reviews; and how many edited pairs are both right.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.sentiment.mixture import counterfactual_pairs, official_tests
from nlp_rnn.sentiment.robustness import Moved, both_right, fairness, noise, sum_of

_SETS = {"SST, three classes": "sentences (SST test)", "IMDb": "reviews (IMDb test)"}


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of corpora; without it, fairness alone.")] = None,
    model: Annotated[str | None, typer.Option(help="A saved model; without it, the shipped one.")] = None,
    texts: Annotated[int, typer.Option(min=1, help="Texts of each set.")] = 2_000,
    seed: int = 0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Show how often each change moves the answer."""
    clf = SentimentClassifier.from_pretrained(model)
    found: dict[str, dict[str, Moved]] = {"identities": fairness(clf.predict_proba)}
    figures: dict[str, Any] = {}
    if data is not None:
        tests = official_tests(data)
        for name, title in _SETS.items():
            all_texts = tests[name][0]
            which = np.random.default_rng(seed).permutation(len(all_texts))[:texts].tolist()
            found[title] = noise(clf.predict_proba, [all_texts[i] for i in which], seed=seed)
        found["sentences and reviews"] = {
            kind: sum_of(found[title][kind] for title in _SETS.values())
            for kind in found[next(iter(_SETS.values()))]
        }
        edited, labels, pairs = counterfactual_pairs(data)
        share = both_right(clf.predict_proba(edited), labels, pairs, clf.classes_.tolist())
        figures["counterfactual pairs, both right"] = share
    table = Table("texts", "changed", "compared", "another label", "or a probability moved by over 0.1")
    for title, rows in found.items():
        for kind, moved in {**rows, "all": sum_of(rows.values())}.items():
            table.add_row(
                title, kind, f"{moved.count:,}", f"{moved.flip_share:.1%}", f"{moved.move_share:.1%}"
            )
            figures[f"{title}, {kind}"] = asdict(moved)
    console = Console()
    console.print(table)
    if data is not None:
        console.print(f"edited pairs, both right: {share:.1%} of {len(set(pairs))}", highlight=False)
    if json_out is not None:
        json_out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        typer.run(main)
    except NlpRnnError as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
