"""Misses against false alarms: what a threshold costs, and the threshold for a rate of false alarms.

Two streams are looked at: one of keywords, where each should be heard, and one without any, where each
detection is a false alarm. Knows detections; knows no sounds and no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp_rnn.audio.detection import Detection
from nlp_rnn.audio.stretches import Spoken
from nlp_rnn.figure import BLUE, OTHER_COLOURS, new_figure, save_figure

LATE = 0.5
"""Seconds after a word's end in which it may still be heard."""
LEAST = 0.3
"""The lowest threshold that is chosen: below, a stream would have a detection where nothing is likely."""


@dataclass(frozen=True)
class TradeOff:
    """What every threshold costs.

    Attributes:
        name: Of the stream, for a picture.
        hours: Length of the stream without keywords.
        heard: Confidence with which each keyword was heard, 0 where it was not, or as another.
        alarms: Confidences of the false alarms, falling.
    """

    name: str
    hours: float
    heard: tuple[float, ...]
    alarms: tuple[float, ...]

    def threshold(self, alarms: float) -> float:
        """Return the lowest threshold with at most so many false alarms, and at least ``LEAST``."""
        most = int(alarms)
        if most >= len(self.alarms):
            return LEAST
        return min(1.0, max(LEAST, float(np.nextafter(self.alarms[most], 2))))

    def misses(self, threshold: float) -> float:
        """Return the share of keywords that are not heard."""
        return sum(each < threshold for each in self.heard) / max(1, len(self.heard))

    def curve(self) -> list[tuple[float, float, float]]:
        """Return thresholds, false alarms per hour and shares of misses, from the strictest on."""
        thresholds = sorted({1.0, *self.heard, *self.alarms} - {0.0}, reverse=True)
        return [
            (each, sum(alarm >= each for alarm in self.alarms) / self.hours, self.misses(each))
            for each in thresholds
        ]


def trade_off(
    name: str,
    detections: Sequence[Detection],
    spoken: Sequence[Spoken],
    alarms: Sequence[Detection],
    hours: float,
) -> TradeOff:
    """Return what every threshold costs.

    Args:
        name: Of the stream, for a picture.
        detections: Those in the stream of keywords, at the lowest threshold.
        spoken: The keywords of that stream, oldest first.
        alarms: Detections in the stream without any.
        hours: Length of that.
    """
    heard = []
    for each in spoken:
        own = [
            found.confidence
            for found in detections
            if found.word == each.word and each.start <= found.time <= each.end + LATE
        ]
        heard.append(max(own, default=0.0))
    falling = sorted((found.confidence for found in alarms), reverse=True)
    return TradeOff(name, hours, tuple(heard), tuple(falling))


def plot_trade_off(curves: Sequence[TradeOff], path: str | Path) -> Path:
    """Draw misses against false alarms per hour, a line for each.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        InputError: If the picture cannot be written.
    """
    figure = new_figure(7, 4.5)
    axes = figure.subplots()
    for number, each in enumerate(curves):
        _, alarms, misses = zip(*each.curve(), strict=True)
        colour = (BLUE, *OTHER_COLOURS)[number % (1 + len(OTHER_COLOURS))]
        dashes = ("-", "--", ":")[number // (1 + len(OTHER_COLOURS)) % 3]
        axes.plot(
            alarms, 100 * np.array(misses), dashes, color=colour, label=each.name, drawstyle="steps-post"
        )
    minutes = 60 * curves[0].hours
    axes.set(
        xlabel=f"false alarms per hour ({minutes:.0f} minutes without keywords)", ylabel="keywords missed, %"
    )
    axes.set_xscale("symlog", linthresh=max(1.0, 60 / minutes))
    axes.set_xlim(left=0)
    axes.set_ylim(0, 100)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return save_figure(figure, path)
