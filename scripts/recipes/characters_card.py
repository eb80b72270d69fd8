"""The figures and the model card of the shipped writer.

Measures a generator on the text that was held out, on the canaries that were hidden in what it learned from,
and on what it writes itself; writes the figures and the limits into the model's folder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import CharConfig
from nlp_rnn.generation import CharGenerator
from nlp_rnn.studies import exposure
from nlp_rnn.training import best_epoch

WRITTEN = 100
"""Number of texts written to be measured,"""
LENGTH = 1000
"""and characters of each."""

_CARD = (Path(__file__).parent / "cards" / "characters.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Hidden:
    """Sentences hidden in a training text, and others of their form that were not.

    Attributes:
        once: The sentence that was hidden once.
        often: The sentence that was hidden ``times`` times.
        times: The number of those times.
        others: Sentences that were not hidden.
    """

    once: str
    often: str
    times: int
    others: Sequence[str]


def measure(generator: CharGenerator, held_out: str, hidden: Hidden) -> dict[str, Any]:
    """Measure a generator that ``fit`` has just trained or that was loaded with its index.

    Args:
        generator: The model.
        held_out: Text of the same kind that it has not seen, at least 501 characters.
        hidden: The sentences hidden in its training text.

    Raises:
        MissingExtraError: If torch, which dynamic evaluation needs, is not installed.
    """
    memory = generator.memory
    assert memory is not None

    def nats_of(texts: Sequence[str]) -> list[float]:
        return [-float(generator.log_probs("\n" + text).sum()) for text in texts]

    once, often = (exposure(nats_of, canary, hidden.others) for canary in (hidden.once, hidden.often))
    written = generator.generate_many(
        [""] * WRITTEN, seeds=range(WRITTEN), max_new_chars=LENGTH, risk_filter=None
    )
    copies = memory.report(each.text for each in written)
    return {
        "bits_per_char": generator.bits_per_char(held_out),
        "dynamic_bits_per_char": generator.dynamic_bits_per_char(held_out),
        "exposure": {"once": once.bits, "often": often.bits, "most": once.most},
        "copies": copies.to_dict(),
        "windows_with_copies": memory.windows_with_copies(held_out),
        "index": memory.describe(),
    }


def describe(
    artifact: TextArtifact[CharConfig], figures: dict[str, Any], hidden: Hidden
) -> TextArtifact[CharConfig]:
    """Return the artifact with its figures noted and its card written."""
    from nlp_rnn.version import __version__

    config, history, index = artifact.config, artifact.notes["history"], figures["index"]
    card = _CARD.format(
        cell=config.cell.upper(),
        layers=config.num_layers,
        hidden=config.hidden_size,
        parameters=sum(weight.size for weight in artifact.weights.values()) / 1e6,
        version=__version__,
        nats=figures["bits_per_char"] * math.log(2),
        bits=figures["bits_per_char"],
        dynamic_nats=figures["dynamic_bits_per_char"] * math.log(2),
        dynamic_bits=figures["dynamic_bits_per_char"],
        epochs=len(history),
        best=best_epoch(history)["epoch"],
        written=WRITTEN,
        length=LENGTH,
        run=index["run"],
        copied=figures["copies"]["copied_share"],
        longest=figures["copies"]["longest"],
        **figures["exposure"],
        times=hidden.times,
        candidates=len(hidden.others) + 1,
        false_alarms=figures["windows_with_copies"],
        index_bytes=index["bytes"],
        wrong=1 / index["false_positive_rate"],
    )
    return replace(artifact, card=card, notes={**artifact.notes, "figures": figures})
