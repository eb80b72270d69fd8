"""``nlp-rnn generate``: text from a character model, whole or as it is written, with a disclaimer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.options import MODEL, OUTPUT, from_options
from nlp_rnn.cli.output import print_json, say
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.generation.result import Generated, TextStream

SAMPLING = "Sampling"


def generate(
    prompt: Annotated[str, typer.Argument(help="What to go on from.", show_default=False)] = "",
    model: Annotated[
        str | None,
        typer.Option(help="A model folder; without it, the one in the package.", rich_help_panel=MODEL),
    ] = None,
    temperature: Annotated[
        float,
        typer.Option(help="0: always the most probable; hotter: more surprise.", rich_help_panel=SAMPLING),
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(help="Choose among the k most probable.", rich_help_panel=SAMPLING)
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Choose among the likeliest that sum to p.", rich_help_panel=SAMPLING),
    ] = None,
    min_p: Annotated[
        float | None,
        typer.Option(help="Choose among those this share as probable as the best.", rich_help_panel=SAMPLING),
    ] = None,
    repetition_penalty: Annotated[
        float, typer.Option(help="Above 1: repeat less.", rich_help_panel=SAMPLING)
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same text.", rich_help_panel=SAMPLING)] = 0,
    max_new_chars: Annotated[
        int, typer.Option(help="Characters to write at most.", rich_help_panel=OUTPUT)
    ] = 300,
    stop: Annotated[
        list[str] | None,
        typer.Option(help="End before this string; may be repeated.", rich_help_panel=OUTPUT),
    ] = None,
    n: Annotated[
        int,
        typer.Option("--n", help="How many texts, of seeds SEED, SEED + 1, ...", rich_help_panel=OUTPUT),
    ] = 1,
    stream: Annotated[
        bool, typer.Option("--stream", help="Show the text as it is written.", rich_help_panel=OUTPUT)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a JSON array with review and provenance.", rich_help_panel=OUTPUT),
    ] = False,
    policy: Annotated[
        str,
        typer.Option(
            help="What the risk filter does: annotate, redact, block; none switches it off.",
            rich_help_panel=OUTPUT,
        ),
    ] = "annotate",
) -> None:
    """Write text, and say how risky it looks."""
    options = locals()
    from nlp_rnn.generation.generator import CharGenerator
    from nlp_rnn.generation.sampling import Sampling
    from nlp_rnn.risk.filter import RiskFilter

    if n < 1:
        raise InputError(f"Invalid --n. Received: {n}; it should be at least 1")
    if stream and (as_json or n > 1):
        raise InputError("--stream shows one text as it is written: leave out --json and --n")
    options["risk_filter"] = None if policy == "none" else RiskFilter(policy)
    generator = CharGenerator.from_pretrained(model)
    if stream:
        _show_stream(prompt, from_options(generator.stream, options, kept="logprobs"))
        return
    texts = generator.generate_many(
        [prompt] * n,
        seeds=list(range(seed, seed + n)),
        sampling=from_options(Sampling, options, kept="repetition_window"),
        max_new_chars=max_new_chars,
        stop=stop,
        logprobs=as_json,
        risk_filter=options["risk_filter"],
    )
    if as_json:
        print_json([text.to_dict() for text in texts])
    else:
        _show(texts, seed)


def _show_stream(prompt: str, written: TextStream) -> None:
    """Print a text as it is written, and its disclaimer even if it is interrupted."""
    typer.echo(prompt, nl=False)
    try:
        for piece in written:
            typer.echo(piece, nl=False)
    finally:  # a text that is interrupted needs its disclaimer, too
        typer.echo(f"\n\n{written.result.disclaimer}")


def _show(texts: Sequence[Generated], seed: int) -> None:
    """Print the texts with their disclaimers, and say what their reviews did not check."""
    for number, text in enumerate(texts):
        if number:
            say(f"-- seed {seed + number} --")
        typer.echo(str(text))
    for note in dict.fromkeys(note for text in texts if text.risk for note in text.risk.not_checked):
        say(f"Note: {note}")
