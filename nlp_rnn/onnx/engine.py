"""The ONNX engine: the graph of ``graph.py`` in ONNX Runtime.

Knows ``Batch`` and the content of an ONNX file; knows no folders, no texts and no labels' names.

Shapes: B texts, T steps, C classes, G n-grams of the text that has most.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Batch, Ids, check_ids
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import ArtifactError, require
from nlp_rnn.grams import gram_rows
from nlp_rnn.onnx.graph import PRECISION

F32 = NDArray[np.float32]

_PART = 16  # fewest texts worth a thread


class OnnxEngine:
    """The classifier in ONNX Runtime, on the processor.

    It computes the padding, too, so it is fastest on texts of like length, as ``batch.plan`` puts them
    together. In int8 each text is computed by itself: ONNX Runtime scales the numbers of a batch together,
    and an answer would hang on the texts beside it.

    Args:
        config: Shape of the model.
        graph: Content of its ONNX file.
        threads: Threads for several texts; with 1, all is computed in the thread that asks.

    Raises:
        ArtifactError: If ONNX Runtime cannot read the file.
        MissingExtraError: If onnxruntime is not installed.
    """

    batch_tokens = 4_096

    def __init__(self, config: ModelConfig, graph: bytes, *, threads: int = 1) -> None:
        self.config, self.threads = config, threads
        runtime = require("onnxruntime", extra="onnx")
        options = runtime.SessionOptions()
        # No threads of its own: they would spin after each answer, and be missing in a forked process.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised
        try:
            self._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own types share no other base
            reason = str(error).strip().partition("\n")[0]
            raise ArtifactError(
                f"ONNX Runtime {runtime.__version__} cannot read the model's graph ({reason[:200]}): "
                "export it again (nlp-rnn export), or update onnxruntime"
            ) from None
        self.precision = self._session.get_modelmeta().custom_metadata_map.get(PRECISION, "float32")

    def logits(self, batch: Batch) -> F32:
        """Return the logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        logits_BC = np.empty((len(batch.lengths_B), self.config.num_classes), np.float32)
        if not len(logits_BC):
            return logits_BC
        check_ids(batch.ids_BT, self.config.vocab_size)
        if len(logits_BC) == 1:  # who asks about one text waits for it
            return self._run(batch.ids_BT[:, : batch.lengths_B[0]], batch.lengths_B)

        def answer(which: Ids) -> None:
            lengths_B = batch.lengths_B[which]
            logits_BC[which] = self._run(batch.ids_BT[which, : lengths_B.max()], lengths_B)

        parts = self._parts(batch.lengths_B)
        if self.threads == 1 or len(parts) == 1:
            for which in parts:
                answer(which)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(answer, parts))
        return logits_BC

    def _parts(self, lengths_B: Ids) -> list[Ids]:
        """Return the texts that are computed together: in int8 each alone, else as many for each thread."""
        order_B = np.argsort(-lengths_B, kind="stable")
        if self.precision == "int8":
            return np.split(order_B, len(order_B))
        parts = max(1, min(self.threads, len(order_B) // _PART))
        # Each thread every so many: all have about equally much to do.
        return [order_B[part::parts] for part in range(parts)]

    def _run(self, ids_BT: Ids, lengths_B: Ids) -> F32:
        """Compute texts at once, in this thread."""
        feeds: dict[str, Any] = {"ids": ids_BT, "lengths": lengths_B}
        if self.config.wide_rows:
            feeds |= _wide_inputs(ids_BT, lengths_B, self.config.wide_rows)
        logits_BC: F32 = self._session.run(["logits"], feeds)[0]
        return logits_BC


def _wide_inputs(ids_BT: Ids, lengths_B: Ids, table_rows: int) -> dict[str, NDArray[Any]]:
    """Return the rows of each text's n-grams, and by what each is multiplied: both (B, G)."""
    rows_G, counts_B = gram_rows(ids_BT, lengths_B, table_rows)
    is_gram_BG = np.arange(counts_B.max()) < counts_B[:, None]
    rows_BG = np.zeros(is_gram_BG.shape, np.int64)
    rows_BG[is_gram_BG] = rows_G
    # The sum is divided by the root of the number of n-grams; what fills up a row counts nothing.
    shares_BG = is_gram_BG / np.sqrt(counts_B, dtype=np.float32)[:, None]
    return {"wide_rows": rows_BG, "wide_shares": shares_BG.astype(np.float32)}
