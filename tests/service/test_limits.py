"""Every limit holds, with one clear sentence, and whatever is sent the server goes on."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
from tests.service.running import PATIENCE, Running, serving, until

KEY = "a-key-of-our-own"
WRONG: list[tuple[str, Any, int, str]] = [
    ("/predict", {"inputs": 3}, 422, "inputs"),
    ("/predict", {}, 422, "inputs"),
    ("/predict", {"inputs": []}, 422, "at least one"),
    ("/predict", {"inputs": [["a", "b"]]}, 422, "length <= 1"),
    ("/predict", {"inputs": "x" * 100_001}, 422, "100,000"),
    ("/predict", {"inputs": ["x", "x" * 1_000_000]}, 422, r"inputs\[1\] has 1,000,000"),
    ("/predict", {"inputs": ["x"] * 1025}, 413, "1,024"),
    ("/predict", {"inputs": "x", "top_k": 0}, 422, ">= 1"),
    ("/", {"inputs": "x", "parameters": {"function_to_apply": "sigmoid"}}, 422, "function_to_apply"),
    ("/explain", {"inputs": "x" * 2001}, 422, "2,000"),
    ("/explain", {"inputs": "x", "method": "magic"}, 422, "method"),
    ("/explain", {"inputs": "x", "target": "magic"}, 422, "negative, neutral, positive"),
    ("/review", {"inputs": "x", "policy": "burn"}, 422, "policy"),
    ("/v1/classify", {"input": "x", "model": "gpt"}, 404, "sentiment-en"),
    ("/v1/moderations", {"input": ["x"] * 33}, 413, "32"),
    ("/v1/moderations", {"input": []}, 422, "at least one"),
    ("/v1/completions", {"prompt": "x" * 4097}, 422, "prompt has 4,097"),
    ("/v1/completions", {"prompt": "x", "temperature": -1}, 422, "temperature"),
    ("/v1/completions", {"prompt": "x", "temperature": 1e-9}, 422, "Invalid temperature"),
    ("/v1/completions", {"prompt": "x", "top_p": 0}, 422, "top_p"),
    ("/v1/completions", {"prompt": "x", "n": 10**6}, 422, "n is 1,000,000"),
    ("/v1/completions", {"prompt": [], "n": 1}, 422, "prompt"),
    ("/v1/completions", {"prompt": "x", "max_tokens": 10_001}, 422, "10,000"),
    ("/v1/completions", {"prompt": "x", "stop": ["x"] * 5000}, 422, "5,000"),
    ("/v1/completions", {"prompt": "x", "stop": ""}, 422, "stop"),
    ("/v1/completions", {"prompt": "x", "seed": -1}, 422, "seed"),
    ("/v1/completions", {"prompt": [1, 2, 3]}, 422, "prompt"),
]


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    with serving("--access-log", "--allowed-host", "own.example", NLP_RNN_API_KEY=KEY) as running:
        yield running


def sentence(path: str, body: Any) -> str:
    """The sentence of an error in the form of its route."""
    if path.startswith("/v1/"):
        assert set(body["error"]) == {"message", "type", "param", "code"}
        return str(body["error"]["message"])
    assert set(body) == {"error", "error_type"}
    return str(body["error"])


@pytest.mark.parametrize(("path", "value", "status", "words"), WRONG)
def test_what_is_out_of_bounds_is_refused_with_the_field_and_what_is_allowed(
    server: Running, path: str, value: Any, status: int, words: str
) -> None:
    answer = server.ask(path, value)
    said = sentence(path, answer.json)
    assert answer.status == status, said
    assert re.search(words, said), said
    assert "Traceback" not in said
    assert "/nlp_rnn" not in said


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"inputs": "a', "byte 13"),
        (b'{"inputs": nan}', r"byte 1\d"),
        (b'{"inputs": "\\ud800"}', "half a character"),
        (b'{"inputs": "\xff"}', r"byte 1\d"),
        (b"", "byte 0"),
        (b'{"inputs": "\\ud83d x"}', "half a character"),
        (b'{"inputs": "x \\uDE00"}', "half a character"),
        (b'{"inputs": "x", "more": ' + b"[" * 100_000, "deep|malformed|truncated"),
    ],
)
def test_broken_json_is_answered_with_the_place(server: Running, body: bytes, place: str) -> None:
    answer = server.ask("/predict", body=body)
    assert answer.status == 400, answer.body
    assert re.search(place, answer.json["error"]), answer.json


def test_temperature_that_is_no_number_is_no_json(server: Running) -> None:
    assert server.ask("/v1/completions", body=b'{"prompt": "x", "temperature": NaN}').status == 400
    assert server.ask("/v1/completions", body=b'{"prompt": "x", "temperature": 1e999}').status in (400, 422)


@pytest.mark.parametrize(
    "text", ["", "\0", "<script>alert(1)</script>", "\ufeff", "é" * 5, "a\nb\r\n", "\u2028"]
)
def test_any_text_is_answered(server: Running, text: str) -> None:
    for path in ("/predict", "/explain", "/review"):
        assert server.ask(path, {"inputs": text, "unknown": {"field": 1}}).status == 200


def test_a_body_over_the_limit_is_refused_announced_or_in_chunks(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        head = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: 99999999\r\n\r\n".encode())  # before any of it is sent
        assert b" 413 " in client.recv(4096).split(b"\r\n")[0]
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            for _ in range(64):
                client.sendall(chunk)
        except OSError:
            pass  # it does not read to the end
        assert read_all(client).startswith((b"HTTP/1.1 413 ", b""))
    assert server.figure("nlp_rnn_requests_total", route="/predict", code="413") >= 2


def read_all(client: socket.socket) -> bytes:
    """What comes until the connection ends."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


