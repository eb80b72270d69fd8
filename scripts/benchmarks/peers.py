"""The systems that are compared, each as a function from texts to ``negative`` or ``positive``.

NB-SVM and fastText are trained once per run into a folder, from which any process can load them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Row, cores
from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import DataError, NlpRnnError, require
from nlp_rnn.sentiment.negation import LABELS, vader_predict_proba

Label = Callable[[Sequence[str]], Sequence[str]]
Reviews = tuple[list[str], list[str]]

_WORD = r"(?u)\w+|[^\w\s]"
_MARKUP = re.compile(r"<br\s*/?>")


class NbSvm:
    """NB-SVM (Wang & Manning 2012): binary 1-3 grams times their log-count ratio, squared-hinge SVM.

    C = 1, one added to each count, weights pulled to their mean magnitude by 0.75, all as in the paper.
    """

    def __init__(self, grams: Sequence[str], weights_N: Any, bias: float) -> None:
        """Take what ``train`` found."""
        self.vectorizer = _vectorizer(vocabulary={gram: number for number, gram in enumerate(grams)})
        self.grams, self.weights_N, self.bias = grams, weights_N, bias

    @classmethod
    def train(cls, texts: Sequence[str], labels: Sequence[str]) -> NbSvm:
        """Fit on texts labelled ``negative`` and ``positive``."""
        vectorizer = _vectorizer(min_df=2)
        counts = vectorizer.fit_transform(texts)
        positive = np.array(labels) == "positive"
        p_N, q_N = (1 + np.asarray(counts[rows].sum(axis=0))[0] for rows in (positive, ~positive))
        ratio_N = np.log((p_N / p_N.sum()) / (q_N / q_N.sum())).astype(np.float32)
        svm = require("sklearn.svm", extra="bench").LinearSVC(C=1.0, tol=0.01, random_state=0)
        svm.fit(counts.multiply(ratio_N).tocsr(), positive)
        weights_N = (0.25 * svm.coef_[0] + 0.75 * np.abs(svm.coef_).mean()) * ratio_N
        return cls(vectorizer.get_feature_names_out().tolist(), weights_N, float(svm.intercept_[0]))

    def save(self, path: Path) -> None:
        """Write to one ``.npz``."""
        grams = np.frombuffer("\n".join(self.grams).encode(), np.uint8)
        np.savez(path, grams=grams, w=self.weights_N, b=self.bias)

    @classmethod
    def load(cls, path: Path) -> NbSvm:
        """Read what ``save`` wrote."""
        with np.load(path) as arrays:
            return cls(arrays["grams"].tobytes().decode().split("\n"), arrays["w"], float(arrays["b"]))

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Labels."""
        scores_N = self.vectorizer.transform(texts) @ self.weights_N + self.bias
        return ["positive" if score > 0 else "negative" for score in scores_N]


def load_systems(
    model: str | None, trained: Path
) -> tuple[dict[str, Callable[[str], object]], dict[str, Label], dict[str, str]]:
    """Everything that can be run here: for one text, for many, and what cannot be with the reason."""
    one: dict[str, Callable[[str], object]] = {}
    many: dict[str, Label] = {}
    missing: dict[str, str] = {}
    for engine in ("numpy", "torch"):
        name = f"nlp_rnn, {'NumPy' if engine == 'numpy' else engine} engine"
        try:
            classifier = SentimentClassifier.from_pretrained(model, engine=engine)
            many[name] = _polar(classifier.predict_proba, classifier.classes_.tolist())
            one[name] = classifier.classify
        except NlpRnnError as error:
            missing[name] = str(error)
    makers: dict[str, Callable[[], Label]] = {
        "VADER": lambda: _polar(vader_predict_proba(), LABELS),
        "NB-SVM": lambda: _nbsvm(trained),
        "fastText": lambda: _fasttext(trained),
    }
    for name, make in makers.items():
        try:
            many[name] = label = make()
            one[name] = lambda text, label=label: label([text])  # type: ignore[misc]
        except NlpRnnError as error:
            missing[name] = str(error)
    return one, many, missing


def train_peers(reviews: Reviews, folder: Path) -> list[Row]:
    """Train NB-SVM and fastText into ``folder``; how long each took."""
    rows = []
    for name, train in (("NB-SVM", _train_nbsvm), ("fastText", _train_fasttext)):
        started = time.perf_counter()
        try:
            note = train(reviews, folder)
            rows.append(Row("peer training", name, "s", (time.perf_counter() - started,), note=note))
        except NlpRnnError as error:
            rows.append(Row("peer training", name, "s", note=str(error)))
    return rows


def read_reviews(data: Path, split: str, count: int | None = None) -> Reviews:
    """IMDb reviews and their labels, ``count`` of them drawn with a fixed seed.

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


def _vectorizer(**options: Any) -> Any:
    text = require("sklearn.feature_extraction.text", extra="bench")
    return text.CountVectorizer(
        binary=True, ngram_range=(1, 3), token_pattern=_WORD, dtype=np.float32, **options
    )


def _polar(predict_proba: Callable[[Any], Any], classes: Sequence[str]) -> Label:
    """The likelier of ``negative`` and ``positive``, whatever other classes there are."""
    negative, positive = classes.index("negative"), classes.index("positive")

    def label(texts: Sequence[str]) -> list[str]:
        probs_NC = predict_proba(texts)
        return ["positive" if row[positive] > row[negative] else "negative" for row in probs_NC]

    return label


def _train_nbsvm(reviews: Reviews, folder: Path) -> str:
    model = NbSvm.train(*reviews)
    model.save(folder / "nbsvm.npz")
    return f"{len(reviews[0]):,} reviews, {len(model.grams):,} n-grams, one thread"


def _nbsvm(folder: Path) -> Label:
    require("sklearn", extra="bench")
    return NbSvm.load(_trained(folder / "nbsvm.npz"))


def _line(text: str) -> str:
    """One line of lower-case tokens, as fastText's own examples prepare them."""
    return " ".join(re.findall(_WORD, _MARKUP.sub(" ", text).lower()))


def _train_fasttext(reviews: Reviews, folder: Path) -> str:
    """The settings of Joulin et al. (2016) for bigrams: 10 dimensions, 5 epochs."""
    fasttext = require("fasttext", extra="bench")
    lines = [f"__label__{label} {_line(text)}\n" for text, label in zip(*reviews, strict=True)]
    corpus = folder / "fasttext.txt"
    corpus.write_text("".join(lines), encoding="utf-8")
    model = fasttext.train_supervised(
        input=str(corpus), wordNgrams=2, dim=10, epoch=5, lr=0.5, thread=cores(), verbose=0
    )
    model.save_model(str(folder / "fasttext.bin"))
    return f"{len(lines):,} reviews, bigrams, {cores()} threads"


def _fasttext(folder: Path) -> Label:
    fasttext = require("fasttext", extra="bench")
    model = fasttext.load_model(str(_trained(folder / "fasttext.bin")))

    def label(texts: Sequence[str]) -> list[str]:
        return [found[0].removeprefix("__label__") for found in model.predict([_line(t) for t in texts])[0]]

    return label


def _trained(path: Path) -> Path:
    if not path.is_file():
        raise DataError("not trained: there were no training reviews")
    return path
