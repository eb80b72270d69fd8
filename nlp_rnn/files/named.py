"""Corpora by name: where they are on the Hugging Face Hub, and their rows.

The Hub is read through ``datasets`` (extra ``train``), streamed, so nothing is written to anybody's disk.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from nlp_rnn.errors import DataError, require

Placed = Iterator[tuple[str, Mapping[str, Any]]]
"""Rows, each with the place it comes from."""
_POLARITY = {0: "negative", 1: "positive"}


@dataclass(frozen=True)
class HubCorpus:
    """Place of a named corpus, and the meaning of its columns and numbers.

    Attributes:
        path: Its name on the Hub.
        config: The part of it, or None.
        text: Column of the texts.
        labels: Name of each number in column ``label``.
        treebank: The texts are Treebank tokens, to be put together again.
        test: The split to measure on.
    """

    path: str
    config: str | None
    text: str
    labels: Mapping[int, str]
    treebank: bool = False
    test: str = "test"


NAMED = {
    "imdb": HubCorpus("stanfordnlp/imdb", None, "text", _POLARITY),
    # SST-2's own test labels are secret (all -1): the field measures on its validation split.
    "sst2": HubCorpus("stanfordnlp/sst2", None, "sentence", _POLARITY, treebank=True, test="validation"),
    "rotten_tomatoes": HubCorpus(
        "cornell-movie-review-data/rotten_tomatoes", None, "text", _POLARITY, treebank=True
    ),
    "tweet_eval": HubCorpus(
        "cardiffnlp/tweet_eval", "sentiment", "text", {0: "negative", 1: "neutral", 2: "positive"}
    ),
}


def _check_connection() -> None:
    """Fail at once where nobody answers: the Hub's client would try for half a minute and log each time.

    Raises:
        OSError: If there is no connection to be had.
    """
    constants = require("huggingface_hub", extra="train").constants
    address = urlsplit(constants.ENDPOINT)
    if constants.HF_HUB_OFFLINE or getproxies().get(address.scheme) or address.hostname is None:
        return  # the client itself knows better
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    socket.create_connection((address.hostname, port), timeout=10).close()


def hub_rows(name: str, hub: HubCorpus, split: str) -> Placed:
    """Rows of a named corpus, streamed from the Hub.

    Raises:
        DataError: If the Hub cannot be reached or has no such split.
    """
    datasets = require("datasets", extra="train")

    def failed(error: Exception) -> DataError:
        reason = " ".join(str(error).split())[:200]
        return DataError(
            f"{name} (split {split}) cannot be read from the Hub as {hub.path}: {reason}; "
            "without a network, give a file or a folder instead"
        )

    # The Hub's client, its HTTP library and datasets each have exceptions of their own: all are caught.
    try:
        _check_connection()
        data = datasets.load_dataset(hub.path, hub.config, split=split, streaming=True)
    except Exception as error:
        raise failed(error) from None

    def rows() -> Placed:
        stream = iter(data)
        for row in itertools.count(1):
            try:
                fields = next(stream, None)
            except Exception as error:
                raise failed(error) from None
            if fields is None:
                return
            yield f"{name}, {split}, row {row}", fields

    return rows()
