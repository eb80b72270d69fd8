"""The systems that are compared: how each is trained, loaded and used, and its size on disk.

Those that learn are trained once per run into a folder, from which any process can load them.
"""

from __future__ import annotations

import io
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.measure import Row, cores
from nlp_rnn import SentimentClassifier, sentiment
from nlp_rnn.errors import DataError, InputError, NlpRnnError, require
from nlp_rnn.folder import FILES
from nlp_rnn.hub import model_folder
from nlp_rnn.probabilities import has_polarity, polarity
from nlp_rnn.resources import SENTIMENT_MODEL
from nlp_rnn.sentiment import LABELS, ROUNDING, TOKEN, score_proba, vader_predict_proba

Reviews = tuple[list[str], list[str]]

_MARKUP = re.compile(r"<br\s*/?>")


class System(ABC):
    """One system that labels texts by a score in [-1, 1].

    Attributes:
        name: What the report calls it.
        neutral_below: A score nearer to 0 than this means neutral; 0 for a system of two classes.
        classes: Names of the columns of ``predict_proba``.
        files: Its model or its lexicon.
        trained_seconds: Training time, where it is noted in the model.
    """

    name: ClassVar[str]
    neutral_below: ClassVar[float] = 0.0
    classes: Sequence[str] = LABELS
    files: tuple[Path, ...]
    trained_seconds: float | None = None

    @classmethod
    def train(cls, reviews: Reviews, folder: Path) -> str | None:
        """Train into ``folder`` and say how; None if there is nothing to train.

        Raises:
            MissingExtraError: If its library is not installed.
        """
        return None

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Load what ``train`` wrote; ours from the saved ``model``, or the shipped one.

        Raises:
            NlpRnnError: If it cannot be loaded; says why.
        """

    @abstractmethod
    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return P(positive) - P(negative). Shape: (n,)."""

    def predict_proba(self, texts: Sequence[str]) -> ArrayLike:
        """Return probabilities. Shape: (n, number of classes)."""
        return score_proba(self.score(texts), self.neutral_below)

    def label(self, texts: Sequence[str]) -> list[str]:
        """Return the likelier of ``negative`` and ``positive``, whatever other classes there are."""
        return ["positive" if score > 0 else "negative" for score in self.score(texts)]

    def classify(self, text: str) -> object:
        """Return the answer for one text, as a user would ask for it."""
        return self.label([text])


class NumpyEngine(System):
    """Our model, computed in NumPy."""

    name = "nlp_rnn, NumPy engine"
    _engine = "numpy"

    def __init__(self, classifier: SentimentClassifier, folder: Path) -> None:
        """Take a loaded classifier, and where it lies."""
        self._classifier, self.files = classifier, (folder,)
        self.classes = classifier.classes_.tolist()
        if not has_polarity(self.classes):
            raise InputError(
                f"the model's classes are {', '.join(self.classes)}; "
                "only one with negative and positive can be compared: name another by --model"
            )
        self.trained_seconds = classifier.artifact.notes.get("training_seconds")

    @classmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Load the saved model; ``folder`` has no part of it."""
        where = SENTIMENT_MODEL if model is None else model_folder(model, files=FILES)
        return cls(SentimentClassifier.from_pretrained(where, engine=cls._engine), where)

    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the polarity of the probabilities."""
        return polarity(self.predict_proba(texts), self.classes)

    def predict_proba(self, texts: Sequence[str]) -> ArrayLike:
        """Return the model's own probabilities."""
        return self._classifier.predict_proba(texts)

    def classify(self, text: str) -> object:
        """Return the model's own answer."""
        return self._classifier.classify(text)


class TorchEngine(NumpyEngine):
    """Our model, computed in torch."""

    name = "nlp_rnn, torch engine"
    _engine = "torch"


