"""Arrays kept in files that are named after what they came from, so that a long run can be resumed.

Knows texts and arrays; not what they mean.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np


def digest(*texts: str) -> str:
    """Return a short name for some texts in their order: the first 12 digits of their SHA-256.

    >>> digest("a", "b") == digest("a", "b") != digest("b", "a")
    True
    """
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:12]


def save_arrays(file: Path, **arrays: Any) -> None:
    """Write an ``.npz`` whole or not at all; make its folder if it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name("partial-" + file.name)
    np.savez(partial, **arrays)
    partial.replace(file)
