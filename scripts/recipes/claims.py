"""Train the claims model of the risk filter: ``python -m scripts.recipes.claims --data FOLDER``.

Three seeds are trained. Recipe, epoch, threshold and the seed to keep are chosen on sentences held out of
ClaimBuster's training split; ``--no-test`` ends there, to compare recipes. Only then is the test split
measured, and the seed of the best validation figure saved. Needs the extra ``train``.
"""

from __future__ import annotations

import json
import lzma
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from nlp_rnn import TextClassifier, __version__
from nlp_rnn.artifact import TextArtifact, fingerprint, save
from nlp_rnn.cli import run_script
from nlp_rnn.config import ModelConfig, TrainConfig
from nlp_rnn.files import load_corpus
from nlp_rnn.metrics import evaluate
from nlp_rnn.risk import CHECK_WORTHY, mask_digits
from nlp_rnn.text import TextTokenizer, cooccurrence_vectors, detokenize_treebank, split_sentences
from scripts.recipes.opinions import Labelled

OTHER = "other"
CLASSES = (OTHER, CHECK_WORTHY)
COLUMN = CLASSES.index(CHECK_WORTHY)
CLAIMBUSTER = "claimbuster"

SOURCES = {
    CLAIMBUSTER: "ClaimBuster: US presidential debates, labelled by people",
    "cures": "tweets on cancer and depression, of which some claim a cure",
    "prose": "public-domain prose, as claiming nothing",
    "facts": "WikiText-2, as check-worthy",
    "talk": "everyday sentences of Tatoeba, as claiming nothing",
}
PERSONAL = re.compile(r"\b(?:I|you|we|my|your|our|me|us)\b", re.IGNORECASE)