class Vader(System):
    """VADER (Hutto & Gilbert 2014), a lexicon with rules; ``vader_predict_proba`` says how it is read."""

    name = "VADER"

    def __init__(self) -> None:
        """Read the lexicon."""
        self._predict_proba = vader_predict_proba()
        package = require("vaderSentiment", extra="bench")
        self.files = tuple(Path(package.__file__).parent.glob("*.txt"))

    @classmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Load it from its package."""
        return cls()

    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return VADER's ``compound``."""
        return polarity(self.predict_proba(texts), LABELS)

    def predict_proba(self, texts: Sequence[str]) -> ArrayLike:
        """Return probabilities with VADER's own limits of neutral."""
        return self._predict_proba(list(texts))


class NbSvm(System):
    """NB-SVM (Wang & Manning 2012); its score is that of a logistic of its margin, not calibrated."""

    name = "NB-SVM"
    _FILE = "nbsvm.npz"

    def __init__(self, path: Path) -> None:
        """Read a model."""
        self._model, self.files = sentiment.NbSvm.load(path), (path,)

    @classmethod
    def train(cls, reviews: Reviews, folder: Path) -> str:
        """Train into one ``.npz``."""
        model = sentiment.NbSvm().fit(*reviews)
        model.save(folder / cls._FILE)
        return f"{len(reviews[0]):,} reviews, {len(model.grams):,} n-grams, one thread"

    @classmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Read what ``train`` wrote."""
        require("sklearn", extra="bench")
        return cls(_trained(folder / cls._FILE))

    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return 2 logistic(margin) - 1."""
        return np.asarray(np.tanh(self._model.margins(texts) / 2))


class FastText(System):
    """fastText with the settings of Joulin et al. (2016) for bigrams: 10 dimensions, 5 epochs."""

    name = "fastText"
    _FILE = "fasttext.bin"

    def __init__(self, path: Path) -> None:
        """Read a model."""
        self._model = require("fasttext", extra="bench").load_model(str(path))
        self.files = (path,)

    @classmethod
    def train(cls, reviews: Reviews, folder: Path) -> str:
        """Train into one ``.bin``."""
        fasttext = require("fasttext", extra="bench")
        lines = [f"__label__{label} {_line(text)}\n" for text, label in zip(*reviews, strict=True)]
        corpus = folder / "fasttext.txt"
        corpus.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            input=str(corpus), wordNgrams=2, dim=10, epoch=5, lr=0.5, thread=cores(), verbose=0
        )
        model.save_model(str(folder / cls._FILE))
        return f"{len(lines):,} reviews, bigrams, {cores()} threads"

    @classmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Read what ``train`` wrote."""
        require("fasttext", extra="bench")
        return cls(_trained(folder / cls._FILE))

    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return 2 P - 1, from the likelier label and its P, which fastText may round to a little above 1."""
        labels, probs = self._model.predict([_line(text) for text in texts])
        signs = [1 if label == "__label__positive" else -1 for (label,) in labels]
        return np.asarray(np.array(signs) * np.clip(2 * np.concatenate(probs) - 1, 0, 1))


class Pattern(System):
    """TextBlob's default, the lexicon and rules of the ``pattern`` library; needs no corpus of NLTK.

    Its score is TextBlob's ``polarity``. TextBlob names no bounds, so neutral is what scores 0: texts
    without a word of the lexicon, or whose words cancel out.
    """

    name = "TextBlob"
    neutral_below = ROUNDING

    def __init__(self) -> None:
        """Find the lexicon."""
        package = require("textblob", extra="bench")
        self._blob = package.TextBlob
        self.files = tuple(Path(package.__file__).parent.glob("en/en-sentiment.xml"))

    @classmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Load it from its package."""
        return cls()

    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return TextBlob's ``polarity``."""
        return np.array([self._blob(text).sentiment.polarity for text in texts])


