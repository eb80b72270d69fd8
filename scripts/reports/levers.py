"""Measure each lever of training alone: ``python -m scripts.reports.levers --data FOLDER``.

Small classifiers of film reviews and sentences, each trained anew by a plain recipe and one lever, then by
several together; macro recalls on held-out texts, never a test's. Each seed draws its own reviews, so
the spread says what a difference is worth. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from nlp_rnn import LanguageModel, SentimentClassifier
from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import PretrainConfig, TrainConfig
from nlp_rnn.distillation import classifier_judge, digest, stacked_proba
from nlp_rnn.errors import one_of
from nlp_rnn.metrics import evaluate_present
from nlp_rnn.probabilities import one_hot
from nlp_rnn.sentiment import NbSvm, both_right, perturbed, perturbed_pairs
from nlp_rnn.text import TextTokenizer, cooccurrence_vectors
from scripts.recipes.mixture import CHANGED, CLASSES, Mixture, build, counterfactual_pairs
from scripts.recipes.opinions import Labelled

WIDTH = 64
TOKENS = 128  # of a review
LABELLED, UNLABELLED = 2_500, 2_500  # reviews
READ = 10_000  # unlabelled reviews for vectors and language models
MORE = {"counterfactual": 3_500, "sst_phrases": 20_000, "templates": 20_000}  # at most
COLUMNS = {
    "imdb": "reviews",
    "sst2": "sentences",
    "pairs": "edited pairs, both right",
    "templates": "templates",
    "alike": "copies answered alike",
}
SETS = ("imdb", "sst2", "counterfactual", "templates")
PLAIN: dict[str, Any] = {
    "max_epochs": 4,
    "batch_size": 256,
    "batch_tokens": 4_096,
    "learning_rate": 3e-3,
    "embedding_rate": 0.5,
    "ema_decay": 0.0,
    "label_smoothing": 0.0,
    "unk_dropout": 0.0,
}
PAIRING: dict[str, Any] = {"objectives": {"pairing": 8.0}, "objective_share": 0.25}


@dataclass(frozen=True, kw_only=True)
class Lever:
    """A difference from the plain recipe.

    Attributes:
        sources: Sources of the mixture whose labelled texts are learned, too.
        shape: Settings of the classifier.
        config: Settings of the training.
        start: Where the word vectors come from: ``vectors`` of co-occurrence, ``language`` models (with the
            recurrent layers), or ``nothing``.
        unlabelled: If True, the label-free objectives are on unlabelled reviews.
        taught: If True, unlabelled reviews are learned with the answers of an NB-SVM and a plain classifier.
        changed: If True, names, places and more are changed in the texts.
        paired: If True, texts should get the answers of changed copies.
    """

    sources: tuple[str, ...] = ()
    shape: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    start: str = "vectors"
    unlabelled: bool = False
    taught: bool = False
    changed: bool = False
    paired: bool = False


LEVERS = {
    "plain": Lever(),
    "edited reviews": Lever(sources=("counterfactual",)),
    "labelled phrases": Lever(sources=("sst_phrases",)),
    "template sentences": Lever(sources=("templates",)),
    "random vectors": Lever(start="nothing"),
    "language models": Lever(start="language"),
    "adversarial": Lever(config={"objectives": {"adversarial": 1.0}}),
    "virtual adversarial": Lever(config={"objectives": {"virtual_adversarial": 1.0}}, unlabelled=True),
    "entropy": Lever(config={"objectives": {"entropy": 0.2}}, unlabelled=True),
    "consistency": Lever(config={"objectives": {"consistency": 1.0}}),
    "averaged weights": Lever(config={"ema_decay": 0.99}),
    "unknown words": Lever(config={"unk_dropout": 0.05}),
    "dropped words": Lever(config={"embedding_dropout": 0.1}),
    "mean pooling": Lever(shape={"pooling": "mean"}),
    "max pooling": Lever(shape={"pooling": "max"}),
    "attention": Lever(shape={"pooling": "attention"}),
    "last state": Lever(shape={"pooling": "last"}),
    "longer context": Lever(shape={"max_tokens": 4 * TOKENS}),
    "distillation": Lever(taught=True),
    "changed texts": Lever(changed=True),
    "pairing": Lever(config=PAIRING, paired=True),
    "together": Lever(
        sources=("counterfactual", "sst_phrases", "templates"),
        config={"ema_decay": 0.99, "unk_dropout": 0.05, **PAIRING},
        taught=True,
        changed=True,
        paired=True,
    ),
}


@dataclass(frozen=True)
class SeedTexts:
    """The texts of one seed."""

    mixture: Mixture
    seed: int
    labelled: Labelled
    unlabelled: list[str]
    read: list[str]

    @classmethod
    def draw(cls, mixture: Mixture, seed: int) -> SeedTexts:
        """Choose some reviews, and all labelled sentences."""
        rng = np.random.default_rng(seed)
        reviews, labels = mixture.sources["imdb"]
        sentences, answers = mixture.sources["sst_sentences"]
        some = rng.permutation(len(reviews))[:LABELLED]
        order = rng.permutation(len(mixture.reviews))[:READ]
        read = [mixture.reviews[i] for i in order]
        labelled = [reviews[i] for i in some] + sentences, [labels[i] for i in some] + answers
        return cls(mixture, seed, labelled, read[:UNLABELLED], read)

    @property
    def reviews(self) -> Labelled:
        """The labelled reviews alone."""
        return self.labelled[0][:LABELLED], self.labelled[1][:LABELLED]

    def folder(self, run: Path, lever: Lever) -> Path:
        """Return the folder for the model of a lever; other texts and recipes have another."""
        recipe = (lever, PLAIN, WIDTH, TOKENS, UNLABELLED, MORE)
        return run / f"{digest(repr(recipe), *self.labelled[0], *self.read)}-{self.seed}"

    def more(self, source: str) -> Labelled:
        """Return some labelled texts of another source."""
        texts, labels = self.mixture.sources[source]
        some = np.random.default_rng(self.seed).permutation(len(texts))[: MORE[source]]
        return [texts[i] for i in some], [labels[i] for i in some]


def train(lever: Lever, lessons: SeedTexts, plain: Path) -> SentimentClassifier:
    """Train a classifier by the plain recipe and a lever; ``plain`` is the folder of one without a lever."""
    texts, labels = lessons.labelled
    for source in lever.sources:
        own = lessons.more(source)
        texts, labels = texts + own[0], labels + own[1]
    targets_NC = one_hot(labels, CLASSES)
    if lever.taught:
        targets_NC = np.concatenate([targets_NC, _answers(lessons, plain)])
        texts = texts + lessons.unlabelled
    if lever.changed:
        texts = perturbed(texts, share=CHANGED, seed=lessons.seed)
    width: dict[str, Any] = {"embedding_dim": WIDTH, "hidden_size": WIDTH}
    known = lessons.read + texts
    tokenizer = TextTokenizer("word", max_tokens=TOKENS).train(known)
    vectors, start = None, None
    if lever.start == "vectors":
        rows = tokenizer.encode_batch(known)
        vectors = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size, dim=WIDTH)
    elif lever.start == "language":
        settings = PretrainConfig(max_epochs=2, batch_size=256, samples=512, seed=lessons.seed)
        start = LanguageModel(**width, tokenizer=tokenizer).fit(known, config=settings)
    tokenizer.max_tokens = lever.shape.get("max_tokens", TOKENS)
    sets = {name: lessons.mixture.validation[name] for name in SETS}
    validation = {name: (held[::3], right[::3]) for name, (held, right) in sets.items()}
    with training_bar("tokens/s") as progress:
        return SentimentClassifier(**width, **lever.shape, tokenizer=tokenizer).fit(
            texts,
            targets_NC,
            validation=validation,
            unlabelled=lessons.unlabelled if lever.unlabelled else None,
            pairs=perturbed_pairs(texts, seed=lessons.seed) if lever.paired else None,
            classes=CLASSES,
            config=TrainConfig(**PLAIN | dict(lever.config), seed=lessons.seed),
            init_from=start,
            vectors=vectors,
            progress=progress,
        )


def measure(
    model: SentimentClassifier, mixture: Mixture, edited: tuple[list[str], list[str], list[str]]
) -> dict[str, float]:
    """Return figures in [0, 1], of which more is better."""
    found = {}
    for name in (each for each in SETS if each in COLUMNS):
        texts, labels = mixture.validation[name]
        scores = evaluate_present(labels, model.predict_proba(texts), CLASSES)
        found[name] = scores.macro_recall
    texts, labels, numbers = edited
    found["pairs"] = both_right(model.predict_proba(texts), labels, numbers, list(CLASSES))
    alike = perturbed_pairs(mixture.validation["sst3"][0], seed=0)
    one, other = (model.predict([pair[side] for pair in alike]) for side in (0, 1))
    return found | {"alike": float((one == other).mean())}


def _answers(lessons: SeedTexts, plain: Path) -> NDArray[np.float32]:
    """Return what an NB-SVM of the same reviews and the plain classifier answer to unlabelled ones."""
    judges = [
        NbSvm().fit(*lessons.reviews).margins,
        classifier_judge(SentimentClassifier.from_pretrained(plain)),
    ]
    held_out = lessons.mixture.validation["imdb"]
    return stacked_proba(judges, lessons.unlabelled, held_out=held_out, classes=CLASSES)


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    run: Annotated[Path, typer.Option(help="Where models and figures go.")] = Path("runs/levers"),
    seeds: Annotated[int, typer.Option(min=1, help="How many models of each, with seeds 0, 1, ...")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="A lever; may be given several times.")] = None,
) -> None:
    """Train and measure; print a table of each lever's effect."""
    names = ["plain", *(name for name in only or LEVERS if name != "plain")]
    for name in names:
        one_of("only", name, tuple(LEVERS))
    mixture, edited = build(data), counterfactual_pairs(data)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for seed in range(seeds):
        lessons = SeedTexts.draw(mixture, seed)
        for name in names:
            folder = lessons.folder(run, LEVERS[name])
            file = folder / "figures.json"
            if not file.is_file():
                model = train(LEVERS[name], lessons, lessons.folder(run, LEVERS["plain"]))
                model.save_pretrained(folder, dtype="float16")
                file.write_text(json.dumps(measure(model, mixture, edited)) + "\n", encoding="utf-8")
            found[name].append(json.loads(file.read_text(encoding="utf-8")))
    Console().print(table_of(found))


def table_of(found: Mapping[str, list[dict[str, float]]]) -> Table:
    """Return means and spreads over the seeds, in points; for levers those of the difference from plain."""
    table = Table("lever", *COLUMNS.values())
    for name, runs in found.items():
        cells = []
        for column in COLUMNS:
            values = [100 * figures[column] for figures in runs]
            if name != "plain":
                values = [v - 100 * plain[column] for v, plain in zip(values, found["plain"], strict=True)]
            sign = "" if name == "plain" else "+"
            cells.append(f"{np.mean(values):{sign}.1f} ± {np.std(values):.1f}")
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    run_script(main)