def test_compressed_bodies_and_other_types_are_refused(server: Running) -> None:
    packed = gzip.compress(json.dumps({"inputs": "x" * 10_000}).encode())
    assert server.ask("/predict", body=packed, Content_Encoding="gzip").status == 415
    assert server.ask("/predict", body=b'{"inputs": "x"}', Content_Type="text/plain").status == 415
    assert (
        server.ask("/predict", body=b"inputs=x", Content_Type="application/x-www-form-urlencoded").status
        == 415
    )


def test_wrong_paths_and_methods(server: Running) -> None:
    assert server.ask("/nowhere").json["error_type"] == "not_found"
    assert server.ask("/v1/nowhere").json["error"]["code"] == "not_found"
    answer = server.ask("/predict")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("flood", ["many", "one", "unfinished"])
def test_a_flood_of_headers_is_cut_off(server: Running, flood: str) -> None:
    lines = {
        "many": b"".join(b"X-%d: %s\r\n" % (number, b"y" * 50) for number in range(2000)) + b"\r\n",
        "one": b"X-Long: " + b"y" * 100_000 + b"\r\n\r\n",
        "unfinished": b"X-Long: " + b"y" * 100_000,
    }
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        try:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lines[flood])
        except OSError:
            pass
        assert read_all(client)[:13] in (b"HTTP/1.1 431 ", b"")  # a reset may overtake the answer
    assert server.ask("/health").status == 200


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n"]
)
def test_what_is_no_http_is_refused(server: Running, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        client.sendall(sent)
        assert read_all(client).startswith(b"HTTP/1.1 400 ")


def test_a_host_that_is_not_ours_is_refused(server: Running, locked: Running) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", ""):
        assert server.ask("/predict", {"inputs": "x"}, Host=host).status == 403
    for host in ("localhost", "127.0.0.1:1", "[::1]:8080", "10.0.0.7"):
        assert server.ask("/predict", {"inputs": "x"}, Host=host).status == 200
    answer = locked.ask("/predict", {"inputs": "x"}, Host="own.example:80", Authorization=f"Bearer {KEY}")
    assert answer.status == 200


def test_without_the_key_nothing_is_answered_but_that_the_process_lives(locked: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {KEY}"}):
        answer = locked.ask("/predict", {"inputs": "x"}, **headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert locked.ask("/metrics", **headers).status == 401
        assert locked.ask("/v1/models", **headers).json["error"]["type"] == "authentication_error"
    assert locked.ask("/health").status == 200
    assert locked.ask("/predict", {"inputs": "x"}, Authorization=f"Bearer {KEY}").status == 200


def test_the_access_log_has_json_lines_without_texts(locked: Running) -> None:
    secret = "a text that nobody should log"
    locked.ask("/predict", {"inputs": secret}, Authorization=f"Bearer {KEY}", X_Request_Id="find-me")
    until(lambda: any("find-me" in line for line in locked.lines))
    line = next(json.loads(line) for line in locked.lines if "find-me" in line)
    assert (line["route"], line["status"], line["method"]) == ("/predict", 200, "POST")
    assert not [line for line in locked.lines if secret in line or KEY in line]


def test_other_origins_may_not_call_unless_allowed(server: Running) -> None:
    answer = server.ask("/predict", {"inputs": "x"}, Origin="https://own.example")
    assert "access-control-allow-origin" not in answer.headers
    with serving("--cors-origin", "https://own.example", NLP_RNN_API_KEY=KEY) as running:
        asked = {"Origin": "https://own.example", "Access_Control_Request_Method": "POST"}
        before = running.ask("/predict", method="OPTIONS", **asked)
        assert before.headers["access-control-allow-origin"] == "https://own.example"
        refused = running.ask("/predict", {"inputs": "x"}, Origin="https://own.example")
        assert (refused.status, refused.json["error_type"]) == (401, "unauthorized")
        assert refused.headers["access-control-allow-origin"] == "https://own.example"
        assert "Retry-After" in refused.headers["access-control-expose-headers"]
        other = running.ask("/predict", {"inputs": "x"}, Origin="https://evil.example")
        assert "access-control-allow-origin" not in other.headers


def test_a_client_that_goes_away_stops_its_work(server: Running) -> None:
    before = server.figure("nlp_rnn_characters_written_total")
    body = json.dumps({"prompt": "O", "max_tokens": 10_000, "n": 4, "stream": True}).encode()
    head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert b"200 OK" in client.recv(65536)
    until(lambda: server.figure("nlp_rnn_cancelled_total", kind="/v1/completions") >= 1)
    until(lambda: server.figure("nlp_rnn_queue_depth", queue="texts_written") == 0)
    assert server.figure("nlp_rnn_characters_written_total") - before < 40_000


def test_more_texts_than_fit_are_refused_with_the_time_to_wait(server: Running) -> None:
    body = {"prompt": "O", "max_tokens": 10_000, "n": 16, "stream": True}
    raw = json.dumps(body).encode()
    head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    clients = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in range(4)]
    try:
        for client in clients:
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(raw) + raw)
            assert b"200 OK" in client.recv(4096)
        refused = server.ask("/v1/completions", {"prompt": "O"})
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
        assert refused.json["error"]["type"] == "rate_limit_error"
        assert server.ask("/predict", {"inputs": "good"}).status == 200  # other work goes on beside it
    finally:
        for client in clients:
            client.close()
    until(lambda: server.figure("nlp_rnn_queue_depth", queue="texts_written") == 0)


def test_a_full_queue_refuses_at_once_and_the_connection_goes_on() -> None:
    long, short = json.dumps({"inputs": ["it was not good " * 12] * 32}).encode(), b'{"inputs": "good"}'
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += b"X-Request-Id: me\r\n"
    again = head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(short) + short
    with serving("--max-wait-ms", "1") as running, ExitStack() as closing:
        clients = [
            closing.enter_context(socket.create_connection(("127.0.0.1", running.port), PATIENCE))
            for _ in range(60)
        ]
        for client in clients:
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(long) + long)
        answers = [client.recv(65536) for client in clients]
        statuses = [int(answer[9:12]) for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 2  # 64 texts may wait, however slow the machine is
        refused = answers[statuses.index(429)]
        assert b"retry-after: 1\r\n" in refused
        assert b"x-request-id: me\r\n" in refused
        assert json.loads(refused.partition(b"\r\n\r\n")[2])["error_type"] == "overloaded"
        client = clients[statuses.index(429)]
        client.sendall(again)  # the refused body was read past
        assert read_all(client).startswith(b"HTTP/1.1 200 ")
        counted = running.figure("nlp_rnn_requests_total", route="/predict", code="429")
        assert counted == running.figure("nlp_rnn_refused_total", code="429") == statuses.count(429)
