"""``nlp-rnn generate``: text from a character model, whole or as it is written, marked as a machine's."""

from __future__ import annotations

from typing import Annotated

import typer

from nlp_rnn.cli.common import print_json, say
from nlp_rnn.errors import InputError


def generate(
    prompt: Annotated[str, typer.Argument(help="What to go on from.", show_default=False)] = "",
    max_new_chars: Annotated[int, typer.Option(help="Characters to write at most.")] = 300,
    temperature: Annotated[
        float, typer.Option(help="0: always the most probable; hotter: more surprise.")
    ] = 0.8,
    top_k: Annotated[int | None, typer.Option(help="Choose among the k most probable.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Choose among the likeliest that sum to p.")] = None,
    min_p: Annotated[
        float | None, typer.Option(help="Choose among those this share as probable as the best.")
    ] = None,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1: repeat less.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same text.")] = 0,
    n: Annotated[int, typer.Option("--n", help="How many texts, of seeds SEED, SEED + 1, ...")] = 1,
    stop: Annotated[list[str] | None, typer.Option(help="End before this string; may be repeated.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Show the text as it is written.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array with review and provenance.")
    ] = False,
    policy: Annotated[
        str, typer.Option(help="What the risk filter does: annotate, redact, block; none switches it off.")
    ] = "annotate",
    model: Annotated[
        str | None, typer.Option("--model", help="A model folder; without it, the one in the package.")
    ] = None,
) -> None:
    """Write text, and say how risky it looks."""
    from nlp_rnn.generation.generator import CharGenerator
    from nlp_rnn.generation.sampling import Sampling
    from nlp_rnn.risk.filter import RiskFilter

    if n < 1:
        raise InputError(f"Invalid --n. Received: {n}; it should be at least 1")
    if stream and (as_json or n > 1):
        raise InputError("--stream shows one text as it is written: leave out --json and --n")
    risk_filter = None if policy == "none" else RiskFilter(policy)
    generator = CharGenerator.from_pretrained(model)
    if stream:
        written = generator.stream(
            prompt,
            max_new_chars=max_new_chars,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            seed=seed,
            stop=stop,
            risk_filter=risk_filter,
        )
        typer.echo(prompt, nl=False)
        try:
            for piece in written:
                typer.echo(piece, nl=False)
        finally:  # a text that is broken off is a machine's, too
            typer.echo(f"\n\n{written.result.disclaimer}")
        return
    texts = generator.generate_many(
        [prompt] * n,
        seeds=list(range(seed, seed + n)),
        sampling=Sampling(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
        ),
        max_new_chars=max_new_chars,
        stop=stop,
        logprobs=as_json,
        risk_filter=risk_filter,
    )
    if as_json:
        print_json([text.to_dict() for text in texts])
        return
    for number, text in enumerate(texts):
        if number:
            say(f"-- seed {seed + number} --")
        typer.echo(str(text))
    for note in dict.fromkeys(note for text in texts if text.risk for note in text.risk.not_checked):
        say(f"Note: {note}")
