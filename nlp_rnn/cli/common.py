"""What scripts share with the commands: an error as one sentence, notes, and bars."""

from __future__ import annotations

from collections.abc import Callable

import typer

from nlp_rnn.cli.output import say
from nlp_rnn.cli.progress import progress_bar, training_bar
from nlp_rnn.errors import NlpRnnError

__all__ = ["progress_bar", "run_script", "say", "training_bar"]


def run_script(command: Callable[..., None]) -> None:
    """Run a script's function as a command line; an error the user can mend is one sentence, and code 2."""
    try:
        typer.run(command)
    except NlpRnnError as error:
        say(f"Error: {error}")
        raise SystemExit(2) from None
