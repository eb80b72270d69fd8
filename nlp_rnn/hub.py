"""The folder of a model: on this machine, or fetched from the Hugging Face Hub.

Knows paths and repository ids; reads no model.
"""

from __future__ import annotations

import re
from pathlib import Path

from nlp_rnn.errors import ArtifactError, MissingExtraError, require

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def model_folder(source: str | Path, *, files: tuple[str, ...]) -> Path:
    """Return the folder of a model, fetched from the Hub if ``source`` is a repository's id.

    Args:
        source: A path, or ``owner/name`` where no such path exists.
        files: Names of the files to fetch.

    Raises:
        ArtifactError: If there is neither such a folder nor such a repository, or the Hub cannot be reached.
        MissingExtraError: If a repository is asked for and ``huggingface_hub`` is not installed.
    """
    path = Path(source)
    if path.exists() or not _REPOSITORY.fullmatch(str(source)):
        return path
    try:
        hub = require("huggingface_hub", extra="train")
    except MissingExtraError as error:
        raise MissingExtraError(
            f"there is no folder {source}; to look for a repository of that name, {error}"
        ) from None
    try:
        return Path(hub.snapshot_download(str(source), allow_patterns=list(files)))
    except Exception as error:  # the hub's, the HTTP library's and the operating system's own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ArtifactError(
            f"there is no folder {source}, and no repository of that name can be fetched from the Hugging "
            f"Face Hub ({reason[:200]}): check the path, or the repository's id and the connection"
        ) from None
