"""Train the model that tells languages: ``python -m scripts.recipes.languages --data FOLDER``.

A first model, trained for one epoch, finds training texts whose label is wrong: English among tweets of other
languages, and the reverse. Then each seed is trained on what is left, thresholds are set on held-out texts,
and the test parts are measured once. The seed with the best held-out figure is saved. A model that stands in
``--work`` already is not trained again. Needs the extras ``train`` and ``words``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from nlp_rnn import TextClassifier, __version__
from nlp_rnn.artifact import TextArtifact, fingerprint, save
from nlp_rnn.classification import LanguageGuesser
from nlp_rnn.cli import run_script
from nlp_rnn.config import ModelConfig, TrainConfig
from nlp_rnn.text import TextTokenizer
from scripts.recipes.language_texts import (
    ENGLISH,
    HELD,
    MEASURED,
    SOURCES,
    TEST,
    TRAIN,
    Texts,
    latin,
    read_texts,
)
from scripts.recipes.made_texts import Changes, chat, salads

OTHER = "other"
LENGTHS = LanguageGuesser.LENGTHS
COUNTS = {
    ENGLISH: 70_000, "fr": 9000, "de": 9000, "es": 8000, "it": 8000, "pt": 8000, "nl": 8000, "tr": 7000,
    "ca": 5000, "eu": 5000, "hi": 4000, OTHER: 12_000,
}  # fmt: skip
"""Training texts of each language; those of ``other`` are of languages that there are not."""
UNTAUGHT = "cs da fi fil hu id is lt lv ms nb pl ro sh sk sl sv vi".split()
"""Languages of which words alone are known: they are ``other``, too."""
IN_SCRIPTS = ("ar", "ru", "zh")
SALADS = 1200  # of each language
LEAST_WORDS = 5  # of a sentence that should be known
ALLOWED = 0.0015  # of held-out English of each length, at most, to be taken for another language
FIRST = "first"
CARD = (Path(__file__).parent / "cards" / "languages.md").read_text(encoding="utf-8")

Pairs = list[tuple[str, str]]
Model = TextArtifact[ModelConfig]


@dataclass(frozen=True)
class Figures:
    """Shares of test texts: by language and kind, the number, and how many were called not English."""

    rows: dict[tuple[str, str], tuple[int, float]]

    def mean_error(self, *, english: bool) -> float:
        """Return the mean over kinds of the texts that went wrong."""
        rows = self.rows.items()
        shares = [share for (language, _), (_, share) in rows if (language == ENGLISH) == english]
        return float(np.mean(shares)) if english else 1.0 - float(np.mean(shares))


def main(
    data: Annotated[Path, typer.Option(help="Folder with multilingual/, parallel/, sentiment/ and text/.")],
    work: Annotated[Path, typer.Option(help="Folder for models on the way.")] = Path("runs/languages"),
    output: Annotated[Path, typer.Option(help="Where the model goes.")] = Path("runs/languages/model"),
    seeds: Annotated[str, typer.Option(help="Seeds to train, e.g. 0,1,2.")] = "0,1,2",
    vocab_size: int = 4000,
    embedding_dim: int = 24,
    hidden_size: int = 32,
    max_epochs: int = 2,
) -> None:
    """Train, choose, measure, describe and save."""
    console = Console(stderr=True)
    parts = {
        part: {key: own for key, texts in found.items() if (own := texts if part == TEST else latin(texts))}
        for part, found in read_texts(data).items()
    }
    shape = {"embedding_dim": embedding_dim, "hidden_size": hidden_size, "vocab_size": vocab_size}
    first = trained(work / FIRST, lambda: parts, seed=99, shape=shape, epochs=1, without=("hi",))
    console.print("the first model is ready")
    kept = cleaned(parts, first)
    runs: dict[int, tuple[Model, Figures]] = {}
    for seed in map(int, seeds.split(",")):
        model = trained(work / str(seed), lambda: kept, seed=seed, shape=shape, epochs=max_epochs)
        model = with_thresholds(model, kept[HELD])
        runs[seed] = model, measured(model, kept[HELD])
        console.print(f"seed {seed}: {report(runs[seed][1])}; thresholds {model.notes['thresholds']}")
    best = min(runs, key=lambda seed: runs[seed][1].mean_error(english=False))
    tests = {seed: measured(model, parts[TEST]) for seed, (model, _) in runs.items()}
    notes = {
        "thresholds": runs[best][0].notes["thresholds"],
        "seed": best,
        "tests": {f"{language}: {kind}": row for (language, kind), row in tests[best].rows.items()},
    }
    dropped = {key: len(parts[TRAIN][key]) - len(texts) for key, texts in kept[TRAIN].items()}
    card = describe(runs[best][0], best, tests, kept[TRAIN], dropped)
    save(replace(runs[best][0], card=card, notes=notes), output, dtype="int8")
    print(json.dumps({"seed": best, "fingerprint": fingerprint(output)}))


def trained(
    folder: Path,
    texts: Callable[[], dict[str, Texts]],
    *,
    seed: int,
    shape: dict[str, int],
    epochs: int,
    without: Sequence[str] = (),
) -> Model:
    """Return the model of a folder; train and save it there if there is none."""
    if not (folder / "config.json").is_file():
        counts = {language: count for language, count in COUNTS.items() if language not in without}
        parts = texts()
        train = examples(parts[TRAIN], parts[TRAIN], counts, seed)
        held = examples(
            parts[HELD], parts[TRAIN], {name: count // 12 for name, count in counts.items()}, seed + 1
        )
        tokenizer = TextTokenizer("subword", vocab_size=shape["vocab_size"], min_count=5, max_tokens=400)
        tokenizer.train(balanced(train))
        classifier = TextClassifier(
            cell="gru",
            embedding_dim=shape["embedding_dim"],
            hidden_size=shape["hidden_size"],
            tokenizer=tokenizer,
        )
        config = TrainConfig(
            max_epochs=epochs, batch_size=128, learning_rate=4e-3, ema_decay=0.99, dropout=0.2,
            label_smoothing=0.0, seed=seed,
        )  # fmt: skip
        classifier.fit(*_columns(train), validation=_columns(held), classes=list(counts), config=config)
        classifier.save_pretrained(folder, dtype="int8")
    return TextClassifier.from_pretrained(folder).artifact


def _columns(pairs: Pairs) -> tuple[list[str], list[str]]:
    return [text for text, _ in pairs], [label for _, label in pairs]


def balanced(pairs: Pairs) -> list[str]:
    """Return texts to make a vocabulary of: a third of English, two of the rest."""
    english = [text for text, label in pairs if label == ENGLISH]
    return english[:30_000] + [text for text, label in pairs if label != ENGLISH][:60_000]


def examples(texts: Texts, train: Texts, counts: dict[str, int], seed: int) -> Pairs:
    """Return texts with labels, drawn from all kinds of a language, cut and changed in many ways."""
    rng = random.Random(seed)
    changes = Changes(train, seed)
    found: Pairs = []
    for language, count in counts.items():
        pools = [own for (name, _), own in texts.items() if name == language]
        weights = [min(len(own), 4000) ** 0.7 for own in pools]
        for _ in range(count if pools else 0):
            text = changes.cropped(rng.choice(rng.choices(pools, weights)[0]))
            found.append((_changed(text, language, changes, rng.random()), language))
    pools = [own for (name, _), own in texts.items() if name in counts]
    for _ in range(counts[OTHER]):
        text = changes.invented(changes.cropped(rng.choice(rng.choice(pools))))
        found.append((text, OTHER))
    taught = [name for name in counts if name not in (OTHER, "eu", "hi")]
    share = counts[ENGLISH] / COUNTS[ENGLISH]
    for language, rows in salads([*taught, *UNTAUGHT], round(SALADS * share), seed).items():
        label = language if language in counts else OTHER
        found += [(_changed(row, label, changes, rng.random()), label) for row in rows]
    slang = chat(round(3000 * share), texts[ENGLISH, "Reddit comments"], seed)
    found += [(line, ENGLISH) for line in slang]
    rng.shuffle(found)
    return [(read, label) for text, label in found if (read := LanguageGuesser.as_read(text)).strip()]


def _changed(text: str, language: str, changes: Changes, drawn: float) -> str:
    """Return a text as it is, mostly, or changed in a way that leaves it in its language."""
    if drawn < 0.1:
        return changes.mixed(text, language)
    if drawn < 0.2 and language != ENGLISH:
        return changes.bare(text)
    return changes.misspelt(text) if drawn < 0.28 else text


def cleaned(parts: dict[str, Texts], first: Model) -> dict[str, Texts]:
    """Return training and held-out texts without those whose label the first model is sure is wrong."""
    guesser = LanguageGuesser(with_notes(first, [0.0] * len(LENGTHS)))
    found: dict[str, Texts] = {}
    for part in (TRAIN, HELD):
        found[part] = {}
        for (language, kind), texts in parts[part].items():
            probs = [each.english for each in guesser.guess_many(texts)]
            if language == ENGLISH:
                kept = [text for text, prob in zip(texts, probs, strict=True) if prob > 0.03]
            else:
                most = 0.4 if language == "hi" else 0.9
                kept = [text for text, prob in zip(texts, probs, strict=True) if prob < most]
            found[part][language, kind] = kept
    return found


def with_notes(model: Model, thresholds: list[float]) -> TextClassifier:
    """Return a classifier that has these thresholds."""
    classifier = TextClassifier(engine="numpy", threads=1)
    classifier._use(replace(model, notes={**model.notes, "thresholds": thresholds}))
    return classifier


def with_thresholds(model: Model, held: Texts) -> Model:
    """Return the model with a threshold for each length, at which few held-out English texts are lost.

    Each English text gives itself and its first words.
    """
    guesser = LanguageGuesser(with_notes(model, [0.0] * len(LENGTHS)))
    thresholds = []
    for least, more in zip(LENGTHS, (*LENGTHS[1:], 40), strict=True):
        texts = []
        for (language, _), own in held.items():
            if language == ENGLISH:
                words = [text.split() for text in own[:700]]
                texts += [" ".join(each[: more - 1]) for each in words if len(each) >= least]
        probs_N = np.array([each.english for each in guesser.guess_many(texts)])
        limit = float(np.quantile(probs_N, ALLOWED))
        thresholds.append(round(min(0.5, limit), 4))
    return replace(model, notes={**model.notes, "thresholds": np.maximum.accumulate(thresholds).tolist()})


def measured(model: Model, texts: Texts) -> Figures:
    """Return how many sentences of each language and kind are called not English."""
    guesser = LanguageGuesser(with_notes(model, model.notes["thresholds"]))
    rows: dict[tuple[str, str], tuple[int, float]] = {}
    for key, own in sorted(texts.items()):
        long = [text for text in own if key[0] == "zh" or len(text.split()) >= LEAST_WORDS]
        unread = [each.unread for each in guesser.guess_many(long)]
        if unread:
            rows[key] = len(unread), round(float(np.mean(unread)), 5)
    return Figures(rows)


def report(figures: Figures) -> str:
    """Return both errors in words."""
    return (
        f"English taken for another {figures.mean_error(english=True):.2%}, others taken for English "
        f"{figures.mean_error(english=False):.2%} (means over kinds)"
    )


def describe(
    model: Model,
    best: int,
    tests: dict[int, Figures],
    train: Texts,
    dropped: dict[tuple[str, str], int],
) -> str:
    """Return the model card."""
    rows: dict[bool, list[str]] = {True: [], False: []}
    for (language, kind), (count, unread) in tests[best].rows.items():
        right = 1 - unread if language == ENGLISH else unread
        name = kind if language == ENGLISH else f"{language}: {kind}"
        rows[language == ENGLISH].append(f"| {name} | {count:,} | {right:.2%} |")
    spread = {
        english: np.array([figures.mean_error(english=english) for figures in tests.values()]) * 100
        for english in (True, False)
    }
    return CARD.format(
        parameters=sum(weight.size for weight in model.weights.values()),
        tokens=model.config.vocab_size,
        version=__version__,
        seed=best,
        count=len(tests),
        english="\n".join(rows[True]),
        others="\n".join(rows[False]),
        english_errors=_mean(spread[True]),
        other_errors=_mean(spread[False]),
        thresholds=", ".join(f"{each:.3g}" for each in model.notes["thresholds"]),
        lengths=", ".join(map(str, LENGTHS)),
        sources=_sources(train, dropped),
        measured=", ".join(sorted({source.name for source in MEASURED})),
        untaught=", ".join(UNTAUGHT),
    )


def _mean(values: NDArray[np.float64]) -> str:
    spread = f" ± {values.std():.2f}" if len(values) > 1 else ""
    return f"{values.mean():.2f} %{spread}"


def _sources(train: Texts, dropped: dict[tuple[str, str], int]) -> str:
    """Return the rows of the card's table of sources."""
    licences = {source.name: source.licence for source in SOURCES}
    licences |= {
        "prose": "public domain", "plays": "public domain", "encyclopaedia": "CC BY-SA (WikiText-2)",
        "lists of names": "public domain", "code": "MIT (this package)",
    }  # fmt: skip
    rows = []
    for (language, kind), texts in sorted(train.items()):
        if language in COUNTS:
            gone = dropped[language, kind]
            rows.append(f"| {language} | {kind} | {len(texts):,} | {gone:,} | {licences[kind]} |")
    return "\n".join(rows)


if __name__ == "__main__":
    run_script(main)
