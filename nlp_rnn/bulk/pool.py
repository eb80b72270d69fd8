"""Processes that label units: started afresh (spawn), one thread each, and gone when their parent is.

No more units are out than there are processes, so a kill costs at most one unit for each. Knows processes and
units; knows no journal.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.bulk.parts import KEPT, Plan, Unit, unfinished_part, write_part
from nlp_rnn.errors import InputError
from nlp_rnn.runtime.threads import end_with_parent

if TYPE_CHECKING:
    from nlp_rnn.sentiment.classifier import SentimentClassifier

# Of a process of the pool.
_classifier: SentimentClassifier | None = None
_given: tuple[Plan, str | None, str]


class _Spawning(SpawnContext):
    """Starts processes afresh, and notes them: the executor does not say which are its own."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *args: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]
        process = SpawnProcess(*args, **options)
        self.started.append(process)
        return process


class Pool:
    """A fixed number of processes, for the length of a ``with`` block; after an error they are killed.

    Args:
        plan: What is the same for all units.
        model, engine, workers: As in ``BulkSettings``.
    """

    def __init__(self, plan: Plan, model: str | None, engine: str, workers: int) -> None:
        self._plan, self._workers = plan, workers
        self._context = _Spawning()
        self._executor = ProcessPoolExecutor(
            workers, mp_context=self._context, initializer=_begin, initargs=(plan, model, engine)
        )
        self._out: dict[Future[dict[str, Any]], Unit] = {}

    def __enter__(self) -> Pool:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the processes, at once if something went wrong."""
        if kind is not None:
            for process in self._context.started:
                process.kill()
        self._executor.shutdown(cancel_futures=True)

    @property
    def out(self) -> int:
        """How many units are being labelled."""
        return len(self._out)

    @property
    def full(self) -> bool:
        """Whether each process has a unit."""
        return self.out >= self._workers

    def submit(self, unit: Unit) -> None:
        """Have a process label a unit.

        Raises:
            InputError: If a process has died.
        """
        try:
            future = self._executor.submit(_label, unit)
        except BrokenProcessPool:
            raise self._lost() from None
        self._out[future] = unit

    def next_done(self) -> dict[str, Any]:
        """Return the entry of a unit that is done, as soon as there is one.

        Raises:
            DataError, InputError, ArtifactError: What went wrong in a process, or that it died.
        """
        done, _ = wait(self._out, return_when=FIRST_COMPLETED)
        # A unit that was done before another process died counts.
        future = min(done, key=lambda each: each.exception() is not None)
        try:
            entry = future.result()
        except BrokenProcessPool:
            raise self._lost() from None
        del self._out[future]
        return entry

    def _lost(self) -> InputError:
        """Return the error for a process that died, with the unit that it labelled."""
        self._executor.shutdown(cancel_futures=True)  # it ends the other processes by SIGTERM
        codes = {process.pid or 0: process.exitcode or 0 for process in self._context.started}
        folder = Path(self._plan.folder)
        dead = [pid for pid, code in codes.items() if code not in (0, -signal.SIGTERM)] or list(codes)
        parts = {pid: unfinished_part(folder, pid) for pid in dead}
        process = next((pid for pid in dead if parts[pid] is not None), dead[0] if dead else 0)
        units = {self._plan.part(unit.file, unit.number).name: unit for unit in self._out.values()}
        unit = units.get(parts.get(process) or "")
        return InputError(_how_it_ended(codes.get(process, 0), unit))


def _how_it_ended(code: int, unit: Unit | None) -> str:
    """Return the message for a process that ended with an exit code; below 0, by that signal."""
    place = "" if unit is None else f" at {unit.where}"
    if code < 0:
        cause = f"was killed (signal {-code}){place}, as a system short of memory does"
        return f"a process {cause}: {KEPT}, and with fewer --workers if need be"
    advice = 'a program that calls this needs its own work under if __name__ == "__main__":'
    return f"a process ended with exit code {code}{place}: {KEPT}; {advice}"


def _begin(plan: Plan, model: str | None, engine: str) -> None:
    """Prepare a process: one thread, deaf to Ctrl-C (its parent ends it), and watching its parent."""
    global _given
    _given = (plan, model, engine)
    os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _label(unit: Unit) -> dict[str, Any]:
    """Write the part of a unit, in a process of the pool; the first one loads the model."""
    global _classifier
    plan, model, engine = _given
    if _classifier is None:
        from nlp_rnn.sentiment.classifier import SentimentClassifier

        threads = None if engine == "torch" else 1
        _classifier = SentimentClassifier.from_pretrained(model, engine=engine, threads=threads)
    return write_part(unit, plan, _classifier)
