"""Who teaches the shipped classifiers: a small transformer for sentences, another and an NB-SVM for reviews.

A BiLSTM that learns what a transformer answers gets better than one that learns labels alone (Tang et al.
2019), most of all on texts that nobody labelled. The transformers are fine-tuned here on the training
mixture; they answer unlabelled reviews and training texts, and held-out reviews only to be weighed.

Shapes: N texts, B texts of a batch, T tokens, C classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from benchmarks.peers import NbSvm
from numpy.typing import NDArray

from nlp_rnn.artifact import fingerprint
from nlp_rnn.batch import Ids, pad, plan
from nlp_rnn.cli.common import progress_bar, training_bar
from nlp_rnn.config import LoopConfig
from nlp_rnn.errors import ArtifactError, require
from nlp_rnn.hub import model_folder
from nlp_rnn.metrics import evaluate
from nlp_rnn.probabilities import softmax
from nlp_rnn.sentiment.mixture import CLASSES, Mixture
from nlp_rnn.sentiment.opinions import Labelled
from nlp_rnn.text import sentences
from nlp_rnn.training.buckets import LengthBuckets
from nlp_rnn.training.loop import Trainer, seeded

F32 = NDArray[np.float32]

START = "sentence-transformers/all-MiniLM-L6-v2"  # 6 layers, 22 million parameters, Apache-2.0
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
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
_WINDOW = 70  # words
_LONGEST = 200  # tokens of a sentence
_LONGEST_REVIEW = 384
_HEAD = 0.25  # of a text that is too long; the rest is its end
_FROZEN = 2  # layers, and the embeddings below, that learn nothing from whole reviews
_BATCH_TOKENS = 4_096
_READ_AT_ONCE = 2_000  # texts
_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.1}


class Transformer:
    """A fine-tuned transformer that labels texts (extra ``teach``).

    Args:
        model: Of the library ``transformers``, for sequence classification.
        tokenizer: Its own.
        fingerprint: Of the weights; what was read is kept under it.
        longest: Tokens that are read of a text: of a longer one, its beginning and (more of) its end, as
            Sun et al. (2019, section 5.3.1) found best.
    """

    def __init__(self, model: Any, tokenizer: Any, fingerprint: str = "", longest: int = _LONGEST) -> None:
        self.model, self.tokenizer, self.fingerprint = model, tokenizer, fingerprint
        self.longest = longest

    @classmethod
    def load(cls, source: str | Path, *, longest: int = _LONGEST) -> Transformer:
        """From a folder, or a repository of the Hugging Face Hub; an encoder alone gets a new head.

        There is no dropout but before the head: it would take more than half of a training step on a CPU,
        and nothing is learned twice.

        Raises:
            ArtifactError: If there is no such model, or none built as BERT is.
            MissingExtraError: If the extra is not installed.
        """
        transformers = require("transformers", extra="teach")
        folder = model_folder(source, files=_FILES)
        if not folder.is_dir():
            raise ArtifactError(f"there is no folder {source}: give a transformer's, or an id of the Hub")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, num_labels=len(CLASSES), local_files_only=True, **_DROPOUT
            )
        except (OSError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ArtifactError(f"{source} holds no transformer that can be fine-tuned: {reason}") from None
        if getattr(model.base_model, "pooler", None) is None or not hasattr(model, "classifier"):
            raise ArtifactError(f"{source} is a {model.config.model_type}: give a BERT, which has a pooler")
        return cls(model, tokenizer, fingerprint(folder), longest)

    def freeze(self, layers: int) -> None:
        """Let the lowest layers and the embeddings learn nothing: with two of six, a third less work."""
        encoder = self.model.base_model
        for part in [encoder.embeddings, *encoder.encoder.layer[:layers]] if layers else []:
            part.requires_grad_(False)

    def save(self, folder: Path) -> None:
        """Write the folder that ``load`` reads; it is there once it is whole."""
        partial = folder.with_name(folder.name + ".partial")
        self.model.save_pretrained(partial)
        self.tokenizer.save_pretrained(partial)
        partial.rename(folder)

    def predict_proba(self, texts: Sequence[str]) -> F32:
        """Probabilities (N, C), columns as ``CLASSES``."""
        rows = self.rows(texts)
        logits_NC = np.empty((len(rows), len(CLASSES)), np.float32)
        self.model.eval()
        with torch.inference_mode():
            for which in plan([len(row) for row in rows], batch_tokens=_BATCH_TOKENS):
                logits_NC[which] = self.model(**self.batch(rows, which)).logits.cpu()
        return np.asarray(softmax(logits_NC))

    def quantized(self) -> Transformer:
        """The same with whole-number weights: about twice as fast, answers nearly the same."""
        linear = {torch.nn.Linear}
        small = torch.ao.quantization.quantize_dynamic(self.model, linear, dtype=torch.qint8)
        return Transformer(small, self.tokenizer, self.fingerprint, self.longest)

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, long ones without their middle."""
        if not texts:
            return []
        rows = self.tokenizer([text.replace("<br />", " ") for text in texts], verbose=False)["input_ids"]
        head = round(_HEAD * self.longest)
        tail = self.longest - head
        return [row if len(row) <= self.longest else row[:head] + row[-tail:] for row in map(list, rows)]

    def batch(self, rows: Sequence[Sequence[int]], which: Ids) -> dict[str, torch.Tensor]:
        """Some rows as the model takes them, where it is."""
        padded = pad(rows, pad_id=self.tokenizer.pad_token_id, which=which)
        ids_BT, lengths_B = torch.from_numpy(padded.ids_BT), torch.from_numpy(padded.lengths_B)
        mask_BT = (torch.arange(ids_BT.size(1)) < lengths_B[:, None]).long()
        device = self.model.device
        return {"input_ids": ids_BT.to(device), "attention_mask": mask_BT.to(device)}


