"""``TextClassifier``: texts in, labels and probabilities out, whatever the labels are.

The scikit-learn estimator contract (``fit`` returns self, ``classes_``, sequences in and arrays out)
around a model folder and an engine. Using a model needs no torch; ``fit`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import Artifact, TextArtifact, load
from nlp_rnn.batch import batches
from nlp_rnn.classification.abstention import UNSURE, least_probability, mark_unsure
from nlp_rnn.classification.estimator import Estimator
from nlp_rnn.classification.examples import Examples, Labelled, check_examples
from nlp_rnn.classification.languages import ENGLISH, Language, mostly_english, shared_guesser
from nlp_rnn.classification.remarks import data_remarks, reading_remarks
from nlp_rnn.config import EncoderConfig, LanguageConfig, ModelConfig, TrainConfig, settings_of
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, as_texts, one_of, warn_of, whole_number
from nlp_rnn.folder import FILES, GRAPH_FILES, OPTIONAL_FILES
from nlp_rnn.hub import model_folder
from nlp_rnn.language.model import encoder_weights
from nlp_rnn.model import Pretrained, require_training
from nlp_rnn.probabilities import softmax
from nlp_rnn.resources import card_template
from nlp_rnn.runtime.engine import ENGINES, Engine, check_threads, make_engine
from nlp_rnn.text.tokenizer import TextTokenizer, TokenizerChoice
from nlp_rnn.version import __version__
from nlp_rnn.weights import Weights, embedding_weights

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.classification.explanation import Explanation
    from nlp_rnn.language.model import LanguageModel
    from nlp_rnn.training.loop import Progress


@dataclass(frozen=True)
class Classification:
    """The answer for one text.

    Attributes:
        label: The most probable class.
        score: Its probability, in [0, 1].
        probabilities: Probability of each class, by name.
        unsure: True if the answer is better not believed (``TextClassifier.unsure``).
        language: The language of the text (``LanguageGuesser``); None of a model that is not for English.
        unknown_share: Share of the text's tokens that the model does not know, in [0, 1].
    """

    label: str
    score: float
    probabilities: dict[str, float]
    unsure: bool = False
    language: str | None = None
    unknown_share: float = 0.0


class TextClassifier(Pretrained[TextArtifact[ModelConfig]], Estimator):
    """A recurrent text classifier for any set of labels.

    >>> classifier = TextClassifier(hidden_size=32)

    Args:
        cell: ``lstm``, ``gru`` or ``rnn``.
        embedding_dim: Width of a word vector.
        hidden_size: Width of the state, per direction.
        num_layers: Recurrent layers.
        bidirectional: Read each text from both ends.
        pooling: ``last``, ``mean``, ``max``, ``mean+max`` or ``attention``.
        wide_rows: Rows of a linear model of hashed runs of one to three tokens beside the recurrent one, e.g.
            100,000; 0 for none.
        layer_norm: Normalise each layer's output.
        tokenizer: ``word``, ``subword``, ``char`` or ``byte``, or a trained ``TextTokenizer``.
        vocab_size: Ids to learn at most.
        min_count: Leave out tokens seen fewer times.
        max_tokens: Of a longer text, the first and the last half of this many tokens are read.
        mend_typos: Read an unknown word as the known one that is a single letter away (``word`` alone).
        engine: ``auto`` (NumPy), ``numpy``, ``torch`` or ``onnx``.
        device: Where torch computes, e.g. ``cuda``.
        threads: Threads of the NumPy engine and of ``onnx``; None takes as many as BLAS would. With 1, all is
            computed in the thread that asks. In a process that others fork from: see ``runtime/threads.py``.
        config: How ``fit`` trains where it is not told otherwise.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    TASKS: ClassVar[tuple[str, ...]] = ("classification", "sentiment", "check-worthiness")
    NOUN = "classifier"
    COMPUTED = ("_engine",)

    _graph: bytes | None = None  # content of the model.onnx it was loaded with, for engine="onnx"

    def __init__(
        self,
        *,
        cell: str = "lstm",
        embedding_dim: int = 128,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "mean+max",
        wide_rows: int = 0,
        layer_norm: bool = False,
        tokenizer: str | TextTokenizer = "word",
        vocab_size: int = 30_000,
        min_count: int = 2,
        max_tokens: int = 1024,
        mend_typos: bool = False,
        engine: str = "auto",
        device: str = "cpu",
        threads: int | None = None,
        config: TrainConfig | None = None,
    ) -> None:
        super().__init__()
        self._shape = ModelConfig(
            vocab_size=2,
            num_classes=2,
            cell=cell,
            embedding_dim=embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            pooling=pooling,
            wide_rows=wide_rows,
            layer_norm=layer_norm,
        )
        one_of("engine", engine, ENGINES)
        if device != "cpu" and engine != "torch":
            raise ConfigError(
                f"Invalid device. Received: {device!r}; only engine='torch' has others than 'cpu'"
            )
        self._tokenizer = TokenizerChoice(tokenizer, vocab_size, min_count, max_tokens, mend_typos)
        check_threads(engine, threads)
        self._engine_name, self._device, self._threads = engine, device, threads
        self._config = None if config is None else settings_of(TrainConfig, config)
        self._start: TextArtifact[ModelConfig] | None = None
        self._engine: Engine | None = None

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path | None = None,
        *,
        revision: str | None = None,
        engine: str = "auto",
        device: str = "cpu",
        threads: int | None = None,
    ) -> Self:
        """Load a model; ``fit`` then fine-tunes it.

        Args:
            source: A model folder, or a repository's id on the Hugging Face Hub; None is the model that comes
                with the package, if one does.
            revision: Branch, tag or commit of the repository; ``owner/name@revision`` says the same.
            engine: ``auto`` (NumPy), ``numpy``, ``torch`` or ``onnx``: the folder's ``model.onnx``, or, where
                there is none, a graph written now.
            device: Where torch computes.
            threads: Threads of the NumPy engine and of ``onnx``; 1 computes all in the thread that asks.

        Raises:
            ArtifactError: If there is no whole, untampered model there.
            ConfigError: If there is no such engine, or it has no such device or threads.
            InputError: If no model of this kind comes with the package, and ``source`` is None; or there is a
                revision and no repository.
            MissingExtraError: If the source or the engine needs an extra that is not installed.
        """
        folder = cls._find(source, revision, more=GRAPH_FILES if engine == "onnx" else ())
        artifact = cls._load(folder)
        classifier = cls(
            **_shape(artifact), tokenizer=artifact.tokenizer, engine=engine, device=device, threads=threads
        )
        classifier._start = artifact
        if engine == "onnx":
            from nlp_rnn.onnx.exporting import read_graph

            classifier._graph = read_graph(folder, artifact.read_from)
        classifier._start_from(artifact, folder)
        return classifier

    def _use(self, artifact: TextArtifact[ModelConfig]) -> None:
        """Take an artifact as this model, and make the engine that computes it."""
        engine = make_engine(
            artifact.config,
            artifact.weights,
            self._engine_name,
            device=self._device,
            threads=self._threads,
            graph=self._graph,
        )
        super()._use(artifact)
        self._engine = engine

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
            ConfigError: If ``batch_tokens`` is no whole number from 1 on.
        """
        rows = self.artifact.tokenizer.encode_batch(as_texts(texts))
        if batch_tokens is not None:
            batch_tokens = whole_number("batch_tokens", batch_tokens, 1)
        return self._probs_of_rows(rows, batch_tokens=batch_tokens)

    def predict(self, texts: Sequence[str], *, abstain: float | None = None) -> NDArray[np.str_]:
        """Return the most probable class of each text, or ``unsure``.

        Args:
            texts: Any number of texts.
            abstain: Answer ``unsure`` in place of a class where the method of that name says so: about this
                share of the other answers is wrong. None always answers a class.

        Returns:
            Shape (n_texts,).

        Raises:
            InputError, ConfigError: As ``predict_proba``, and as ``unsure``.
        """
        if abstain is None:
            found: NDArray[np.str_] = self.classes_[self.predict_proba(texts).argmax(axis=1)]
            return found
        answers = self.classify_many(texts, abstain=abstain)
        return np.array([UNSURE if answer.unsure else answer.label for answer in answers], dtype=np.str_)

    def unsure(self, texts: Sequence[str], *, abstain: float | None = None) -> NDArray[np.bool_]:
        """Return for each text whether its answer is better not believed.

        So it is where the model is for English and the text is not, where more than half of the tokens are
        unknown, and, with ``abstain``, where the answer is not probable enough.

        Args:
            texts: Any number of texts.
            abstain: Share of the answers given that may be wrong, in (0, 1), as measured on the held-out
                texts of the training; of other kinds of text more may be.

        Returns:
            Shape (n_texts,).

        Raises:
            InputError: If ``texts`` is a single str, or holds anything but str.
            ConfigError: If ``abstain`` is no such share, or the model has no thresholds for it.
        """
        return np.array([each.unsure for each in self.classify_many(texts, abstain=abstain)], np.bool_)

    def classify(self, text: str, *, abstain: float | None = None) -> Classification:
        """The answer for one text.

        Args:
            text: One text.
            abstain: As ``unsure`` takes it.

        Raises:
            InputError: If ``text`` is no str.
            ConfigError: As ``unsure``.
        """
        if not isinstance(text, str):
            raise InputError(
                f"classify wants one text (str), got {type(text).__name__}; for many texts use classify_many"
            )
        return self.classify_many([text], abstain=abstain)[0]

    def classify_many(self, texts: Sequence[str], *, abstain: float | None = None) -> list[Classification]:
        """Return the answer for each text, as ``classify`` has it, for much less than one by one.

        Raises:
            InputError: If ``texts`` is a single str, or holds anything but str.
            ConfigError: As ``unsure``.
        """
        artifact = self.artifact
        least = 0.0
        if abstain is not None:
            least = least_probability(artifact.notes.get("abstention"), abstain)
        rows = artifact.tokenizer.encode_batch(as_texts(texts))
        probs_NC = self._probs_of_rows(rows)
        unk = artifact.tokenizer.unk_id
        unknown = [sum(token == unk for token in row) / max(1, len(row)) for row in rows]
        languages = self._languages(texts)
        unread = [language is not None and language.unread for language in languages]
        unsure_N = mark_unsure(probs_NC, unknown_shares=unknown, unread=unread, least=least)
        return [
            self._named(probs_C, bool(unsure_N[n]), languages[n], unknown[n])
            for n, probs_C in enumerate(probs_NC)
        ]

    def _languages(self, texts: Sequence[str]) -> Sequence[Language | None]:
        """Return the language of each text; None for each if this model is not for English."""
        if self.artifact.notes.get("language") != ENGLISH or not texts:
            return [None] * len(texts)
        return shared_guesser().guess_many(texts)

    def _named(
        self,
        probs_C: NDArray[np.float32],
        is_unsure: bool = False,
        language: Language | None = None,
        unknown_share: float = 0.0,
    ) -> Classification:
        """One row of ``predict_proba`` with the names of the classes, and what else is known of the text."""
        classes = self.artifact.classes
        best = int(probs_C.argmax())
        named = {name: float(prob) for name, prob in zip(classes, probs_C, strict=True)}
        return Classification(
            label=classes[best],
            score=float(probs_C[best]),
            probabilities=named,
            unsure=is_unsure,
            language=None if language is None else language.name,
            unknown_share=unknown_share,
        )

    def explain(
        self,
        text: str,
        *,
        target: str | None = None,
        method: str = "occlusion",
        samples: int = 128,
        seed: int = 0,
        between: Callable[[], object] | None = None,
    ) -> Explanation:
        """Explain an answer: probabilities after each token, and what each token adds to the answer.

        A text of any length costs at most 512 readings of what the model reads of it (``max_tokens``) with
        ``occlusion``, and ``samples`` * 65 with ``shapley``. With ``occlusion`` the sentiment model in the
        package needs at most 2 seconds of one processor core, and 50 MB, for a text of 1,000 words or more.

        Args:
            text: One text.
            target: ``polarity`` or a class; None is polarity if the classes have it, else the answer.
            method: ``occlusion`` or ``shapley`` (slower, fairer to words that share their work).
            samples: Permutations for ``shapley``.
            seed: Of the permutations.
            between: Called again and again meanwhile, so that a long text need not make others wait.

        Raises:
            InputError: If ``text`` is no str or ``target`` is unknown.
            ConfigError: If ``method`` is unknown.
        """
        from nlp_rnn.classification.attribution import explain, with_pauses

        return explain(
            text,
            tokenizer=self.artifact.tokenizer,
            probs_of=self._probs_of_rows if between is None else with_pauses(self._probs_of_rows, between),
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
        init_from: TextClassifier | LanguageModel | str | Path | None = None,
        vectors: NDArray[np.float32] | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
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
            config: How to train; None is the classifier's own ``config``, or the usual one.
            init_from: What to start from instead: a trained classifier (its tokenizer, shape and weights; the
                head is kept if the classes are the same), or a pretrained ``LanguageModel`` (its tokenizer,
                embedding and recurrent layers; pooling and head are this classifier's own). Or the folder or
                Hub id of either.
            vectors: Word vectors (V, E) for the given, trained tokenizer to start from.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from the folder's newest checkpoint.
            progress: Called after each step.

        Returns:
            self. What is odd about the data, or was not learned, comes as a ``TrainingWarning`` and stands in
            ``artifact.notes["remarks"]``.

        Raises:
            InputError: If texts and labels do not fit together, there are fewer than two classes, the vectors
                are not one for each token, or unlabelled texts or pairs have no objective that uses them.
            ArtifactError: If ``init_from`` names no whole classifier or language model.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require_training()
        from nlp_rnn.classification import fitting

        config = settings_of(TrainConfig, self._config if config is None else config)
        examples = check_examples(
            texts, labels, classes, validation=validation, unlabelled=unlabelled, pairs=pairs, config=config
        )
        remarks = data_remarks(examples)
        warn_of(remarks)
        tokenizer, model_config, initial = self._beginning(init_from, examples)
        if vectors is not None:
            initial |= embedding_weights(vectors, (tokenizer.vocab_size, model_config.embedding_dim))
        encoded = fitting.encode_examples(tokenizer, examples)
        unread = reading_remarks(encoded[0].rows, tokenizer.unk_id)
        warn_of(unread)
        weights, temperature, notes = fitting.fit_model(
            *encoded,
            model_config=model_config,
            config=config,
            pad_id=tokenizer.pad_id,
            unk_id=tokenizer.unk_id,
            classes=examples.classes,
            initial=initial,
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        if mostly_english(examples.texts):
            notes["language"] = ENGLISH
        after, notes["remarks"] = notes["remarks"], [*remarks, *unread, *notes["remarks"]]
        self._learned(model_config, examples.classes, tokenizer, weights, temperature, notes)
        warn_of(after)
        return self

    def _learned(
        self,
        config: ModelConfig,
        classes: tuple[str, ...],
        tokenizer: TextTokenizer,
        weights: Weights,
        temperature: float,
        notes: dict[str, Any],
    ) -> None:
        """Take what was trained as this model."""
        self._graph = None
        self._use(
            TextArtifact(
                task=self.TASKS[0],
                config=config,
                classes=classes,
                tokenizer=tokenizer,
                weights=weights,
                temperature=temperature,
                card=card_template("classification").format(
                    name=type(self).__name__,
                    cell=config.cell.upper(),
                    hidden=config.hidden_size,
                    layers=config.num_layers,
                    pooling=config.pooling,
                    tokens=config.vocab_size,
                    classes=", ".join(classes),
                    version=__version__,
                ),
                notes=notes,
            )
        )

    def _beginning(
        self, init_from: TextClassifier | LanguageModel | str | Path | None, examples: Examples
    ) -> tuple[TextTokenizer, ModelConfig, Weights]:
        """Tokenizer, shape and first weights of a model that is to be trained."""
        start: Artifact[Any] | None = self._start
        if isinstance(init_from, (str, Path)):
            start = load(model_folder(init_from, files=(*FILES, *OPTIONAL_FILES)))
        elif init_from is not None:
            start = init_from.artifact
        shape, kept = self._shape, Weights()
        if start is None:
            tokenizer = self._tokenizer.trained_on([*examples.texts, *examples.unlabelled])
        elif isinstance(start, TextArtifact) and isinstance(start.config, LanguageConfig):
            tokenizer, shape = start.tokenizer, replace(shape, **_shape(start))
            kept = encoder_weights(start.config, start.weights)
        elif isinstance(start, TextArtifact) and isinstance(start.config, ModelConfig):
            tokenizer, shape = start.tokenizer, replace(shape, **_shape(start))
            same = start.classes == examples.classes
            kept = {
                name: start.weights[name] for name in start.weights if same or not name.startswith("output.")
            }
        else:
            raise ArtifactError(
                f"a classifier cannot start from a model for the task {start.task!r}: give a classifier or a "
                "language model (nlp-rnn pretrain)"
            )
        shape = replace(shape, vocab_size=tokenizer.vocab_size, num_classes=len(examples.classes))
        return tokenizer, shape, kept

    def _probs_of_rows(
        self, rows: Sequence[Sequence[int]], *, batch_tokens: int | None = None
    ) -> NDArray[np.float32]:
        """Probabilities (N, C) of rows of ids, in their order."""
        artifact, engine = self.artifact, self._engine
        assert engine is not None  # there is an artifact
        probs_NC = np.empty((len(rows), len(artifact.classes)), dtype=np.float32)
        if batch_tokens is None:
            batch_tokens = engine.batch_tokens
        for batch in batches(rows, pad_id=artifact.tokenizer.pad_id, batch_tokens=batch_tokens):
            probs_NC[batch.rows_B] = softmax(engine.logits(batch), artifact.temperature)
        return probs_NC


def _shape(artifact: Artifact[EncoderConfig]) -> dict[str, Any]:
    """Return the settings a model was made with, without the sizes that its data decided."""
    shape = artifact.config.to_dict()
    return {name: value for name, value in shape.items() if name not in ("vocab_size", "num_classes")}
