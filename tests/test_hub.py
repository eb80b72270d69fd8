"""A model's source: a folder as it is, a repository through the Hub's library, one sentence when offline."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp_rnn.errors import ArtifactError
from nlp_rnn.hub import model_folder

hub = pytest.importorskip("huggingface_hub")


def test_a_folder_is_itself_even_if_it_reads_like_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "name").mkdir(parents=True)
    assert model_folder("owner/name", files=()) == Path("owner/name")
    assert model_folder(tmp_path / "nowhere at all", files=()) == tmp_path / "nowhere at all"


def test_a_repository_is_fetched_with_only_the_files_of_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def fetch(name: str, *, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    assert model_folder("owner/name", files=("config.json",)) == tmp_path
    assert asked == [("owner/name", ["config.json"])]


def test_offline_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, *, allow_patterns: list[str]) -> str:
        raise ConnectionError("no route to host\nTraceback and more")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    with pytest.raises(ArtifactError, match=r"no folder owner/name, and .*\(no route to host\)") as caught:
        model_folder("owner/name", files=("config.json",))
    assert "\n" not in str(caught.value)
