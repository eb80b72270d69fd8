"""The keyword spotter in NumPy: a one-way recurrent encoder with a head for clips and a head for steps.

The same folder and the same numbers as ``nn/audio.py``. Knows scaled log-mel frames; knows no sounds and no
words.

Shapes: B clips, T steps, E inputs (bands of the frames of a step), H hidden units, C classes, K keywords,
N packed steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nlp_rnn.config import SpotterConfig
from nlp_rnn.probabilities import softmax
from nlp_rnn.runtime.encoder import F32, RecurrentEncoder, pack
from nlp_rnn.runtime.pooling import Pooling


class SpotterGRU:
    """Frames to the class of a clip, and to the keyword, if any, that a step ends.

    Args:
        config: Shape of the model; ``cell`` may differ from the name's.
        weights: As in ``model.safetensors``.
    """

    def __init__(self, config: SpotterConfig, weights: Mapping[str, F32]) -> None:
        self.config = config
        self.encoder = RecurrentEncoder(config.encoder, weights)
        self.pooling = Pooling(config.encoder, weights)
        self._output_CP, self._output_C = weights["output.weight"], weights["output.bias"]
        self._steps_HK = np.ascontiguousarray(weights["steps.weight"].T)
        self._steps_K = weights["steps.bias"]

    def forward(self, clips: Sequence[F32]) -> F32:
        """Return the logits of clips' classes.

        Args:
            clips: The frames of each clip, (T, E); each has a step at least.

        Shape:
            -> (B, C), in the clips' order.
        """
        lengths_B = np.array([len(clip) for clip in clips])
        # The "ids" are the rows of all clips' steps, one clip behind the other.
        starts_B = np.cumsum(lengths_B) - lengths_B
        rows_BT = starts_B[:, None] + np.arange(lengths_B.max())
        packed = pack(rows_BT, lengths_B)
        x_NE = np.concatenate(clips)[packed.ids_N]
        outputs_1NH = self.encoder.read(x_NE, np.arange(len(x_NE)), packed)
        logits_BC = np.empty((len(clips), len(self._output_C)), np.float32)
        logits_BC[packed.order_B] = (
            self.pooling.forward(outputs_1NH, packed) @ self._output_CP.T + self._output_C
        )
        return logits_BC

    def stepper(self) -> Callable[[F32], F32]:
        """Return a function that listens on from silence: the next steps' frames to their probabilities.

        Every step is computed by itself, so that the probabilities are the same to the last bit however many
        steps come at once.

        Shape:
            (T, E) -> (T, 1 + K): of no keyword, and of each.
        """
        encoder = self.encoder
        advance = encoder.stepper(encoder.start(1))

        def listen(x_TE: F32) -> F32:
            outputs_T1H = np.empty((len(x_TE), 1, self.config.hidden_size), np.float32)
            with np.errstate(over="ignore", under="ignore"):
                for step, x_1E in enumerate(x_TE[:, None]):
                    outputs_T1H[step] = advance(encoder.inputs(x_1E))
            # A stack of products of one row each, for the same reason.
            logits_TK = np.matmul(outputs_T1H, self._steps_HK)[:, 0] + self._steps_K
            return softmax(logits_TK)

        return listen
