#!/usr/bin/env python
"""Train the check-worthiness classifier: ``python scripts/train_claims.py --data FOLDER --output FOLDER``.

Three seeds are trained and measured; the one with the best validation score is kept. Validation sentences
are held out of the training splits, and the test split is only measured. Needs the extra ``train``.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from nlp_rnn import SentimentClassifier, __version__
from nlp_rnn.artifact import fingerprint, save
from nlp_rnn.config import TrainConfig
from nlp_rnn.cooccurrence import cooccurrence_vectors
from nlp_rnn.corpora import load_corpus
from nlp_rnn.generation.claims import CHECK_WORTHY, shaped
from nlp_rnn.metrics import evaluate
from nlp_rnn.text import detokenize_treebank, sentences
from nlp_rnn.tokenizer import TextTokenizer

OTHER = "other"
CLASSES = (OTHER, CHECK_WORTHY)
Labelled = tuple[list[str], list[str]]

SOURCES = {
    "claimbuster": "ClaimBuster (presidential debates)",
    "cures": "tweets on cancer and depression",
    "prose": "public-domain prose, as claiming nothing",
    "facts": "WikiText-2, as check-worthy",
    "talk": "everyday sentences of Tatoeba (CC BY 2.0 FR), as claiming nothing",
}
PERSONAL = re.compile(r"\b(?:I|you|we|my|your|our|me|us)\b", re.IGNORECASE)

CARD = """\
---
language: en
license: mit
library_name: nlp-rnn
pipeline_tag: text-classification
---

# claims-en

A bidirectional LSTM of {parameters:,} parameters that says how much an English sentence reads like one a
fact-checker would look into. It does not know whether a sentence is true. nlp-rnn {version} trained it.

| ClaimBuster test, {n} sentences | seed {seed} (this one) | {count} seeds, mean ± standard deviation |
|---|---|---|
| F1 of check-worthy | {f1:.3f} | {mean:.3f} ± {spread:.3f} |
| precision / recall of check-worthy | {precision:.3f} / {recall:.3f} | |

Sentences of held-out public-domain prose called check-worthy: {alarms:.1%} of {prose:,}.

Trained on {sources}; word vectors from all of these and WikiText-2 (CC BY-SA). None of their texts is in this
folder. Seed and epoch were chosen on sentences held out of the training splits, before the test was measured.

