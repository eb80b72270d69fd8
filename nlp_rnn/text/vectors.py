"""Ready-made word vectors (GloVe, fastText) for a tokenizer's vocabulary, read by torchtext.

Extra ``torchtext``. Version 0.6.0 is pure Python and works beside current torch, but it draws progress
bars, pickles what it read into the working folder, and switches certificate checks off for the whole
process: all of that is hidden from the caller here. Knows files of vectors; knows no models.
"""

from __future__ import annotations

import functools
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import DataError, InputError, require, whole_number
from nlp_rnn.text.tokenizer import SPECIAL, TextTokenizer

_NAME = re.compile(
    r"glove\.(?P<corpus>6B|42B|840B|twitter\.27B)\.(?P<dim>\d+)d|fasttext\.(?P<language>[a-z_]+)"
)


@dataclass(frozen=True)
class WordVectors:
    """Word vectors in the order of a tokenizer's ids.

    Attributes:
        matrix_VE: One row per id, *shape (V, E)*, float32.
        coverage: Share of the vocabulary, special tokens aside, that the file knows, in [0, 1].
        missing: The tokens that it does not know.
    """

    matrix_VE: NDArray[np.float32]
    coverage: float
    missing: list[str]


def load_vectors(
    source: str | Path,
    tokenizer: TextTokenizer,
    *,
    cache: str | Path | None = None,
    max_vectors: int | None = None,
    seed: int | None = None,
) -> WordVectors:
    """Load vectors for a tokenizer's vocabulary (Pennington 2014; Bojanowski 2017).

    Args:
        source: A text file of ``word number number ...`` lines, ``.gz`` allowed, with or without fastText's
            header line; or the name of a published set: ``glove.6B.100d``, ``glove.42B.300d``,
            ``glove.840B.300d``, ``glove.twitter.27B.50d``, ``fasttext.en`` (any language code).
        tokenizer: The tokenizer whose tokens are looked up.
        cache: Folder where a published set is kept once downloaded; a file needs none.
        max_vectors: Read so many lines at most; published sets begin with the most frequent words.
        seed: Draw tokens without a vector from a normal distribution as wide as the others; None: zeros.

    Returns:
        The vectors; padding is always zero.

    Raises:
        MissingExtraError: If torchtext is not installed.
        ConfigError: If ``max_vectors`` or ``seed`` is no whole number, or too small.
        InputError: If ``source`` is neither a file nor a known name, or a name comes without ``cache``.
        DataError: If the file cannot be read, the download fails, or it knows no token at all.
    """
    if max_vectors is not None:
        max_vectors = whole_number("max_vectors", max_vectors, 1, 2**31)
    if seed is not None:
        seed = whole_number("seed", seed, 0)
    vocab = require("torchtext.vocab", extra="torchtext")
    path = Path(source)
    if not path.is_file():
        path = _published(vocab, str(source), None if cache is None else Path(cache))
    found = _read(vocab, path, max_vectors)
    places = {str(word): i for i, word in enumerate(found.itos)}
    tokens = tokenizer.vocab
    known = [i for i, token in enumerate(tokens) if token in places]
    missing = [token for token in tokens if token not in places and token not in SPECIAL]
    if not set(known) - {tokenizer.pad_id, tokenizer.unk_id}:
        raise DataError(f"{path}: none of the {len(tokens)} tokens of the vocabulary has a vector there")
    known_KE = found.vectors.numpy()[[places[tokens[i]] for i in known]].astype(np.float32)
    if not np.isfinite(known_KE).all():
        bad = tokens[known[int(np.flatnonzero(~np.isfinite(known_KE).all(axis=1))[0])]]
        raise DataError(f"{path}: the vector of {bad!r} holds a number that is not finite")
    matrix_VE = np.zeros((len(tokens), known_KE.shape[1]), dtype=np.float32)
    if seed is not None:
        random_VE = np.random.default_rng(seed).normal(0, known_KE.std(), matrix_VE.shape)
        matrix_VE[:] = random_VE.astype(np.float32)
    matrix_VE[known] = known_KE
    matrix_VE[tokenizer.pad_id] = 0
    return WordVectors(matrix_VE, 1 - len(missing) / max(1, len(tokens) - len(SPECIAL)), missing)


def _read(vocab: Any, path: Path, max_vectors: int | None) -> Any:
    """Return torchtext's vectors of a file.

    Raises:
        DataError: If it cannot read them.
    """
    with tempfile.TemporaryDirectory() as pickles, _without_side_effects(vocab):
        try:
            found = vocab.Vectors(str(path), cache=pickles, max_vectors=max_vectors)
        except (RuntimeError, ValueError, TypeError, OSError, EOFError) as error:
            raise DataError(
                f"{path}: not a text file of 'word number number ...' lines of one length ({error})"
            ) from None
    if not found.itos:
        raise DataError(f"{path}: holds no vectors")
    return found


def _published(vocab: Any, name: str, cache: Path | None) -> Path:
    """Return the file of a published set, downloaded into ``cache`` unless it is there."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"no vectors at '{name}': it is neither a file nor a name like glove.6B.100d or fasttext.en"
        )
    if cache is None:
        raise InputError(f"{name} has to be downloaded: say with cache=FOLDER where to keep it")
    language = match["language"]
    path = cache / (f"wiki.{language}.vec" if language else f"{name}.txt")
    if path.is_file():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    # A folder of its own, so that an interrupted download is never taken for the whole file.
    with tempfile.TemporaryDirectory(dir=cache) as folder, _without_side_effects(vocab):
        try:
            if language:
                vocab.FastText(language, cache=folder, max_vectors=1)
            else:
                vocab.GloVe(match["corpus"], int(match["dim"]), cache=folder, max_vectors=1)
        except (OSError, RuntimeError, EOFError) as error:
            raise DataError(
                f"{name} cannot be downloaded ({error}); download it by hand and give the file instead"
            ) from None
        (Path(folder) / path.name).replace(path)
    return path


@contextmanager
def _without_side_effects(vocab: Any) -> Iterator[None]:
    """Run torchtext without its progress bar and its log, and with certificates checked."""
    default, unverified = ssl._create_default_https_context, ssl._create_unverified_context
    bar, silent = vocab.tqdm, vocab.logger.disabled
    ssl._create_unverified_context = ssl.create_default_context  # type: ignore[assignment]
    vocab.tqdm = functools.partial(bar, disable=True)
    vocab.logger.disabled = True
    try:
        yield
    finally:
        ssl._create_default_https_context = default
        ssl._create_unverified_context = unverified
        vocab.tqdm, vocab.logger.disabled = bar, silent
