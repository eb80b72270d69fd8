"""Connections: uvicorn's, with limits on a request's head and its time, and on their number.

Knows bytes and clocks; what a request says is the application's business.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nlp_rnn.service.refusals import Refused
from nlp_rnn.service.settings import ServiceSettings

_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
}


class LimitedProtocol(HttpToolsProtocol):
    """A connection within the limits; ``limited_protocol`` says which."""

    settings: ClassVar[ServiceSettings]
    _since: float | None = None  # when the part of a request that is still to come was begun

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, unless there are too many."""
        super().connection_made(transport)
        self._begin_head()
        if len(self.connections) > self.settings.max_connections:
            self._end(429, "there are too many connections: try again in a second")

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        """End a request's head, and refuse one that is too long."""
        self._in_head, self._head, self._since = False, 0, time.monotonic()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.settings.max_header_bytes:
            self._refuse_head()
            raise httptools.HttpParserError("the head is too long")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._since = None
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Read some bytes; of an incomplete head only so many."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > self.settings.max_header_bytes:
                self._refuse_head()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._end(400, "this is no valid HTTP request")

    def close_if_slow(self, now: float) -> None:
        """End a connection whose request takes too long to come."""
        head = self._in_head
        seconds = self.settings.header_seconds if head else self.settings.body_seconds
        if self._since is not None and now - self._since > seconds:
            if not head and (self.cycle.response_started or self.cycle.response_complete):
                self.transport.close()
            self._end(408, f"the {'headers' if head else 'body'} did not come within {seconds:g} seconds")

    def _begin_head(self) -> None:
        self._in_head = True
        self._head = 0  # bytes of it
        self._since = time.monotonic()

    def _refuse_head(self) -> None:
        self._end(431, f"the headers are longer than {self.settings.max_header_bytes:,} bytes")

    def _end(self, status: int, sentence: str) -> None:
        """Send one last answer, if none was sent, and close."""
        if self.transport.is_closing():
            return
        body = Refused(status, sentence).body(openai=False)
        head = [f"HTTP/1.1 {status} {_REASONS[status]}", f"content-length: {len(body)}"]
        head += ["content-type: application/json", "connection: close"]
        head += ["retry-after: 1"] if status == 429 else []
        self.transport.write("\r\n".join([*head, "", ""]).encode("ascii") + body)
        self.transport.close()


def limited_protocol(settings: ServiceSettings) -> type[LimitedProtocol]:
    """Return the class of connections within a service's limits."""
    return type("Connection", (LimitedProtocol,), {"settings": settings})


def close_slow(connections: set[Any]) -> None:
    """End the connections whose requests take too long to come."""
    now = time.monotonic()
    for connection in list(connections):
        connection.close_if_slow(now)
