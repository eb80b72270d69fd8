"""The folder of a model: on this machine, or in a repository on the Hugging Face Hub, from and to there.

Knows paths, repository ids and the front matter of model cards; reads no model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nlp_rnn.errors import ArtifactError, InputError, MissingExtraError, require

_REPOSITORY = re.compile(r"([\w-][\w.-]*/[\w-][\w.-]*)(?:@([\w./-]+))?")
NO_LICENSE: Final = "unknown"
"""The Hub's name for a licence that nobody has stated."""

Results = Mapping[str, Mapping[str, float]]
"""Figures of a model: name of a set of texts, name of a measure, value."""


def model_folder(source: str | Path, *, files: tuple[str, ...], revision: str | None = None) -> Path:
    """Return the folder of a model, fetched from the Hub if ``source`` is a repository's id.

    Args:
        source: A path, or, where no such path exists, ``owner/name`` or ``owner/name@revision``.
        files: Names of the files to fetch.
        revision: Branch, tag or commit of the repository; a commit's files never change. None is its newest.

    Raises:
        ArtifactError: If there is neither such a folder nor such a repository, or the Hub cannot be reached.
        InputError: If a revision is given for what is no repository, or two are.
        MissingExtraError: If a repository is asked for and ``huggingface_hub`` is not installed.
    """
    path = Path(source)
    found = None if path.exists() else _REPOSITORY.fullmatch(str(source))
    if found is None:
        if revision is not None:
            raise InputError(
                f"Invalid revision. Received: {revision!r} for {source}; only a repository on the Hub has any"
            )
        return path
    name, pinned = found.groups()
    if None not in (pinned, revision) and pinned != revision:
        raise InputError(f"there are two revisions, {pinned!r} and {revision!r}: give one")
    try:
        hub = require("huggingface_hub", extra="hub")
    except MissingExtraError as error:
        raise MissingExtraError(
            f"there is no folder {source}; to look for a repository of that name, {error}"
        ) from None
    try:
        return Path(hub.snapshot_download(name, revision=pinned or revision, allow_patterns=list(files)))
    except Exception as error:  # the hub's, the HTTP library's and the operating system's own
        raise ArtifactError(
            f"there is no folder {source}, and no repository of that name can be fetched from the Hugging "
            f"Face Hub ({_reason(error)}): check the path, or the repository's id and the connection"
        ) from None


def check_repository(repository: object) -> str:
    """Return a repository's id, if it is one.

    Raises:
        InputError: If it is no ``owner/name``, or names a revision, too.
    """
    found = _REPOSITORY.fullmatch(repository) if isinstance(repository, str) else None
    if found is None or found[2] is not None:
        raise InputError(f"Invalid repository. Received: {repository!r}; it should be owner/name")
    return found[1]


def push_folder(
    folder: Path,
    repository: str,
    *,
    message: str,
    private: bool = False,
    revision: str | None = None,
    token: str | None = None,
) -> str:
    """Upload a folder to a repository on the Hub, which is made if there is none; return the commit.

    Args:
        folder: The model's folder, with nothing else in it.
        repository: ``owner/name``, checked.
        message: Of the commit.
        private: Whether a new repository can be seen by its owner alone.
        revision: A branch that exists; None is the main one.
        token: Who uploads; None is who logged in with ``hf auth login``, or ``HF_TOKEN``.

    Raises:
        ArtifactError: If the Hub cannot be reached, or does not take it.
        MissingExtraError: If ``huggingface_hub`` is not installed.
    """
    hub = require("huggingface_hub", extra="hub")
    try:
        api = hub.HfApi(token=token, library_name="nlp-rnn")
        api.create_repo(repository, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository, folder_path=folder, revision=revision, commit_message=message
        )
    except Exception as error:  # the hub's, the HTTP library's and the operating system's own
        raise ArtifactError(
            f"the model could not be uploaded to {repository} on the Hugging Face Hub ({_reason(error)}): "
            "check the name and the connection, and log in with hf auth login"
        ) from None
    commit: str = done.oid
    return commit


def card_for_hub(card: str, *, name: str, task: str | None, licence: str | None, results: Results) -> str:
    """Return a model card whose front matter has what the Hub shows: task, licence and figures.

    What the card states already stays, but for the figures and a licence that is given.

    Args:
        card: The card, with or without front matter.
        name: The model's name beside its figures.
        task: The Hub's name of the task, such as ``text-classification``; None if it has none.
        licence: The Hub's name of the licence, such as ``mit``; None keeps the card's.
        results: The figures.

    Raises:
        InputError: If the results are no figures by set of texts and measure.
        MissingExtraError: If ``huggingface_hub`` is not installed.
    """
    hub = require("huggingface_hub", extra="hub")
    figures = _figures(results)
    found = hub.ModelCard(card if card.startswith("---\n") else f"---\nlibrary_name: nlp-rnn\n---\n{card}")
    facts: Any = found.data
    facts.pipeline_tag = facts.pipeline_tag or task
    facts.license = licence or facts.license or NO_LICENSE
    if figures:
        facts.model_name = name
        facts.eval_results = [
            hub.EvalResult(
                task_type=facts.pipeline_tag or "other",
                dataset_name=texts,
                dataset_type=_slug(texts),
                metric_type=measure,
                metric_value=round(value, 4),
            )
            for texts, measure, value in figures
        ]
    return str(found)


def _figures(results: Results) -> list[tuple[str, str, float]]:
    """Return figures as set of texts, measure and value."""
    try:
        return [
            (str(texts), str(measure), float(value))
            for texts, measures in results.items()
            for measure, value in measures.items()
        ]
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"Invalid metrics. Received: {results!r:.80}; they should be figures by set of texts and "
            "measure, like {'my test set': {'accuracy': 0.91}}"
        ) from None


def _slug(name: str) -> str:
    """Return a name in the letters that an id may have.

    >>> _slug("SST, three classes")
    'sst-three-classes'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _reason(error: Exception) -> str:
    """Return what an error says in its first line (of HTTP's, two: number and meaning), or its type."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[: 2 if hasattr(error, "response") else 1])[:200] or type(error).__name__
