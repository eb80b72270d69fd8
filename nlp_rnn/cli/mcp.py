"""``nlp-rnn mcp``: the models as tools of an assistant, over standard input and output."""

from __future__ import annotations

from nlp_rnn.cli.loading import load_model
from nlp_rnn.cli.options import Engine, Model, Threads


def mcp(model: Model = None, engine: Engine = "auto", threads: Threads = None) -> None:
    """Serve the Model Context Protocol on standard input: tools to classify, explain and review."""
    from nlp_rnn.integrations.mcp import make_server
    from nlp_rnn.risk.filter import RiskFilter

    make_server(load_model(model, engine, threads=threads), RiskFilter()).run()
