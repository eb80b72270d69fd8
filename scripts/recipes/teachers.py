"""Who teaches the shipped classifiers: a small transformer for sentences, and for reviews several together.

A BiLSTM that learns what a transformer answers gets better than one that learns labels alone (Tang et al.
2019), most of all on texts that nobody labelled. The transformer is fine-tuned here on the training mixture;
it answers unlabelled reviews and training texts, never one that is held out.

Shapes: N texts, S sentences, T tokens, H hidden units, C classes, F features of a review.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import fingerprint
from nlp_rnn.batch import Ids, pad, plan
from nlp_rnn.cli.common import progress_bar, training_bar
from nlp_rnn.config import LoopConfig
from nlp_rnn.errors import ArtifactError, require
from nlp_rnn.hub import model_folder
from nlp_rnn.metrics import evaluate
from nlp_rnn.probabilities import softmax
from nlp_rnn.text.sentences import sentences
from nlp_rnn.training.buckets import LengthBuckets
from nlp_rnn.training.loop import Trainer, seeded
from scripts.recipes.mixture import CLASSES, Mixture
from scripts.recipes.opinions import Labelled

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
# One epoch over-fits nothing, and drawing the masks takes a CPU as long as the rest of a step.
_NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
_WINDOW = 70  # words
_LONGEST = 200  # tokens
_BATCH_TOKENS, _READ_TOKENS = 2_560, 4_096
_READ_AT_ONCE = 2_000  # reviews


class Transformer:
    """A fine-tuned transformer that labels sentences (extra ``teach``).

    Args:
        model: Of the library ``transformers``, for sequence classification.
        tokenizer: Its own.
        fingerprint: Of the weights; what was read is kept under it.
    """

    def __init__(self, model: Any, tokenizer: Any, fingerprint: str = "") -> None:
        self.model, self.tokenizer, self.fingerprint = model, tokenizer, fingerprint

    @classmethod
    def load(cls, source: str | Path) -> Transformer:
        """From a folder, or a repository of the Hugging Face Hub; an encoder alone gets a new head.

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
            config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
            config.update({"num_labels": len(CLASSES), **_NO_DROPOUT})
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, config=config, local_files_only=True
            )
        except (OSError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ArtifactError(f"{source} holds no transformer that can be fine-tuned: {reason}") from None
        if getattr(model.base_model, "pooler", None) is None or not hasattr(model, "classifier"):
            raise ArtifactError(f"{source} is a {model.config.model_type}: give a BERT, which has a pooler")
        return cls(model, tokenizer, fingerprint(folder))

    def save(self, folder: Path) -> None:
        """Write the folder that ``load`` reads; it is there once it is whole."""
        partial = folder.with_name(folder.name + ".partial")
        self.model.save_pretrained(partial)
        self.tokenizer.save_pretrained(partial)
        partial.rename(folder)

    def read(self, texts: Sequence[str]) -> tuple[F32, F32]:
        """Logits (N, C), and what the head saw (N, H)."""
        rows = self.rows(texts)
        logits_NC = np.empty((len(rows), len(CLASSES)), np.float32)
        pooled_NH = np.empty((len(rows), self.model.config.hidden_size), np.float32)
        self.model.eval()
        with torch.inference_mode():
            for which in plan([len(row) for row in rows], batch_tokens=_READ_TOKENS):
                pooled_BH = self.model.base_model(**self.batch(rows, which)).pooler_output
                logits_NC[which] = self.model.classifier(pooled_BH).cpu()
                pooled_NH[which] = pooled_BH.cpu()
        return logits_NC, pooled_NH

    def predict_proba(self, texts: Sequence[str]) -> F32:
        """Probabilities (N, C), columns as ``CLASSES``."""
        return np.asarray(softmax(self.read(texts)[0]))

    def quantized(self) -> Transformer:
        """The same with whole-number weights: about twice as fast, answers nearly the same."""
        linear = {torch.nn.Linear}
        small = torch.ao.quantization.quantize_dynamic(self.model, linear, dtype=torch.qint8)
        return Transformer(small, self.tokenizer, self.fingerprint)

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, long ones cut."""
        if not texts:
            return []
        found = self.tokenizer(list(texts), truncation=True, max_length=_LONGEST)
        return [list(row) for row in found["input_ids"]]

    def batch(self, rows: Sequence[Sequence[int]], which: Ids) -> dict[str, torch.Tensor]:
        """Some rows as the model takes them, where it is."""
        padded = pad(rows, pad_id=self.tokenizer.pad_token_id, which=which)
        ids_BT, lengths_B = torch.from_numpy(padded.ids_BT), torch.from_numpy(padded.lengths_B)
        mask_BT = (torch.arange(ids_BT.size(1)) < lengths_B[:, None]).long()
        device = self.model.device
        return {"input_ids": ids_BT.to(device), "attention_mask": mask_BT.to(device)}


class SentenceTask(LengthBuckets):
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
            answers = Transformer(model, self.teacher.tokenizer).predict_proba(texts)
            figures[name] = evaluate(labels, answers, CLASSES, only=present).macro_recall
        return figures | {"score": float(np.mean(list(figures.values())))}


def sentence_teacher(mixture: Mixture, start: str | Path, run: Path, *, seed: int) -> Transformer:
    """The transformer that learned the mixture's sentences in one epoch.

    It is made once for the same start and texts, in a folder of ``run`` that is named after them; a run that
    was stopped goes on, where the processor has 16-bit products as before.
    """
    texts, labels = mixture.training(seed=seed, rates=RATES)
    rng = np.random.default_rng(seed)
    texts = [_window(text, rng) for text in texts]
    folder = run / f"teacher-{digest(str(start), str(_NO_DROPOUT), *texts, *labels)}"
    if (folder / "model").is_dir():
        return Transformer.load(folder / "model")
    config = LoopConfig(
        max_epochs=1,
        batch_size=96,
        learning_rate=8e-5,
        ema_decay=0.0,
        precision="bf16" if _has_bf16() else "no",
        checkpoint_every=500,
        seed=seed,
    )
    with seeded(seed):
        teacher = Transformer.load(start)
    held_out = {name: mixture.validation[name] for name in ("sst2", "sst3", "tweets", "templates")}
    task = SentenceTask(teacher, (texts, labels), held_out, config)
    with training_bar("tokens/s") as progress:
        Trainer(teacher.model, task, config, output=folder, progress=progress).run(resume=True)
    teacher.save(folder / "model")
    return Transformer.load(folder / "model")


def _has_bf16() -> bool:
    """Whether 16-bit products are faster here than 32-bit ones; an older torch cannot tell."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


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


def review_features(reviews: Sequence[str], teacher: Transformer, folder: Path) -> F32:
    """What a transformer saw of each review's sentences: (N, F).

    The mean, the last and the largest of what the head saw of the sentences, the mean of its answers, and
    those to the first and the last one. Read once for the same reviews and teacher; kept in ``folder``.
    """
    file = folder / f"read-{digest(teacher.fingerprint, *reviews)}.npz"
    if not file.is_file():
        parts = []
        with progress_bar("reviews") as bar:
            task = bar.add_task("reading", total=len(reviews))
            for start in range(0, len(reviews), _READ_AT_ONCE):
                some = [sentences_of(review) for review in reviews[start : start + _READ_AT_ONCE]]
                read = teacher.read([sentence for own in some for sentence in own])
                parts.append(_features(*read, [len(own) for own in some]))
                bar.advance(task, len(some))
        write(file, features=np.concatenate(parts).astype(np.float16))
    with np.load(file) as found:
        return cast(F32, found["features"].astype(np.float32))


def write(file: Path, **arrays: NDArray[Any]) -> None:
    """An ``.npz`` that is there once it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name("partial-" + file.name)
    np.savez(partial, **arrays)
    partial.rename(file)


def sentences_of(review: str) -> list[str]:
    """The sentences of a review that hold a word; at least one."""
    found = [sentence.strip() for sentence in sentences(review.replace("<br />", "\n"))]
    return [sentence for sentence in found if any(map(str.isalpha, sentence))] or [review]


def _features(logits_SC: F32, pooled_SH: F32, counts: Sequence[int]) -> F32:
    """Of each review, from those of its sentences: (N, F)."""
    ends_N = np.cumsum(counts)
    starts_N, sizes_N1 = ends_N - counts, np.array(counts)[:, None]
    probs_SC = softmax(logits_SC)
    parts = [
        np.add.reduceat(pooled_SH, starts_N) / sizes_N1,
        pooled_SH[ends_N - 1],
        np.maximum.reduceat(pooled_SH, starts_N),
        np.add.reduceat(probs_SC, starts_N) / sizes_N1,
        probs_SC[starts_N],
        probs_SC[ends_N - 1],
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


Judge = Callable[[Sequence[str]], NDArray[Any]]
"""Margins of reviews, *shape (N,)*, positive above 0."""


def labelled_reviews(mixture: Mixture) -> Labelled:
    """The film reviews to learn from, with those that people edited until their label flipped."""
    own, edited = mixture.sources["imdb"], mixture.sources["counterfactual"]
    return own[0] + edited[0], own[1] + edited[1]


def judge_of_features(train: Labelled, teacher: Transformer, folder: Path) -> Judge:
    """A logistic regression of what a transformer saw of the sentences of labelled reviews."""
    linear = require("sklearn.linear_model", extra="train")
    scaler = require("sklearn.preprocessing", extra="train").StandardScaler()
    pipeline = require("sklearn.pipeline", extra="train")
    model = pipeline.make_pipeline(scaler, linear.LogisticRegression(C=0.003, max_iter=500))
    model.fit(review_features(train[0], teacher, folder), train[1])
    return lambda texts: model.decision_function(review_features(texts, teacher, folder))


def judge_of_student(student: SentimentClassifier) -> Judge:
    """A classifier that learned from other teachers: its log odds.

    Raises:
        ArtifactError: If its classes are not ``CLASSES``.
    """
    if tuple(student.classes_) != CLASSES:
        found = ", ".join(student.classes_)
        raise ArtifactError(f"the model to start from answers {found}: give one for {', '.join(CLASSES)}")
    negative, positive = CLASSES.index("negative"), CLASSES.index("positive")

    def margins(texts: Sequence[str]) -> NDArray[Any]:
        logs_NC = np.log(np.maximum(student.predict_proba(texts), 1e-7))
        return np.asarray(logs_NC[:, positive] - logs_NC[:, negative])

    return margins


def review_answers(judges: Sequence[Judge], held_out: Labelled, reviews: Sequence[str]) -> F32:
    """What several judges together think of reviews that nobody labelled.

    How much each counts is a logistic regression of their margins on held-out reviews: of these the answers
    have learned no more than a weight for each judge, and a threshold.

    Args:
        judges: That learned from other reviews than the held-out ones.
        held_out: Reviews labelled ``negative`` and ``positive``.
        reviews: Those to answer.

    Shape:
        (n reviews, 3), columns as ``CLASSES``; *neutral* is 0.
    """
    linear = require("sklearn.linear_model", extra="train")
    known_NJ, asked_NJ = (
        np.stack([judge(texts) for judge in judges], axis=1) for texts in (held_out[0], reviews)
    )
    together = linear.LogisticRegression(C=1e3).fit(known_NJ, held_out[1])
    found_NC = np.zeros((len(reviews), len(CLASSES)), np.float32)
    columns = [CLASSES.index(name) for name in together.classes_]
    found_NC[:, columns] = together.predict_proba(asked_NJ)
    return found_NC
