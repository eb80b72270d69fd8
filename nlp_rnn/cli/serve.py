"""``nlp-rnn serve``: the models over HTTP, and a page that shows them."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.options import MODEL, Model
from nlp_rnn.cli.output import say
from nlp_rnn.errors import InputError

KEY_VARIABLE = "NLP_RNN_API_KEY"
_ADDRESS, _ACCESS, _LIMITS = "Address", "Access", "Limits"


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; this machine alone by default.", rich_help_panel=_ADDRESS)
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", rich_help_panel=_ADDRESS)] = 8080,
    workers: Annotated[
        int, typer.Option(help="Processes, each with models of its own.", rich_help_panel=_ADDRESS)
    ] = 1,
    model: Model = None,
    generator: Annotated[
        str | None,
        typer.Option(help="A folder of a model that writes; else the shipped.", rich_help_panel=MODEL),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(help="What the risk filter does: annotate, redact or block.", rich_help_panel=MODEL),
    ] = "annotate",
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help=f"A file with the key that requests need; or set {KEY_VARIABLE}.", rich_help_panel=_ACCESS
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(help="A name that the Host header may have; may be repeated.", rich_help_panel=_ACCESS),
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(help="An origin whose pages may call; may be repeated.", rich_help_panel=_ACCESS),
    ] = None,
    access_log: Annotated[
        bool,
        typer.Option("--access-log", help="Write a JSON line for each request.", rich_help_panel=_ACCESS),
    ] = False,
    max_queue: Annotated[int, typer.Option(help="Texts that wait at most.", rich_help_panel=_LIMITS)] = 512,
    max_wait_ms: Annotated[
        float,
        typer.Option(help="Refuse texts that would wait for longer than this.", rich_help_panel=_LIMITS),
    ] = 100.0,
    max_batch_tokens: Annotated[
        int, typer.Option(help="Tokens computed at once.", rich_help_panel=_LIMITS)
    ] = 4096,
    max_new_chars: Annotated[
        int, typer.Option(help="Characters that a request may have written.", rich_help_panel=_LIMITS)
    ] = 10_000,
    drain_seconds: Annotated[
        float, typer.Option(help="Seconds to answer 503 before the port closes.", rich_help_panel=_LIMITS)
    ] = 0.5,
) -> int:
    """Serve the models over HTTP, with a page at /."""
    from nlp_rnn.service.server import serve as serve_until_stopped
    from nlp_rnn.service.settings import ServiceSettings

    settings = ServiceSettings(
        host=host,
        port=port,
        workers=workers,
        model=model,
        generator=generator,
        policy=policy,
        api_key=_key(api_key_file),
        allowed_hosts=tuple(allowed_host or ()),
        cors_origins=tuple(cors_origin or ()),
        access_log=access_log,
        max_queue=max_queue,
        max_wait_ms=max_wait_ms,
        max_batch_tokens=max_batch_tokens,
        max_new_chars=max_new_chars,
        drain_seconds=drain_seconds,
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    return serve_until_stopped(settings, say=say)


def _key(file: Path | None) -> str | None:
    """Return the key in a file, or in the environment."""
    if file is None:
        return os.environ.get(KEY_VARIABLE) or None
    try:
        key = file.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InputError(f"{file} is no text: it should hold the key alone") from None
    if not key:
        raise InputError(f"{file} is empty: it should hold the key alone")
    return key
