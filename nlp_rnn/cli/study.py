"""``nlp-rnn study``: measure what the toolkit is built on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from nlp_rnn.cli.loading import layout_of
from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    OUTPUT,
    Delimiter,
    Encoding,
    Model,
    NoHeader,
    OnError,
    Quoting,
    SourceColumn,
    TargetColumn,
)
from nlp_rnn.cli.output import print_table, say, say_pairs, write_json
from nlp_rnn.cli.progress import progress_bar
from nlp_rnn.errors import InputError, MissingExtraError, require

app = typer.Typer(help="Measure what the toolkit is built on: gradients, memory, temperature, translation.")


class Study(Protocol):
    """The methods that all studies have."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""

    def plot(self, path: Path) -> Path:
        """Draw it; return the path."""


@app.callback()
def _about() -> None:
    """Measure what the toolkit is built on: gradients, memory, temperature, translation."""


@app.command()
def gradients(
    output: Annotated[
        Path, typer.Option(help="Folder for gradients.json and gradients.png.", rich_help_panel=OUTPUT)
    ] = Path("gradients"),
    quick: Annotated[bool, typer.Option("--quick", help="All of it, small: seconds.")] = False,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
) -> None:
    """Measure gradients over time: vanishing, exploding, clipping, truncation (extra: train)."""
    require("torch", extra="train")
    from nlp_rnn.studies.gradients import FULL, QUICK, study_gradients

    found = study_gradients(QUICK if quick else FULL, seed=seed, progress=say)
    for title, rows in found.tables().items():
        print_table(rows, title=title)
    _save(found, output, "gradients")


@app.command()
def memory(
    output: Annotated[
        Path,
        typer.Option(
            help="Folder for memory.json, memory.png and memory.jsonl, from which a stopped run goes on.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("memory"),
    longest: Annotated[int, typer.Option(min=1, help="The longest lag that is tried.")] = 200,
    jobs: Annotated[int, typer.Option(min=1, help="Attempts at once, a thread each.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="One short lag, small: seconds.")] = False,
    seed: Annotated[int, typer.Option(help="The first of the three.")] = 0,
) -> None:
    """Measure the lags that each cell learns, and in how many steps: hours, resumable (extra: train)."""
    require("torch", extra="train")
    from nlp_rnn.studies.memory import FULL_MEMORY, QUICK_MEMORY, study_memory

    size = QUICK_MEMORY if quick else FULL_MEMORY.up_to(longest)
    found = study_memory(output, size, seed=seed, jobs=jobs, progress=say)
    for title, rows in found.tables().items():
        print_table(rows, title=title)
    for remark in found.remarks():
        say(remark)
    _save(found, output, "memory")


@app.command()
def temperature(
    words: Annotated[
        Path | None,
        typer.Option(
            help="A text whose words are the real ones; by default the model's training text.",
            rich_help_panel=DATA,
        ),
    ] = None,
    encoding: Encoding = "auto",
    model: Model = None,
    temperatures: Annotated[
        str | None, typer.Option(help="With commas, e.g. 0.5,0.8; by default eight from 0 to 1.5.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Texts at each temperature; one at 0.")] = 4,
    max_new_chars: Annotated[int, typer.Option(min=1, help="Characters of each text.")] = 1000,
    prompt: Annotated[str, typer.Option(help="What each text goes on from.")] = "",
    output: Annotated[
        Path, typer.Option(help="Folder for temperature.json and temperature.png.", rich_help_panel=OUTPUT)
    ] = Path("temperature"),
) -> None:
    """Measure a model's texts at several temperatures: entropy, real words, copies, risk levels."""
    from nlp_rnn.files.characters import read_characters
    from nlp_rnn.generation.generator import CharGenerator
    from nlp_rnn.risk.overlap import OverlapIndex
    from nlp_rnn.studies.temperature import TEMPERATURES, study_temperature

    asked = TEMPERATURES if temperatures is None else _numbers(temperatures)
    generator = CharGenerator.from_pretrained(model)
    with progress_bar("{task.completed} of {task.total} temperatures") as bar:
        task = bar.add_task("Writing", total=len(asked))
        found = study_temperature(
            generator,
            words=None if words is None else OverlapIndex.build(read_characters(words, encoding=encoding)),
            temperatures=asked,
            seeds=range(seeds),
            prompt=prompt,
            max_new_chars=max_new_chars,
            progress=lambda _: bar.advance(task),
        )
    title = f"{seeds} texts of {max_new_chars:,} characters at each temperature (one at 0)"
    print_table(found.table(), title=title)
    _save(found, output, "temperature")


@app.command()
def bleu(
    test: Annotated[
        Path,
        typer.Option(help="CSV, TSV, JSONL or Parquet, a pair of texts a row.", rich_help_panel=DATA),
    ],
    source: SourceColumn,
    target: TargetColumn,
    model: Annotated[
        list[str],
        typer.Option(
            help="A saved translator's folder; given several times, they are compared.", rich_help_panel=MODEL
        ),
    ],
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    beam: Annotated[int, typer.Option(min=1, help="Candidates followed at once.", rich_help_panel=MODEL)] = 5,
    output: Annotated[
        Path, typer.Option(help="Folder for bleu.json and bleu.png.", rich_help_panel=OUTPUT)
    ] = Path("bleu"),
) -> None:
    """Measure BLEU and chrF of translators, over all pairs and by sentence length (extra: translate)."""
    require("sacrebleu", extra="translate")
    from nlp_rnn.files.pairs import read_pairs
    from nlp_rnn.studies.translation import study_translation
    from nlp_rnn.translation.translator import Translator

    layout = layout_of(delimiter, quoting, encoding, no_header)
    pairs = read_pairs(test, source, target, on_error=on_error, layout=layout)
    say_pairs(test, pairs)
    translators = {folder: Translator.from_pretrained(folder) for folder in model}
    sources = [text for text, _ in pairs]
    too_long = {place for each in translators.values() for place in each.unreadable(sources)}
    if too_long and on_error == "skip":
        say(f"Left out {len(too_long):,} pairs whose source is too long to translate")
        pairs[:] = [pair for place, pair in enumerate(pairs) if place not in too_long]
    found = study_translation(translators, pairs, beam=beam, progress=say)
    print_table(found.table())
    print_table(found.table_by_length(), title=f"By words of the source: each pair, beam {beam}")
    _save(found, output, "bleu")


def _numbers(given: str) -> tuple[float, ...]:
    """Return ``0.5,0.8`` as numbers."""
    try:
        return tuple(float(each) for each in given.split(","))
    except ValueError:
        raise InputError(f"--temperatures should be numbers with commas, got {given!r}") from None


def _save(found: Study, folder: Path, name: str) -> None:
    """Write a study's figures and its picture; where nothing can draw, say so and go on."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(found.to_dict(), folder / f"{name}.json")
    say(f"Figures: {folder / f'{name}.json'}")
    try:
        say(f"Picture: {found.plot(folder / f'{name}.png')}")
    except MissingExtraError as error:
        say(f"No picture: {error}")