class FineTuning(LengthBuckets):
    """What the training loop trains a transformer on: cross-entropy on length buckets of texts.

    Args:
        teacher: Trained in place.
        data: Texts and labels.
        validation: Named held-out sets; the mean of their macro recalls is the score.
        config: Seed, and texts in a batch.
    """

    def __init__(
        self, teacher: Transformer, data: Labelled, validation: Mapping[str, Labelled], config: LoopConfig
    ) -> None:
        self.teacher, self.validation = teacher, validation
        self.rows = teacher.rows(data[0])
        super().__init__(
            [len(row) for row in self.rows],
            batch_tokens=_BATCH_TOKENS,
            batch_size=config.batch_size,
            seed=config.seed,
        )
        self.targets_N = torch.tensor([CLASSES.index(label) for label in data[1]])

    def loss(self, model: torch.nn.Module, item: Ids) -> torch.Tensor:
        """Mean cross-entropy."""
        batch = self.teacher.batch(self.rows, item)
        targets_B = self.targets_N[item].to(batch["input_ids"].device)
        return cast(torch.Tensor, model(**batch, labels=targets_B).loss)

    def validate(self, model: torch.nn.Module) -> dict[str, float]:
        """Macro recall of each held-out set between its own classes, and their mean."""
        figures = {}
        for name, (texts, labels) in self.validation.items():
            present = [label for label in CLASSES if label in set(labels)]
            answers = self.teacher.predict_proba(texts)
            figures[name] = evaluate(labels, answers, CLASSES, only=present).macro_recall
        return figures | {"score": float(np.mean(list(figures.values())))}


def sentence_teacher(mixture: Mixture, start: str | Path, run: Path, *, seed: int) -> Transformer:
    """The transformer that learned the mixture's sentences in one epoch.

    It is made once for the same start and texts, in a folder of ``run`` that is named after them; a run that
    was stopped goes on.
    """
    texts, labels = mixture.training(seed=seed, rates=RATES)
    rng = np.random.default_rng(seed)
    texts = [_window(text, rng) for text in texts]
    held_out = {name: mixture.validation[name] for name in ("sst2", "sst3", "tweets", "templates")}
    return _fine_tuned((texts, labels), held_out, start, run, "sentences", seed=seed)


def review_teacher(mixture: Mixture, start: str | Path, run: Path, *, seed: int) -> Transformer:
    """The transformer that learned whole reviews in one epoch, its lowest layers left as they were.

    Kept and gone on with as ``sentence_teacher`` is.
    """
    held_out = {name: mixture.validation[name] for name in ("imdb", "counterfactual")}
    return _fine_tuned(labelled_reviews(mixture), held_out, start, run, "reviews", seed=seed)


_SETTINGS: dict[str, dict[str, Any]] = {
    "sentences": {"longest": _LONGEST, "frozen": 0, "learning_rate": 8e-5, "batch_size": 96},
    "reviews": {"longest": _LONGEST_REVIEW, "frozen": _FROZEN, "learning_rate": 7e-5, "batch_size": 16},
}


