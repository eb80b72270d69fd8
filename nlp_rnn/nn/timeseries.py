"""The forecaster in torch: a recurrent encoder with a linear head of quantiles, and a linear path beside it.

The names of its parameters are the names in ``model.safetensors``; ``runtime/timeseries.py`` reads the same
file in NumPy. Knows normalised numbers; knows no series.

Shapes: B windows or streams, T steps, E inputs, K steps ahead, F series, Q quantiles, S parts of a state,
L layers, H hidden units.
"""

from __future__ import annotations

from torch import Tensor, nn

from nlp_rnn.config import ForecastConfig
from nlp_rnn.nn.encoder import RecurrentEncoder


class TimeSeriesLSTM(nn.Module):
    """The last steps of some series to quantiles of the next ones.

    Args:
        config: Shape of the model; ``cell`` may differ from the name's.
        dropout: Locked, between layers.
    """

    def __init__(self, config: ForecastConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.encoder = RecurrentEncoder(config.encoder, dropout=dropout)
        self.output = nn.Linear(config.hidden_size, config.output_dim)
        nn.init.zeros_(self.output.bias)
        if config.linear:
            outputs, inputs = config.shapes()["linear.weight"]
            self.linear = nn.Linear(inputs, outputs, bias=False)
            nn.init.zeros_(self.linear.weight)

    def forward(self, x_BTE: Tensor) -> Tensor:
        """Forecast many to one: what follows the last step of each window.

        Shape:
            (B, T, E) -> (B, K, F, Q).
        """
        outputs_BTH, _ = self.encoder.carry(x_BTE, self.encoder.start(len(x_BTE)))
        answers_BKFQ = self._quantiles(outputs_BTH[:, -1])
        if not self.config.linear:
            return answers_BKFQ
        B, K, F, Q = answers_BKFQ.shape
        if self.config.reads:  # every input to every answer
            all_BO: Tensor = self.linear(x_BTE.flatten(1))
            return answers_BKFQ + all_BO.reshape(B, K, F, Q)
        straight_BFO: Tensor = self.linear(x_BTE.transpose(1, 2))  # as windows are read, E is F
        return answers_BKFQ + straight_BFO.reshape(B, F, K, Q).transpose(1, 2)

    def stream(self, x_BTE: Tensor, state_SLBH: Tensor) -> tuple[Tensor, Tensor]:
        """Forecast many to many: what follows each step, going on from a state; and return the state after.

        Shape:
            x (B, T, E), state (S, L, B, H) -> (B, T, K, F, Q), (S, L, B, H).
        """
        outputs_BTH, state_SLBH = self.encoder.carry(x_BTE, state_SLBH)
        return self._quantiles(outputs_BTH), state_SLBH

    def _quantiles(self, outputs: Tensor) -> Tensor:
        config = self.config
        shape = (*outputs.shape[:-1], config.horizon, len(config.columns), len(config.quantiles))
        answers: Tensor = self.output(outputs)
        return answers.reshape(shape)
