"""Pictures without a display: a figure to draw on, and a file at the end.

The only file that knows matplotlib's canvas, so that no caller touches ``pyplot`` and its global
state. Needs the extra ``plot``.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any, Final

from nlp_rnn.errors import InputError, require

FORMATS: Final = (".png", ".svg", ".pdf")
# Safe for colour-blind readers (Okabe & Ito 2008).
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREY: Final = "#7A7A7A"
OTHER_COLOURS: Final = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


def new_figure(width: float, height: float) -> Any:
    """Return an empty ``matplotlib.figure.Figure`` of the given size in inches.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    return require("matplotlib.figure", extra="plot").Figure(figsize=(width, height), layout="constrained")


def check_name(path: str | os.PathLike[str]) -> Path:
    """Return the path of a picture, if its suffix names a format.

    Raises:
        InputError: If the suffix is none of ``FORMATS``.
        MissingExtraError: If matplotlib is not installed.
    """
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise InputError(f"Invalid picture name '{path}'; it should end in one of {', '.join(FORMATS)}")
    require("matplotlib", extra="plot")
    return target


def save_figure(figure: Any, path: str | os.PathLike[str], *, dpi: int = 150) -> Path:
    """Write the figure in the format its suffix names; an existing file is replaced.

    Characters that no installed font has are drawn as boxes.

    Returns:
        The path written.

    Raises:
        InputError: If the suffix is none of ``FORMATS``, or the file cannot be written.
    """
    target = check_name(path)
    require("matplotlib.backends.backend_agg", extra="plot").FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=dpi)
    try:
        target.write_bytes(buffer.getvalue())
    except OSError as error:
        raise InputError(f"cannot write the picture '{path}': {error.strerror}") from None
    return target
