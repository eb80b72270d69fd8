#!/usr/bin/env python
"""BLEU against sentence length, with and without attention: a table, a picture and a JSON file.

``python scripts/bleu_by_length.py --data FOLDER --attention RUN/model --plain RUN/model --output FOLDER``
reproduces what attention was invented for (Bahdanau et al. 2015, figure 2). Needs the extra ``translate``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from nlp_rnn.errors import NlpRnnError
from nlp_rnn.sequence.parallel import read_pairs
from nlp_rnn.sequence.quality import Quality, by_length, plot_by_length
from nlp_rnn.sequence.translator import Translator

CORPORA = {"tatoeba_en_fr": ("en", "fr"), "multi30k": ("en", "de")}


def main(arguments: argparse.Namespace) -> None:
    """Translate the test pairs with both models and compare, quarter by quarter."""
    output = Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    source, target = CORPORA[arguments.corpus]
    test = read_pairs(Path(arguments.data) / arguments.corpus / "test.parquet", source, target)
    quarters: dict[str, list[Quality]] = {}
    lines: dict[str, list[Quality]] = {}
    for name, folder in (("attention", arguments.attention), ("one vector", arguments.plain)):
        sources = sorted({text for text, _ in test})
        found = Translator.from_pretrained(folder).translate(sources, beam=arguments.beam)
        translated = dict(zip(sources, found, strict=True))
        texts = [s for s, _ in test], [translated[s] for s, _ in test], [[t] for _, t in test]
        quarters[name] = by_length(*texts, groups=4)
        lines[name] = by_length(*texts, groups=8)
    print(
        "| words | pairs | BLEU with attention | one vector | difference | chrF with attention | one vector |"
    )
    print("|---|---|---|---|---|---|---|")
    for ours, plain in zip(quarters["attention"], quarters["one vector"], strict=True):
        print(
            f"| {ours.shortest}-{ours.longest} | {ours.n:,} | {ours.bleu:.1f} | {plain.bleu:.1f} "
            f"| {ours.bleu - plain.bleu:+.1f} | {ours.chrf:.1f} | {plain.chrf:.1f} |"
        )
    values = {name: [group.to_dict() for group in groups] for name, groups in quarters.items()}
    (output / "bleu_by_length.json").write_text(json.dumps(values, indent=2) + "\n")
    title = f"{arguments.corpus}, test pairs"
    print(f"picture: {plot_by_length(lines, output / 'bleu_by_length.png', title=title)}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the corpora")
    parser.add_argument("--attention", required=True, help="model with attention")
    parser.add_argument("--plain", required=True, help="model without")
    parser.add_argument("--output", required=True, help="folder for picture and JSON")
    parser.add_argument("--corpus", choices=CORPORA, default="tatoeba_en_fr")
    parser.add_argument("--beam", type=int, default=5)
    try:
        main(parser.parse_args())
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