Limits: English, one sentence at a time, spoken politics above all; digits are read as zeros.
"""


def main(
    data: Annotated[Path, typer.Option(help="Folder with claims/ and text/.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")],
    seeds: Annotated[str, typer.Option(help="Seeds to train, e.g. 0,1,2.")] = "0,1,2",
    prose: Annotated[int, typer.Option(min=100, help="Sentences of fiction, as claiming nothing.")] = 3000,
    facts: Annotated[int, typer.Option(help="Sentences of an encyclopaedia, as check-worthy.")] = 0,
    talk: Annotated[
        int, typer.Option(help="Everyday sentences in the first person, as claiming nothing.")
    ] = 0,
    vocab_size: int = 6000,
    embedding_dim: int = 64,
    hidden_size: int = 48,
    max_epochs: int = 12,
) -> None:
    """Train, choose, measure, describe and save."""
    console = Console(stderr=True)
    test = claimbuster(data, "test")
    train, validation, unlabelled = training_sets(
        data, avoid=test[0], extra={"prose": prose, "facts": facts, "talk": talk}
    )
    tokenizer = TextTokenizer("word", vocab_size=vocab_size, min_count=3, max_tokens=256).train(unlabelled)
    rows = tokenizer.encode_batch(unlabelled)
    vectors = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size, dim=embedding_dim)
    runs: list[tuple[float, int, SentimentClassifier, dict[str, float]]] = []
    for seed in map(int, seeds.split(",")):
        classifier = SentimentClassifier(
            embedding_dim=embedding_dim, hidden_size=hidden_size, tokenizer=tokenizer
        )
        config = TrainConfig(
            max_epochs=max_epochs, patience=3, batch_size=32, batch_tokens=2048, learning_rate=2e-3,
            embedding_rate=0.3, dropout=0.4, embedding_dropout=0.1, ema_decay=0.99, class_weights="balanced",
            seed=seed,
        )  # fmt: skip
        classifier.fit(*train, validation=validation, classes=CLASSES, vectors=vectors, config=config)
        chosen = max(
            (epoch["validation"] for epoch in classifier.artifact.notes["history"]), key=itemgetter("score")
        )
        runs.append((chosen["score"], seed, classifier, f1_of(classifier, test)))
        console.print(f"seed {seed}: validation", chosen, "test", runs[-1][3])
    _, seed, best, figures = max(runs, key=lambda run: run[0])
    f1s = [run[3]["f1"] for run in runs]
    aside = validation["prose"][0]
    alarms = float((best.predict(aside) == CHECK_WORTHY).mean())
    card = CARD.format(
        parameters=sum(w.size for w in best.artifact.weights.values()), version=__version__, n=len(test[0]),
        seed=seed, count=len(f1s), mean=np.mean(f1s), spread=np.std(f1s), alarms=alarms, prose=len(aside),
        sources=", ".join(SOURCES[name] for name in validation), **figures,
    )  # fmt: skip
    notes = {**best.artifact.notes, "test": figures, "test_f1_of_seeds": f1s, "prose_alarms": alarms}
    save(replace(best.artifact, card=card, notes=notes), output, dtype="float16")
    summary = {"f1_of_seeds": f1s, "mean": float(np.mean(f1s)), "spread": float(np.std(f1s)), "kept": seed}
    print(json.dumps({**summary, **figures, "prose_alarms": alarms, "fingerprint": fingerprint(output)}))


def f1_of(classifier: SentimentClassifier, test: Labelled) -> dict[str, float]:
    """Precision, recall and F1 of check-worthy."""
    scores = evaluate(test[1], classifier.predict_proba(test[0]), CLASSES)
    column = CLASSES.index(CHECK_WORTHY)
    precision, recall = float(scores.precision[column]), float(scores.recall[column])
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


def training_sets(
    data: Path, *, avoid: Sequence[str], extra: dict[str, int]
) -> tuple[Labelled, dict[str, Labelled], list[str]]:
    """What to learn from, what to choose on, and text for vocabulary and word vectors."""
    rng = np.random.default_rng(0)
    seen = {key(text) for text in avoid}
    train: Labelled = ([], [])
    validation: dict[str, Labelled] = {}

    def add(name: str, source: Labelled, share: float) -> None:
        pairs = [pair for pair in dict(zip(*source, strict=True)).items() if key(pair[0]) not in seen]
        order = rng.permutation(len(pairs))
        held = set(order[: round(share * len(pairs))].tolist())
        sides: tuple[Labelled, Labelled] = ([], []), train
        for i, (text, label) in enumerate(pairs):
            texts, labels = sides[i not in held]
            texts.append(text)
            labels.append(label)
        validation[name] = sides[0]

    def some(name: str, lines: list[str], label: str) -> list[str]:
        """Add as many sentences as are asked for, and a third as many again to choose on."""
        kept = [line for line in map(shaped, lines) if 4 <= len(line.split()) <= 40]
        chosen = [kept[i] for i in rng.permutation(len(kept))[: extra[name] * 4 // 3]]
        if chosen:
            add(name, (chosen, [label] * len(chosen)), 0.25)
        return kept

    add("claimbuster", claimbuster(data, "train"), 0.12)
    add("cures", cures(data), 0.12)
    said = train[0] + train[0]
    books = sentences(packed(data / "text/english_prose.txt.xz"))
    fiction = some("prose", books[: int(0.8 * len(books))], OTHER)
    wiki = packed(data / "text/wikitext2.train.txt.xz").replace(" @-@ ", "-").replace(" @,@ ", ",")
    facts = some("facts", [s for s in map(encyclopaedic, sentences(wiki)) if s], CHECK_WORTHY)
    if extra["talk"]:
        path = data / "parallel/tatoeba_en_fr/train.parquet"
        some("talk", [text for text in column(path, "en") if PERSONAL.search(text)], OTHER)
    return train, validation, said + fiction + facts


def encyclopaedic(sentence: str) -> str:
    """A sentence of WikiText-2 as people type it; empty for headings and where rare words are left out."""
    bare = detokenize_treebank(sentence.replace(" @.@ ", "."))
    return "" if "<unk>" in bare or "=" in bare else bare


def column(path: Path, name: str) -> list[str]:
    """One column of a Parquet file."""
    return load_corpus(path, text_column=name).texts


def claimbuster(data: Path, split: str) -> Labelled:
    """Sentences of debates, as the classifier reads them."""
    return read(
        data / f"claims/claimbuster/{split}.parquet", "label", {name: name for name in CLASSES}, shaped
    )


def cures(data: Path) -> Labelled:
    """Tweets as people type them: no place-holders, no names of emoji."""

    def typed(text: str) -> str:
        bare = re.sub(r"HTTPURL|\bRT\b|@USER\s*:?|:[a-z_]+:|^\W+(?=\w)", " ", text)
        return shaped(detokenize_treebank(bare))

    return read(
        data / "claims/cure_claims/train.parquet", "check_worthy", {True: CHECK_WORTHY, False: OTHER}, typed
    )


def read(path: Path, column: str, names: dict[Any, str], clean: Callable[[str], str]) -> Labelled:
    """Texts and labels of one file."""
    corpus = load_corpus(path, text_column="text", label_column=column, label_map=dict(names))
    return [clean(text) for text in corpus.texts], list(corpus.labels or [])


def packed(path: Path) -> str:
    """The whole of a packed text file."""
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return stream.read()


def key(text: str) -> str:
    """What makes two sentences the same."""
    return re.sub(r"\W+", "", text.lower())


if __name__ == "__main__":
    typer.run(main)
