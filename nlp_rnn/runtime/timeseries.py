"""The forecaster in NumPy: a recurrent encoder with a linear head of quantiles, and a linear path beside it.

The same folder and the same numbers as ``nn/timeseries.py``. Knows normalised numbers; knows no series.

Shapes: B windows, T steps, E inputs, K steps ahead, F series, Q quantiles, O = K times F times Q, N packed
steps (B times T).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlp_rnn.config import ForecastConfig
from nlp_rnn.runtime.encoder import F32, RecurrentEncoder, in_place, pack


class TimeSeriesLSTM:
    """The last steps of some series to quantiles of the next ones.

    Args:
        config: Shape of the model; ``cell`` may differ from the name's.
        weights: As in ``model.safetensors``.
    """

    def __init__(self, config: ForecastConfig, weights: Mapping[str, F32]) -> None:
        self.config = config
        self.encoder = RecurrentEncoder(config.encoder, weights)
        self._output_OH, self._bias_O = weights["output.weight"], weights["output.bias"]
        self._linear = weights["linear.weight"] if config.linear else None

    def forward(self, x_BTE: F32) -> F32:
        """Forecast what follows the last step of each window; the quantiles are not sorted.

        Shape:
            (B, T, E) -> (B, K, F, Q).
        """
        # All windows are equally long: each step of the packed order has all of them, in their own order.
        B, T, E = x_BTE.shape
        packed = pack(np.arange(B * T).reshape(B, T), np.full(B, T))
        # The ids that were packed are the rows of all windows' steps.
        x_NE = x_BTE.reshape(-1, E)[packed.ids_N]
        outputs_NH = in_place(self.encoder.read(x_NE, np.arange(B * T), packed), packed)
        # The last step of all windows is the last B entries.
        answers_BO: F32 = outputs_NH[-B:] @ self._output_OH.T + self._bias_O
        K, F, Q = self.config.horizon, len(self.config.columns), len(self.config.quantiles)
        answers_BKFQ = answers_BO.reshape(B, K, F, Q)
        # The linear path: every input to every answer if some series are only read; else each series by
        # itself, the same weights for all (as windows are read, E is F).
        if self._linear is not None and self.config.reads:
            answers_BKFQ = answers_BKFQ + (x_BTE.reshape(B, T * E) @ self._linear.T).reshape(B, K, F, Q)
        elif self._linear is not None:
            straight_BFO = x_BTE.swapaxes(1, 2) @ self._linear.T
            answers_BKFQ = answers_BKFQ + straight_BFO.reshape(B, F, K, Q).swapaxes(1, 2)
        return answers_BKFQ
