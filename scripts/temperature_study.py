#!/usr/bin/env python
"""What the temperature does to what a model writes: ``python scripts/temperature_study.py --model FOLDER``.

For each temperature: entropy, share of real words, share copied from the training text, and how risky the
sentences look. Prints a table; writes ``temperature.json`` and, with the extra ``plot``, ``temperature.png``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn import CharGenerator
from nlp_rnn.cli.common import run_script
from nlp_rnn.errors import InputError, MissingExtraError
from nlp_rnn.files import characters
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.studies.temperature import TEMPERATURES, study


def main(
    model: Annotated[str | None, typer.Option(help="A model folder; without it, the shipped one.")] = None,
    words: Annotated[
        Path | None, typer.Option(help="Text whose words are real; else the model's training text.")
    ] = None,
    temperatures: Annotated[str, typer.Option(help="With commas.")] = ",".join(map(str, TEMPERATURES)),
    seeds: Annotated[int, typer.Option(min=1, help="Texts at each temperature.")] = 4,
    chars: Annotated[int, typer.Option(min=1, help="Characters of each text.")] = 1000,
    prompt: Annotated[str, typer.Option(help="What each text goes on from.")] = "",
    output: Annotated[Path, typer.Option(help="Folder for the picture and the figures.")] = Path("."),
) -> None:
    """Write at several temperatures, and measure what comes out."""
    try:
        asked = [float(each) for each in temperatures.split(",")]
    except ValueError:
        raise InputError(f"--temperatures should be numbers with commas, got {temperatures!r}") from None
    generator = CharGenerator.from_pretrained(model)
    index = None if words is None else OverlapIndex.build(characters.pieces(words))
    console = Console()
    with console.status("writing"):
        found = study(
            generator,
            words=index,
            temperatures=asked,
            seeds=range(seeds),
            prompt=prompt,
            max_new_chars=chars,
        )
    header, *rows = found.table()
    table = Table(*header, title=f"{seeds} texts of {chars:,} characters at each temperature (one at 0)")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    output.mkdir(parents=True, exist_ok=True)
    figures = json.dumps(found.to_dict(), indent=2)
    (output / "temperature.json").write_text(figures + "\n", encoding="utf-8")
    try:
        console.print(f"picture: {found.plot(output / 'temperature.png')}", markup=False)
    except MissingExtraError as error:
        console.print(f"no picture: {error}", markup=False)


if __name__ == "__main__":
    run_script(main)
