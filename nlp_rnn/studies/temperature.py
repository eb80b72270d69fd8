"""The effect of the temperature on a generator's texts: entropy, real words, copies, risk.

Knows a generator and an index of words; shows no text that the risk filter has not reviewed.

Shapes: T steps, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlp_rnn.errors import InputError, whole_number
from nlp_rnn.figure import BLUE, GREY, VERMILION, new_figure, save_figure
from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.generation.sampling import Sampling, distribution
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.levels import LEVELS
from nlp_rnn.risk.overlap import OverlapIndex

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)


@dataclass(frozen=True, kw_only=True)
class Point:
    """The texts of one temperature, taken together.

    Attributes:
        temperature: Temperature of the sampling.
        characters: Number of characters written.
        entropy_bits: Entropy of the distribution that each character was drawn from, on average.
        words: Number of whole words written.
        real_words: Share of them that the index of words has.
        copied: Share of the characters in runs of 50 or more that stand in the training text; None if the
            model has no index of it.
        longest: Characters of the longest such run.
        levels: Share of the sentences at each risk level.
    """

    temperature: float
    characters: int
    entropy_bits: float
    words: int
    real_words: float
    copied: float | None
    longest: int
    levels: dict[str, float]


@dataclass(frozen=True)
class TemperatureStudy:
    """The results, a point for each temperature.

    Attributes:
        points: The points, in the order in which they were asked for.
        seeds: Seeds of the texts of each point.
    """

    points: list[Point]
    seeds: tuple[int, ...]

    def table(self) -> list[list[str]]:
        """Return a row for each temperature, the first row the header."""
        header = ["T", "entropy", "real words", "copied", "longest", *LEVELS]
        rows = []
        for one in self.points:
            copied = ["-", "-"] if one.copied is None else [f"{one.copied:.1%}", str(one.longest)]
            shares = [f"{one.levels[level]:.1%}" for level in LEVELS]
            figures = [f"{one.temperature:g}", f"{one.entropy_bits:.2f}", f"{one.real_words:.1%}"]
            rows.append(figures + copied + shares)
        return [header, *rows]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"seeds": list(self.seeds), "points": [asdict(one) for one in self.points]}

    def plot(self, path: str | Path) -> Path:
        """Draw all of it over the temperature (extra ``plot``); returns the path.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written.
        """
        figure = new_figure(11, 3.6)
        left, middle, right = figure.subplots(1, 3)
        at = [one.temperature for one in self.points]
        left.plot(at, [one.entropy_bits for one in self.points], "o-", color=BLUE)
        left.set(title="entropy, bits a character", ylim=(0, None))
        middle.plot(at, [one.real_words for one in self.points], "o-", color=BLUE, label="real words")
        if all(one.copied is not None for one in self.points):
            copied = [one.copied for one in self.points]
            middle.plot(at, copied, "s-", color=VERMILION, label="copied characters")
        middle.set(title="share of words, of characters", ylim=(-0.02, 1.02))
        for level, colour, marker in zip(LEVELS, (GREY, BLUE, VERMILION), "^os", strict=True):
            right.plot(
                at, [one.levels[level] for one in self.points], f"{marker}-", color=colour, label=level
            )
        right.set(title="share of sentences at each risk level", ylim=(-0.02, 1.02))
        for axes in (left, middle, right):
            axes.set_xlabel("temperature")
            axes.spines[["top", "right"]].set_visible(False)
        for axes in (middle, right):
            axes.legend(frameon=False)
        return save_figure(figure, path)


def study_temperature(
    generator: CharGenerator,
    *,
    words: OverlapIndex | None = None,
    temperatures: Sequence[float] = TEMPERATURES,
    seeds: Sequence[int] = range(4),
    prompt: str = "",
    max_new_chars: int = 1000,
    risk_filter: RiskFilter | None = None,
    progress: Callable[[Point], None] | None = None,
) -> TemperatureStudy:
    """Write texts at each temperature and measure them.

    Args:
        generator: A trained model.
        words: Index of the words that count as real; None takes the index of the model's own training text.
        temperatures: At each of them, as many texts as there are seeds; at 0 one, as all would be the same.
        seeds: Seeds of the texts.
        prompt: Text that each text continues.
        max_new_chars: Length of each text.
        risk_filter: Reviews the texts, and leaves them as they are; None takes a ``RiskFilter()``.
        progress: Called with each point.

    Raises:
        InputError: If there is no index of words, no seed or no temperature, no text is asked for, or the
            filter would change the texts.
        ConfigError: If a temperature is outside its range.
        NotFittedError: If the generator has no model.
    """
    words = words or generator.memory
    if words is None:
        raise InputError("this model has no index of its training text: name a text whose words are real")
    seeds, temperatures = list(seeds), list(temperatures)
    max_new_chars = whole_number("max_new_chars", max_new_chars, 0, error=InputError)
    if not seeds or not temperatures or max_new_chars < 1:
        raise InputError("a study needs a temperature, a seed and texts of at least one character")
    reviewer = risk_filter or RiskFilter()
    if reviewer.policy != "annotate":
        raise InputError(
            f"the texts are to be measured as written: the policy {reviewer.policy!r} changes them"
        )
    points = []
    for sampling in [Sampling(temperature=temperature) for temperature in temperatures]:
        used = seeds if sampling.temperature else seeds[:1]
        point = _measure(generator, words, sampling, used, prompt, max_new_chars, reviewer)
        points.append(point)
        if progress is not None:
            progress(point)
    return TemperatureStudy(points, tuple(int(seed) for seed in seeds))


def _measure(
    generator: CharGenerator,
    words: OverlapIndex,
    sampling: Sampling,
    seeds: Sequence[int],
    prompt: str,
    max_new_chars: int,
    risk_filter: RiskFilter,
) -> Point:
    """Write the texts of one temperature and measure them."""
    made = generator.generate_many(
        [prompt] * len(seeds),
        seeds=seeds,
        sampling=sampling,
        max_new_chars=max_new_chars,
        risk_filter=risk_filter,
    )
    texts = [one.text for one in made]
    characters = sum(map(len, texts))
    known = [flag for text in texts for flag in words.has_words(text)]
    levels = [passage.level for one in made if one.risk is not None for passage in one.risk.passages]
    copies = None if generator.memory is None else generator.memory.report(texts)
    return Point(
        temperature=sampling.temperature,
        characters=characters,
        entropy_bits=sum(entropy_bits(generator, prompt, text, sampling) for text in texts) / characters,
        words=len(known),
        real_words=sum(known) / max(1, len(known)),
        copied=None if copies is None else copies.copied_share,
        longest=0 if copies is None else copies.longest,
        levels={level: levels.count(level) / max(1, len(levels)) for level in LEVELS},
    )


def entropy_bits(generator: CharGenerator, prompt: str, text: str, sampling: Sampling) -> float:
    """Return the sum of the entropies, in bits, of the distributions that a text's characters are drawn from.

    Temperature and filters count, a repetition penalty does not.

    Args:
        generator: The generator whose model reads the text.
        prompt: Text that it continues, as in ``generate``.
        text: The text.
        sampling: Settings by which characters are chosen.
    """
    probs_TV = distribution(generator.next_logits(prompt, text), sampling)
    logs_TV = np.log2(probs_TV, out=np.zeros_like(probs_TV), where=probs_TV > 0)
    return float(-(probs_TV * logs_TV).sum())
