"""Ray Data: labels for a dataset on one machine or on a cluster (extra ``ray``).

Knows Ray; what a label is, ``arrow.py`` knows.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.errors import InputError, in_range, require, whole_number
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
        InputError: If it is no dataset of Ray, or the actors would take all CPUs.
        MissingExtraError: If Ray is not installed.
    """
    ray, data = require("ray", extra="ray"), require("ray.data", extra="ray")
    if not isinstance(dataset, data.Dataset):
        raise InputError(f"classify takes a ray.data.Dataset, got {type(dataset).__name__}")
    if not ray.is_initialized():
        ray.init()
    cpus = ray.cluster_resources().get("CPU", 0.0)
    share = in_range("num_cpus", num_cpus, 0.01, 1, open_high=True, error=InputError)
    size = max(1, int(cpus)) if actors is None else whole_number("actors", actors, 1, error=InputError)
    if size * share > max(cpus - 1, 0):
        most = math.floor(max(cpus - 1, 0) / share)
        if actors is not None or not most:
            raise InputError(
                f"{size} actors of {share:g} CPUs leave none of the cluster's {cpus:g} for reading, and Ray "
                f"would wait for ever: take {f'{most} actors at most, or ' if most else ''}a smaller num_cpus"
            )
        size = most
    return dataset.map_batches(
        Labeller,
        fn_constructor_args=(column, model, prefix, abstain),
        batch_format="pyarrow",
        batch_size=BATCH_ROWS,
        compute=data.ActorPoolStrategy(size=size),
        num_cpus=share,
        runtime_env={"env_vars": {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}},
    )
