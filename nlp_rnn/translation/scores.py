"""Scores of translations: BLEU and chrF, of all pairs and by length of the source.

The counting is sacrebleu's (extra ``translate``), so that figures can be compared with published ones; its
signature is kept with them. Takes any translated texts; knows no models.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from nlp_rnn.errors import InputError, require, whole_number
from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure


@dataclass(frozen=True)
class Quality:
    """Scores of some translated texts.

    Attributes:
        n: Number of texts.
        words: Words of a source text, on average.
        shortest, longest: The fewest and the most words.
        bleu: Corpus BLEU (Papineni et al. 2002), in [0, 100].
        chrf: Corpus chrF2 (Popović 2015), in [0, 100].
        signatures: The settings of sacrebleu's counting.
    """

    n: int
    words: float
    shortest: int
    longest: int
    bleu: float
    chrf: float
    signatures: tuple[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def score_translations(
    sources: Sequence[str], translations: Sequence[str], references: Sequence[Sequence[str]]
) -> Quality:
    """Compare translations with reference translations.

    Args:
        sources: The texts that were translated.
        translations: The translation of each.
        references: One or more right translations of each.

    Raises:
        InputError: If there are not as many of each, or none.
        MissingExtraError: If sacrebleu is not installed.
    """
    metrics = require("sacrebleu.metrics", extra="translate")
    if not len(sources) == len(translations) == len(references) or not len(sources):
        raise InputError(
            f"there are {len(sources)} sources, {len(translations)} translations and {len(references)} "
            "references: give as many of each, and at least one"
        )
    if any(isinstance(own, str) or not len(own) for own in references):
        raise InputError("references should hold a list of one or more texts for each source")
    # sacrebleu wants columns of references, None where a text has fewer.
    most = max(len(own) for own in references)
    streams = [[own[i] if i < len(own) else None for own in references] for i in range(most)]
    bleu, chrf = metrics.BLEU(), metrics.CHRF()
    scores = [metric.corpus_score(list(translations), streams).score for metric in (bleu, chrf)]
    words = [len(source.split()) for source in sources]
    return Quality(
        n=len(words),
        words=sum(words) / len(words),
        shortest=min(words),
        longest=max(words),
        bleu=float(scores[0]),
        chrf=float(scores[1]),
        signatures=(str(bleu.get_signature()), str(chrf.get_signature())),
    )


def score_by_length(
    sources: Sequence[str],
    translations: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    groups: int = 4,
) -> list[Quality]:
    """Score equal parts of the texts by ``score_translations``, from the shortest sources to the longest.

    Sources with the same number of words are ordered by their characters.

    Raises:
        InputError: If there are fewer texts than groups, or as ``score_translations`` says.
        ConfigError: If ``groups`` is no whole number from 1 on.
        MissingExtraError: If sacrebleu is not installed.
    """
    groups = whole_number("groups", groups, 1)
    if groups > len(sources):
        raise InputError(f"{len(sources)} texts cannot be divided into {groups} groups")
    order = sorted(range(len(sources)), key=lambda i: (len(sources[i].split()), len(sources[i])))
    edges = [len(order) * g // groups for g in range(groups + 1)]
    parts = [order[low:high] for low, high in pairwise(edges)]
    return [
        score_translations(
            [sources[i] for i in part], [translations[i] for i in part], [references[i] for i in part]
        )
        for part in parts
    ]


def plot_by_length(
    models: Mapping[str, Sequence[Quality]], path: str | os.PathLike[str], *, title: str = ""
) -> Path:
    """Draw BLEU against the length of the source, a line for each model (extra ``plot``).

    Args:
        models: For each name the groups of ``score_by_length``, the same texts for each model.
        path: The picture to write.
        title: Title of the picture.

    Returns:
        The path written.

    Raises:
        InputError: If the picture cannot be written.
        MissingExtraError: If matplotlib is not installed.
    """
    figure = new_figure(6.4, 3.8)
    axes = figure.add_subplot()
    for colour, (name, groups) in zip((BLUE, VERMILION, *OTHER_COLOURS), models.items(), strict=False):
        axes.plot(
            [group.words for group in groups],
            [group.bleu for group in groups],
            "o-",
            color=colour,
            label=name,
        )
    axes.set(xlabel="words of the source (mean of a group)", ylabel="BLEU", title=title)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=GREY, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return save_figure(figure, path)
