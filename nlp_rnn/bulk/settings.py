"""The settings of a run over files: what is read, how it is labelled, by how many processes.

Knows names and numbers; knows no files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nlp_rnn.config import Settings
from nlp_rnn.errors import one_of
from nlp_rnn.files.rows import FORMATS, ON_ERROR
from nlp_rnn.files.tables import Layout

FREE = ("workers", "on_error", "model")
"""What may be another when a run is resumed: it does not change the parts that are there.

A model is known by its fingerprint, wherever it lies.
"""


@dataclass(frozen=True, kw_only=True)
class BulkSettings(Settings):
    """How files are labelled.

    Attributes:
        workers: Processes that label, each with one thread and a model of its own.
        column: The column of the texts; None takes ``text``, or the only one.
        format: ``csv``, ``tsv``, ``jsonl``, ``txt``, ``parquet``, or ``auto``: by the names.
        layout: How tables of text are written, where they do not show it.
        on_error: ``raise`` stops at a bad row, ``skip`` leaves it out and counts it.
        prefix: Put before the names of the added columns; None puts one only where they would clash.
        abstain: Answer ``unsure`` as ``TextClassifier.unsure`` does.
        model: A model folder or a Hub id; None is the model that comes with the package.
        engine: ``auto``, ``numpy`` or ``torch``.
        block_rows: Rows of a part of a text file (a block ends before, if its rows are long); of a Parquet
            file, each row group is a part.
    """

    workers: int = 1
    column: str | None = None
    format: str = "auto"
    layout: Layout = field(default_factory=Layout)
    on_error: str = "raise"
    prefix: str | None = None
    abstain: float | None = None
    model: str | None = None
    engine: str = "auto"
    block_rows: int = 8192

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        self._whole_numbers("workers", 1, 1024)
        self._whole_numbers("block_rows", 1, 2**20)
        one_of("format", self.format, ("auto", *FORMATS))
        one_of("on_error", self.on_error, ON_ERROR)

    def lasting(self) -> dict[str, Any]:
        """Return what must be the same when a run is resumed, as plain JSON values."""
        return {name: value for name, value in self.to_dict().items() if name not in FREE}
