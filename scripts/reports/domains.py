"""Measure a model on other domains: ``python -m scripts.reports.domains --data FOLDER --init-from FOLDER``.

For each of the four Amazon domains, accuracy on its held-out fifth: of a model trained on the rest of all
four, and of one that learned from no labelled review of it. (Language models to start from may have read
them, without their labels.)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import TrainConfig
from scripts.recipes.mixture import amazon_domains
from scripts.recipes.opinions import Labelled


def main(
    data: Annotated[Path, typer.Option(help="Folder of corpora.")],
    init_from: Annotated[
        str | None, typer.Option(help="A language model (nlp-rnn pretrain) to start from.")
    ] = None,
    max_epochs: Annotated[int, typer.Option(help="Passes over the training texts at most.")] = 6,
    seed: int = 0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Show the accuracy of each domain with and without it in training."""
    rest: dict[str, Labelled] = {}
    held: dict[str, Labelled] = {}
    for name, (texts, labels) in amazon_domains(data).items():
        order = np.random.default_rng(seed).permutation(len(texts)).tolist()
        cut = len(texts) // 5
        held[name] = [texts[i] for i in order[:cut]], [labels[i] for i in order[:cut]]
        rest[name] = [texts[i] for i in order[cut:]], [labels[i] for i in order[cut:]]
    config = TrainConfig(
        max_epochs=max_epochs,
        batch_size=32,
        learning_rate=3e-3,
        embedding_rate=0.5,
        dropout=0.5,
        seed=seed,
    )

    def trained(names: list[str]) -> SentimentClassifier:
        texts = [text for name in names for text in rest[name][0]]
        labels = [label for name in names for label in rest[name][1]]
        with training_bar("tokens/s") as progress:
            return SentimentClassifier(min_count=2).fit(
                texts, labels, config=config, init_from=init_from, progress=progress
            )

    everything = trained(list(rest))
    table = Table("domain", "held out", "in domain", "without the domain")
    figures = {}
    for name, (texts, labels) in held.items():
        without = trained([other for other in rest if other != name])
        right = [float((model.predict(texts) == np.array(labels)).mean()) for model in (everything, without)]
        figures[name] = {"in_domain": right[0], "without": right[1]}
        table.add_row(name, f"{len(texts):,}", *(f"{share:.1%}" for share in right))
    Console().print(table)
    if json_out is not None:
        json_out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
