"""``nlp-rnn everyday``: the reviewed cases of everyday English on a model, as failure rates per kind."""

from __future__ import annotations

from nlp_rnn.cli.options import Engine, JsonFile, Model, Plot
from nlp_rnn.cli.suites import Cases, Vader, show_suite


def everyday(
    suite: Cases = None,
    model: Model = None,
    vader: Vader = False,
    engine: Engine = "auto",
    json_file: JsonFile = None,
    plot: Plot = None,
) -> None:
    """Run the suite of everyday English and show the share of cases failed, per kind.

    Turned round: positive for negative, or the reverse.
    """
    show_suite("everyday", suite, model, vader, engine, json_file, plot)
