"""``SentimentClassifier``: texts in, labels and probabilities out.

The scikit-learn estimator contract (``fit`` returns self, ``classes_``, sequences in and arrays out)
around a model folder and an engine. Using a model needs no torch; ``fit`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import FILES, Artifact, Weights, embedding_weights, load, save
from nlp_rnn.batch import batches
from nlp_rnn.config import LABEL_FREE, EncoderConfig, LanguageConfig, ModelConfig, TrainConfig
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, NotFittedError, as_texts, one_of, require
from nlp_rnn.hub import model_folder
from nlp_rnn.language.transfer import encoder_weights
from nlp_rnn.probabilities import check_probs, polarity, softmax
from nlp_rnn.resources import SENTIMENT_MODEL
from nlp_rnn.runtime.engine import ENGINES, Engine, make_engine
from nlp_rnn.text.tokenizer import TextTokenizer

if TYPE_CHECKING:
    from nlp_rnn.classification.explanation import Explanation
    from nlp_rnn.language.model import LanguageModel
    from nlp_rnn.training.loop import Progress

Labelled = tuple[Sequence[str], Sequence[str]]


@dataclass(frozen=True)
class Sentiment:
    """The answer for one text.

    Attributes:
        label: The most probable class.
        score: Its probability, in [0, 1].
        polarity: P(positive) - P(negative), in [-1, 1]; NaN for classes of other names.
        probabilities: Probability of each class, by name.
    """

    label: str
    score: float
    polarity: float
    probabilities: dict[str, float]


class SentimentClassifier:
    """A recurrent text classifier.

    >>> classifier = SentimentClassifier.from_pretrained()
    >>> classifier.predict(["Movie was not good"]).tolist()
    ['negative']

    Args:
        cell: ``lstm``, ``gru`` or ``rnn``.
        embedding_dim: Width of a word vector.
        hidden_size: Width of the state, per direction.
        num_layers: Recurrent layers.
        bidirectional: Read each text from both ends.
        pooling: ``last``, ``mean``, ``max``, ``mean+max`` or ``attention``.
        layer_norm: Normalise each layer's output.
        tokenizer: ``word``, ``subword``, ``char`` or ``byte``, or a trained ``TextTokenizer``.
        vocab_size: Ids to learn at most.
        min_count: Leave out tokens seen fewer times.
        max_tokens: Of a longer text, the first and the last half of this many tokens are read.
        mend_typos: Read an unknown word as the known one that is a single letter away (``word`` alone).
        engine: ``auto`` (NumPy), ``numpy`` or ``torch``.
        device: Where torch computes, e.g. ``cuda``.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        embedding_dim: int = 128,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "mean+max",
        layer_norm: bool = False,
        tokenizer: str | TextTokenizer = "word",
        vocab_size: int = 30_000,
        min_count: int = 2,
        max_tokens: int = 1024,
        mend_typos: bool = False,
        engine: str = "auto",
        device: str = "cpu",
    ) -> None:
        self._shape: dict[str, Any] = {
            "cell": cell,
            "embedding_dim": embedding_dim,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
            "bidirectional": bidirectional,
            "pooling": pooling,
            "layer_norm": layer_norm,
        }
        ModelConfig(vocab_size=2, num_classes=2, **self._shape)
        one_of("engine", engine, ENGINES)
        if device != "cpu" and engine != "torch":
            raise ConfigError(
                f"Invalid device. Received: {device!r}; only engine='torch' has others than 'cpu'"
            )
        self._given = tokenizer if isinstance(tokenizer, TextTokenizer) else None
        self._untrained: dict[str, Any] = {
            "kind": tokenizer if isinstance(tokenizer, str) else tokenizer.kind,
            "vocab_size": vocab_size,
            "min_count": min_count,
            "max_tokens": max_tokens,
            "mend_typos": mend_typos,
        }
        if self._given is None:
            TextTokenizer(**self._untrained)
        self._engine_name, self._device = engine, device
        self._start: Artifact[ModelConfig] | None = None
        self._artifact: Artifact[ModelConfig] | None = None
        self._engine: Engine | None = None

    @classmethod
    def from_pretrained(
        cls, source: str | Path | None = None, *, engine: str = "auto", device: str = "cpu"
    ) -> SentimentClassifier:
        """Load a model; ``fit`` then fine-tunes it.

        Args:
            source: A model folder, or a repository's id on the Hugging Face Hub; None is the shipped model.
            engine: ``auto`` (NumPy), ``numpy`` or ``torch``.
            device: Where torch computes.

        Raises:
            ArtifactError: If there is no whole, untampered model there.
            ConfigError: If there is no such engine, or it has no such device.
            MissingExtraError: If the source or the engine needs an extra that is not installed.
        """
        folder = SENTIMENT_MODEL if source is None else model_folder(source, files=FILES)
        artifact = load(folder)
        classifier = cls(**_shape(artifact), tokenizer=artifact.tokenizer, engine=engine, device=device)
        classifier._start = artifact
        classifier._use(artifact)
        return classifier

    def _use(self, artifact: Artifact[ModelConfig]) -> None:
        """Take an artifact as this classifier's model (the one place, for training and loading)."""
        self._engine = make_engine(artifact.config, artifact.weights, self._engine_name, device=self._device)
        self._artifact = artifact

    @property
    def artifact(self) -> Artifact[ModelConfig]:
        """The model as data.

        Raises:
            NotFittedError: Before ``fit``.
        """
        if self._artifact is None:
            raise NotFittedError("this classifier has no model yet: call fit, or use from_pretrained")
        return self._artifact

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Names of the classes, in the order of the columns of ``predict_proba``."""
        return np.array(self.artifact.classes)

    def predict_proba(self, texts: Sequence[str], *, batch_tokens: int | None = None) -> NDArray[np.float32]:
        """Calibrated class probabilities.

        An empty text is read as one unknown word. A text's answer does not depend on the texts beside it.

        Args:
            texts: Any number of texts.
            batch_tokens: Tokens computed at once; changes speed and memory, not answers. None: what the
                engine is fastest with.

        Returns:
            Shape (n_texts, n_classes), float32, rows sum to 1.

        Raises:
            InputError: If ``texts`` is a single str, or holds anything but str.
        """
        rows = self.artifact.tokenizer.encode_batch(as_texts(texts))
        return self._probs_of_rows(rows, batch_tokens=batch_tokens)

    def predict(self, texts: Sequence[str]) -> NDArray[np.str_]:
        """The most probable class of each text, shape (n_texts,); errors as ``predict_proba``."""
        found: NDArray[np.str_] = self.classes_[self.predict_proba(texts).argmax(axis=1)]
        return found

    def classify(self, text: str) -> Sentiment:
        """The answer for one text.

        Raises:
            InputError: If ``text`` is no str.
        """
        if not isinstance(text, str):
            raise InputError(
                f"classify wants one text (str), got {type(text).__name__}; for many texts use predict"
            )
        return self.sentiment(self.predict_proba([text])[0])

    def sentiment(self, probs_C: NDArray[np.float32]) -> Sentiment:
        """One row of ``predict_proba`` with its names.

        Shape:
            (C,).
        """
        classes = self.artifact.classes
        best = int(probs_C.argmax())
        return Sentiment(
            label=classes[best],
            score=float(probs_C[best]),
            polarity=float(polarity(probs_C[None], classes)[0]),
            probabilities={name: float(prob) for name, prob in zip(classes, probs_C, strict=True)},
        )

    def explain(
        self,
        text: str,
        *,
        target: str | None = None,
        method: str = "occlusion",
        samples: int = 128,
        seed: int = 0,
    ) -> Explanation:
        """Why: probabilities after each token, and what each token adds to the answer.

        Args:
            text: One text.
            target: ``polarity`` or a class; None is polarity if the classes have it, else the answer.
            method: ``occlusion`` or ``shapley`` (slower, fairer to words that share their work).
            samples: Permutations for ``shapley``.
            seed: Of the permutations.

        Raises:
            InputError: If ``text`` is no str or ``target`` is unknown.
            ConfigError: If ``method`` is unknown.
        """
        from nlp_rnn.classification.attribution import explain

        return explain(
            text,
            tokenizer=self.artifact.tokenizer,
            probs_of=self._probs_of_rows,
            classes=self.artifact.classes,
            target=target,
            method=method,
            samples=samples,
            seed=seed,
        )

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[str] | NDArray[np.floating[Any]],
        *,
        validation: Labelled | Mapping[str, Labelled] | None = None,
        unlabelled: Sequence[str] | None = None,
        pairs: Sequence[tuple[str, str]] | None = None,
        classes: Sequence[str] | None = None,
        config: TrainConfig | None = None,
        init_from: SentimentClassifier | LanguageModel | str | Path | None = None,
        vectors: NDArray[np.float32] | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> SentimentClassifier:
        """Train on labelled texts (extra ``train``).

        A classifier that ``from_pretrained`` made starts from that model, any other from nothing, each time.

        Args:
            texts: Training texts.
            labels: The class name of each; or an array (n_texts, n_classes) of probabilities to learn, such
                as a teacher's (distillation, Hinton et al. 2015), with columns as ``classes`` names them.
            validation: Held-out texts and labels to stop early and calibrate on, or several such sets by name
                (their macro recalls count alike); None sets a tenth of the texts aside.
            unlabelled: Texts without labels, for the objectives of ``config`` that need none. To have these
                objectives on the labelled texts, too, let them be among these.
            pairs: Texts to be answered alike, two by two (a text, and it with other names), for the objective
                ``pairing`` of ``config``. They need no labels and give the vocabulary nothing; a text that is
                set aside loses its pairs.
            classes: Order of the classes; None is alphabetical.
            config: How to train.
            init_from: What to start from instead: a trained classifier (its tokenizer, shape and weights; the
                head is kept if the classes are the same), or a pretrained ``LanguageModel`` (its tokenizer,
                embedding and recurrent layers; pooling and head are this classifier's own). Or the folder or
                Hub id of either.
            vectors: Word vectors (V, E) for the given, trained tokenizer to start from.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from the folder's newest checkpoint.
            progress: Called after each step.

        Returns:
            self.

        Raises:
            InputError: If texts and labels do not fit together, there are fewer than two classes, the vectors
                are not one for each token, or unlabelled texts or pairs have no objective that uses them.
            ArtifactError: If ``init_from`` names no whole classifier or language model.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require("torch", extra="train")
        require("accelerate", extra="train")
        from nlp_rnn.classification import fitting

        config = config or TrainConfig()
        texts = as_texts(texts)
        labels, targets_NC = _answers(labels, classes)
        if len(texts) != len(labels):
            raise InputError(
                f"there are {len(texts)} texts but {len(labels)} labels: give one label per text"
            )
        if unlabelled is not None and not {*LABEL_FREE} & {*config.objectives}:
            raise InputError(
                f"unlabelled texts are for the objectives {', '.join(LABEL_FREE)}: give one a weight, as in "
                'TrainConfig(objectives={"virtual_adversarial": 1.0})'
            )
        alike = [] if pairs is None else [_pair(pair) for pair in pairs]
        if (pairs is None) == bool(config.objectives.get("pairing")):
            raise InputError(
                "pairs and the objective pairing go together: give fit pairs, and TrainConfig(objectives="
                '{"pairing": 1.0})'
            )
        if pairs is not None and not alike:
            raise InputError("there are no pairs: give some, or leave out the objective pairing")
        more = [] if unlabelled is None else as_texts(unlabelled, "unlabelled")
        names = tuple(classes) if classes is not None else tuple(sorted(set(labels)))
        if len(names) < 2 or len(set(names)) != len(names):
            raise InputError(
                f"a classifier needs at least two classes, each once; these are {', '.join(names) or 'none'}"
            )
        sets = _validation_sets(validation)
        if not sets:
            keep, aside = _held_out(labels, config.seed)
            sets = {"validation": ([texts[i] for i in aside], [labels[i] for i in aside])}
            held_out = {texts[i] for i in aside}
            alike = [pair for pair in alike if held_out.isdisjoint(pair)]
            texts, labels = [texts[i] for i in keep], [labels[i] for i in keep]
            targets_NC = None if targets_NC is None else targets_NC[keep]
        tokenizer, shape, initial = self._beginning(init_from, names, [*texts, *more])
        if vectors is not None:
            initial |= embedding_weights(vectors, (tokenizer.vocab_size, shape["embedding_dim"]))

        def rows(data: Labelled, where: str) -> fitting.LabelledRows:
            numbers = {name: number for number, name in enumerate(names)}
            unknown = sorted(set(data[1]) - set(names))
            if unknown:
                raise InputError(f"{where} has the label {unknown[0]!r}; the classes are {', '.join(names)}")
            ids = np.array([numbers[label] for label in data[1]], dtype=np.int64)
            return fitting.LabelledRows(tokenizer.encode_batch(list(data[0])), ids)

        model_config = ModelConfig(vocab_size=tokenizer.vocab_size, num_classes=len(names), **shape)
        weights, temperature, notes = fitting.fit_model(
            replace(rows((texts, labels), "the training data"), targets_NC=targets_NC),
            {name: rows(data, f"the validation set {name}") for name, data in sets.items()},
            model_config=model_config,
            config=config,
            pad_id=tokenizer.pad_id,
            unk_id=tokenizer.unk_id,
            unlabelled=tokenizer.encode_batch(more),
            pairs=tokenizer.encode_batch([text for pair in alike for text in pair]),
            initial=initial,
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        notes["train"] = config.to_dict()
        self._use(Artifact("sentiment", model_config, names, tokenizer, weights, temperature, notes=notes))
        return self

    def _beginning(
        self,
        init_from: SentimentClassifier | LanguageModel | str | Path | None,
        classes: tuple[str, ...],
        texts: Sequence[str],
    ) -> tuple[TextTokenizer, dict[str, Any], Weights]:
        """Tokenizer, shape and first weights of a model that is to be trained."""
        start: Artifact[EncoderConfig] | None = self._start
        if isinstance(init_from, (str, Path)):
            start = load(model_folder(init_from, files=FILES), task=None)
        elif init_from is not None:
            start = init_from.artifact
        if start is None:
            return self._given or TextTokenizer(**self._untrained).train(texts), self._shape, {}
        if isinstance(start.config, LanguageConfig):
            return start.tokenizer, self._shape | _shape(start), encoder_weights(start.config, start.weights)
        if not isinstance(start.config, ModelConfig):
            raise ArtifactError(
                f"a classifier cannot start from a model for the task {start.task!r}: give a classifier or a "
                "language model (nlp-rnn pretrain)"
            )
        same = start.classes == classes
        kept = {name: start.weights[name] for name in start.weights if same or not name.startswith("output.")}
        return start.tokenizer, _shape(start), kept

    def save_pretrained(self, folder: str | Path, *, dtype: str = "float32") -> Path:
        """Write the model folder.

        Args:
            folder: Where.
            dtype: ``float32``, ``float16`` for half the size, or ``int8``: the embedding in whole numbers
                with a scale for each row, the rest in float16, for about a third of it.

        Raises:
            NotFittedError: Before ``fit``.
            ArtifactError: If the folder holds something that is no model.
        """
        return save(self.artifact, folder, dtype=dtype)

    def _probs_of_rows(
        self, rows: Sequence[Sequence[int]], *, batch_tokens: int | None = None
    ) -> NDArray[np.float32]:
        """Probabilities (N, C) of rows of ids, in their order."""
        artifact, engine = self.artifact, self._engine
        if engine is None:
            raise NotFittedError("this classifier has no model yet: call fit, or use from_pretrained")
        probs_NC = np.empty((len(rows), len(artifact.classes)), dtype=np.float32)
        batch_tokens = engine.batch_tokens if batch_tokens is None else batch_tokens
        for batch in batches(rows, pad_id=artifact.tokenizer.pad_id, batch_tokens=batch_tokens):
            probs_NC[batch.rows_B] = softmax(engine.logits(batch), artifact.temperature)
        return probs_NC


def _shape(artifact: Artifact[EncoderConfig]) -> dict[str, Any]:
    """What a model was made with, without the sizes that its data decided."""
    shape = artifact.config.to_dict()
    return {name: value for name, value in shape.items() if name not in ("vocab_size", "num_classes")}


def _validation_sets(validation: Labelled | Mapping[str, Labelled] | None) -> dict[str, Labelled]:
    if validation is None:
        return {}
    sets = validation if isinstance(validation, Mapping) else {"validation": validation}
    checked: dict[str, Labelled] = {}
    for name, (texts, labels) in sets.items():
        texts = as_texts(texts, f"the texts of the validation set {name}")
        labels = as_texts(labels, f"the labels of the validation set {name}")
        if len(texts) != len(labels):
            raise InputError(f"the validation set {name} has {len(texts)} texts and {len(labels)} labels")
        if len(set(labels)) < 2:
            raise InputError(
                f"the validation set {name} needs texts of two classes or more, it has {len(set(labels))}"
            )
        checked[name] = texts, labels
    return checked


def _pair(pair: Sequence[str]) -> list[str]:
    found = as_texts(pair, "pairs, each of them,")
    if len(found) != 2:
        raise InputError(f"pairs must hold two texts each, not {len(found)}")
    return found


def _answers(
    labels: Sequence[str] | NDArray[np.floating[Any]], classes: Sequence[str] | None
) -> tuple[list[str], NDArray[np.float32] | None]:
    """The (most probable) class of each text, and the probabilities (N, C) if the labels are such."""
    if not isinstance(labels, np.ndarray):
        return as_texts(labels, "labels"), None
    if labels.ndim != 2:
        return as_texts(labels.tolist(), "labels"), None
    if classes is None:
        raise InputError("labels given as probabilities need the names of their columns: give classes")
    probs_NC = check_probs(labels, num_classes=len(classes))
    return [classes[best] for best in probs_NC.argmax(axis=1)], probs_NC.astype(np.float32)


def _held_out(labels: list[str], seed: int) -> tuple[list[int], list[int]]:
    """Which texts to train on, and a tenth of each class (at least one text) to set aside."""
    rng = np.random.default_rng(seed)
    aside: set[int] = set()
    for name in sorted(set(labels)):
        of_class = [i for i, label in enumerate(labels) if label == name]
        if len(of_class) < 2:
            raise InputError(
                f"the class {name!r} has {len(of_class)} text: give it more, or give a validation set"
            )
        aside.update(rng.permutation(of_class)[: max(1, len(of_class) // 10)].tolist())
    return [i for i in range(len(labels)) if i not in aside], sorted(aside)
