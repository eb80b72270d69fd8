"""What a request may be: whose host, which key, what type, how large, how slow; and whether its client waits.

Knows ASGI's messages and the settings; knows no models and no routes.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeVar

from nlp_rnn.service.refusals import Refused
from nlp_rnn.service.settings import ServiceSettings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Mapping[bytes, bytes]
Answer = TypeVar("Answer")

_PATIENCE = 0.2
"""Seconds of waiting before it is looked whether the client still waits, too."""
_CLOSE = {"connection": "close"}  # with a body that nobody will read


class Gone(Exception):
    """The client has gone away, so nobody wants the answer."""


class Doors:
    """Decides who comes in.

    Args:
        settings: The hosts and the key.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._hosts = {
            "localhost",
            settings.host.lower().strip("[]"),
            *map(str.lower, settings.allowed_hosts),
        }
        key = settings.api_key
        self._key = None if key is None else hashlib.sha256(key.encode()).digest()

    def check_host(self, headers: Headers) -> None:
        """Refuse a request to another name than ours.

        A page elsewhere may have given its own name our address (DNS rebinding). An address in digits
        cannot be rebound, so any is ours.

        Raises:
            Refused: With 403.
        """
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.rpartition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
        if name in self._hosts or "*" in self._hosts:
            return
        try:
            ipaddress.ip_address(name)
        except ValueError:
            raise Refused(
                403, "the Host header names another host than this service's: allow it with --allowed-host"
            ) from None

    def check_key(self, headers: Headers) -> None:
        """Refuse a request without the key, in a time that does not depend on what was sent.

        Raises:
            Refused: With 401.
        """
        if self._key is None:
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        right = hmac.compare_digest(hashlib.sha256(given.strip()).digest(), self._key)
        if scheme.lower() != b"bearer" or not right:
            raise Refused(
                401,
                "this service needs its key: send it as Authorization: Bearer KEY",
                headers={"www-authenticate": "Bearer"},
            )


async def read_json_body(headers: Headers, receive: Receive, settings: ServiceSettings) -> bytes:
    """Return the body of a request; ``protocol.py`` ends connections on which it does not come in time.

    Raises:
        Refused: 415 if it is no plain JSON, 413 if it is too large.
        Gone: If the client goes away, or is too slow.
    """
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refused(415, "the body must be JSON, with Content-Type: application/json", headers=_CLOSE)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(415, "a compressed body is not accepted: send it as it is", headers=_CLOSE)
    limit = settings.max_body_bytes
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> Refused:
    return Refused(
        413, f"the body is larger than {limit:,} bytes: send fewer texts at a time", headers=_CLOSE
    )


async def while_wanted(receive: Receive, wanted: Awaitable[Answer], *, patience: float = _PATIENCE) -> Answer:
    """Return an answer, unless its client goes away before it is there: then its work is cancelled.

    Args:
        receive: ASGI's, after the whole body was read.
        wanted: What is waited for.
        patience: Seconds before the client is watched: most answers are there by then.

    Raises:
        Gone: If the client goes away.
    """
    work = asyncio.ensure_future(wanted)
    watches: list[asyncio.Future[None]] = []

    def watch() -> None:
        watches.append(asyncio.ensure_future(until_gone(receive)))
        watches[0].add_done_callback(lambda done: None if done.cancelled() else work.cancel())

    timer = asyncio.get_running_loop().call_later(patience, watch)
    try:
        return await work
    except asyncio.CancelledError:
        if watches and watches[0].done():
            raise Gone from None
        raise
    finally:
        timer.cancel()
        for each in watches:
            each.cancel()
        work.cancel()  # where this very call was cancelled


async def until_gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
