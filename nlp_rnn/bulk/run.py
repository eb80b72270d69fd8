"""A run: units out to processes, their entries into the journal, until every row has its label.

Knows the order in which things happen; how each is done, the other files of this folder know.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.bulk.inputs import Inputs
from nlp_rnn.bulk.journal import Journal, only_run_in
from nlp_rnn.bulk.parts import Plan, cannot_write, remove_unfinished
from nlp_rnn.bulk.pool import Pool
from nlp_rnn.bulk.settings import BulkSettings
from nlp_rnn.bulk.units import Units
from nlp_rnn.classification.columns import added_columns
from nlp_rnn.errors import InputError
from nlp_rnn.files.texts import prefix_for, taken_name

if TYPE_CHECKING:
    from nlp_rnn.classification.classifier import TextClassifier


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        rows: Rows that are labelled.
        share: Share of the work that is done, in [0, 1].
        rows_per_second: Since it was begun or gone on with.
        seconds_left: At this rate.
    """

    rows: int
    share: float
    rows_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Summary:
    """What a run came to, all its starts together.

    Attributes:
        rows: Rows written.
        blank: Those among them without a text, and so without a label.
        skipped: Bad rows, left out.
        reasons: What was wrong with the first of them.
        parts: Files written.
        new_parts: Those among them that were written by this start.
    """

    rows: int
    blank: int
    skipped: int
    reasons: tuple[str, ...]
    parts: int
    new_parts: int


