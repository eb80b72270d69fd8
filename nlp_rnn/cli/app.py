"""The command line: ``nlp-rnn classify | explain | generate | review | serve | forecast | train | ...``.

Knows how an error, a closed pipe or Ctrl-C ends a command: one sentence on standard error
and an exit code (2: what the user gave cannot be used; 130: interrupted), never a traceback. What the
commands do is in the files beside this one, which import large libraries only when they run.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Annotated, Any

import typer

from nlp_rnn.cli import (
    classify,
    evaluate,
    everyday,
    explain,
    export,
    forecast,
    generate,
    info,
    mcp,
    negation,
    pretrain,
    review,
    risk,
    robustness,
    serve,
    spot,
    study,
    train,
    translate,
)
from nlp_rnn.cli.output import prepare_output
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.version import __version__

app = typer.Typer(
    name="nlp-rnn",
    add_completion=False,
    pretty_exceptions_enable=False,
)
_PANELS = {
    "Use a model": (classify, explain, generate, review, forecast, translate, spot, serve, mcp, export, info),
    "Train a model": (pretrain,),
    "Measure": (evaluate, negation, everyday, robustness, risk),
}
for _panel, _modules in _PANELS.items():
    for _module in _modules:
        _name = _module.__name__.rpartition(".")[2]
        app.command(_name, rich_help_panel=_panel)(getattr(_module, _name))
app.add_typer(train.app, name="train", rich_help_panel="Train a model")
app.add_typer(study.app, name="study", rich_help_panel="Measure")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nlp-rnn {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Small recurrent text models on any CPU: sentiment that understands negation."""


# The class of every error about options and arguments, whichever library typer takes it from.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def main(args: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        args: The words after ``nlp-rnn``; None takes them from the command line.

    Returns:
        The exit code.
    """
    if args is None:  # called as a program, not from Python
        signal.signal(signal.SIGTERM, _stop)
        prepare_output()
    words = list(sys.argv[1:] if args is None else args) or ["--help"]
    try:
        code = app(words, prog_name="nlp-rnn", standalone_mode=False)
    except NlpRnnError as error:
        return _refuse(str(error))
    except _UsageError as error:
        return _refuse(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        if os.name == "nt" and error.errno == errno.EINVAL and not error.filename:
            return 1  # what Windows says of a pipe whose reader has gone
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return code if isinstance(code, int) else 0


def run_script(command: Callable[..., None]) -> None:
    """Run a script's function as a command line; an error of the user is one sentence and exit code 2."""
    try:
        typer.run(command)
    except NlpRnnError as error:
        raise SystemExit(_refuse(str(error))) from None


def _stop(number: int, frame: FrameType | None) -> None:
    """End as on Ctrl-C, so that half-written files are removed."""
    raise SystemExit(128 + number)


def _refuse(message: str) -> int:
    """Print an error; return the exit code for it."""
    typer.echo(f"Error: {message}", err=True)
    return 2


def _usage(error: Any) -> str:
    """Return an error about options or arguments as one sentence that says where the help is."""
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see: {context.command_path if context else 'nlp-rnn'} --help"
