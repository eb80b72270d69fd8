"""``nlp_rnn_sentiment``: a component of spaCy's pipelines that says what each document and sentence is like.

spaCy finds it by its entry point, so ``nlp.add_pipe("nlp_rnn_sentiment")`` is all there is to do. It sets
``doc.cats``, ``doc._.polarity`` and, where a component before it finds sentences, ``sent._.polarity``. A
pipeline's folder, or its bytes, hold our model folder. Knows spaCy's protocol; computes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nlp_rnn.artifact import save, to_files
from nlp_rnn.errors import ArtifactError, ConfigError, NlpRnnError, require
from nlp_rnn.folder import FILES, OPTIONAL_FILES
from nlp_rnn.probabilities import has_polarity, polarity
from nlp_rnn.sentiment.classifier import SentimentClassifier

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SentimentComponent"]

_language = require("spacy.language", extra="spacy")
_scorer = require("spacy.scorer", extra="spacy")
_tokens = require("spacy.tokens", extra="spacy")
_util = require("spacy.util", extra="spacy")
_msgpack = require("srsly", extra="spacy")


class SentimentComponent:
    """A classifier as a component of a pipeline.

    Args:
        nlp: The pipeline.
        name: The component's name in it.
        model: A model folder, or a repository's id on the Hugging Face Hub; None is the model that comes with
            the package. It is loaded at the first document, so that a pipeline's folder, which has a model of
            its own, does not need it.
        threads: Threads of the NumPy engine; 1 where ``nlp.pipe`` runs in several processes.

    Raises:
        ConfigError: If another component has given documents a polarity that cannot be set.
    """

    def __init__(self, nlp: Any, name: str, model: str | None = None, threads: int | None = None) -> None:
        self.name = name
        self._model, self._threads = model, threads
        self._classifier: SentimentClassifier | None = None
        for kind in (_tokens.Doc, _tokens.Span):
            if not kind.has_extension("polarity"):
                kind.set_extension("polarity", default=None)
            _, method, getter, setter = kind.get_extension("polarity")
            if method is not None or (getter is not None and setter is None):
                raise ConfigError(
                    f"another component gives {kind.__name__} a polarity that cannot be set: "
                    f"leave it out, or call {kind.__name__}.remove_extension('polarity') first"
                )

    @property
    def classifier(self) -> SentimentClassifier:
        """The classifier, loaded when it is first asked for.

        Raises:
            ArtifactError, ConfigError, MissingExtraError: As ``SentimentClassifier.from_pretrained``.
        """
        if self._classifier is None:
            self._classifier = SentimentClassifier.from_pretrained(self._model, threads=self._threads)
        return self._classifier

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, for the pipeline's meta; none while the model is missing: the first use says so."""
        try:
            return self.classifier.artifact.classes
        except NlpRnnError:
            return ()

    def __call__(self, doc: Any) -> Any:
        """Set what the model says of one document, and return it."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Any], *, batch_size: int = 128) -> Iterator[Any]:
        """Set what the model says of documents, some at a time, and yield them in their order."""
        for docs in _util.minibatch(stream, size=batch_size):
            sentences = [sent for doc in docs if doc.has_annotation("SENT_START") for sent in doc.sents]
            probs_NC = self.classifier.predict_proba([each.text for each in (*docs, *sentences)])
            for doc, probs_C in zip(docs, probs_NC, strict=False):  # the sentences come after the documents
                doc.cats.update(zip(self.labels, probs_C.tolist(), strict=True))
            if has_polarity(self.labels):
                for each, value in zip((*docs, *sentences), polarity(probs_NC, self.labels), strict=True):
                    each._.polarity = float(value)
            yield from docs

    def score(self, examples: Iterable[Any], **settings: Any) -> dict[str, Any]:
        """Return spaCy's figures of categories of which each document has one (``Scorer.score_cats``)."""
        figures: dict[str, Any] = _scorer.Scorer.score_cats(
            examples, "cats", **{"labels": self.labels, "multi_label": False, **settings}
        )
        return figures

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the model folder.

        Raises:
            ArtifactError: If ``path`` holds something that is no model.
        """
        save(self.classifier.artifact, path)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Take the model in a folder, and return self.

        Raises:
            ArtifactError: If there is no whole, untampered model there.
        """
        folder = Path(path).resolve()  # a relative path of two parts could be a repository's id
        self._classifier = SentimentClassifier.from_pretrained(folder, threads=self._threads)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the files of the model folder as one value."""
        packed: bytes = _msgpack.msgpack_dumps(to_files(self.classifier.artifact))
        return packed

    def from_bytes(self, packed: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Take the model in what ``to_bytes`` returned, and return self.

        Raises:
            ArtifactError: If it holds no whole, untampered model.
        """
        try:
            files = _msgpack.msgpack_loads(packed)
            names = [*FILES, *(name for name in OPTIONAL_FILES if name in files)]
            content = {name: bytes(files[name]) for name in names}
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"these bytes hold no model ({error}): give what to_bytes returned") from None
        with TemporaryDirectory() as place:
            for name, value in content.items():
                (Path(place) / name).write_bytes(value)
            return self.from_disk(place)


_language.Language.factory(
    "nlp_rnn_sentiment",
    assigns=["doc.cats", "doc._.polarity", "span._.polarity"],
    default_config={"model": None, "threads": None},
    default_score_weights={"cats_score": 1.0},
    func=SentimentComponent,
)
