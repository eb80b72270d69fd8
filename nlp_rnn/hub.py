"""Where a model is: a folder on this machine, or a repository on the Hugging Face Hub.

Knows paths and repository ids; reads no model.
"""

from __future__ import annotations

import re
from pathlib import Path

from nlp_rnn.errors import ArtifactError, require

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def model_folder(source: str | Path, *, files: tuple[str, ...]) -> Path:
    """The folder of a model, fetched from the Hub if ``source`` is a repository's id.

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
    hub = require("huggingface_hub", extra="train")
    try:
        return Path(hub.snapshot_download(str(source), allow_patterns=list(files)))
    except Exception as error:  # the hub's, the HTTP library's and the operating system's own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ArtifactError(
            f"{source} is no folder here and cannot be fetched from the Hugging Face Hub ({reason[:200]}): "
            "give a model folder, or try again online"
        ) from None
