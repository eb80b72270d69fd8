"""Train the shipped writer: ``python -m scripts.recipes.characters --data tinyshakespeare.txt``.

Training, validation figure, canary exposure, false alarms of the index, model card: everything that is in
``nlp_rnn/pretrained/shakespeare-char`` comes out of this file. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nlp_rnn import CharGenerator
from nlp_rnn.artifact import save
from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import CharTrainConfig
from nlp_rnn.files import read_characters, split_at
from nlp_rnn.studies import hide, make_canaries
from scripts.recipes.characters_card import Hidden, describe, measure

CANDIDATES = 4096
TIMES = 10


def main(
    data: Annotated[Path, typer.Option(help="tinyshakespeare.txt; its last tenth is held out.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = Path(
        "runs/shakespeare-char/model"
    ),
    run: Annotated[Path, typer.Option(help="Where checkpoints and history go.")] = Path(
        "runs/shakespeare-char"
    ),
    seed: int = 0,
    hidden_size: int = 512,
    max_epochs: int = 24,
    dropout: float = 0.4,
    weight_dropout: float = 0.2,
) -> None:
    """Train, measure, describe and save."""
    console = Console(stderr=True)
    text = "".join(read_characters(data))
    place = split_at(text, 0.1)
    once, often, *others = make_canaries(CANDIDATES, seed=seed)
    hidden = Hidden(once, often, TIMES, others)
    train = hide(text[:place], [once] + [often] * TIMES, seed=seed)
    generator = CharGenerator(hidden_size=hidden_size)
    with training_bar("characters/s") as progress:
        generator.fit(
            train,
            validation=text[place:],
            config=CharTrainConfig(
                max_epochs=max_epochs,
                learning_rate=3e-3,
                window=64,
                dropout=dropout,
                weight_dropout=weight_dropout,
                checkpoint_every=500,
                seed=seed,
            ),
            output=run,
            resume=True,
            progress=progress,
        )
    generator.save_pretrained(run / "model", dtype="float16")
    shipped = CharGenerator.from_pretrained(run / "model")
    figures = measure(shipped, text[place:], hidden)
    save(describe(shipped.artifact, figures, hidden), output, dtype="float16")
    assert shipped.memory is not None
    shipped.memory.save(output)
    console.print_json(json.dumps(figures))


if __name__ == "__main__":
    run_script(main)
