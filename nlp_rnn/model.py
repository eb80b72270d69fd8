"""Loading, saving and naming, which all trained models share: a model folder or a Hub id in, a folder out.

A class of models says which tasks it reads, and how an artifact becomes something that computes. Knows
folders and artifacts; knows no engines, no texts and no training.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from nlp_rnn.artifact import FINGERPRINT, Artifact, fingerprint, load, save
from nlp_rnn.errors import InputError, NotFittedError, require
from nlp_rnn.folder import CARD, FILES, OPTIONAL_FILES
from nlp_rnn.hub import Results, card_for_hub, check_repository, model_folder, push_folder

if TYPE_CHECKING:
    from typing_extensions import Self

# The Hub's name of each task; a language model by itself has none.
_HUB_TASKS = {
    "sentiment": "text-classification",
    "classification": "text-classification",
    "check-worthiness": "text-classification",
    "generation": "text-generation",
    "translation": "translation",
    "forecast": "time-series-forecasting",
    "keyword-spotting": "audio-classification",
}
_MEASURES = ("accuracy", "macro_f1", "macro_recall", "ece", "bits_per_char", "bleu", "chrf")

Kept = TypeVar("Kept", bound=Artifact[Any])


class Pretrained(Generic[Kept]):
    """A model that is trained by ``fit``, saved as a folder, and loaded from one."""

    TASKS: ClassVar[tuple[str, ...]]
    """Tasks of the folders that are read; what ``fit`` makes has the first."""
    NOUN: ClassVar[str]
    """The word for such a model in messages."""
    SHIPPED: ClassVar[Path | None] = None
    """The folder of the model that comes with the package."""
    MORE_FILES: ClassVar[tuple[str, ...]] = ()
    """Files of a folder besides those that every model has."""

    COMPUTED: ClassVar[tuple[str, ...]] = ()
    """Attributes that ``_use`` derives from the artifact; they are not pickled but derived again."""

    def __init__(self) -> None:
        self._artifact: Kept | None = None
        self.name = "unsaved"
        """Name of the folder that the model was loaded from or saved to."""
        self.fingerprint = ""
        """First digits of the checksum of that folder's weights."""

    @classmethod
    def from_pretrained(cls, source: str | Path | None = None, *, revision: str | None = None) -> Self:
        """Load a model.

        Args:
            source: A model folder, or a repository's id on the Hugging Face Hub; None is the model that comes
                with the package, if one does.
            revision: Branch, tag or commit of the repository; ``owner/name@revision`` says the same.

        Raises:
            ArtifactError: If there is no whole, untampered model for this task there.
            InputError: If no model of this kind comes with the package, and ``source`` is None; or there is a
                revision and no repository.
            MissingExtraError: If the source needs an extra that is not installed.
        """
        folder = cls._find(source, revision)
        artifact = cls._load(folder)
        model = cls._like(artifact)
        model._start_from(artifact, folder)
        return model

    @classmethod
    def _find(
        cls, source: str | Path | None, revision: str | None = None, *, more: tuple[str, ...] = ()
    ) -> Path:
        """Return the folder that ``source`` names, fetched from the Hub (with ``more`` files) if need be."""
        if source is not None:
            files = (*FILES, *OPTIONAL_FILES, *cls.MORE_FILES, *more)
            return model_folder(source, files=files, revision=revision)
        if revision is not None:
            raise InputError(f"Invalid revision. Received: {revision!r}; it needs a repository's id")
        if cls.SHIPPED is None:
            raise InputError(f"no {cls.NOUN} comes with the package: give a model folder or a Hub id")
        return cls.SHIPPED

    @classmethod
    def _load(cls, folder: Path) -> Kept:
        """Return the artifact in a folder."""
        artifact: Kept = load(folder, tasks=cls.TASKS)  # type: ignore[assignment]
        return artifact

    @classmethod
    def _like(cls, artifact: Kept) -> Self:
        """Return an untrained model of an artifact's shape."""
        raise NotImplementedError

    def _start_from(self, artifact: Kept, folder: Path) -> None:
        """Take what was loaded as this model."""
        self._use(artifact)
        self.name, self.fingerprint = folder.name, artifact.read_from[:FINGERPRINT]

    def _use(self, artifact: Kept) -> None:
        """Take an artifact as this model: the one place, for training and loading."""
        self._artifact = artifact
        self.name, self.fingerprint = "unsaved", ""

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled or copied: the artifact as its folder's bytes, and no engines."""
        return {name: value for name, value in vars(self).items() if name not in self.COMPUTED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a state, and derive again what computes."""
        vars(self).update(dict.fromkeys(self.COMPUTED), **state)
        if self._artifact is not None:
            self._use(self._artifact)
            self.name, self.fingerprint = state["name"], state["fingerprint"]

    @property
    def artifact(self) -> Kept:
        """The model as data.

        Raises:
            NotFittedError: Before ``fit``.
        """
        if self._artifact is None:
            raise NotFittedError(f"this {self.NOUN} has no model yet: call fit, or use from_pretrained")
        return self._artifact

    def save_pretrained(self, folder: str | Path, *, dtype: str = "float32") -> Path:
        """Write the model folder.

        Args:
            folder: Where.
            dtype: ``float32``, ``float16`` for half the size, or ``int8``: the embedding in whole numbers
                with a scale for each row, the rest in float16, for about a third of it.

        Returns:
            The folder's absolute path.

        Raises:
            NotFittedError: Before ``fit``.
            ArtifactError: If the folder holds something that is no model.
            ConfigError: If ``dtype`` is unknown.
        """
        saved = save(self.artifact, folder, dtype=dtype)
        self.name, self.fingerprint = saved.name, fingerprint(saved)
        return saved

    def push_to_hub(
        self,
        repository: str,
        *,
        licence: str | None = None,
        metrics: Results | None = None,
        private: bool = False,
        revision: str | None = None,
        token: str | None = None,
        dtype: str = "float32",
        message: str = "Upload the model",
    ) -> str:
        """Write the model into a repository on the Hugging Face Hub (extra ``hub``).

        The front matter of its card gets the task, the licence and the figures that the Hub shows.

        Args:
            repository: ``owner/name``; it is made if there is none.
            licence: The Hub's name of the licence, such as ``mit``; None is the card's, or ``unknown``.
            metrics: Figures for the card, such as ``{"my test set": {"accuracy": 0.91}}``; None takes those
                in the model's notes.
            private: Whether a new repository can be seen by its owner alone.
            revision: A branch that exists; None is the main one.
            token: Who uploads; None is who logged in with ``hf auth login``, or ``HF_TOKEN``.
            dtype: Of the weights, as in ``save_pretrained``.
            message: Of the commit.

        Returns:
            The commit, with which ``from_pretrained(repository, revision=...)`` always loads this very model.

        Raises:
            NotFittedError: Before ``fit``.
            ArtifactError: If the Hub cannot be reached, or does not take it.
            ConfigError: If ``dtype`` is unknown.
            InputError: If ``repository`` is no ``owner/name``, or ``metrics`` no figures as above.
            MissingExtraError: If the extra is not installed.
        """
        artifact = self.artifact
        name = check_repository(repository).rpartition("/")[2]
        card = card_for_hub(
            artifact.card,
            name=name,
            task=_HUB_TASKS.get(artifact.task),
            licence=licence,
            results=_known_figures(artifact.notes) if metrics is None else metrics,
        )
        with TemporaryDirectory(prefix="nlp-rnn-hub-") as place:
            folder = self.save_pretrained(Path(place) / name, dtype=dtype)
            (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
            return push_folder(
                folder, repository, message=message, private=private, revision=revision, token=token
            )


def _known_figures(notes: Mapping[str, Any]) -> Results:
    """Return a model's figures from its notes: those of test sets, or the held-out ones of its training."""
    figures = notes.get("figures")
    tests = figures.get("tests") if isinstance(figures, Mapping) else None
    if isinstance(tests, Mapping):
        return {name: _measures(values) for name, values in tests.items()}
    history = notes.get("history")
    if not history:
        return {}
    # What was kept is the epoch with the best score.
    best = max((epoch["validation"] for epoch in history), key=lambda found: found.get("score", 0.0))
    measures = _measures(best)
    return {"held-out texts of the training": measures} if measures else {}


def _measures(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the values that the Hub can show beside those of other models."""
    return {name: values[name] for name in _MEASURES if name in values}


def require_training() -> None:
    """Refuse to train where the extra ``train`` is not installed.

    Raises:
        MissingExtraError: Naming the line to type.
    """
    for module in ("torch", "accelerate"):
        require(module, extra="train")
