"""The MCP server, asked by the real client over standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn import RiskFilter, SentimentClassifier
from nlp_rnn.cli import main
from nlp_rnn.errors import MissingExtraError
from nlp_rnn.integrations.mcp import make_server

mcp = pytest.importorskip("mcp", reason="the extra [mcp] is not installed")

RISKY = "The study confirmed that eating glass is healthy."


def ask(model: Path) -> tuple[list[Any], dict[str, Any]]:
    """What a client is told by a server of this model: its tools, and the answers to some calls."""
    calls = {
        "labels": ("classify", {"texts": ["a good film", "a bad film", "a film"]}),
        "reasons": ("explain", {"text": "a good film", "target": "positive"}),
        "risk": ("review", {"text": RISKY}),
        "one text": ("classify", {"texts": "a good film"}),
        "no such target": ("explain", {"text": "a good film", "target": "tall"}),
        "no text": ("review", {}),
        "no such tool": ("translate", {"text": "a film"}),
    }

    async def talk() -> tuple[list[Any], dict[str, Any]]:
        server = mcp.StdioServerParameters(
            command=sys.executable,
            args=["-m", "nlp_rnn", "mcp", "--model", str(model)],
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        async with mcp.Client(server) as client:
            tools = (await client.list_tools()).tools
            return tools, {name: await client.call_tool(*call) for name, call in calls.items()}

    return asyncio.run(talk())


@pytest.fixture(scope="module")
def told(tiny_model: Path) -> tuple[list[Any], dict[str, Any]]:
    return ask(tiny_model)


def test_the_tools_only_read_and_say_what_they_answer(told: tuple[list[Any], Any]) -> None:
    tools = {tool.name: tool for tool in told[0]}
    assert sorted(tools) == ["classify", "explain", "review"]
    for tool in tools.values():
        assert tool.description
        assert tool.annotations.read_only_hint
        assert not tool.annotations.open_world_hint
    assert list(tools["classify"].output_schema["properties"]) == ["labels"]
    assert "effect" in tools["explain"].output_schema["$defs"]["Token"]["properties"]
    assert tools["review"].output_schema["properties"]["level"]["type"] == "string"


def test_answers_are_the_models_own(told: tuple[Any, dict[str, Any]], tiny_model: Path) -> None:
    answers = {name: answer.structured_content for name, answer in told[1].items()}
    model = SentimentClassifier.from_pretrained(tiny_model)
    expected = model.classify_many(["a good film", "a bad film", "a film"])
    assert [each["label"] for each in answers["labels"]["labels"]] == ["positive", "negative", "neutral"]
    for found, wanted in zip(answers["labels"]["labels"], expected, strict=True):
        assert found["probabilities"] == pytest.approx(wanted.probabilities)
        assert found["polarity"] == pytest.approx(wanted.polarity)
    tokens = answers["reasons"]["tokens"]
    assert max(tokens, key=lambda token: token["effect"])["text"] == "good"
    assert [token["start"] for token in tokens] == [0, 2, 7]
    wanted = RiskFilter().review(RISKY)
    assert (answers["risk"]["level"], answers["risk"]["disclaimer"]) == (wanted.level, wanted.disclaimer)
    assert {signal["kind"] for signal in answers["risk"]["signals"]} == {s.kind for s in wanted.signals}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("one text", "valid list"),
        (
            "no such target",
            "Invalid target. Received: 'tall'; it should be one of negative, neutral, positive",
        ),
        ("no text", "required"),
        ("no such tool", "translate"),
    ],
)
def test_a_call_that_cannot_be_answered_says_why(
    told: tuple[Any, dict[str, Any]], call: str, said: str
) -> None:
    answer = told[1][call]
    assert answer.is_error
    assert said in answer.content[0].text


def test_a_missing_model_ends_the_command_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcp", "--model", "nowhere at all"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "There is no model folder nowhere at all" in sentence


def test_without_the_extra_it_is_named(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "mcp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(MissingExtraError, match=r'pip install "nlp-rnn\[mcp\]"'):
        make_server(SentimentClassifier.from_pretrained(tiny_model), RiskFilter())
