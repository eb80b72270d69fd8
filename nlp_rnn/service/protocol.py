"""Connections: uvicorn's, with limits on a request's head and its time, and on their number.

Knows bytes and clocks; what a request says is the application's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nlp_rnn.service.limits import Headers
from nlp_rnn.service.refusals import Refused
from nlp_rnn.service.settings import ServiceSettings

RefuseAtOnce = Callable[[bytes, Headers], "Refused | None"]
"""A function of path and headers of a POST request."""
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
}


class LimitedProtocol(HttpToolsProtocol):
    """A connection within the limits; ``limited_protocol`` says which."""

    settings: ClassVar[ServiceSettings]
    refuse_at_once: RefuseAtOnce
    _skipping = False  # the rest of a request that was refused at once
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
        if not self._is_refused_at_once():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read a part of a body."""
        if not self._skipping:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._since = None
        if self._skipping:
            self._skipping = False
        else:
            super().on_message_complete()

    def _is_refused_at_once(self) -> bool:
        """Answer a request that need not be read, and return True; no other may be under way."""
        if self.parser.get_method() != b"POST" or not (self.cycle is None or self.cycle.response_complete):
            return False
        headers = dict(self.headers)
        refused = self.refuse_at_once(self.url, headers)
        if refused is None or not self.parser.should_keep_alive() or self.expect_100_continue:
            return False
        self._skipping = True
        self.transport.write(_whole(refused, close=False))
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        return True

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
        headers = {"retry-after": "1"} if status == 429 else {}
        self.transport.write(_whole(Refused(status, sentence, headers=headers), close=True))
        self.transport.close()


def _whole(refused: Refused, *, close: bool) -> bytes:
    """Return all bytes of an answer that refuses."""
    body = refused.body(openai=refused.openai)
    head = [f"HTTP/1.1 {refused.status} {_REASONS[refused.status]}", f"content-length: {len(body)}"]
    head += ["content-type: application/json", "x-content-type-options: nosniff"]
    head += [f"{name}: {value}" for name, value in refused.headers.items()]
    head += ["connection: close"] if close else []
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def limited_protocol(
    settings: ServiceSettings, refuse_at_once: RefuseAtOnce = lambda path, headers: None
) -> type[LimitedProtocol]:
    """Return the class of connections within a service's limits.

    Args:
        settings: The limits.
        refuse_at_once: Says which requests are refused before anything else is done, and how.
    """
    members = {"settings": settings, "refuse_at_once": staticmethod(refuse_at_once)}
    return type("Connection", (LimitedProtocol,), members)


def close_slow(connections: set[Any]) -> None:
    """End the connections whose requests take too long to come."""
    now = time.monotonic()
    for connection in list(connections):
        connection.close_if_slow(now)
