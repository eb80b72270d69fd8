#!/usr/bin/env python
"""BLEU against sentence length, with and without attention: two tables, two pictures and a JSON file.

``python scripts/bleu_by_length.py --test FILE --source en --target fr --attention RUN/model --plain RUN/model
--output FOLDER`` reproduces what attention was invented for (Bahdanau et al. 2015, figure 2). A test file has
a row for each pair, so a sentence with several translations counts several times, each with its own
reference; "all references" counts it once, against all of them. Needs the extras ``translate`` and ``plot``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from nlp_rnn.errors import NlpRnnError, require
from nlp_rnn.files.pairs import read_pairs, references_of
from nlp_rnn.translation.scores import Quality, by_length, measure, plot_by_length
from nlp_rnn.translation.translator import Translator

EXAMPLE = "I saw a black cat and two white dogs in front of the red house."


def main(arguments: argparse.Namespace) -> None:
    """Translate the test pairs with both models and compare, quarter by quarter."""
    require("sacrebleu", extra="translate")  # now rather than after the translating
    output = Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    test = read_pairs(arguments.test, arguments.source, arguments.target)
    sources, references = references_of(test)
    whole: dict[str, dict[str, Any]] = {}
    quarters: dict[str, list[Quality]] = {}
    lines: dict[str, list[Quality]] = {}
    print(
        "| model | search | BLEU, each pair | chrF | BLEU, all references | chrF |\n|---|---|---|---|---|---|"
    )
    for name, folder in (("attention", arguments.attention), ("one vector", arguments.plain)):
        translator = Translator.from_pretrained(folder)
        whole[name] = {}
        for search, beam in (("greedy", 1), (f"beam {arguments.beam}", arguments.beam)):
            found = translator.translate(sources, beam=beam)
            translated = dict(zip(sources, found, strict=True))
            texts = [s for s, _ in test], [translated[s] for s, _ in test], [[t] for _, t in test]
            each, once = measure(*texts), measure(sources, found, references)
            whole[name][search] = {"each pair": each.to_dict(), "all references": once.to_dict()}
            figures = (each.bleu, each.chrf, once.bleu, once.chrf)
            print(f"| {name} | {search} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
        quarters[name], lines[name] = by_length(*texts, groups=4), by_length(*texts, groups=8)
        if name == "attention":
            translator.translations([EXAMPLE])[0].plot(output / "attention.png")
    print("\n| words | pairs | BLEU: attention | one vector | difference | chrF: attention | one vector |")
    print("|---|---|---|---|---|---|---|")
    for ours, plain in zip(quarters["attention"], quarters["one vector"], strict=True):
        print(
            f"| {ours.shortest}-{ours.longest} | {ours.n:,} | {ours.bleu:.1f} | {plain.bleu:.1f} "
            f"| {ours.bleu - plain.bleu:+.1f} | {ours.chrf:.1f} | {plain.chrf:.1f} |"
        )
    values = {"whole": whole, "by length": {name: [g.to_dict() for g in quarters[name]] for name in quarters}}
    (output / "bleu_by_length.json").write_text(json.dumps(values, indent=2) + "\n")
    plot_by_length(lines, output / "bleu_by_length.png", title="BLEU of test pairs, by length")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--test", required=True, help="file of test pairs")
    parser.add_argument("--source", required=True, help="column of the texts")
    parser.add_argument("--target", required=True, help="column of their translations")
    parser.add_argument("--attention", required=True, help="model with attention")
    parser.add_argument("--plain", required=True, help="model without")
    parser.add_argument("--output", required=True, help="folder for pictures and JSON")
    parser.add_argument("--beam", type=int, default=5)
    try:
        main(parser.parse_args())
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
