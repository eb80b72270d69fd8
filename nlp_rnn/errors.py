"""The errors that a caller may want to catch, and checks of arguments.

Knows the names of the optional extras in ``pyproject.toml``; knows nothing about models or data.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Integral, Real
from typing import Any


class NlpRnnError(Exception):
    """Base of every error this package raises on purpose; its text is one sentence for the user."""


class InputError(NlpRnnError, ValueError):
    """A text, label, option or file that cannot be used as given."""


class ConfigError(NlpRnnError, ValueError):
    """A setting outside its allowed values, or two settings that contradict each other."""


class DataError(NlpRnnError, ValueError):
    """A row or a file of a corpus that cannot be read; the message names file, row and reason."""


class ArtifactError(NlpRnnError):
    """A model folder that is missing, truncated, tampered with, or made for another task."""


class NotFittedError(NlpRnnError, ValueError, AttributeError):
    """A model was asked for an answer before ``fit`` or ``from_pretrained``.

    As scikit-learn's error of this name, so that ``hasattr(model, "classes_")`` is False until then.
    """


class TrainingError(NlpRnnError):
    """Training had to stop: the loss is not finite, the gradient exploded, or a checkpoint does not match."""


class MissingExtraError(NlpRnnError, ImportError):
    """A call needs an optional package that is not installed; the message gives the line to type."""


class TrainingWarning(UserWarning):
    """A model was trained, or is about to be, and its user should know this before relying on it."""


def warn_of(remarks: Iterable[str]) -> None:
    """Give the caller's caller a ``TrainingWarning`` for each remark."""
    for remark in remarks:
        warnings.warn(remark, TrainingWarning, stacklevel=3)


def require(module: str, *, extra: str) -> Any:
    """Import ``module``, or say which ``pip`` line brings it.

    Args:
        module: Dotted name to import, e.g. ``"matplotlib.figure"``.
        extra: Name of the extra in ``pyproject.toml`` that installs it.

    Returns:
        The imported module.

    Raises:
        MissingExtraError: If the module's top-level package is not installed.

    >>> require("json", extra="train").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise
        raise MissingExtraError(
            f'this needs {package}, which is not installed: pip install "nlp-rnn[{extra}]"'
        ) from None


def without_extra(error: ModuleNotFoundError, what: str) -> ImportError:
    """Return what to raise where a module was not found: for one of torch's, the line to type."""
    if error.name is None or error.name.partition(".")[0] not in ("torch", "accelerate"):
        return error
    return MissingExtraError(f'{what} needs {error.name}: pip install "nlp-rnn[train]"')


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not among the names allowed.

    Raises:
        ConfigError: If ``value`` is not in ``allowed``; the message lists what is.
    """
    if value not in allowed:
        raise ConfigError(f"Invalid {name}. Received: {value!r}; it should be one of {', '.join(allowed)}")


def in_range(
    name: str,
    value: object,
    low: float,
    high: float,
    *,
    open_high: bool = False,
    error: type[ConfigError] | type[InputError] = ConfigError,
) -> float:
    """Return a number of any library as Python's own; refuse one outside the range, and NaN and True.

    >>> in_range("dropout", 1, 0, 1)
    1

    Args:
        name: Its name in the message.
        value: What was given.
        low: The least that is allowed.
        high: The greatest.
        open_high: Whether ``high`` itself is not allowed.
        error: The kind of error.

    Raises:
        ConfigError, InputError: As ``error`` says, if it is no number, or outside; the message has the range.
    """
    number = _plain(value)
    if isinstance(number, bool) or not isinstance(number, Real):
        number = math.nan
    elif not isinstance(number, int):
        number = float(number)
    if not (low <= number < high if open_high else low <= number <= high):
        bracket = ")" if open_high else "]"
        allowed = f"a number in [{low}, {high}{bracket}"
        raise error(f"Invalid {name}. Received: {value!r}; it should be {allowed}")
    return number


def whole_number(
    name: str,
    value: object,
    low: int,
    high: int | None = None,
    *,
    error: type[ConfigError] | type[InputError] = ConfigError,
) -> int:
    """Return a whole number of any library as Python's own; refuse all else, 2.0 and True included.

    >>> whole_number("seed", 3, 0)
    3

    Args:
        name: Its name in the message.
        value: What was given.
        low: The least that is allowed.
        high: The greatest; None is no limit.
        error: The kind of error.

    Raises:
        ConfigError, InputError: As ``error`` says, if it is no whole number, or outside.
    """
    number = _plain(value)
    right = isinstance(number, Integral) and not isinstance(number, bool)
    if not right or number < low or (high is not None and number > high):
        allowed = f"at least {low}" if high is None else f"in [{low}, {high}]"
        raise error(f"Invalid {name}. Received: {value!r}; it should be a whole number, {allowed}")
    return int(number)


def true_or_false(name: str, value: object) -> bool:
    """Return a truth value of any library as Python's own; refuse all else, 0 and 1 included.

    Raises:
        ConfigError: If it is none.
    """
    plain = _plain(value)
    if not isinstance(plain, bool):
        raise ConfigError(f"Invalid {name}. Received: {value!r}; it should be true or false")
    return plain


def _plain(value: Any) -> Any:
    """Return NumPy's and torch's scalars as Python's; anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def refuse_tables(values: object, wanted: str) -> None:
    """Refuse what iterates, but not over the values that its user means: tables, mappings, sets, files.

    Args:
        values: What was given where one column of values is wanted.
        wanted: The beginning of the message.

    Raises:
        InputError: Saying what to give instead.
    """
    name = type(values).__name__
    advice = None
    if hasattr(values, "columns") or hasattr(values, "column_names"):  # a data frame iterates over names
        advice = "give one column of it, such as table['text']"
    elif getattr(values, "ndim", 1) != 1:
        advice = f"its shape is {values.shape}; give one column of it"  # type: ignore[attr-defined]
    elif isinstance(values, Mapping):
        advice = "give a list of its values, or of its keys"
    elif isinstance(values, Set):
        advice = "a set has no order; give a list"
    elif hasattr(values, "readline"):
        advice = "give a list of its lines, or read it by nlp_rnn.files.read_texts"
    elif isinstance(values, (bytes, bytearray, memoryview)):
        advice = "decode it, and put it in a list"
    elif hasattr(values, "to_pylist"):  # Arrow's arrays iterate over scalars of their own
        advice = "give its .to_pylist()"
    if advice is not None:
        raise InputError(f"{wanted}, got {name}: {advice}")


def as_texts(texts: Sequence[str], what: str = "texts") -> list[str]:
    """Return the texts as a list, each of them a str.

    Args:
        texts: Any sequence of str; a single str is refused.
        what: Their name in the message.

    Raises:
        InputError: If it is no sequence of str.
    """
    if isinstance(texts, str):
        raise InputError(f"{what} must be a sequence of str, got one str: put it in a list")
    refuse_tables(texts, f"{what} must be a sequence of str")
    try:
        listed = list(texts)
    except TypeError:
        raise InputError(f"{what} must be a sequence of str, got {type(texts).__name__}") from None
    for number, text in enumerate(listed):
        if text is None or text != text:  # NaN alone differs from itself
            raise InputError(f"{what}[{number}] is missing ({text!r}): leave it out")
        if not isinstance(text, str):
            raise InputError(f"{what}[{number}] must be a str, got {type(text).__name__}: {text!r:.60}")
    return listed
