"""Loading, saving and naming, which all trained models share: a model folder or a Hub id in, a folder out.

A class of models says which tasks it reads, and how an artifact becomes something that computes. Knows
folders and artifacts; knows no engines, no texts and no training.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from nlp_rnn.artifact import FINGERPRINT, Artifact, fingerprint, load, save
from nlp_rnn.errors import InputError, NotFittedError, require
from nlp_rnn.folder import FILES, OPTIONAL_FILES
from nlp_rnn.hub import model_folder

if TYPE_CHECKING:
    from typing_extensions import Self

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
    def from_pretrained(cls, source: str | Path | None = None) -> Self:
        """Load a model.

        Args:
            source: A model folder, or a repository's id on the Hugging Face Hub; None is the model that comes
                with the package, if one does.

        Raises:
            ArtifactError: If there is no whole, untampered model for this task there.
            InputError: If no model of this kind comes with the package, and ``source`` is None.
            MissingExtraError: If the source needs an extra that is not installed.
        """
        folder = cls._find(source)
        artifact = cls._load(folder)
        model = cls._like(artifact)
        model._start_from(artifact, folder)
        return model

    @classmethod
    def _find(cls, source: str | Path | None, more: tuple[str, ...] = ()) -> Path:
        """Return the folder that ``source`` names, fetched from the Hub (with ``more`` files) if need be."""
        if source is not None:
            return model_folder(source, files=(*FILES, *OPTIONAL_FILES, *cls.MORE_FILES, *more))
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


def require_training() -> None:
    """Refuse to train where the extra ``train`` is not installed.

    Raises:
        MissingExtraError: Naming the line to type.
    """
    for module in ("torch", "accelerate"):
        require(module, extra="train")
