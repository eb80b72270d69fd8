"""Real clients of other services talk to a server that really runs."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
from tests.service.running import PATIENCE, Running

CLAIM = "The study confirmed that eating glass is healthy."


@pytest.fixture
def openai(server: Running) -> Any:
    package = pytest.importorskip("openai", reason="the openai package is not installed")
    with package.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_openai_completions(openai: Any) -> None:
    whole = openai.completions.create(
        model="shakespeare-char", prompt="ROMEO:", max_tokens=60, seed=7, n=2, logprobs=1, user="me"
    )
    assert [choice.finish_reason for choice in whole.choices] == ["length", "length"]
    assert whole.usage.completion_tokens == 120
    assert len(whole.choices[0].logprobs.token_logprobs) == 60
    assert whole.model_extra["nlp_rnn"]["disclaimer"].startswith("Written by a machine")


def test_openai_streaming(openai: Any) -> None:
    asked = {"model": "shakespeare-char", "prompt": "ROMEO:", "max_tokens": 60, "seed": 7}
    whole = openai.completions.create(**asked).choices[0].text
    chunks = list(openai.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [reason for reason in reasons if reason] == ["length"]
    assert chunks[-1].usage.total_tokens == 66
    assert chunks[-2].choices[0].model_extra["nlp_rnn"]["provenance"]["machine_generated"] is True
    blocked = openai.completions.create(
        model="shakespeare-char", prompt=f"{CLAIM} Doctors say that 90% of", temperature=0,
        max_tokens=200, extra_body={"policy": "block"},
    )  # fmt: skip
    assert blocked.choices[0].finish_reason == "content_filter"


def test_openai_moderations_and_models(openai: Any) -> None:
    bad, good = openai.moderations.create(input=[CLAIM, "Hello."]).results
    assert (bad.flagged, good.flagged) == (True, False)
    assert bad.categories.model_extra["health"] is True
    assert bad.category_scores.model_extra["health"] >= 0.4
    assert bad.model_extra["nlp_rnn"]["sentences"][0]["signals"]
    assert [model.id for model in openai.models.list()] == ["sentiment-en", "shakespeare-char", "risk-filter"]


def test_openai_errors(openai: Any) -> None:
    import openai as package

    with pytest.raises(package.NotFoundError, match="shakespeare-char"):
        openai.completions.create(model="gpt-3.5-turbo-instruct", prompt="x")
    with pytest.raises(package.UnprocessableEntityError, match="temperature") as caught:
        openai.completions.create(model="shakespeare-char", prompt="x", temperature=-1)
    assert caught.value.param == "temperature"


def test_the_hubs_client(server: Running) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    client = hub.InferenceClient(model=server.url, token="none")
    found = client.text_classification("Movie was not good")
    assert [each.label for each in found] == ["negative", "neutral", "positive"]
    assert len(client.text_classification("Movie was not good", top_k=1)) == 1


def test_prometheus_reads_the_figures(server: Running) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    server.ask("/predict", {"inputs": "good"})
    server.ask("/review", {"inputs": CLAIM})
    answer = server.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    names = {family.name for family in text_string_to_metric_families(answer.body.decode())}
    wanted = (
        "requests request_seconds queue_depth queue_seconds inference_seconds batch_texts refused cancelled "
        "characters_written reviews"
    )
    assert {f"nlp_rnn_{name}" for name in wanted.split()} <= names
    assert server.figure("nlp_rnn_reviews_total", level="high") >= 1
    assert server.figure("nlp_rnn_requests_total", route="/predict", code="200") >= 1


def test_schemathesis_finds_no_answer_that_the_document_does_not_have(server: Running) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    document = server.ask("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @seeded(1)
        @settings(
            max_examples=8, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            nonlocal tried
            tried += 1
            response = case.call(timeout=PATIENCE)
            assert response.status_code < 500, response.text
            case.validate_response(
                response,
                checks=[
                    schemathesis.checks.not_a_server_error,
                    schemathesis.specs.openapi.checks.status_code_conformance,
                    schemathesis.specs.openapi.checks.content_type_conformance,
                    schemathesis.specs.openapi.checks.response_schema_conformance,
                ],
            )

        check()
    assert tried > 50


def test_every_route_of_the_document_is_there_and_gives_its_example(server: Running) -> None:
    document = server.ask("/openapi.json").json
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if method == "get":
                assert server.ask(path).status == 200
                continue
            example = told["requestBody"]["content"]["application/json"]["example"]
            assert server.ask(path, example).status == 200, path
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["info"]["version"])
