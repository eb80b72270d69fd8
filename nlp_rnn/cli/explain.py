"""``nlp-rnn explain``: why a text got its label, in the terminal, as a picture, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.loading import load_model
from nlp_rnn.cli.options import OUTPUT, AsJson, Engine, Model, Plot
from nlp_rnn.cli.output import check_files, console, print_json, say, write_text


def explain(
    text: Annotated[str, typer.Argument(help="The text.", show_default=False)],
    target: Annotated[str | None, typer.Option(help="Class to explain; by default, polarity.")] = None,
    method: Annotated[str, typer.Option(help="How tokens are weighed: occlusion or shapley.")] = "occlusion",
    plot: Plot = None,
    html: Annotated[
        Path | None, typer.Option(help="Write it here as a page.", rich_help_panel=OUTPUT)
    ] = None,
    as_json: AsJson = False,
    model: Model = None,
    engine: Engine = "auto",
) -> None:
    """Show what each token adds to the answer, and the probabilities after each token."""
    check_files(html, plot=plot)
    explanation = load_model(model, engine).explain(text, target=target, method=method)
    if as_json:
        print_json(explanation.to_dict())
    else:
        console().print(explanation)
    if plot is not None:
        say(f"Picture: {explanation.plot(plot)}")
    if html is not None:
        write_text(explanation.to_html(), html)
        say(f"Page: {html}")
