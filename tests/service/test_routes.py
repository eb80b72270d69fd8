"""The routes answer what the library answers, in the shapes that clients know."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from nlp_rnn import CharGenerator, RiskFilter, SentimentClassifier

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
from tests.service.running import Answer, Running, until

CLAIM = "The study confirmed that eating glass is healthy."
TEXTS = [
    f"{begin} {middle} {end}"
    for begin in ("The film was", "I thought it", "Nobody said the plot is", "My phone")
    for middle in ("not good", "bad", "very good indeed", "hardly worth it and far too long", "ok")
    for end in ("", "at all.", "but the music made up for all of it, and more than that!")
]


def events(answer: Answer) -> list[Any]:
    """The events of a stream; the last one is ``[DONE]``."""
    lines = [line[6:] for line in answer.body.decode().split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def probabilities(found: list[dict[str, Any]]) -> list[float]:
    named = {each["label"]: each["score"] for each in found}
    return [named[name] for name in ("negative", "neutral", "positive")]


def test_one_text_has_all_classes_the_likeliest_first(server: Running) -> None:
    answer = server.ask("/predict", {"inputs": "Movie was not good"})
    assert answer.status == 200
    assert [each["label"] for each in answer.json] == ["negative", "neutral", "positive"]
    assert sum(each["score"] for each in answer.json) == pytest.approx(1, abs=1e-5)
    assert server.ask("/", {"inputs": "Movie was not good"}).json == [answer.json]


def test_several_texts_are_answered_in_their_order_and_of_classes_as_many_as_asked(server: Running) -> None:
    found = server.ask("/predict", {"inputs": ["Movie was good", ["Movie was not good"]], "top_k": 1}).json
    assert [[each["label"] for each in one] for one in found] == [["positive"], ["negative"]]
    by_hub = server.ask("/", {"inputs": "Movie was good", "parameters": {"top_k": 2}}).json
    assert [len(each) for each in by_hub] == [2]


def test_texts_under_load_are_answered_as_the_library_answers_them_alone(server: Running) -> None:
    library = SentimentClassifier.from_pretrained()
    alone = np.array([library.predict_proba([text])[0] for text in TEXTS])

    def one(text: str) -> list[float]:
        return probabilities(server.ask("/predict", {"inputs": text}).json)

    with ThreadPoolExecutor(16) as pool:
        in_company = np.array(list(pool.map(one, TEXTS * 2)))
    assert np.abs(in_company - np.concatenate([alone, alone])).max() < 1e-5
    in_bulk = server.ask("/predict", {"inputs": TEXTS}).json  # more than 32: the second queue
    assert np.abs(np.array([probabilities(each) for each in in_bulk]) - alone).max() < 1e-5
    until(lambda: server.figure("nlp_rnn_batch_texts_count", queue="bulk") >= 1)
    most = server.figure("nlp_rnn_batch_texts_bucket", queue="interactive", le="1.0")
    assert most < server.figure("nlp_rnn_batch_texts_count", queue="interactive")  # some were together


def test_the_shape_of_vllm(server: Running) -> None:
    found = server.ask("/v1/classify", {"model": "sentiment-en", "input": ["good", "bad"], "user": "me"}).json
    assert [(each["index"], each["label"], each["num_classes"]) for each in found["data"]] == [
        (0, "positive", 3),
        (1, "negative", 3),
    ]
    assert sum(found["data"][0]["probs"]) == pytest.approx(1, abs=1e-5)


def test_an_explanation_is_the_librarys_with_places_for_browsers(server: Running) -> None:
    text = "😀 Movie was not good"
    found = server.ask("/explain", {"inputs": text}).json
    own = SentimentClassifier.from_pretrained().explain(text)
    assert [each["attribution"] for each in found["tokens"]] == pytest.approx(own.attributions, abs=1e-5)
    assert np.abs(np.array(found["trajectory"]) - own.trajectory).max() < 1e-5
    assert [(each["start"], each["end"]) for each in found["tokens"]] == list(own.spans)
    in_utf16 = text.encode("utf-16-le")
    for each, (start, end) in zip(found["tokens"], own.spans, strict=True):
        cut = in_utf16[2 * each["start_utf16"] : 2 * each["end_utf16"]].decode("utf-16-le")
        assert cut == text[start:end]
    assert (found["label"], found["target"]) == ("negative", "polarity")
    assert server.ask("/explain", {"inputs": ""}).status == 200


@pytest.mark.parametrize("policy", ["annotate", "redact", "block"])
def test_a_review_is_the_librarys(server: Running, policy: str) -> None:
    found = server.ask("/review", {"inputs": f"Hello there. {CLAIM}", "policy": policy}).json
    own = RiskFilter(policy).apply(f"Hello there. {CLAIM}")
    assert (found["text"], found["level"], found["score"]) == (own.text, own.review.level, own.review.score)
    assert found["disclaimer"] == own.review.disclaimer
    assert [each["level"] for each in found["sentences"]] == ["low", "high"]
    names = [signal["name"] for signal in found["sentences"][1]["signals"]]
    assert names == [signal.kind for signal in own.review.signals]


def test_a_written_text_is_the_librarys_alone_beside_others_and_streamed(server: Running) -> None:
    generator = CharGenerator.from_pretrained()
    asked = [
        {"prompt": "ROMEO:", "seed": seed, "max_tokens": 60, "temperature": 0.7 + seed % 2 / 2, "stop": "zz"}
        for seed in range(12)
    ]
    own = [
        generator.generate(
            "ROMEO:", seed=each["seed"], max_new_chars=60, temperature=each["temperature"], stop="zz"
        )
        for each in asked
    ]

    def whole(request: dict[str, Any]) -> str:
        return str(server.ask("/v1/completions", request).json["choices"][0]["text"])

    def streamed(request: dict[str, Any]) -> str:
        found = events(server.ask("/v1/completions", {**request, "stream": True}))
        return "".join(event["choices"][0]["text"] for event in found)

    assert whole(asked[0]) == own[0].text
    with ThreadPoolExecutor(24) as pool:
        wholes, streams = pool.map(whole, asked), pool.map(streamed, asked)
        assert list(wholes) == list(streams) == [each.text for each in own]


def test_a_stream_ends_once_with_reason_and_mark(server: Running) -> None:
    asked = {"prompt": "ROMEO:", "seed": 1, "max_tokens": 50, "n": 2, "stream": True}
    found = events(server.ask("/v1/completions", {**asked, "stream_options": {"include_usage": True}}))
    usage = found.pop()
    assert usage["choices"] == []
    assert usage["usage"] == {"prompt_tokens": 6, "completion_tokens": 100, "total_tokens": 106}
    for number in (0, 1):
        of_it = [each["choices"][0] for each in found if each["choices"][0]["index"] == number]
        assert [each["finish_reason"] for each in of_it] == [None] * (len(of_it) - 1) + ["length"]
        assert of_it[-1]["nlp_rnn"]["disclaimer"].startswith("Written by a machine")
        assert of_it[-1]["nlp_rnn"]["provenance"]["seed"] == 1 + number
    assert found[-1]["nlp_rnn"]["level"] in ("low", "medium", "high")
    assert "".join(e["choices"][0]["text"] for e in found if e["choices"][0]["index"] == 0) != ""


def test_log_probabilities_stops_and_an_empty_text(server: Running) -> None:
    asked = {"prompt": "ROMEO:", "seed": 3, "max_tokens": 40, "logprobs": 1, "stop": ["\n", "e"]}
    choice = server.ask("/v1/completions", asked).json["choices"][0]
    own = CharGenerator.from_pretrained().generate(
        "ROMEO:", seed=3, max_new_chars=40, stop=["\n", "e"], logprobs=True
    )
    assert (choice["text"], choice["finish_reason"]) == (own.text, own.finish_reason)
    assert choice["logprobs"]["tokens"] == list(own.text)
    assert choice["logprobs"]["token_logprobs"] == pytest.approx(own.logprobs, abs=1e-4)
    empty = server.ask("/v1/completions", {"prompt": "ROMEO:", "max_tokens": 0}).json
    assert (empty["choices"][0]["text"], empty["choices"][0]["finish_reason"]) == ("", "length")
    assert empty["nlp_rnn"]["disclaimer"]


def test_marks_come_with_the_sentences_as_they_are_judged(server: Running) -> None:
    asked = {"prompt": CLAIM, "seed": 1, "max_tokens": 300, "stream": True, "risk_marks": True}
    found = events(server.ask("/v1/completions", asked))
    early = [s for event in found[:-1] for s in event["choices"][0].get("nlp_rnn", {}).get("sentences", [])]
    last = found[-1]["choices"][0]["nlp_rnn"]["sentences"]
    assert early
    assert early == last[: len(early)]
    assert "".join(each["text"] for each in last) == CLAIM + "".join(e["choices"][0]["text"] for e in found)


def test_a_policy_that_blocks_ends_with_content_filter(server: Running) -> None:
    claim = " The study confirmed that eating glass is healthy. Doctors say that 90% of"
    asked = {"prompt": claim, "max_tokens": 200, "policy": "block", "temperature": 0}
    found = server.ask("/v1/completions", asked).json
    streamed = events(server.ask("/v1/completions", {**asked, "stream": True}))
    choice, last = found["choices"][0], streamed[-1]["choices"][0]
    assert choice["finish_reason"] == last["finish_reason"] == "content_filter"
    assert choice["text"] == "".join(each["choices"][0]["text"] for each in streamed)
    assert "withheld" in choice["text"]


def test_models_cards_and_limits(server: Running) -> None:
    info = server.ask("/info").json
    assert [each["task"] for each in info["models"]] == ["sentiment", "generation", "risk"]
    assert info["models"][0]["classes"] == ["negative", "neutral", "positive"]
    assert all(each["card"] for each in info["models"])
    assert info["limits"]["max_client_batch"] == 1024
    assert [each["id"] for each in server.ask("/v1/models").json["data"]] == [m["id"] for m in info["models"]]


def test_ids_are_passed_through_and_made_where_there_are_none(server: Running) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = server.ask("/health", X_Request_Id="abc-1", traceparent=trace)
    assert (answer.headers["x-request-id"], answer.headers["traceparent"]) == ("abc-1", trace)
    made = server.ask("/health", X_Request_Id="two words").headers["x-request-id"]
    assert made.isalnum()
    assert made != server.ask("/health").headers["x-request-id"]


def test_the_page_is_sent_with_a_strict_policy(server: Running) -> None:
    page = server.ask("/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    again = server.ask("/", If_None_Match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert server.ask("/../settings.py").status == 404
