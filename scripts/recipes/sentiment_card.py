"""What the shipped model can do and cannot: its test figures and its model card.

Measures a classifier on the corpora's test splits and on the negation suite, after every choice was
made on validation splits; writes the figures and the limits into the model's folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nlp_rnn.artifact import Artifact
from nlp_rnn.config import ModelConfig
from nlp_rnn.metrics import evaluate
from nlp_rnn.sentiment import robustness
from nlp_rnn.sentiment.classifier import SentimentClassifier
from nlp_rnn.sentiment.negation import load_suite, run_suite
from nlp_rnn.sentiment.robustness import RobustnessReport
from nlp_rnn.training.curves import best_epoch
from scripts.recipes.mixture import CLASSES, RATES, Mixture, counterfactual_pairs, official_tests

_CARD = """\
---
language: en
license: mit
library_name: nlp-rnn
pipeline_tag: text-classification
---

# sentiment-en

A {layers}-layer {direction} {cell} of {parameters:.1f} million parameters ({embedding} of them word vectors)
that labels English text negative, neutral or positive. It runs in NumPy; nlp-rnn {version} trained it.

```python
from nlp_rnn import SentimentClassifier

SentimentClassifier.from_pretrained().predict(["Movie was not good"])
```

## Measured

| test set | texts | accuracy | macro recall | ECE |
|---|---|---|---|---|
{tests}

Two-class sets are measured between negative and positive alone. Recipe, epoch and {calibration}
were chosen on held-out splits, never on the test sets or the negation suite.

### Negation suite: {passed:.1%} of {cases} cases passed

| phenomenon | cases | failure rate |
|---|---|---|
{negation}

### What should not move the answer, and how often it does

| texts | changed | compared | another label | or a probability moved by over 0.1 |
|---|---|---|---|---|
{moved}

Pairs of reviews of which one is the other, edited until its label flips: both right in {pairs:.1%}.

## Trained on

{texts:,} texts an epoch ({epochs} epochs kept of {run}): all that is listed below, and {reviews:,} reviews
without labels. Some real texts got a typo, another name, place, number, gender or identity, or a link.

{taught}

| source | texts | times an epoch |
|---|---|---|
{sources}

Labelled texts that are also in a test or validation split were left out, whatever their spacing and
punctuation, and reviews without labels that begin as one of them does.
The templates are this project's own; words and short clauses of the training texts fill some of their slots.
The corpora are public research sets: the Large Movie Review data set,
the Stanford Sentiment Treebank, counterfactually augmented IMDb (Apache-2.0), Rotten Tomatoes snippets,
SemEval tweets, Multi-Domain Sentiment (Amazon), customer reviews, MPQA phrases, Yelp sentences,
subjectivity plots, Multi30k captions, WikiText-2 (CC BY-SA). None of their texts is in this folder. Several
state no licence and are for research use: whoever needs a model of clear provenance should retrain on data of
their own.

## Limits

- English only; text in another language gets an answer that means nothing.
- It judges what a text says, not what is true, and knows no irony.
- It was taught by reviews, tweets and short sentences: on news, law or medicine expect less.
- Of a long text it reads the first and the last {half} tokens.
- An empty text is read as one unknown word.
- Names, places and identities were balanced in the templates and swapped in some real texts, which helps and
  does not suffice (see above): do not use the answer to judge people.
- An unknown word that begins with a small letter, or a sentence, is read as the known one that is a single
  letter away: a rare word, or a name at the beginning of a sentence, may be taken for a common word. Two
  wrong letters in a word, and words in capitals, are not mended.
