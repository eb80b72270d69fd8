"""``nlp-rnn spot``: the keywords heard in sounds, in raw samples from a pipe, or by the microphone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nlp_rnn.cli.options import DATA, MODEL, OUTPUT, refuse_given
from nlp_rnn.cli.output import print_json
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.audio.detection import Detection
    from nlp_rnn.audio.spotter import KeywordSpotter


def spot(
    ctx: typer.Context,
    sounds: Annotated[
        list[str] | None,
        typer.Argument(help="WAV or FLAC files; - reads raw 16-bit samples (S16_LE) from standard input."),
    ] = None,
    *,
    model: Annotated[Path, typer.Option(help="A saved keyword spotter.", rich_help_panel=MODEL)],
    threshold: Annotated[
        float | None,
        typer.Option(help="Least confidence; by default the model's own.", rich_help_panel=MODEL),
    ] = None,
    sample_rate: Annotated[
        int | None,
        typer.Option(help="Of raw samples; by default the model's own.", rich_help_panel=DATA),
    ] = None,
    microphone: Annotated[
        bool,
        typer.Option("--microphone", help="Listen until Ctrl-C (extra: microphone).", rich_help_panel=DATA),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a line.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Print the keywords heard, a line each: seconds, word, confidence. Lines come as the words are heard."""
    from nlp_rnn.audio.spotter import KeywordSpotter

    if microphone == bool(sounds):
        raise InputError("name sounds, or - for standard input, or give --microphone")
    if sounds != ["-"]:
        refuse_given(ctx, "sample_rate", "it is for raw samples from standard input (-)")
    spotter = KeywordSpotter.from_pretrained(model)
    for name in ["microphone"] if microphone else sounds or []:
        for found in _listen(spotter, name, microphone, sample_rate, threshold):
            if as_json:
                print_json({"sound": name, **asdict(found)})
            else:
                place = f"{name}  " if sounds and len(sounds) > 1 else ""
                typer.echo(f"{place}{found.time:8.2f}  {found.word}  {found.confidence:.2f}")


def _listen(
    spotter: KeywordSpotter, name: str, microphone: bool, sample_rate: int | None, threshold: float | None
) -> Iterator[Detection]:
    """Yield the detections in one sound."""
    from nlp_rnn.audio.files import raw_pieces
    from nlp_rnn.audio.microphone import microphone_pieces

    if microphone:
        return spotter.stream(microphone_pieces(spotter.config.sample_rate), threshold=threshold)
    if name == "-":
        # Not read: that waits for all that was asked for, and a microphone's sound would come late.
        pieces = raw_pieces(cast(BufferedReader, sys.stdin.buffer).read1)
        return spotter.stream(pieces, sample_rate=sample_rate, threshold=threshold)
    return iter(spotter.detect(name, threshold=threshold))
