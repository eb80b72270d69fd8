"""Ray Data: labels for a dataset on one machine or on a cluster (extra ``ray``).

Knows Ray; what a label is, ``arrow.py`` knows.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.errors import DataError, InputError, in_range, require, whole_number
from nlp_rnn.files.rows import no_column
from nlp_rnn.integrations.arrow import load_once, score_batches

if TYPE_CHECKING:
    import pyarrow

    from nlp_rnn.classification.classifier import TextClassifier

__all__ = ["Labeller", "classify"]

BATCH_ROWS = 4096


class Labeller:
    """An actor that labels tables: its model is loaded once.

    Args:
        column, model, prefix, abstain: As ``score_batches`` takes them.
    """

    def __init__(
        self,
        column: str,
        model: str | Path | TextClassifier | None = None,
        prefix: str | None = None,
        abstain: float | None = None,
    ) -> None:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._column, self._prefix, self._abstain = column, prefix, abstain
        self._model = load_once(model, threads=1)

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        """Return the table with the added columns."""
        arrow = require("pyarrow", extra="ray")
        batches = table.to_batches() or [arrow.RecordBatch.from_pylist([], table.schema)]
        scored = score_batches(
            batches, column=self._column, model=self._model, prefix=self._prefix, abstain=self._abstain
        )
        return arrow.Table.from_batches(list(scored))


def classify(
    dataset: Any,
    *,
    column: str,
    model: str | Path | TextClassifier | None = None,
    prefix: str | None = None,
    abstain: float | None = None,
    actors: int | None = None,
    num_cpus: float = 0.5,
) -> Any:
    """Return a dataset with the columns that ``nlp-rnn classify --file`` adds, computed when it is read.

    The package has to be installed on each machine of the cluster, and a model folder to lie there under the
    same path. Ray keeps rows in order only if told to (``DataContext.execution_options.preserve_order``).

    Args:
        dataset: A ``ray.data.Dataset``.
        column: The column of the texts.
        model: As ``score_batches`` takes it.
        prefix: Likewise.
        abstain: Likewise.
        actors: Processes that label, each with one thread; None takes one for each CPU of the cluster.
        num_cpus: What Ray books for each. Less than one CPU, or nothing is left for the tasks that read the
            data, and both wait for ever.

    Raises:
        InputError: If it is no dataset of Ray, or the actors would leave no CPU for the tasks that read.
        DataError: If it has no such column, as far as that is known yet.
        MissingExtraError: If Ray is not installed.
    """
    data = require("ray.data", extra="ray")
    if not isinstance(dataset, data.Dataset):
        raise InputError(f"classify takes a ray.data.Dataset, got {type(dataset).__name__}")
    known = dataset.schema(fetch_if_missing=False)
    if known is not None and column not in known.names:
        raise DataError(f"the dataset has {no_column(column, known.names)}")
    share = in_range("num_cpus", num_cpus, 0.01, 1, open_high=True, error=InputError)
    size = _actors(require("ray", extra="ray").cluster_resources().get("CPU", 0.0), actors, share)
    return dataset.map_batches(
        Labeller,
        fn_constructor_args=(column, model, prefix, abstain),
        batch_format="pyarrow",
        batch_size=BATCH_ROWS,
        compute=data.ActorPoolStrategy(size=size),
        num_cpus=share,
        runtime_env={"env_vars": {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}},
    )


def _actors(cpus: float, asked: int | None, share: float) -> int:
    """Return how many actors there should be, so that a CPU is left for the tasks that read.

    >>> _actors(2, None, 0.5), _actors(8, None, 0.5), _actors(8, None, 0.9), _actors(8, 3, 0.5)
    (2, 8, 7, 3)

    Args:
        cpus: Of the cluster, as Ray counts them.
        asked: How many are wanted; None is one for each CPU, or as many as there may be.
        share: CPUs of each.

    Raises:
        InputError: If there may not be so many.
    """
    most = math.floor((cpus - 1) / share)
    if most < 1:
        raise InputError(
            f"Ray has {cpus:g} CPU, and the tasks that read data need one beside the actors, or both wait "
            "for ever: start it with more than this machine has, as in ray.init(num_cpus=2)"
        )
    if asked is None:
        return min(int(cpus), most)
    if whole_number("actors", asked, 1, error=InputError) > most:
        raise InputError(
            f"{asked} actors of {share:g} CPUs leave less than one of Ray's {cpus:g} for the tasks that read "
            f"data, and both would wait for ever: take {most} at most, or a smaller num_cpus"
        )
    return asked
