"""A server to measure, and clients that load it: closed loops by ``wrk``, open loops by a client of our own.

A closed loop sends the next request when the last one is answered, so a slow server is asked less, and
waiting is hidden. An open loop sends by the clock: what is late counts from when it was due. Knows sockets;
which figures are wanted is ``service.py``'s business.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import cast

from nlp_rnn.errors import InputError

PATIENCE = 30.0
"""Seconds after which a request counts as lost."""
_STARTED = re.compile(r"^Serving .* at http://127\.0\.0\.1:(\d+)$")
_WRK = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local number = 0
request = function()
  number = number %% #bodies + 1
  return wrk.format("POST", "%s", {["Content-Type"] = "application/json"}, bodies[number])
end
"""


@dataclass
class Measured:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def memory(self) -> float:
        """Return its memory, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def descriptors(self) -> int:
        """Return how many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@contextmanager
def served(*module: str) -> Iterator[Measured]:
    """Start a server on a free port for the length of a block; by default ``nlp-rnn serve``."""
    command = [sys.executable, "-m", *(module or ("nlp_rnn", "serve", "--port", "0"))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := _STARTED.match(line.rstrip()):
                break
        else:
            raise InputError("the server did not start")
        threading.Thread(target=process.stderr.read, daemon=True).start()  # so that its pipe stays empty
        yield Measured(process, int(found[1]))
    finally:
        process.terminate()
        process.wait(30)


def request(path: str, value: object, *, raw: bytes | None = None) -> bytes:
    """Return a POST request."""
    body = json.dumps(value).encode() if raw is None else raw
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True)
class WrkResult:
    """What ``wrk`` says: requests per second, and milliseconds at the median and at 99 %."""

    rate: float
    median_ms: float
    p99_ms: float
    failed: int


def wrk(port: int, path: str, bodies: Sequence[object], *, connections: int, seconds: int) -> WrkResult:
    """Load a route in closed loops.

    Raises:
        InputError: If there is no ``wrk``.
    """
    if shutil.which("wrk") is None:
        raise InputError("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="nlp-rnn-wrk-") as place:
        lines, script = Path(place, "bodies.jsonl"), Path(place, "post.lua")
        lines.write_text("\n".join(map(json.dumps, bodies)) + "\n", encoding="utf-8")
        script.write_text(_WRK % (lines, path), encoding="utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
        done = subprocess.run(
            [*command, "-s", str(script), f"http://127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    return WrkResult(
        float(re.findall(r"Requests/sec:\s+([\d.]+)", done.stdout)[0]),
        _milliseconds(re.findall(r"\n +50% +(\S+)", done.stdout)[0]),
        _milliseconds(re.findall(r"\n +99% +(\S+)", done.stdout)[0]),
        int(found[1]) if found else 0,
    )


def _milliseconds(text: str) -> float:
    number, unit = re.findall(r"([\d.]+)(us|ms|s|m)", text)[0]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


@dataclass
class Samples:
    """What became of requests: seconds from when each was due, by status; 0 is a lost connection."""

    seconds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        """Count a request."""
        self.seconds.setdefault(status, []).append(seconds)

    def count(self, status: int) -> int:
        """Return how many had this status."""
        return len(self.seconds.get(status, []))

    def milliseconds(self, status: int, percent: int) -> float:
        """Return the milliseconds within which so many of a status were answered; 0 if there was none."""
        found = self.seconds.get(status, [])
        if len(found) < 2:
            return 1000 * sum(found)
        return 1000 * quantiles(found, n=100, method="inclusive")[percent - 1]


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, loop: _OpenLoop) -> None:
        self._loop, self._buffer = loop, b""
        self._due: float | None = None
        self._used = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop.is_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._loop.is_lost(self, self._due)

    def ask(self, request: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self._buffer, self._due = b"", due
        self._used += 1
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._due is None:
            return
        at = head.find(b"content-length: ")
        whole = (
            body.endswith(b"0\r\n\r\n") if at < 0 else len(body) >= int(head[at + 16 :].split(b"\r", 1)[0])
        )
        if whole:
            self._loop.samples.add(int(head[9:12]), time.perf_counter() - self._due)
            self._due = None
            if b"connection: close" in head or self._used == self._loop.keep:
                self._transport.close()
            else:
                self._loop.is_free(self)


class _OpenLoop:
    """The connections of ``open_loop`` and what is due."""

    def __init__(self, port: int, next_request: Callable[[], bytes], keep: int) -> None:
        self._port, self._next_request, self.keep = port, next_request, keep
        self.samples = Samples()
        self._free: deque[_Connection] = deque()
        self._late: deque[float] = deque()
        self._opening: set[asyncio.Future[None]] = set()

    def ask(self, due: float) -> None:
        """Send a request, as soon as a connection is free."""
        if self._free:
            self._free.popleft().ask(self._next_request(), due)
        else:
            self._late.append(due)

    def is_free(self, connection: _Connection) -> None:
        """Take a connection back."""
        if self._late:
            connection.ask(self._next_request(), self._late.popleft())
        else:
            self._free.append(connection)

    def is_lost(self, connection: _Connection, due: float | None) -> None:
        """Open another connection for one that was closed; what was under way is lost."""
        if due is not None:
            self.samples.add(0, time.perf_counter() - due)
        if connection in self._free:
            self._free.remove(connection)
        task = asyncio.ensure_future(self.connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def connect(self) -> None:
        """Open a connection."""
        with suppress(OSError):
            await asyncio.get_running_loop().create_connection(
                lambda: _Connection(self), "127.0.0.1", self._port
            )


async def open_loop(
    port: int,
    next_request: Callable[[], bytes],
    *,
    rate: float,
    seconds: float,
    connections: int,
    keep: int = 0,
) -> Samples:
    """Send requests by the clock.

    Args:
        port: Of the server.
        next_request: Returns a request.
        rate: Requests each second.
        seconds: For how long.
        connections: At most so many at once; a request that finds none free waits, and its clock runs.
        keep: Requests after which a connection is closed and another opened; 0 keeps it.
    """
    sender = _OpenLoop(port, next_request, keep)
    for _ in range(connections):
        await sender.connect()
    count, sent = int(rate * seconds), 0
    began = time.perf_counter()
    while sent < count:
        due = min(count, int((time.perf_counter() - began) * rate) + 1)
        for number in range(sent, due):
            sender.ask(began + number / rate)
        sent = due
        await asyncio.sleep(0.001)
    last = time.perf_counter() + PATIENCE
    while sum(map(len, sender.samples.seconds.values())) < count and time.perf_counter() < last:
        await asyncio.sleep(0.01)
    for _ in range(count - sum(map(len, sender.samples.seconds.values()))):
        sender.samples.add(0, PATIENCE)
    return sender.samples
