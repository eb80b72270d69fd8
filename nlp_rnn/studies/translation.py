"""BLEU and chrF of translators on the same test pairs: over all of them, and against sentence length.

The purpose of attention shows there: a translator without it loses most on long sentences (Bahdanau et
al. 2015, figure 2). Knows translators and pairs of texts; reads no files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.errors import InputError, require, whole_number
from nlp_rnn.files.pairs import references_of
from nlp_rnn.translation.scores import Quality, plot_by_length, score_by_length, score_translations
from nlp_rnn.translation.translator import Translator

QUARTERS, EIGHTHS = 4, 8


@dataclass(frozen=True)
class TranslationStudy:
    """The scores of each translator.

    Attributes:
        whole: By translator and search (``greedy``, ``beam 5``): the score of each pair with its own
            reference, and of each source text once, against all of its references.
        quarters, eighths: By translator: parts of the pairs, from the shortest sources to the longest, each
            with its own reference, translated with the beam.
    """

    whole: dict[str, dict[str, tuple[Quality, Quality]]]
    quarters: dict[str, list[Quality]]
    eighths: dict[str, list[Quality]]

    def table(self) -> list[list[str]]:
        """Return a row for each translator and search, the first row the header."""
        rows = [["model", "search", "BLEU, each pair", "chrF", "BLEU, all references", "chrF"]]
        for name, searches in self.whole.items():
            for search, found in searches.items():
                figures = [f"{figure:.1f}" for quality in found for figure in (quality.bleu, quality.chrf)]
                rows.append([name, search, *figures])
        return rows

    def table_by_length(self) -> list[list[str]]:
        """Return a row for each quarter of the pairs, the first row the header."""
        names = [f"{measure}: {name}" for measure in ("BLEU", "chrF") for name in self.quarters]
        rows = [["words", "pairs", *names]]
        for quarter in zip(*self.quarters.values(), strict=True):
            figures = [quality.bleu for quality in quarter] + [quality.chrf for quality in quarter]
            first = quarter[0]
            words = f"{first.shortest}-{first.longest}"
            rows.append([words, f"{first.n:,}", *(f"{figure:.1f}" for figure in figures)])
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "whole": {
                name: {
                    search: {"each pair": each.to_dict(), "all references": once.to_dict()}
                    for search, (each, once) in searches.items()
                }
                for name, searches in self.whole.items()
            },
            "by length": {name: [part.to_dict() for part in parts] for name, parts in self.quarters.items()},
        }

    def plot(self, path: str | Path) -> Path:
        """Draw BLEU against the length of the source, a line for each translator; return the path.

        Raises:
            MissingExtraError: If matplotlib is not installed (extra ``plot``).
            InputError: If the picture cannot be written.
        """
        return plot_by_length(self.eighths, path, title="BLEU of test pairs, by length")


def study_translation(
    translators: Mapping[str, Translator],
    pairs: Sequence[tuple[str, str]],
    *,
    beam: int = 5,
    progress: Callable[[str], None] | None = None,
) -> TranslationStudy:
    """Translate the pairs with each translator, and compare.

    Args:
        translators: Translators by name.
        pairs: Texts and their translations; a text with several translations stands there several times.
        beam: Candidates followed at once; each text is also translated greedily.
        progress: Called with a line for each translator and search, before it starts.

    Raises:
        InputError: If there are fewer than eight pairs, or no translator.
        MissingExtraError: If sacrebleu is not installed (extra ``translate``).
    """
    beam = whole_number("beam", beam, 1)
    require("sacrebleu", extra="translate")  # now rather than after the translating
    if not translators or len(pairs) < EIGHTHS:
        raise InputError(f"a comparison needs a translator and at least {EIGHTHS} pairs, got {len(pairs)}")
    once, references = references_of(pairs)
    sources, own = [source for source, _ in pairs], [[target] for _, target in pairs]
    whole: dict[str, dict[str, tuple[Quality, Quality]]] = {}
    quarters, eighths = {}, {}
    for name, translator in translators.items():
        whole[name] = {}
        for search, width in (("greedy", 1), (f"beam {beam}", beam)):
            if progress is not None:
                progress(f"{name}: {search}")
            found = translator.translate(once, beam=width)
            by_source = dict(zip(once, found, strict=True))
            translated = [by_source[source] for source in sources]
            whole[name][search] = (
                score_translations(sources, translated, own),
                score_translations(once, found, references),
            )
        quarters[name] = score_by_length(sources, translated, own, groups=QUARTERS)
        eighths[name] = score_by_length(sources, translated, own, groups=EIGHTHS)
    return TranslationStudy(whole, quarters, eighths)
