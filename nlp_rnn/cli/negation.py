"""``nlp-rnn negation``: the reviewed cases of negation on a model, as failure rates per phenomenon."""

from __future__ import annotations

from nlp_rnn.cli.options import Engine, JsonFile, Model, Plot
from nlp_rnn.cli.suites import Cases, Vader, show_suite


def negation(
    suite: Cases = None,
    model: Model = None,
    vader: Vader = False,
    engine: Engine = "auto",
    json_file: JsonFile = None,
    plot: Plot = None,
) -> None:
    """Run the negation suite and show the share of cases failed, per phenomenon."""
    show_suite("negation", suite, model, vader, engine, json_file, plot)
