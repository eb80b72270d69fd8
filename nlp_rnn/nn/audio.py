"""The keyword spotter in torch: a one-way recurrent encoder with a head for clips and a head for steps.

The names of its parameters are the names in ``model.safetensors``; ``runtime/audio.py`` reads the same file
in NumPy. Knows scaled log-mel frames; knows no sounds and no words.

Shapes: B clips or stretches, T steps, E inputs (bands of the frames of a step), H hidden units, C classes,
K keywords.
"""

from __future__ import annotations

from torch import Tensor, nn

from nlp_rnn.config import SpotterConfig
from nlp_rnn.nn.encoder import RecurrentEncoder, locked_dropout
from nlp_rnn.nn.pooling import Pooling


class SpotterGRU(nn.Module):
    """Frames to the class of a clip, and to the keyword, if any, that a step ends.

    Args:
        config: Shape of the model; ``cell`` may differ from the name's.
        dropout: Locked, between layers and before the heads.
    """

    def __init__(self, config: SpotterConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config, self.dropout = config, dropout
        self.encoder = RecurrentEncoder(config.encoder, dropout=dropout)
        self.pooling = Pooling(config.encoder)
        self.output = nn.Linear(config.encoder.pooled_dim, len(config.classes))
        self.steps = nn.Linear(config.hidden_size, 1 + len(config.keywords))

    def forward(self, x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """Return the logits of clips' classes.

        Shape:
            (B, T, E), (B,) -> (B, C).
        """
        outputs_BTH = self.encoder.read(x_BTE, lengths_B)[0]
        outputs_BTH = locked_dropout(outputs_BTH, self.dropout, self.training)
        logits_BC: Tensor = self.output(self.pooling([outputs_BTH], lengths_B))
        return logits_BC

    def score_steps(self, x_BTE: Tensor) -> Tensor:
        """Return the logits of no keyword and of each keyword, at each step of stretches.

        Shape:
            (B, T, E) -> (B, T, 1 + K).
        """
        outputs_BTH, _ = self.encoder.carry(x_BTE, self.encoder.start(len(x_BTE)))
        outputs_BTH = locked_dropout(outputs_BTH, self.dropout, self.training)
        logits_BTK: Tensor = self.steps(outputs_BTH)
        return logits_BTK
