"""The outermost layer: host, key and load before anything else is done, then ids, figures and the access log.

A full queue is refused here, before the body is read, so that refusing costs next to nothing. Nothing that
goes wrong inside leaves as a traceback. Whether the process lives, anybody may ask. Knows paths and headers;
knows no bodies, and logs none.
"""

from __future__ import annotations

import itertools
import logging
import re
import secrets
import time
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timezone
from typing import Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from nlp_rnn.service.endpoint import Service, refusal
from nlp_rnn.service.limits import Doors
from nlp_rnn.service.refusals import Refused, busy

LOGGER = logging.getLogger("nlp_rnn.service")
ACCESS = logging.getLogger("nlp_rnn.service.access")
_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_KNOWN = re.compile(
    rb"\r\n(host|authorization|x-request-id|traceparent): *([^\r\n]*?) *(?=\r|$)", re.IGNORECASE
)
_PREFIX, _NUMBERS = secrets.token_hex(8).encode(), itertools.count()
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_QUEUED = {"/", "/predict", "/v1/classify"}

# The status line and the rest of the answer of each while their queue is full.
_BUSY = {path: busy().http(openai=path.startswith("/v1/")).split(b"\n", 1) for path in _QUEUED}


class Gate:
    """An ASGI application around the routes.

    Args:
        app: The routes.
        direct: Those that POST reaches at once, by their paths: each layer on the way costs time.
        service: Settings, figures and queues.
        paths: Paths that there are; figures are kept by these.
        open_paths: Paths that need no key.
    """

    def __init__(
        self,
        app: ASGIApp,
        direct: Mapping[str, ASGIApp],
        service: Service,
        paths: set[str],
        open_paths: set[str],
    ) -> None:
        self._app, self._direct, self._service = app, direct, service
        self._paths, self._open_paths = paths, open_paths
        self._counted: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._doors = Doors(service.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            self._check(scope)
            app = self._direct.get(scope["path"], self._app) if scope["method"] == "POST" else self._app
            await app(scope, receive, exchange.send)
        except Refused as refused:
            answer = refusal(refused, openai=scope["path"].startswith("/v1/"))
            await answer(scope, receive, exchange.send)
        except OSError:
            pass  # the client has gone in the middle of an answer
        except Exception:
            LOGGER.exception("an error in the service itself, request %s", exchange.request_id)
            if exchange.status == 0:
                failed = Refused(
                    500, f"an error in the service itself; its log has request {exchange.request_id}"
                )
                answer = refusal(failed, openai=scope["path"].startswith("/v1/"))
                await answer(scope, receive, exchange.send)
        finally:
            self._note(scope, exchange)

    def _check(self, scope: Scope) -> None:
        """Refuse whom there is a reason to refuse."""
        headers, path = scope["header_map"], scope["path"]
        if path == "/health":
            return
        self._doors.check_host(headers)
        if scope["method"] != "OPTIONS" and not (
            scope["method"] in ("GET", "HEAD") and path in self._open_paths
        ):
            self._doors.check_key(headers)
        if scope["method"] == "POST" and path in _QUEUED and self._service.batching.is_full():
            raise busy()

    def refuse_at_once(self, path: bytes, head: bytes, client: Any) -> bytes | None:
        """Return the whole answer to a text to classify if the queue is full: it is not even parsed then."""
        name, batching = path.decode("ascii"), self._service.batching
        if name not in _QUEUED or not batching.ready:
            return None
        headers = {found[1].lower(): found[2] for found in _KNOWN.finditer(head)}
        try:
            self._doors.check_host(headers)
            self._doors.check_key(headers)
        except Refused:
            return None  # it is refused for that
        if not batching.is_full():
            batching.announce()
            return None
        batching.let_thread_work()
        exchange = _Exchange({"headers": headers.items()}, _nobody)
        status, rest = _BUSY[name]
        exchange.status, exchange.size = 429, len(rest.partition(b"\r\n\r\n")[2])
        self._note({"path": name, "method": "POST", "client": client}, exchange)
        return status + b"\n" + b"".join(b"%s: %s\r\n" % header for header in exchange.ids) + rest

    def _note(self, scope: Scope, exchange: _Exchange) -> None:
        """Count a request, and write its line."""
        metrics, seconds = self._service.metrics, time.perf_counter() - exchange.began
        path, code = scope["path"], str(exchange.status or 499)
        route = path if path in self._paths else "other"
        counted = self._counted.get((route, code))
        if counted is None:
            counted = metrics.requests.labels(route, code), metrics.request_seconds.labels(route)
            self._counted[route, code] = counted
        counted[0].inc()
        counted[1].observe(seconds)
        if code in ("429", "503"):
            metrics.refused.labels(code).inc()
        if self._service.settings.access_log:
            client = scope.get("client") or ("", 0)
            line = {
                "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                "request_id": exchange.request_id,
                "client": client[0],
                "method": scope["method"],
                "route": route,
                "status": int(code),
                "seconds": round(seconds, 6),
                "bytes": exchange.size,
            }
            ACCESS.info(msgspec.json.encode(line).decode())


async def _nobody(message: MutableMapping[str, Any]) -> None:
    """Send nothing: the answer is sent elsewhere."""


class _Exchange:
    """A request and what is sent as its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.began = time.perf_counter()
        self.status = self.size = 0
        self._send = send
        headers = dict(scope["headers"])
        scope["header_map"] = headers
        given = headers.get(b"x-request-id", b"")
        own = given if _ID.fullmatch(given) else b"%s%08x" % (_PREFIX, next(_NUMBERS))
        self.request_id = own.decode("ascii")
        self.ids = [(b"x-request-id", own)]
        trace = headers.get(b"traceparent", b"")
        if _ID.fullmatch(trace):
            self.ids.append((b"traceparent", trace))

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], _NOSNIFF, *self.ids]}
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)
