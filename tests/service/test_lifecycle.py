"""Starting, stopping and being in the way: ports, models, signals, several processes."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from nlp_rnn.cli import main
from nlp_rnn.errors import ConfigError
from nlp_rnn.service import ServiceSettings

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
from tests.service.running import PATIENCE, Running, serving, start, until

HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of this kind are not to be had on Windows")


def test_on_a_signal_every_stream_ends_with_reason_and_mark() -> None:
    running = start()
    body = json.dumps({"prompt": "ROMEO:", "max_tokens": 10_000, "stream": True, "seed": 1}).encode()
    clients = [socket.create_connection(("127.0.0.1", running.port), PATIENCE) for _ in range(32)]
    got: list[bytes] = [b""] * len(clients)

    def read(number: int) -> None:
        while part := clients[number].recv(65536):
            got[number] += part

    readers = [threading.Thread(target=read, args=(number,)) for number in range(len(clients))]
    for client, reader in zip(clients, readers, strict=True):
        client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        reader.start()
    until(lambda: all(b"data: " in each for each in got))
    assert running.stop() == 0
    for reader, client in zip(readers, clients, strict=True):
        reader.join(PATIENCE)
        client.close()
    for each in got:
        events = re.findall(rb"data: (\{.*\})\n", each)
        last = json.loads(events[-1])["choices"][0]
        assert last["finish_reason"] == "length"
        assert last["nlp_rnn"]["finish_reason"] == "cancelled"
        assert last["nlp_rnn"]["disclaimer"].startswith("Written by a machine")
        assert sum(json.loads(event)["choices"][0]["finish_reason"] is not None for event in events) == 1
        assert b"data: [DONE]" in each
    assert not [line for line in running.lines if "Traceback" in line]


def test_while_it_drains_it_is_not_ready() -> None:
    with serving("--drain-seconds", "5") as running:
        running.process.send_signal(signal.SIGTERM)
        until(lambda: running.ask("/ready").status == 503)
        assert running.ask("/health").status == 200
        answer = running.ask("/predict", {"inputs": "x"})
        assert (answer.status, answer.json["error_type"]) == (503, "unhealthy")
        assert answer.headers["retry-after"] == "5"
    assert running.process.returncode == 0


def test_two_servers_on_one_port_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    said = capfd.readouterr().err
    assert re.fullmatch(r"Error: another program listens at 127.0.0.1 port \d+ already: .*\n", said)


def test_a_model_that_cannot_be_loaded_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    command = [sys.executable, "-m", "nlp_rnn", "serve", "--port", "0", "--model", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_several_processes_share_a_port_and_their_figures() -> None:
    running = start("--workers", "2")
    try:
        for _ in range(20):
            assert running.ask("/predict", {"inputs": "good"}).status == 200
        until(lambda: running.figure("nlp_rnn_requests_total", route="/predict") == 20)
    finally:
        assert running.stop() == 0


def test_slow_clients_are_ended() -> None:
    code = """
import sys
from nlp_rnn.service import ServiceSettings, serve
settings = ServiceSettings(port=0, header_seconds=0.3, body_seconds=0.3, drain_seconds=0)
sys.exit(serve(settings, say=lambda message: print(message, file=sys.stderr, flush=True)))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ}
    )
    try:
        assert process.stderr is not None
        port = int(process.stderr.readline().rpartition(":")[2])
        for sent, status in (
            (b"GET /health HTT", b" 408 "),
            (b"", b" 408 "),
            (HEAD + b"Content-Length: 50\r\n\r\n{", b" 408 "),
        ):
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                client.sendall(sent)
                assert status in client.recv(4096)[:40]
        assert Running(process, port).ask("/health").status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        process.stderr.close()


def test_a_service_whose_thread_fails_ends_and_says_so() -> None:
    """So that whoever watches it starts another: it would take requests and answer none."""
    code = """
import sys
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.service import ServiceSettings, serve
from nlp_rnn.service.writing import Desk

def fail(self):
    raise RuntimeError("of the test")

Desk.write = fail
try:
    serve(ServiceSettings(port=0), say=lambda message: print(message, file=sys.stderr, flush=True))
except NlpRnnError as error:
    sys.exit(f"Error: {error}")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ}
    )
    try:
        assert process.stderr is not None
        running = Running(process, int(process.stderr.readline().rpartition(":")[2]))
        with suppress(OSError, http.client.HTTPException):  # it may end before it has answered
            assert running.ask("/v1/completions", {"prompt": "O"}).status >= 500
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 1
        assert "the inference thread has failed" in said
        assert said.rstrip().endswith("Error: the service has failed, and its log says how: start it again")
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": 70_000}, "port"),
        ({"workers": 0}, "workers"),
        ({"policy": "burn"}, "annotate, redact, block"),
        ({"api_key": "short"}, "8 printable"),
        ({"cors_origins": ("*",)}, "origin such as"),
        ({"max_wait_ms": float("nan")}, "max_wait_ms"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ServiceSettings(**settings)  # type: ignore[arg-type]


def test_a_key_is_read_from_a_file_and_shown_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key"
    file.write_text("\ufeff", encoding="utf-8")  # as an editor on Windows may leave it
    assert main(["serve", "--api-key-file", str(file)]) == 2
    assert "is empty" in capfd.readouterr().err
    assert "secret-key" not in repr(ServiceSettings(api_key="secret-key"))
