"""``nlp-rnn study``: measure what the toolkit is built on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.common import console, say, write_json
from nlp_rnn.errors import require

app = typer.Typer(help="Measure what recurrent networks are built on.", no_args_is_help=True)


@app.callback()
def _about() -> None:
    """Measure what recurrent networks are built on."""


@app.command()
def gradients(
    output: Annotated[Path, typer.Option(help="Folder for gradients.json and gradients.png.")] = Path(
        "gradients"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="All of it, small: seconds.")] = False,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
) -> None:
    """Gradients over time: vanishing, exploding, clipping, what is learnable, truncation (extra: train)."""
    require("torch", extra="train")
    from rich.table import Table

    from nlp_rnn.studies.gradients import FULL, QUICK, run_study

    output.mkdir(parents=True, exist_ok=True)
    study = run_study(QUICK if quick else FULL, seed=seed, progress=say)
    for title, (header, *rows) in study.tables().items():
        table = Table(*header, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        console().print(table)
    write_json(study.to_dict(), output / "gradients.json")
    say(f"Figures: {output / 'gradients.json'}; picture: {study.plot(output / 'gradients.png')}")