def _fine_tuned(
    data: Labelled, held_out: Mapping[str, Labelled], start: str | Path, run: Path, kind: str, *, seed: int
) -> Transformer:
    longest, frozen, learning_rate, batch_size = _SETTINGS[kind].values()
    folder = run / f"teacher-{kind}-{digest(str(start), *data[0], *data[1])}"
    if not (folder / "model").is_dir():
        config = LoopConfig(
            max_epochs=1,
            batch_size=batch_size,
            learning_rate=learning_rate,
            ema_decay=0.0,
            checkpoint_every=500,
            seed=seed,
        )
        with seeded(seed):
            teacher = Transformer.load(start, longest=longest)
        teacher.freeze(frozen)
        task = FineTuning(teacher, data, held_out, config)
        with training_bar("tokens/s") as progress:
            Trainer(teacher.model, task, config, output=folder, progress=progress).run(resume=True)
        teacher.save(folder / "model")
    return Transformer.load(folder / "model", longest=longest)


def digest(*texts: str) -> str:
    """A short name for some texts in their order."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:12]


def _window(text: str, rng: np.random.Generator) -> str:
    """Some words of a long review, in a row."""
    words = text.replace("<br />", " ").split()
    if len(words) <= 2 * _WINDOW:
        return text
    start = int(rng.integers(len(words) - _WINDOW + 1))
    return " ".join(words[start : start + _WINDOW])


class Teacher(Protocol):
    """Whatever labels texts with ``CLASSES``: a transformer, or a classifier that learned from one."""

    def predict_proba(self, texts: Sequence[str]) -> F32:
        """Probabilities (N, C)."""


class Remembered:
    """A transformer whose answers are kept in a folder, for the same weights and texts.

    Args:
        teacher: Who is asked once.
        folder: Where its answers lie.
    """

    def __init__(self, teacher: Transformer, folder: Path) -> None:
        self.teacher, self.folder = teacher, folder

    def predict_proba(self, texts: Sequence[str]) -> F32:
        """Probabilities (N, C), read from a file if there is one."""
        file = self.folder / f"answers-{digest(self.teacher.fingerprint, *texts)}.npz"
        if not file.is_file():
            parts: list[F32] = []
            with progress_bar("texts") as bar:
                task = bar.add_task("reading", total=len(texts))
                for start in range(0, len(texts), _READ_AT_ONCE):
                    parts.append(self.teacher.predict_proba(texts[start : start + _READ_AT_ONCE]))
                    bar.advance(task, len(parts[-1]))
            write(file, probs=np.concatenate(parts))
        with np.load(file) as found:
            return cast(F32, found["probs"])


def write(file: Path, **arrays: NDArray[Any]) -> None:
    """An ``.npz`` that is there once it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name("partial-" + file.name)
    np.savez(partial, **arrays)
    partial.rename(file)


def review_sentences(reviews: Sequence[str]) -> list[str]:
    """All sentences of some reviews that hold a word, in order."""
    found = (each.strip() for review in reviews for each in sentences(review.replace("<br />", "\n")))
    return [sentence for sentence in found if any(map(str.isalpha, sentence))]


def review_answers(
    train: Labelled, held_out: Labelled, reviews: Sequence[str], others: Sequence[Teacher]
) -> F32:
    """What an NB-SVM and other teachers together think of reviews that nobody labelled.

    How much each counts is a logistic regression of their margins on held-out reviews: of these the answers
    have learned no more than a weight for each teacher, and a threshold.

    Args:
        train: Reviews labelled ``negative`` and ``positive``, for the NB-SVM.
        held_out: More such reviews, that no teacher learned.
        reviews: Those to answer.
        others: The other teachers.

    Shape:
        (n reviews, 3), columns as ``CLASSES``; *neutral* is 0.
    """
    linear = require("sklearn.linear_model", extra="train")
    of_words = NbSvm.fit(*train)

    def margins(texts: Sequence[str]) -> NDArray[Any]:
        found = [of_words.margins(texts)]
        for teacher in others:
            logs_NC = np.log(np.maximum(teacher.predict_proba(texts), 1e-7))
            found.append(logs_NC[:, CLASSES.index("positive")] - logs_NC[:, CLASSES.index("negative")])
        return np.stack(found, axis=1)

    together = linear.LogisticRegression(C=1e3).fit(margins(held_out[0]), held_out[1])
    found_NC = np.zeros((len(reviews), len(CLASSES)), np.float32)
    found_NC[:, [CLASSES.index(name) for name in together.classes_]] = together.predict_proba(
        margins(reviews)
    )
    return found_NC


def labelled_reviews(mixture: Mixture) -> Labelled:
    """The film reviews to learn from, with those that people edited until their label flipped."""
    own, edited = mixture.sources["imdb"], mixture.sources["counterfactual"]
    return own[0] + edited[0], own[1] + edited[1]