def label_files(
    inputs: Inputs,
    output: str | Path,
    settings: BulkSettings,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Label files of any length by several processes, into a folder of parts; go on after a kill.

    Each part has the rows of one row group, or of one block of rows, with the columns that
    ``nlp-rnn classify --file`` adds; sorted by name they are in the order of the input. Processes are started
    by ``spawn``: a program that calls this has its own work under ``if __name__ == "__main__":``.

    Args:
        inputs: From ``check_inputs``.
        output: The folder: new, empty, or with ``resume`` one where this was begun.
        settings: How to label; the same as when it was begun, but for the workers and ``on_error``.
        resume: Go on where a run was interrupted; where there is none, begin.
        on_progress: Called after each part.

    Raises:
        InputError: If the folder has something else, another run, or one begun with other files, another
            model or other settings; if it cannot be written to, or a process dies.
        DataError: If a row is bad, and such are errors, or a file is damaged.
        ArtifactError: If there is no model there.
    """
    folder = Path(output)
    classifier = _load(settings)
    plan = _plan(folder, inputs, settings, classifier)
    begun = {
        "model": {"name": classifier.name, "fingerprint": fingerprint_of(classifier)},
        "settings": settings.lasting(),
        "inputs": [file.state() for file in inputs.files],
    }
    try:
        with only_run_in(folder), Journal(folder, begun, resume=resume) as journal:
            if journal.kept is not None:
                _check_same_inputs(folder, journal.kept["inputs"], inputs)
            remove_unfinished(folder)
            return _Run(inputs, settings, plan, journal, on_progress).finish()
    except OSError as error:
        raise InputError(cannot_write(folder, error)) from None


class _Run:
    """A run with its journal open."""

    def __init__(
        self,
        inputs: Inputs,
        settings: BulkSettings,
        plan: Plan,
        journal: Journal,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._inputs, self._settings, self._plan, self._journal = inputs, settings, plan, journal
        self._units = Units(inputs, settings, journal, self._is_there)
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._rows = sum(entry["rows"] for entry in journal.done.values() if self._is_there_entry(entry))
        self._rows_before, self._share_before = self._rows, -1.0
        self._new = 0

    def finish(self) -> Summary:
        """Label what is left, and return what the run came to."""
        settings = self._settings
        with Pool(self._plan, settings.model, settings.engine, settings.workers) as pool:
            for unit in self._units:  # read while the processes are at work
                while pool.full:
                    self._note(pool.next_done())
                pool.submit(unit)
            while pool.out:
                self._note(pool.next_done())
        done = self._journal.done
        entries = [*(done[key] for key in sorted(done)), *self._journal.ended.values()]
        return Summary(
            rows=_sum(done.values(), "rows"),
            blank=_sum(done.values(), "blank"),
            skipped=_sum(entries, "skipped"),
            reasons=tuple(reason for entry in entries for reason in entry["reasons"])[:5],
            parts=len(done),
            new_parts=self._new,
        )

    def _note(self, entry: dict[str, Any]) -> None:
        """Write a unit that is done into the journal, and show how far the run is."""
        self._journal.add(entry)
        self._rows += entry["rows"]
        self._new += 1
        if self._on_progress is not None:
            self._on_progress(self._progress())

    def _progress(self) -> Progress:
        total = self._inputs.rows
        share = self._units.share if total is None else self._rows / max(1, total)
        if self._share_before < 0:  # of text files, what lies before the first new part was only read over
            self._share_before = share if total is None else self._rows_before / max(1, total)
        seconds = max(time.monotonic() - self._began, 1e-9)
        gained = share - self._share_before
        return Progress(
            rows=self._rows,
            share=min(1.0, share),
            rows_per_second=(self._rows - self._rows_before) / seconds,
            seconds_left=seconds * (1 - share) / gained if gained > 0 else float("inf"),
        )

    def _is_there(self, file: int, number: int) -> bool:
        return self._is_there_entry(self._journal.done[file, number])

    def _is_there_entry(self, entry: Mapping[str, Any]) -> bool:
        """Return whether the part of an entry is there as it was written."""
        part = self._plan.part(entry["file"], entry["unit"])
        return part.is_file() and part.stat().st_size == entry["size"]


def _sum(entries: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(entry[name] for entry in entries)


def _load(settings: BulkSettings) -> TextClassifier:
    """Return the model: here for its classes and its fingerprint, and to see that it is whole."""
    from nlp_rnn.sentiment.classifier import SentimentClassifier

    return SentimentClassifier.from_pretrained(settings.model, engine=settings.engine)


def _plan(folder: Path, inputs: Inputs, settings: BulkSettings, classifier: TextClassifier) -> Plan:
    """Return what is the same for all units.

    Raises:
        InputError: If an added column has a name that is taken.
    """
    if settings.abstain is not None:
        classifier.unsure([], abstain=settings.abstain)  # refuses one that cannot be
    added = added_columns(classifier.artifact.classes, abstain=settings.abstain is not None)
    prefix = prefix_for(added, inputs.columns, settings.prefix)
    taken = [prefix + name for name in added if prefix + name in inputs.columns]
    if taken and inputs.format not in ("jsonl", "txt"):
        said = taken_name(taken[0], "give the added columns another --prefix")
        raise InputError(f"{inputs.files[0].name} {said}")
    return Plan(
        folder=str(folder),
        format=inputs.format,
        column=inputs.column,
        prefix=prefix,
        abstain=settings.abstain,
        on_error=settings.on_error,
    )


def fingerprint_of(classifier: TextClassifier) -> str:
    """Return digits that another model has not: of its weights, tokenizer, classes, temperature and notes."""
    artifact = classifier.artifact
    digest = hashlib.sha256(artifact.read_from.encode())
    for content in artifact.own_files().values():
        digest.update(content)
    digest.update(json.dumps([artifact.own_values(), artifact.notes], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:12]


def _check_same_inputs(folder: Path, kept: list[dict[str, Any]], inputs: Inputs) -> None:
    """Refuse files that are not those that the run was begun with.

    Raises:
        InputError: Naming the first that differs.
    """
    before = {state["path"]: state for state in kept}
    now = {file.path: file for file in inputs.files}
    for path in before:
        if path not in now:
            raise InputError(
                f"{folder} was begun with {path}, which is not among the files now: name the same files, or "
                "label into a new folder"
            )
    for path, file in now.items():
        if path not in before:
            raise InputError(
                f"{folder} was begun without {file.name}: name the same files, or label into a new folder"
            )
        file.check_unchanged(before[path])
    if list(before) != list(now):
        raise InputError(f"{folder} was begun with the same files in another order: name them in that")
