"""Connections: uvicorn's, with a limit on a request's head, on how long it may take, and on how many there are.

Knows bytes and clocks; what a request says is the application's business.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nlp_rnn.service.refusals import Refused
from nlp_rnn.service.settings import ServiceSettings


def limited_protocol(settings: ServiceSettings) -> type[HttpToolsProtocol]:
    """Return the class of connections within these limits."""
    head_limit, most = settings.max_header_bytes, settings.max_connections
    too_long = _closing(
        431, "Request Header Fields Too Large", f"the headers are longer than {head_limit:,} bytes"
    )
    too_many = _closing(429, "Too Many Requests", "there are too many connections: try again in a second")
    invalid = _closing(400, "Bad Request", "this is no valid HTTP request")

    class LimitedProtocol(HttpToolsProtocol):
        """A connection within the limits."""

        _head = 0  # bytes of the head so far; None inside a body
        head_since: float | None = None  # when the head that is still incomplete began

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.head_since = time.monotonic()
            self._in_head = True
            if len(self.connections) > most:
                self._end(too_many)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.head_since = time.monotonic()
            self._in_head = True

        def on_headers_complete(self) -> None:
            self._in_head, self._head, self.head_since = False, 0, None
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > head_limit:
                self._end(too_long)
                raise httptools.HttpParserError("the head is too long")
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self._in_head and not self.transport.is_closing():
                self._head += len(data)
                if self._head > head_limit:
                    self._end(too_long)

        def send_400_response(self, msg: str) -> None:
            if not self.transport.is_closing():
                self._end(invalid)

        def _end(self, answer: bytes) -> None:
            self.transport.write(answer)
            self.transport.close()

    return LimitedProtocol


def close_slow(connections: set[Any], seconds: float) -> None:
    """Close connections whose request's head has taken too long."""
    now = time.monotonic()
    for connection in list(connections):
        since = getattr(connection, "head_since", None)
        if since is not None and now - since > seconds and not connection.transport.is_closing():
            connection.transport.write(
                _closing(408, "Request Timeout", f"the headers did not come within {seconds:g} seconds")
            )
            connection.transport.close()


def _closing(status: int, reason: str, sentence: str) -> bytes:
    """Return a whole answer after which the connection ends."""
    body = Refused(status, sentence).body(openai=False)
    head = (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"{'retry-after: 1' + chr(13) + chr(10) if status == 429 else ''}connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
