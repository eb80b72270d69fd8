"""The teacher of the shipped classifiers: a small transformer, fine-tuned on the mixture's sentences.

It answers unlabelled reviews and training texts, never one that is held out. Needs the extra ``teach``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nlp_rnn.cli import progress_bar, training_bar
from nlp_rnn.distillation import TransformerClassifier, crop_texts, default_config, digest
from scripts.recipes.mixture import CLASSES, Mixture

START = "sentence-transformers/all-MiniLM-L6-v2"  # 6 layers, 22 million parameters, Apache-2.0
# Share of each source that the transformer learns; of long reviews a window.
RATES = {
    "imdb": 0.25,
    "counterfactual": 1.0,
    "sst_sentences": 2.0,
    "sst_phrases": 0.35,
    "rotten_tomatoes": 1.0,
    "tweets": 0.6,
    "tweets_negative": 0.5,
    "amazon": 0.4,
    "customer_reviews": 1.0,
    "mpqa": 0.3,
    "yelp": 0.3,
    "plots": 0.4,
    "captions": 0.1,
    "encyclopedia": 0.4,
    "templates": 0.13,
    "nothing": 0.3,
}
HELD_OUT = ("sst2", "sst3", "tweets", "templates")


def sentence_teacher(mixture: Mixture, start: str | Path, run: Path, *, seed: int) -> TransformerClassifier:
    """Return the transformer that learned the mixture's sentences in one epoch.

    It is made once for the same start and texts, in a folder of ``run`` that is named after them; a run that
    was stopped goes on, where the processor has 16-bit products as before.
    """
    texts, labels = mixture.training(seed=seed, rates=RATES)
    texts = crop_texts(texts, seed=seed)
    folder = run / f"teacher-{digest(str(start), *texts, *labels)}"
    if not (folder / "model").is_dir():
        teacher = TransformerClassifier.from_pretrained(start, classes=CLASSES, seed=seed)
        with training_bar("tokens/s") as progress:
            teacher.fit(
                texts,
                labels,
                validation={name: mixture.validation[name] for name in HELD_OUT},
                config=default_config(seed=seed),
                output=folder,
                resume=True,
                progress=progress,
            )
        teacher.save_pretrained(folder / "model")
    return TransformerClassifier.from_pretrained(folder / "model")


@contextmanager
def reading_bar() -> Iterator[Callable[[int, int], None]]:
    """Show how many reviews were read; give the callback that moves the bar."""
    with progress_bar("reviews") as bar:
        task = bar.add_task("reading", total=None)
        yield lambda read, total: bar.update(task, completed=read, total=total)
