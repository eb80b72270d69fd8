"""The paths of the package's own files: reviewed data and the shipped models. Only this file knows them.

In an installed package ``data/`` is inside it; in a source tree it stands beside it. Knows paths; reads
nothing.
"""

from __future__ import annotations

from pathlib import Path

from nlp_rnn.errors import DataError

_PACKAGE = Path(__file__).parent

SENTIMENT_MODEL = _PACKAGE / "pretrained" / "sentiment-en"
CLAIMS_MODEL = _PACKAGE / "pretrained" / "claims-en"
LANGUAGES_MODEL = _PACKAGE / "pretrained" / "languages"
CHARACTER_MODEL = _PACKAGE / "pretrained" / "shakespeare-char"


def data_folder(name: str) -> Path:
    """Return the folder of some reviewed data, such as ``negation``, ``risk`` or ``robustness``.

    Raises:
        DataError: If this installation lacks it.
    """
    for parent in (_PACKAGE, _PACKAGE.parent):
        folder = parent / "data" / name
        if folder.is_dir():
            return folder
    raise DataError(f"data/{name} is missing from this installation: name files of your own instead")


def card_template(subject: str) -> str:
    """Return the model card that a subject's models are saved with, its ``{fields}`` still open."""
    return (_PACKAGE / subject / "card.md").read_text(encoding="utf-8")