class SpaCy(System):
    """spaCy's ``textcat`` as its quickstart sets it up for a CPU: ``TextCatBOW``, linear in single words.

    Settings, data order and the end of training are those of ``spacy init config --pipeline textcat
    --optimize efficiency``. A tenth of the reviews, a thousand at most, is held out to choose the step.
    """

    name = "spaCy, bag of words"
    max_steps = 20_000  # spaCy's own

    def __init__(self, folder: Path) -> None:
        """Read a pipeline."""
        self._pipeline = require("spacy", extra="bench").load(folder)
        self.files = (folder,)

    @classmethod
    def train(cls, reviews: Reviews, folder: Path) -> str:
        """Train into a folder of spaCy's."""
        spacy = require("spacy", extra="bench")
        from spacy.cli.init_config import init_config
        from spacy.tokens import DocBin
        from spacy.training.initialize import init_nlp
        from spacy.training.loop import train

        config = init_config(lang="en", pipeline=["textcat"], optimize="efficiency", gpu=False, silent=True)
        config["training"]["max_steps"] = cls.max_steps
        pairs = list(zip(*reviews, strict=True))
        held_out = min(1000, len(pairs) // 10 or 1)
        blank = spacy.blank("en")
        for split, chosen in (("train", pairs[held_out:]), ("dev", pairs[:held_out])):
            docs = DocBin()
            for text, label in chosen:
                doc = blank.make_doc(_plain(text))
                doc.cats = {pole: float(pole == label) for pole in ("negative", "positive")}
                docs.add(doc)
            config["paths"][split] = str(folder / f"{split}.spacy")
            docs.to_disk(config["paths"][split])
        (folder / "spacy").mkdir()
        train(init_nlp(config), folder / "spacy", stdout=io.StringIO(), stderr=io.StringIO())
        return f"{len(pairs):,} reviews, {held_out:,} of them held out, words, one thread"

    @classmethod
    def load(cls, folder: Path, model: str | None) -> System:
        """Read what ``train`` wrote."""
        require("spacy", extra="bench")
        return cls(_trained(folder / "spacy" / "model-best"))

    def score(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the difference of the pipeline's ``cats``."""
        docs = self._pipeline.pipe(map(_plain, texts))
        return np.array([doc.cats["positive"] - doc.cats["negative"] for doc in docs])


TIMED: tuple[type[System], ...] = (NumpyEngine, TorchEngine, Vader, NbSvm, FastText)
PEERS: tuple[type[System], ...] = (*TIMED, Pattern, SpaCy)


def train_peers(kinds: Iterable[type[System]], reviews: Reviews, folder: Path) -> list[Row]:
    """Train the systems that learn into ``folder``; return how long each took."""
    rows = []
    for kind in kinds:
        started = time.perf_counter()
        try:
            note = kind.train(reviews, folder)
            if note is not None:
                taken = time.perf_counter() - started
                rows.append(Row("peer training", kind.name, "s", (taken,), note=note))
        except NlpRnnError as error:
            rows.append(Row("peer training", kind.name, "s", note=str(error)))
    return rows


def load_systems(
    kinds: Iterable[type[System]], folder: Path, model: str | None
) -> tuple[list[System], dict[str, str]]:
    """Return the systems that run here, and the names of the others with the reason."""
    systems: list[System] = []
    missing: dict[str, str] = {}
    for kind in kinds:
        try:
            systems.append(kind.load(folder, model))
        except NlpRnnError as error:
            missing[kind.name] = str(error)
    return systems, missing


def read_reviews(data: Path, split: str, count: int | None = None) -> Reviews:
    """Read IMDb reviews and their labels, ``count`` of them chosen with a fixed seed.

    Raises:
        DataError: If they are not there.
        MissingExtraError: If pyarrow is not installed.
    """
    parquet = require("pyarrow.parquet", extra="train")
    path = data / "sentiment" / "imdb" / f"{split}.parquet"
    if not path.is_file():
        raise DataError(f"{path} is missing: name the folder with sentiment/ by --data or NLP_RNN_DATA")
    table = parquet.read_table(path, columns=["text", "label"]).to_pydict()
    which = np.random.default_rng(0).permutation(len(table["text"]))[:count].tolist()
    return [table["text"][i] for i in which], [table["label"][i] for i in which]


def _plain(text: str) -> str:
    """Return the text without the line breaks that IMDb writes as markup."""
    return _MARKUP.sub(" ", text)


def _line(text: str) -> str:
    """Return one line of lower-case tokens, as fastText's own examples prepare them."""
    return " ".join(re.findall(TOKEN, _plain(text).lower()))


def _trained(path: Path) -> Path:
    if not path.exists():
        raise DataError("not trained: there were no training reviews")
    return path
