"""The training time in which a small character model passes the final figure of nanoGPT's CPU configuration.

The time is that of training steps alone; reading the text, starting torch and measuring the held-out text
come on top. nanoGPT's own figure, 1.886 nats per character after 65 s, comes from a machine about twice as
fast.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.measure import Row
from nlp_rnn import CharGenerator
from nlp_rnn.config import CharTrainConfig
from nlp_rnn.errors import require
from nlp_rnn.files import read_characters, split_at

TO_PASS = 1.886
_HIDDEN, _CHARACTERS = 192, 600_000
_CONFIG = CharTrainConfig(max_epochs=1, batch_size=32, window=32, learning_rate=2e-2, warmup=0.1, dropout=0.0)


def learning(data: Path, runs: int) -> list[Row]:
    """Measure seconds of training, and nats per character of the held-out tenth, for each seed."""
    for module in ("torch", "accelerate"):
        require(module, extra="train")
    text = "".join(read_characters(data / "text" / "tinyshakespeare.txt"))
    place = split_at(text, 0.1)
    seconds, nats = [], []
    for seed in range(runs):
        generator = CharGenerator(hidden_size=_HIDDEN, embedding_dim=32)
        generator.fit(text[:_CHARACTERS], validation=text[place:], config=replace(_CONFIG, seed=seed))
        (epoch,) = generator.artifact.notes["history"]
        seconds.append(epoch["seconds"])
        nats.append(epoch["validation"]["nats_per_char"])
    system = f"LSTM 1 x {_HIDDEN}, {_CHARACTERS:,} characters once"
    return [
        Row("learning", system, "s of training", tuple(seconds), "12"),
        Row("learning", system, "nats/char", tuple(nats), f"{TO_PASS}"),
    ]
