"""Connections: uvicorn's, with limits on a request's head and its time, and on their number.

Knows bytes and clocks; what a request says is the application's business.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nlp_rnn.service.refusals import Refused
from nlp_rnn.service.settings import ServiceSettings

RefuseAtOnce = Callable[[bytes, bytes, Any], "bytes | None"]
"""A function of a POST request's path, whole head and client: the whole answer, if it is refused."""
# A head without anything that may be read in two ways; all others are the parser's.
_PLAIN = re.compile(rb"POST (/[!-~]*) HTTP/1\.1(?:\r\n[\w!#$%&'*+.^`|~-]+: *[\t -~\x80-\xff]*)+")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9}) *(?=\r|$)", re.IGNORECASE)
_LENGTHS = re.compile(rb"\r\n(?:content-length|transfer-encoding):", re.IGNORECASE)
_UNUSUAL = re.compile(rb"\r\n(?:connection:(?! *keep-alive *(?:\r|$))|expect:|upgrade:)", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\n(?:upgrade|http2-settings|connection): *[^\r\n]*(?=\r\n)", re.IGNORECASE)


class LimitedProtocol(HttpToolsProtocol):
    """A connection within the limits; ``limited_protocol`` says which."""

    settings: ClassVar[ServiceSettings]
    refuse_at_once: RefuseAtOnce
    _refused = -1e9  # when a request was last refused at once, in the loop's seconds
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
        if self.parser.should_upgrade():  # the parser would not read the body
            self._end(400, "this service speaks HTTP/1.1 alone: leave out the header Upgrade")
            raise httptools.HttpParserError("another protocol is asked for")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._since = None
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Read some bytes; of an incomplete head only so many."""
        if self.transport.is_closing():
            return
        if self._is_between_requests():
            if self._is_refused_at_once(data):
                return
            data = _without_upgrade(data)
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > self.settings.max_header_bytes:
                self._refuse_head()
        elif self._is_between_requests() and self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)  # those bytes began no request

    def _is_between_requests(self) -> bool:
        """Return True if no request is under way and nothing of the next has come."""
        reads = self._since is not None and not (self._in_head and self._head == 0)
        return not reads and (self.cycle is None or self.cycle.response_complete)

    def _is_refused_at_once(self, data: bytes) -> bool:
        """Answer a whole request that need not be parsed, and return True."""
        head, _, body = data.partition(b"\r\n\r\n")
        plain = _PLAIN.fullmatch(head)
        length = _LENGTH.search(head)
        if plain is None or length is None or int(length[1]) != len(body):
            return False
        if (
            len(_LENGTHS.findall(head)) > 1
            or _UNUSUAL.search(head)
            or len(head) > self.settings.max_header_bytes
        ):
            return False
        refused = self.refuse_at_once(plain[1], head, self.client)
        if refused is None:
            return False
        self.transport.write(refused)
        self._since, self._refused = None, self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)
        return True

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nobody has used for a while, be it for a request refused at once."""
        left = self._refused + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._keep_alive(left)
        else:
            super().timeout_keep_alive_handler()

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
        self.transport.write(Refused(status, sentence, headers=headers).http(close=True))
        self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """Return the beginning of a request without its wish for another protocol, which a server may ignore."""
    if b"pgrade" not in data:
        return data
    head, found, body = data.partition(b"\r\n\r\n")
    if not found or b"pgrade" not in head:
        return data
    return _UPGRADE.sub(b"", head + b"\r\n") + b"\r\n" + body


def limited_protocol(
    settings: ServiceSettings, refuse_at_once: RefuseAtOnce = lambda *_: None
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