CARD = (Path(__file__).parent / "cards" / "claims.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Sets:
    """Texts to learn from and to choose on, by source; and text for vocabulary and word vectors."""

    train: dict[str, Labelled]
    validation: dict[str, Labelled]
    unlabelled: list[str]


@dataclass(frozen=True)
class SeedResult:
    """The result of one seed: its validation F1, its threshold, and the model with that moved to 0.5."""

    seed: int
    validation: float
    threshold: float
    artifact: TextArtifact[ModelConfig]


def main(
    data: Annotated[Path, typer.Option(help="Folder with claims/, text/ and parallel/.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = Path("runs/claims-en/model"),
    seeds: Annotated[str, typer.Option(help="Seeds to train, e.g. 0,1,2.")] = "0,1,2",
    prose: Annotated[int, typer.Option(min=100, help="Sentences of fiction, as claiming nothing.")] = 3000,
    facts: Annotated[int, typer.Option(min=0, help="Sentences of an encyclopaedia, as check-worthy.")] = 0,
    talk: Annotated[
        int, typer.Option(min=0, help="Everyday sentences in the first person, as claiming nothing.")
    ] = 0,
    test: Annotated[bool, typer.Option(help="Measure the test split, and save the best seed.")] = True,
    vocab_size: int = 6000,
    embedding_dim: int = 64,
    hidden_size: int = 48,
    max_epochs: int = 12,
) -> None:
    """Train, choose, measure, describe and save."""
    console = Console(stderr=True)
    tested = claimbuster(data, "test")
    sets = training_sets(data, avoid=tested[0], extra={"prose": prose, "facts": facts, "talk": talk})
    texts, labels = (list(chain(*parts)) for parts in zip(*sets.train.values(), strict=True))
    chosen_on = sets.validation[CLAIMBUSTER]
    tokenizer = TextTokenizer("word", vocab_size=vocab_size, min_count=3, max_tokens=256)
    tokenizer.train(sets.unlabelled)
    rows = tokenizer.encode_batch(sets.unlabelled)
    vectors = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size, dim=embedding_dim)
    runs: list[SeedResult] = []
    for seed in map(int, seeds.split(",")):
        classifier = TextClassifier(embedding_dim=embedding_dim, hidden_size=hidden_size, tokenizer=tokenizer)
        config = TrainConfig(
            max_epochs=max_epochs, patience=3, batch_size=32, batch_tokens=2048, learning_rate=2e-3,
            embedding_rate=0.3, dropout=0.4, embedding_dropout=0.1, ema_decay=0.99, class_weights="balanced",
            seed=seed,
        )  # fmt: skip
        classifier.fit(texts, labels, validation=chosen_on, classes=CLASSES, vectors=vectors, config=config)
        f1, threshold = best_threshold(probabilities(classifier, chosen_on[0]), chosen_on[1])
        runs.append(SeedResult(seed, f1, threshold, at_half(classifier.artifact, threshold)))
        console.print(f"seed {seed}: F1 {f1:.4f} on the validation sentences, threshold {threshold:.2f}")
    best = max(runs, key=lambda run: run.validation)
    figures: dict[str, Any] = {"kept": best.seed, "validation": {run.seed: run.validation for run in runs}}
    if test:
        figures |= measured(runs, best, tested, sets)
        card = describe(best, figures, len(tested[0]), sets)
        save(
            replace(best.artifact, card=card, notes={**best.artifact.notes, **figures}),
            output,
            dtype="float16",
        )
        figures["fingerprint"] = fingerprint(output)
    print(json.dumps(figures))


def probabilities(classifier: TextClassifier, texts: list[str]) -> NDArray[np.float32]:
    """Return the probability of check-worthy for each text."""
    return classifier.predict_proba(texts)[:, COLUMN]


def best_threshold(probs_N: NDArray[np.float32], labels: list[str]) -> tuple[float, float]:
    """Return the best F1 of check-worthy, weighted as if the classes were even, and its threshold."""
    positive_N = np.array(labels) == CHECK_WORTHY
    found: list[tuple[float, float]] = []
    for threshold in np.linspace(0.2, 0.8, 61).round(2).tolist():
        recall, alarms = (float((probs_N[part] >= threshold).mean()) for part in (positive_N, ~positive_N))
        found.append((2 * recall / (1 + recall + alarms), threshold))
    return max(found)


def at_half(artifact: TextArtifact[ModelConfig], threshold: float) -> TextArtifact[ModelConfig]:
    """Return the same model for its own task, with its threshold moved to 0.5."""
    bias = artifact.weights["output.bias"].copy()
    bias[COLUMN] -= artifact.temperature * math.log(threshold / (1 - threshold))
    return replace(artifact, task="check-worthiness", weights={**artifact.weights, "output.bias": bias})


def measured(runs: Sequence[SeedResult], best: SeedResult, tested: Labelled, sets: Sets) -> dict[str, Any]:
    """Return test figures of all seeds as they would ship, and what the best one calls check-worthy."""
    f1s: list[float] = []
    figures: dict[str, Any] = {}
    for run in runs:
        with TemporaryDirectory() as folder:
            classifier = TextClassifier.from_pretrained(save(run.artifact, folder, dtype="float16"))
        scores = evaluate(tested[1], classifier.predict_proba(tested[0]), CLASSES)
        precision, recall = float(scores.precision[COLUMN]), float(scores.recall[COLUMN])
        f1s.append(2 * precision * recall / (precision + recall))
        if run is best:
            figures |= {"f1": f1s[-1], "precision": precision, "recall": recall}
            figures["called"] = called(classifier, sets)
    return figures | {"f1_of_seeds": f1s, "mean": float(np.mean(f1s)), "spread": float(np.std(f1s))}


def called(classifier: TextClassifier, sets: Sets) -> dict[str, tuple[int, float]]:
    """Return the number of held-out sentences of each source and class, and the share called check-worthy."""
    found: dict[str, tuple[int, float]] = {}
    for name, (texts, labels) in sets.validation.items():
        probs_N = probabilities(classifier, texts)
        for label in sorted(set(labels)):
            part = probs_N[np.array(labels) == label]
            found[f"{name}: {label}"] = part.size, round(float((part >= 0.5).mean()), 4)
    return found


def describe(best: SeedResult, figures: dict[str, Any], tested: int, sets: Sets) -> str:
    """Return the model card."""
    return CARD.format(
        **{key: figures[key] for key in ("f1", "precision", "recall", "mean", "spread")},
        parameters=sum(weight.size for weight in best.artifact.weights.values()),
        version=__version__,
        n=tested,
        seed=best.seed,
        count=len(figures["f1_of_seeds"]),
        validation=best.validation,
        threshold=best.threshold,
        chosen=len(sets.validation[CLAIMBUSTER][0]),
        aside="\n".join(
            f"| {name} | {n:,} | {share:.1%} |" for name, (n, share) in figures["called"].items()
        ),
        sources="\n".join(f"| {SOURCES[name]} | {len(texts):,} |" for name, (texts, _) in sets.train.items()),
    )


def training_sets(data: Path, *, avoid: Sequence[str], extra: dict[str, int]) -> Sets:
    """Return all sentences, as the classifier reads them; those in ``avoid`` are left out."""
    rng = np.random.default_rng(0)
    seen = {key(text) for text in avoid}
    train: dict[str, Labelled] = {}
    validation: dict[str, Labelled] = {}

    def add(name: str, source: Labelled, share: float) -> None:
        pairs = [pair for pair in dict(zip(*source, strict=True)).items() if key(pair[0]) not in seen]
        order = rng.permutation(len(pairs)).tolist()
        border = round(share * len(pairs))
        for side, which in ((validation, order[:border]), (train, order[border:])):
            side[name] = [pairs[i][0] for i in which], [pairs[i][1] for i in which]

    def some(name: str, lines: list[str], label: str) -> list[str]:
        """Add as many sentences as are asked for, and a third as many again to choose on."""
        kept = [line for line in map(mask_digits, lines) if 4 <= len(line.split()) <= 40]
        chosen = [kept[i] for i in rng.permutation(len(kept))[: extra[name] * 4 // 3]]
        if chosen:
            add(name, (chosen, [label] * len(chosen)), 0.25)
        return kept

    add(CLAIMBUSTER, claimbuster(data, "train"), 0.12)
    add("cures", cures(data), 0.12)
    spoken = train[CLAIMBUSTER][0] + train["cures"][0]
    books = split_sentences(packed(data / "text/english_prose.txt.xz"))
    fiction = some("prose", books[: int(0.8 * len(books))], OTHER)
    wiki = packed(data / "text/wikitext2.train.txt.xz").replace(" @-@ ", "-").replace(" @,@ ", ",")
    facts = some("facts", [s for s in map(encyclopaedic, split_sentences(wiki)) if s], CHECK_WORTHY)
    everyday = column(data / "parallel/tatoeba_en_fr/train.parquet", "en")
    talk = some("talk", [text for text in everyday if PERSONAL.search(text)], OTHER)
    # The two labelled sets count most: their words should all be in the vocabulary.
    return Sets(train, validation, spoken * 10 + fiction[::3] + facts[::2] + talk[::2])


def encyclopaedic(sentence: str) -> str:
    """Return a sentence of WikiText-2 as people type it; "" for headings and where words are left out."""
    bare = detokenize_treebank(sentence.replace(" @.@ ", "."))
    return "" if "<unk>" in bare or "=" in bare else bare


def column(path: Path, name: str) -> list[str]:
    """Return one column of a Parquet file."""
    return load_corpus(path, text_column=name).texts


def claimbuster(data: Path, split: str) -> Labelled:
    """Return sentences of debates, as the classifier reads them."""
    return read(
        data / f"claims/claimbuster/{split}.parquet", "label", {name: name for name in CLASSES}, mask_digits
    )


def cures(data: Path) -> Labelled:
    """Return tweets as people type them: no placeholders, no names of emoji."""

    def typed(text: str) -> str:
        bare = re.sub(r"HTTPURL|\bRT\b|@USER\s*:?|:[a-z_]+:|^\W+(?=\w)", " ", text)
        return mask_digits(detokenize_treebank(bare))

    return read(
        data / "claims/cure_claims/train.parquet", "check_worthy", {True: CHECK_WORTHY, False: OTHER}, typed
    )


def read(path: Path, column: str, names: dict[Any, str], clean: Callable[[str], str]) -> Labelled:
    """Return texts and labels of one file."""
    corpus = load_corpus(path, text_column="text", label_column=column, label_map=dict(names))
    return [clean(text) for text in corpus.texts], list(corpus.labels or [])


def packed(path: Path) -> str:
    """Return the whole text of a packed file."""
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return stream.read()


def key(text: str) -> str:
    """Return a key that is equal for sentences that differ in case, spaces and punctuation only."""
    return re.sub(r"\W+", "", text.lower())


if __name__ == "__main__":
    run_script(main)
