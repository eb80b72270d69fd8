"""``nlp-rnn classify`` into a folder: many files, several processes, and a run that survives a kill.

Knows options and what is said; the run is in ``bulk``.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp_rnn.cli.loading import files_in
from nlp_rnn.cli.options import DATA, OUTPUT, from_options, refuse_given
from nlp_rnn.cli.output import say, say_notes, say_skipped
from nlp_rnn.cli.progress import rows_bar
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.bulk.run import Summary

_FOLDER = "Output into a folder"
_RUN_OPTIONS = "workers resume block_rows"

FileOrFiles = Annotated[
    Path | None,
    typer.Option(
        help="A CSV, TSV, JSONL, Parquet or text file; - is a pipe. Into a folder, also a folder, or a "
        "pattern in quotes.",
        rich_help_panel=DATA,
    ),
]
FileOrFolder = Annotated[
    str | None,
    typer.Option(
        help="A file to write, or a folder (its name ends in /); standard output if left out.",
        rich_help_panel=OUTPUT,
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes that label; by default, one a core.", rich_help_panel=_FOLDER)
]
ResumeRun = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on with a run that was cut off, or begin one.", rich_help_panel=_FOLDER
    ),
]
BlockRows = Annotated[
    int,
    typer.Option(
        help="Rows of a part; of Parquet, each row group is one whatever its size.", rich_help_panel=_FOLDER
    ),
]


def names_folder(output: str | None) -> bool:
    """Return True if what is named as output is a folder: there is one, or the name ends as one's."""
    return output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir())


def one_a_core() -> int:
    """Return how many processes there are cores for."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def refuse_several(ctx: typer.Context, file: Path | None) -> None:
    """Refuse what needs a folder to write to, where none was named.

    Raises:
        InputError: If several files are named, or an option of a run is given.
    """
    refuse_given(ctx, _RUN_OPTIONS, "it is for a folder of parts, as in --file 'in/*.csv' --output out/")
    if file is not None and (file.is_dir() or (glob.has_magic(str(file)) and not file.exists())):
        raise InputError(f"{file} is several files: name a folder to write to, as in --output labelled/")


def classify_into_folder(
    ctx: typer.Context, file: Path | None, output: str, options: Mapping[str, Any], *, resume: bool
) -> None:
    """Label files, and say meanwhile and at the end what there is to say.

    Args:
        ctx: The command's context.
        file: A file, a folder, or a pattern.
        output: The folder.
        options: All options of the command, by name.
        resume: Whether to go on with a run.
    """
    from nlp_rnn.bulk.inputs import check_inputs
    from nlp_rnn.bulk.run import label_files
    from nlp_rnn.bulk.settings import BulkSettings

    refuse_given(ctx, "as_json output_format", "parts have the format of the files that are read")
    refuse_given(ctx, "threads", "each process has one thread; how many processes, --workers says")
    refuse_given(ctx, "device", "the processes compute on the CPU")
    if file is None or options["texts"] or str(file) == "-":
        raise InputError(f"{output} is a folder, for the rows of files: name them with --file, and no texts")
    workers = one_a_core() if options["workers"] is None else options["workers"]
    given = {**options, "format": options["input_format"], "workers": workers}
    settings = from_options(BulkSettings, given)
    inputs = check_inputs(_inputs(file, Path(output), settings.format), settings)
    say_notes(inputs.notes)
    with rows_bar(inputs.rows) as show:
        summary = label_files(inputs, output, settings, resume=resume, on_progress=show)
    _say_summary(summary, output)


def _inputs(source: Path, output: Path, input_format: str) -> Sequence[Path]:
    """Return the files that a name, a folder or a pattern names, but for what lies in the output.

    Raises:
        InputError: If there is none.
    """
    if source.is_dir():
        found = files_in(str(source), input_format) or []
    elif source.exists() or not glob.has_magic(str(source)):
        return [source]
    else:
        found = [Path(name) for name in sorted(glob.glob(str(source), recursive=True))]
        found = [path for path in found if path.is_file()]
    own = output.resolve()
    kept = [path for path in found if own not in path.resolve().parents]
    if not kept:
        raise InputError(f"no file fits {source}" + (f" outside of {output}" if found else ""))
    return kept


def _say_summary(summary: Summary, output: str) -> None:
    """Say what a run came to."""
    parts = f"{summary.parts:,} part{'' if summary.parts == 1 else 's'}"
    before = summary.parts - summary.new_parts
    there = f", {before:,} of them there before" if before else ""
    say(f"Labelled {summary.rows - summary.blank:,} texts: {output} ({parts}{there})")
    if summary.blank:
        say(f"{summary.blank:,} {'row has' if summary.blank == 1 else 'rows have'} no text, and so no label")
    if summary.skipped:
        say_skipped(summary.skipped, summary.reasons)
