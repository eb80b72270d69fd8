"""Let the teacher answer what the student will read: ``python -m scripts.recipes.answers --data FOLDER``.

Short labelled texts, everyday texts that nobody labelled, sentences of reviews, and some of these with a
*not* more or less (extra ``teach``). Run again, it goes on where it was stopped: the answers are kept text by
text, a few megabytes.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from nlp_rnn.cli import run_script, say
from nlp_rnn.distillation import Answers, TransformerClassifier, sentences_of
from nlp_rnn.sentiment import toggled
from scripts.recipes.corpora import reader, unlabelled_parts
from scripts.recipes.mixture import CLASSES, Mixture, build
from scripts.recipes.teacher import START, TEMPLATES

SHORT = 60  # words up to which the teacher is asked about a text
# Sources whose labels are certain, or whose texts are too short to ask about.
UNASKED = {"templates", "captions", "nothing", "mpqa", "sst_phrases"}
TATOEBA, SENTENCES, EDITS = 60_000, 80_000, 25_000
_CHECKED = 10  # texts of each held-out set on which the quick teacher is compared with the slow one
_LARGE = 40_000  # texts of a source that is asked about last


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    adapters: Annotated[Path, typer.Option(help="The folder of adapters that the teacher's recipe wrote.")],
    start: Annotated[str, typer.Option(help="The transformer: a folder, or an id of the Hub.")] = START,
    output: Annotated[Path, typer.Option(help="Where the answers go.")] = Path("runs/teacher/answers.npz"),
    seed: int = 0,
) -> None:
    """Ask the teacher about every text that it has not answered yet."""
    console = Console(stderr=True)
    mixture = build(data, templates=TEMPLATES)
    teacher = TransformerClassifier.from_pretrained(start, classes=CLASSES).with_adapters(adapters).merged()
    small = teacher.quantized([text for texts, _ in mixture.validation.values() for text in texts[:_CHECKED]])
    answers = Answers(output, CLASSES)
    for name, texts in to_ask(mixture, unlabelled_parts(reader(data)), seed=seed):
        console.print(f"{name}: {len(texts):,} texts")
        answers.ask(
            small.predict_proba,
            texts,
            teacher=small.fingerprint,
            progress=lambda done, of: say(f"{done:,} of {of:,} answered"),
        )


def to_ask(
    mixture: Mixture, unlabelled: dict[str, list[str]], *, seed: int
) -> Iterator[tuple[str, list[str]]]:
    """Yield names and texts to ask about, the most wanted first; none is held out."""
    rng = np.random.default_rng(seed)
    asked = {name: texts for name, (texts, _) in mixture.sources.items() if name not in UNASKED}
    for name in sorted(asked, key=lambda name: len(asked[name])):
        if len(asked[name]) <= _LARGE:
            yield name, _short(asked[name])
    for name, texts in unlabelled.items():
        fresh = [text for text in _short(texts) if not mixture.held_out(text)]
        yield name, [fresh[i] for i in rng.permutation(len(fresh))[:TATOEBA]]
    spoken = (text for review in mixture.reviews for text in sentences_of(review))
    fresh = [text for text in spoken if 2 < len(text.split()) <= SHORT and not mixture.held_out(text)]
    some = [fresh[i] for i in rng.permutation(len(fresh))[:SENTENCES]]
    yield "review sentences", some
    edits = (toggled(text, random.Random(f"{seed}/{number}")) for number, text in enumerate(some))
    allowed = (edit for edit in edits if edit is not None and not mixture.held_out(edit))
    yield "edited sentences", list(itertools.islice(allowed, EDITS))
    for name, texts in asked.items():
        if len(texts) > _LARGE:
            yield name, _short(texts)


def _short(texts: list[str]) -> list[str]:
    return [text for text in texts if len(text.split()) <= SHORT]


if __name__ == "__main__":
    run_script(main)
