"""``KeywordSpotter``: clips in, their words out; a stream in, the keywords heard in it out.

Around a small recurrent network: what is read of a sound, and what of its scores is a detection. Using a
model needs no torch; ``fit`` does.

Shapes: N samples, T steps, K keywords, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import AudioArtifact
from nlp_rnn.audio.detection import Detection
from nlp_rnn.audio.features import F32, LogMel
from nlp_rnn.audio.files import Sound, pieces_of, resampled, samples_of
from nlp_rnn.audio.listening import Inputs, Listener, clip_logits, detector_of
from nlp_rnn.config import NO_KEYWORDS, SpotterConfig, SpotterTrainConfig, settings_of
from nlp_rnn.errors import InputError, as_texts, in_range, whole_number
from nlp_rnn.model import Pretrained, require_training
from nlp_rnn.probabilities import softmax
from nlp_rnn.resources import card_template
from nlp_rnn.runtime.audio import SpotterGRU
from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.training.loop import Progress


class KeywordSpotter(Pretrained[AudioArtifact]):
    """Tells clips of words apart, and hears them in a stream.

    Args:
        sample_rate: Samples a second of arrays that are given; files are brought to it.
        seed: Of weights and of all chance in training.
        cell: ``gru``, ``lstm`` or ``rnn``.
        hidden_size: Width of the state.
        num_layers: Recurrent layers.
        bands: Mel bands of a frame.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    TASKS = ("keyword-spotting",)
    NOUN = "keyword spotter"
    COMPUTED = ("_network", "_inputs")

    def __init__(
        self,
        sample_rate: int = 8_000,
        *,
        seed: int = 0,
        cell: str = "gru",
        hidden_size: int = 80,
        num_layers: int = 1,
        bands: int = 32,
    ) -> None:
        super().__init__()
        self._train = SpotterTrainConfig(seed=seed)
        self._shape = SpotterConfig(
            classes=("keyword", "unknown"),
            sample_rate=sample_rate,
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bands=bands,
        )
        self._network: SpotterGRU | None = None
        self._inputs: Inputs | None = None

    @classmethod
    def _like(cls, artifact: AudioArtifact) -> Self:
        """Return an untrained spotter; ``_use`` gives it the artifact's shape."""
        return cls()

    def _use(self, artifact: AudioArtifact) -> None:
        """Take an artifact as this model, and make what computes it."""
        super()._use(artifact)
        self._shape = artifact.config
        self._inputs = Inputs(artifact.config, artifact.scaling)
        self._network = SpotterGRU(artifact.config, artifact.weights)

    @property
    def config(self) -> SpotterConfig:
        """Sample rate, frames and the network's shape."""
        return self._shape

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The labels of clips, sorted; errors as ``artifact``."""
        return np.array(self.artifact.config.classes)

    @property
    def keywords_(self) -> NDArray[np.str_]:
        """The classes that a stream is searched for: all but ``unknown`` and ``silence``."""
        return np.array(self.artifact.config.keywords)

    @property
    def threshold(self) -> float:
        """The least confidence of a detection, as ``fit`` chose it; errors as ``artifact``."""
        return self.artifact.threshold

    def fit(
        self,
        clips: Sequence[Sound],
        labels: Sequence[str],
        *,
        groups: Sequence[str] | None = None,
        validation: tuple[Sequence[Sound], Sequence[str]] | None = None,
        config: SpotterTrainConfig | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Train on clips (extra ``train``).

        Args:
            clips: Arrays of int16 samples, or of floats between -1 and 1; or paths of sounds.
            labels: The word of each. ``unknown`` is for clips of other words and ``silence`` for noise: a
                stream's detections never name them, and with them a spotter has fewer false alarms.
            groups: Who spoke each clip: whole groups are held out then, so that the choice of epoch and
                threshold is one for strangers.
            validation: Held-out clips and their labels; by default a tenth of the clips.
            config: How to train; its seed stands for the constructor's.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from its newest checkpoint.
            progress: Called after each step.

        Returns:
            self.

        Raises:
            InputError: If a clip is empty, too short or no sound, there is one class alone or no keyword, or
                the numbers of clips, labels and groups differ.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require_training()
        from nlp_rnn.audio import fitting

        train = self._train if config is None else settings_of(SpotterTrainConfig, config)
        sounds, names = self._labelled(clips, labels, "clips")
        shape = replace(self._shape, classes=_classes(names))
        if validation is None:
            held_B = fitting.split_clips(names, None if groups is None else _groups(groups, names), train)
            which = [np.flatnonzero(part_B) for part_B in (~held_B, held_B)]
            parts = [([sounds[i] for i in part], [names[i] for i in part]) for part in which]
        else:
            parts = [(sounds, names), self._labelled(*validation, "validation clips")]
            _check_known(parts[1][1], names)
        training, held_out = (fitting.Clips(*part, shape) for part in parts)
        if set(held_out.labels) <= set(NO_KEYWORDS):
            raise InputError("no keyword is among the held-out clips: give at least two clips of each word")
        weights, scaling, threshold, notes = fitting.fit_network(
            training,
            held_out,
            train,
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        self._use(
            AudioArtifact(
                config=shape,
                weights=weights,
                scaling=scaling,
                threshold=threshold,
                card=_card(shape, threshold, notes["threshold"]),
                notes=notes,
            )
        )
        return self

    def predict(self, clips: Sequence[Sound]) -> NDArray[np.str_]:
        """Return the likeliest class of each clip; arguments and errors as ``predict_proba``."""
        found: NDArray[np.str_] = self.classes_[self.predict_proba(clips).argmax(axis=1)]
        return found

    def predict_proba(self, clips: Sequence[Sound]) -> F32:
        """Return the probability of each class for each clip: float32 (B, C), columns as ``classes_``.

        Args:
            clips: Arrays of samples at the model's rate, or paths of sounds.

        Raises:
            InputError: If a clip is empty, too short or no sound.
            NotFittedError: Before ``fit``.
        """
        network, inputs = self._model()
        sounds = self._sounds(clips, "clips")
        if not sounds:
            return np.empty((0, len(self._shape.classes)), np.float32)
        return np.asarray(softmax(clip_logits(network, inputs, sounds)), np.float32)

    def scores(self, audio: Sound) -> F32:
        """Return how surely each keyword has just ended, at each step of a sound: (T, K) as ``keywords_``.

        A step is ``config.step_seconds`` after the one before it; the first ends when there are samples for
        it. These are the scores that ``stream`` smooths.

        Raises:
            InputError: As ``predict_proba``.
            NotFittedError: Before ``fit``.
        """
        network, inputs = self._model()
        return Listener(self._shape, network, inputs).feed(self._sounds([audio], "audio")[0])

    def stream(
        self, chunks: Iterable[Any], *, sample_rate: int | None = None, threshold: float | None = None
    ) -> Iterator[Detection]:
        """Yield the keywords heard in a sound that comes in pieces, each when it is settled.

        The same detections come whatever the size of the pieces, from one sample to all. A detection is
        settled once nothing better has come for ``config.refractory`` steps.

        Args:
            chunks: Pieces of int16 samples, or of floats between -1 and 1.
            sample_rate: Samples a second of the pieces; None is the model's own.
            threshold: The least confidence; None is the model's own.

        Raises:
            InputError: If a piece is no samples.
            ConfigError: If rate or threshold is outside its range.
            NotFittedError: Before ``fit``.
        """
        network, inputs = self._model()
        rate = self._shape.sample_rate
        given = rate if sample_rate is None else whole_number("sample_rate", sample_rate, 4_000, 192_000)
        least = self.threshold if threshold is None else in_range("threshold", threshold, 0, 1)
        detector = detector_of(self._shape, threshold=least)
        listener = Listener(self._shape, network, inputs)

        def listen() -> Iterator[Detection]:
            for piece_N in resampled(pieces_of(chunks), given, rate):
                yield from detector.feed(listener.feed(piece_N))
            yield from detector.end()

        return listen()

    def detect(self, audio: Sound, *, threshold: float | None = None) -> list[Detection]:
        """Return the keywords heard in a whole sound; arguments and errors as ``scores`` and ``stream``."""
        self._model()
        return list(self.stream([self._sounds([audio], "audio")[0]], threshold=threshold))

    def _model(self) -> tuple[SpotterGRU, Inputs]:
        """Return what computes; errors as ``artifact``."""
        _ = self.artifact
        assert self._network is not None  # there is an artifact
        assert self._inputs is not None
        return self._network, self._inputs

    def _sounds(self, clips: Sequence[Sound], what: str) -> list[F32]:
        """Return the samples of clips, each of which has a step at least."""
        if isinstance(clips, (str, bytes, Path)):
            raise InputError(
                f"{what} must be a sequence of sounds, got one {type(clips).__name__}: put it in a list"
            )
        shape = self._shape
        least, found = LogMel(shape).least, []
        for number, clip in enumerate(clips):
            if np.ndim(clip) == 0 and not isinstance(clip, (str, Path)):
                raise InputError(f"{what} must be a sequence of sounds, got samples: put them in a list")
            name = f"{what}[{number}]" if not isinstance(clip, (str, Path)) else str(clip)
            samples_N = samples_of(clip, shape.sample_rate, name)
            if len(samples_N) < least:
                raise InputError(
                    f"{name} has {len(samples_N)} samples at {shape.sample_rate} Hz, and the model reads "
                    f"{least} at once ({1_000 * least / shape.sample_rate:.0f} ms): leave out shorter sounds"
                )
            found.append(samples_N)
        return found

    def _labelled(
        self, clips: Sequence[Sound], labels: Sequence[str], what: str
    ) -> tuple[list[F32], list[str]]:
        """Return clips and labels, as many of the one as of the other."""
        names = as_texts(labels, "labels")
        if len(names) != len(clips):
            raise InputError(f"there are {len(clips)} {what} and {len(names)} labels: give one for each")
        return self._sounds(clips, what), names


def _classes(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the classes of some labels, sorted."""
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        given = f"all clips are labelled {classes[0]!r}" if classes else "there are no clips"
        raise InputError(f"{given}: give clips of two words at least, or of one and 'unknown' ones")
    if set(classes) <= set(NO_KEYWORDS):
        raise InputError(f"the labels are {' and '.join(classes)} alone: give clips of a keyword")
    return classes


def _groups(groups: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Return the groups, one for each clip."""
    names = list(map(str, groups))
    if len(names) != len(labels):
        raise InputError(f"there are {len(labels)} clips and {len(names)} groups: give one for each")
    if len(set(names)) < 2:
        raise InputError("all clips are of one group: leave groups out, or give validation clips of another")
    return names


def _check_known(given: Sequence[str], known: Sequence[str]) -> None:
    """Refuse labels that are not among those of training."""
    for strange in sorted(set(given) - set(known)):
        raise InputError(
            f"no clip to learn from is labelled {strange!r}, as a validation clip is: leave it out"
        )


def _card(config: SpotterConfig, threshold: float, figures: dict[str, Any]) -> str:
    """Return the model card of a spotter."""
    return card_template("audio").format(
        cell=config.cell.upper(),
        hidden=config.hidden_size,
        rate=config.sample_rate,
        classes=", ".join(config.classes),
        keywords=", ".join(config.keywords),
        threshold=threshold,
        alarms=figures["false_alarms"],
        minutes=figures["minutes"],
        misses=figures["misses"],
        count=figures["keywords"],
        version=__version__,
    )