"""


def measure(classifier: SentimentClassifier, data: str | Path) -> dict[str, Any]:
    """Figures on every test set below ``data``, and on the negation suite.

    Raises:
        DataError: If a corpus is missing.
    """
    tests: dict[str, Any] = {}
    for name, (texts, labels) in official_tests(data).items():
        present = [label for label in CLASSES if label in set(labels)]
        scores = evaluate(labels, classifier.predict_proba(texts), CLASSES, only=present)
        tests[name] = {
            key: scores.to_dict()[key] for key in ("n", "accuracy", "macro_f1", "macro_recall", "ece")
        }
    report = run_suite(classifier.predict_proba, load_suite(), classes=CLASSES)
    return {
        "tests": tests,
        "negation": {"passed": report.pass_share, "rows": report.rows()},
        "robustness": measure_robustness(classifier, data).to_dict(),
    }


def measure_robustness(
    classifier: SentimentClassifier, data: str | Path, *, most: int = 2_000, seed: int = 0
) -> RobustnessReport:
    """How often identities, noise and other names move the answer, and edited pairs that are both right.

    Args:
        classifier: Three classes or two.
        data: Folder of corpora.
        most: Texts of each test set, drawn by ``seed``, which also draws the changes.
        seed: Of both.

    Raises:
        DataError: If a corpus is missing.
    """
    tests = official_tests(data)
    texts = {"sentences": tests["SST, three classes"][0], "reviews": tests["IMDb"][0]}
    edited = counterfactual_pairs(data)
    return robustness.measure(classifier, texts, edited=edited, most=most, seed=seed)


def describe(
    artifact: Artifact[ModelConfig],
    mixture: Mixture,
    figures: dict[str, Any],
    *,
    texts: int,
    taught: str,
    seconds: float,
) -> Artifact[ModelConfig]:
    """The artifact with its figures noted and its card written.

    Args:
        artifact: The model.
        mixture: What it was trained on.
        figures: Of ``measure``.
        texts: Texts in an epoch.
        taught: What it learned beside the labels: some sentences.
        seconds: That all its training took, the teachers' included.
    """
    from nlp_rnn.version import __version__

    config = artifact.config
    history = artifact.notes["history"]
    best = best_epoch(history)
    sources = {name: (len(texts), RATES[name]) for name, (texts, _) in mixture.sources.items()}
    rows = figures["negation"]["rows"]
    card = _CARD.format(
        layers="two" if config.num_layers == 2 else "one" if config.num_layers == 1 else config.num_layers,
        direction="bidirectional" if config.bidirectional else "one-way",
        cell=config.cell.upper(),
        parameters=sum(weight.size for weight in artifact.weights.values()) / 1e6,
        embedding=f"{artifact.weights['embedding.weight'].size / 1e6:.1f}",
        version=__version__,
        tests="\n".join(
            "| {} | {n:,} | {accuracy:.2%} | {macro_recall:.4f} | {ece:.4f} |".format(name, **test)
            for name, test in figures["tests"].items()
        ),
        calibration="a scale and a bias for each class"
        if artifact.notes["train"].get("calibration") == "classes"
        else f"temperature ({artifact.temperature:.3f})",
        passed=figures["negation"]["passed"],
        cases=rows[-1][1],
        negation="\n".join(f"| {name} | {cases} | {rate:.1%} |" for name, cases, _, rate in rows),
        moved="\n".join(
            f"| {title} | {kind} | {row['count']:,} | {row['flip_share']:.1%} | {row['move_share']:.1%} |"
            for title, rows in figures["robustness"]["moved"].items()
            for kind, row in rows.items()
        ),
        pairs=figures["robustness"]["pairs_both_right"],
        reviews=len(mixture.reviews),
        texts=texts,
        taught=taught,
        epochs=best["epoch"],
        run=len(history),
        sources="\n".join(f"| {name} | {count:,} | {rate} |" for name, (count, rate) in sources.items()),
        half=(artifact.tokenizer.max_tokens or 0) // 2,
    )
    notes = artifact.notes | {
        "figures": figures,
        "sources": sources,
        "taught": taught,
        "training_seconds": round(seconds),
    }
    return replace(artifact, card=card, notes=notes)
