"""A model's source: a folder as it is, a repository through the Hub's library, one sentence when offline.

To the Hub and back with the real client, in a process of its own whose ``HF_ENDPOINT`` is a server of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import ArtifactError, InputError
from nlp_rnn.hub import card_for_hub, model_folder
from tests.hub_server import serve_hub

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
    asked: list[tuple[str, str | None, list[str]]] = []

    def fetch(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((name, revision, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    files = ("config.json",)
    for source, revision in (("owner/name", None), ("owner/name", "v1"), ("owner/name@v1", None)):
        assert model_folder(source, files=files, revision=revision) == tmp_path
    assert asked == [("owner/name", pinned, ["config.json"]) for pinned in (None, "v1", "v1")]


@pytest.mark.parametrize(
    ("source", "revision", "said"),
    [
        ("owner/name@v1", "v2", "two revisions, 'v1' and 'v2'"),
        (".", "v1", "only a repository on the Hub has any"),
        (None, "v1", "needs a repository's id"),
    ],
)
def test_a_revision_without_its_repository_is_refused(source: str | None, revision: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        SentimentClassifier.from_pretrained(source, revision=revision)


def test_offline_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, **options: object) -> str:
        raise ConnectionError("no route to host\nTraceback and more")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    with pytest.raises(ArtifactError, match=r"no folder owner/name, and .*\(no route to host\)") as caught:
        model_folder("owner/name", files=("config.json",))
    assert "\n" not in str(caught.value)


OLDER = Path(__file__).parent / "older"
ROUND_TRIP = f"""
import json
from nlp_rnn import CharGenerator, SentimentClassifier
from nlp_rnn.errors import NlpRnnError

def refused(**options):
    try:
        model.push_to_hub("owner/name", **options)
    except NlpRnnError as error:
        return str(error)

model = SentimentClassifier.from_pretrained({str(OLDER / "classifier")!r})
texts = ["the parcel came late", "my bill is wrong"]
first = model.push_to_hub("owner/name", licence="mit")
model.artifact.weights["output.bias"][:] = [9, -9]
second = model.push_to_hub("owner/name", metrics={{"our tests": {{"accuracy": 0.91}}}}, message="Turn it")
writer = CharGenerator.from_pretrained({str(OLDER / "generator")!r})
writer.push_to_hub("owner/writer")
load = SentimentClassifier.from_pretrained
print(json.dumps({{
    "commits": [first, second],
    "pinned": load("owner/name", revision=first).predict(texts).tolist(),
    "named": load(f"owner/name@{{first}}").predict(texts).tolist(),
    "newest": load("owner/name").predict(texts).tolist(),
    "written": CharGenerator.from_pretrained("owner/writer").generate("The ", max_new_chars=9).text
        == writer.generate("The ", max_new_chars=9).text,
    "not logged in": refused(token="hf_stranger"),
    "no such branch": refused(revision="nowhere"),
}}))
"""


@pytest.fixture(scope="module")
def there_and_back(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a process said that pushed and loaded models, and the repositories afterwards."""
    with serve_hub() as server:
        done = subprocess.run(
            [sys.executable, "-c", ROUND_TRIP],
            env={
                **os.environ,
                "HF_ENDPOINT": server.url,
                "HF_HOME": str(tmp_path_factory.mktemp("hub")),
                "HF_TOKEN": "hf_writer",
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), server.repositories


def test_a_pinned_model_stays_and_the_newest_moves(there_and_back: tuple[dict[str, Any], Any]) -> None:
    said, _ = there_and_back
    local = SentimentClassifier.from_pretrained(OLDER / "classifier")
    expected = local.predict(["the parcel came late", "my bill is wrong"]).tolist()
    assert said["pinned"] == said["named"] == expected
    assert said["newest"] == [local.classes_[0]] * 2
    assert said["written"]


def test_a_card_says_task_licence_and_figures(there_and_back: tuple[Any, dict[str, Any]]) -> None:
    said, repositories = there_and_back
    first, second = (repositories["owner/name"][commit] for commit in said["commits"])
    assert set(first) == {path.name for path in (OLDER / "classifier").iterdir()}
    facts = hub.ModelCard(first["README.md"].decode()).data
    assert (facts.pipeline_tag, facts.license) == ("text-classification", "mit")
    assert facts.eval_results[0].metric_type == "accuracy"
    assert hub.ModelCard(second["README.md"].decode()).data.eval_results[0].dataset_name == "our tests"
    (written,) = repositories["owner/writer"].values()
    facts = hub.ModelCard(written["README.md"].decode()).data
    assert (facts.pipeline_tag, facts.license) == ("text-generation", "unknown")


def test_who_may_not_write_is_told_in_one_sentence(there_and_back: tuple[dict[str, Any], Any]) -> None:
    said, _ = there_and_back
    assert "could not be uploaded to owner/name" in said["not logged in"]
    assert "hf auth login" in said["not logged in"]
    assert "Revision Not Found" in said["no such branch"]
    assert "\n" not in said["not logged in"] + said["no such branch"]


def test_a_writers_index_of_its_training_text_goes_along(there_and_back: tuple[Any, dict[str, Any]]) -> None:
    (written,) = there_and_back[1]["owner/writer"].values()
    assert set(written) == {path.name for path in (OLDER / "generator").iterdir()}


def test_a_graph_is_fetched_for_the_engine_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def fetch(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(OLDER / "classifier")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    for engine in ("numpy", "onnx"):
        SentimentClassifier.from_pretrained("owner/name", engine=engine)
    assert ["model.onnx" in patterns for patterns in asked] == [False, True]


def test_figures_are_by_set_of_texts_and_measure() -> None:
    model = SentimentClassifier.from_pretrained(OLDER / "classifier")
    for metrics in ({"accuracy": 0.9}, {"my tests": {"accuracy": "high"}}, [0.9]):
        with pytest.raises(InputError, match=r"Invalid metrics\. Received: .*like \{'my test set'"):
            model.push_to_hub("owner/name", metrics=metrics)


@pytest.mark.parametrize("repository", ["name", "owner/name@v1", "a/b/c", "", None])
def test_a_repository_is_owner_and_name(repository: str) -> None:
    model = SentimentClassifier.from_pretrained(OLDER / "classifier")
    with pytest.raises(InputError, match="it should be owner/name"):
        model.push_to_hub(repository)


def test_a_card_keeps_what_it_says() -> None:
    card = "---\nlicense: mit\nlanguage: en\n---\n# A model\n"
    made = card_for_hub(card, name="model", task="translation", licence=None, results={})
    assert made == "---\nlicense: mit\nlanguage: en\npipeline_tag: translation\n---\n# A model\n"
    assert "license: unknown" in card_for_hub("# No", name="no", task=None, licence=None, results={})
