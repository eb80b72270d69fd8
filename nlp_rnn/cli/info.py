"""``nlp-rnn info``: a model's card, its size, and the versions that it runs on."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp_rnn.cli.options import OUTPUT, Model
from nlp_rnn.cli.output import console, print_json
from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from nlp_rnn.artifact import TextArtifact

PACKAGES = ("numpy", "tokenizers", "safetensors", "torch")


def info(
    model: Model = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object, without the card.", rich_help_panel=OUTPUT),
    ] = False,
) -> None:
    """Show a model's card, its sizes and fingerprint, and the versions installed."""
    from nlp_rnn.artifact import FINGERPRINT, TextArtifact, load
    from nlp_rnn.folder import CARD, FILES, OPTIONAL_FILES
    from nlp_rnn.hub import model_folder
    from nlp_rnn.resources import SENTIMENT_MODEL

    folder = SENTIMENT_MODEL if model is None else model_folder(model, files=(*FILES, *OPTIONAL_FILES))
    found = load(folder)
    facts: dict[str, Any] = {
        "folder": str(folder),
        "fingerprint": found.read_from[:FINGERPRINT],
        "task": found.task,
        "parameters": sum(array.size for array in found.weights.values()),
        "bytes": sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        **(_of_text(found) if isinstance(found, TextArtifact) else {}),
        **found.config.to_dict(),
        "versions": {"nlp-rnn": __version__, "python": platform.python_version(), **_versions()},
    }
    if as_json:
        print_json(facts)
        return
    from rich.markdown import Markdown
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name, Text(_shown(name, value)))  # a Text: [brackets] in a path are no markup
    console().print(table)
    console().print(Markdown(_without_front_matter((folder / CARD).read_text("utf-8", "replace"))))


def _of_text(artifact: TextArtifact[Any]) -> dict[str, Any]:
    """Return the facts that only models of text have."""
    return {
        "classes": list(artifact.classes),
        "tokenizer": artifact.tokenizer.kind,
        "max_tokens": artifact.tokenizer.max_tokens,
        "temperature": artifact.temperature,
    }


def _versions() -> dict[str, str]:
    """Return the versions of the packages that compute; those not installed are left out."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _without_front_matter(card: str) -> str:
    """Return the card without the YAML that the Hub reads at its top."""
    _, separator, body = card.partition("\n---\n")
    return body if separator and card.startswith("---\n") else card


def _shown(name: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {text}" for key, text in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if name == "bytes":
        return f"{int(str(value)) / 1e6:.3g} MB"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
