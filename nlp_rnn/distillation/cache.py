"""What a slow teacher said, kept in files: arrays named after what they came from, and answers text by text.

Knows texts and arrays; not what they mean.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import ArtifactError

F32 = NDArray[np.float32]
_AT_ONCE = 2_000  # texts between two writes


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


class Answers:
    """Probabilities of single texts in a file of some ten bytes a text, so that they outlast their model.

    A text is known by 8 bytes of its SHA-256, a probability is a whole number of 255ths: an answer comes back
    within 0.004 of what was given.

    Args:
        file: An ``.npz``; read if it is there.
        classes: Names of the columns.

    Raises:
        ArtifactError: If the file cannot be read, or holds other classes.
    """

    def __init__(self, file: Path, classes: Sequence[str]) -> None:
        self.file, self.classes = file, list(classes)
        self._row_of: dict[int, int] = {}
        self._bytes_NC = np.empty((0, len(self.classes)), np.uint8)
        self._teacher = ""
        if file.is_file():
            try:
                with file.open("rb") as raw, np.load(raw, allow_pickle=False) as found:
                    names, keys_N, bytes_NC = found["classes"], found["keys"], found["answers"]
                    self._teacher = str(found["teacher"]) if "teacher" in found else ""
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                raise ArtifactError(f"{file} holds no answers ({error}): delete it to ask anew") from None
            if names.tolist() != self.classes:
                raise ArtifactError(
                    f"{file} holds answers of the classes {', '.join(names)}: name another file"
                )
            self._row_of = {int(key): row for row, key in enumerate(keys_N)}
            self._bytes_NC = bytes_NC

    def __len__(self) -> int:
        """Count the texts answered."""
        return len(self._row_of)

    def __contains__(self, text: str) -> bool:
        """Return True if a text has been answered."""
        return _key(text) in self._row_of

    def look_up(self, texts: Sequence[str]) -> F32:
        """Return the answers of texts that have been answered.

        Shape:
            (N, C), rows sum to 1.

        Raises:
            KeyError: If one has not.
        """
        counts_NC = self._bytes_NC[[self._row_of[_key(text)] for text in texts]].astype(np.float32)
        return np.asarray(counts_NC / counts_NC.sum(axis=1, keepdims=True))

    def ask(
        self,
        predict_proba: Callable[[list[str]], F32],
        texts: Sequence[str],
        *,
        teacher: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Let a model answer the texts that have not been answered, and keep what it says as it goes on.

        Args:
            predict_proba: From texts to probabilities (N, C).
            texts: Those already answered cost nothing.
            teacher: Name of the model's weights: its fingerprint.
            progress: Called with the number of texts answered, and of all asked now.

        Raises:
            ArtifactError: If another teacher gave the answers that are there.
        """
        if len(self) and self._teacher != teacher:
            raise ArtifactError(
                f"{self.file} holds the answers of another teacher ({self._teacher or 'unnamed'}, "
                f"not {teacher}): name another file"
            )
        self._teacher = teacher
        fresh = [text for text in dict.fromkeys(texts) if text not in self]
        for start in range(0, len(fresh), _AT_ONCE):
            some = fresh[start : start + _AT_ONCE]
            counts_NC = np.rint(predict_proba(some) * 255).astype(np.uint8)
            self._row_of |= {_key(text): len(self._bytes_NC) + row for row, text in enumerate(some)}
            self._bytes_NC = np.concatenate([self._bytes_NC, counts_NC])
            keys_N = np.fromiter(self._row_of, np.uint64, len(self._row_of))
            named = {"classes": np.array(self.classes), "teacher": np.array(teacher)}
            save_arrays(self.file, keys=keys_N, answers=self._bytes_NC, **named)
            if progress is not None:
                progress(start + len(some), len(fresh))


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "little")
