"""A server that really runs, on a free port, and requests to it over a socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nlp_rnn

PATIENCE = 300.0  # seconds until a busy machine must have done what is waited for


@dataclass
class Answer:
    """Status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        value: Any = None,
        *,
        body: bytes | None = None,
        method: str | None = None,
        **headers: str,
    ) -> Answer:
        """Send one request: POST if there is a value or a body, else GET."""
        if value is not None:
            body = json.dumps(value).encode()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        if body is not None:
            named = {"Content-Type": "application/json", **named}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, named)
            answer = connection.getresponse()
            got = {name.lower(): text for name, text in answer.getheaders()}
            return Answer(answer.status, got, answer.read())
        finally:
            connection.close()

    def figure(self, name: str, **labels: str) -> float:
        """A figure of /metrics, 0 if there is none yet."""
        from prometheus_client.parser import text_string_to_metric_families

        text = self.ask("/metrics").body.decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return 0.0

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return code


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.01)


def start(*args: str, ready: bool = True, **variables: str) -> Running:
    """Start ``nlp-rnn serve`` on a free port; return when it answers."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(nlp_rnn.__file__).parents[1]), *filter(None, sys.path)]),
        "OMP_NUM_THREADS": "1",
        **variables,
    }
    command = [sys.executable, "-m", "nlp_rnn", "serve", "--port", "0", *args]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    running = Running(process, 0)

    def read() -> None:
        assert process.stderr is not None
        with process.stderr as stderr:
            for line in stderr:
                running.lines.append(line.rstrip("\n"))

    running.readers.append(threading.Thread(target=read, daemon=True))
    running.readers[0].start()

    def has_port() -> bool:
        assert process.poll() is None, running.lines
        found = [match[1] for line in running.lines if (match := re.search(r":(\d+)$", line))]
        running.port = int(found[0]) if found else 0
        return bool(found)

    until(has_port)
    if ready:
        until(lambda: running.ask("/ready").status in (200, 401))
    return running


@contextmanager
def serving(*args: str, **variables: str) -> Iterator[Running]:
    """A server for the length of a block."""
    running = start(*args, **variables)
    try:
        yield running
    finally:
        running.stop()
        assert not [line for line in running.lines if "Traceback" in line], running.lines
