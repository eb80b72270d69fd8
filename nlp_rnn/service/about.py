"""The routes that tell about the service itself: models, state, figures, the OpenAPI document, the page.

Knows what is served; answers about no texts.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from nlp_rnn.service import schemas
from nlp_rnn.service.endpoint import JSON, Service
from nlp_rnn.service.models import FILTER_NAME
from nlp_rnn.version import __version__

PAGE = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": POLICY, "referrer-policy": "no-referrer", "cache-control": "no-cache"}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_NO_PAGE = b"<!DOCTYPE html><title>nlp_rnn</title><p>This service has no page; see /openapi.json.</p>\n"

Handler = Callable[[Request], Awaitable[Response]]


class About:
    """Answers about a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def models(self, request: Request) -> Response:
        """List the models, as OpenAI does."""
        models = self._service.batching.check_ready()
        names = (models.classifier.name, models.generator.name, FILTER_NAME)
        return as_json(schemas.ModelList([schemas.Model(name, 0) for name in names]))

    async def info(self, request: Request) -> Response:
        """Tell the models with their cards, and the limits."""
        models = self._service.batching.check_ready()
        limits = self._service.settings.limits()
        return as_json(schemas.Info(__version__, list(models.facts()), limits))

    async def health(self, request: Request) -> Response:
        """Say that the process lives."""
        return as_json(schemas.Status("ok"))

    async def ready(self, request: Request) -> Response:
        """Say whether requests are answered: 200, or 503 while models are loaded and when it stops."""
        self._service.batching.check_ready()
        return as_json(schemas.Status("ready"))

    async def metrics(self, request: Request) -> Response:
        """Give the figures, for Prometheus."""
        self._service.batching.show_depth()
        body, kind = self._service.metrics.text()
        return Response(body, media_type=kind)


def as_json(value: msgspec.Struct) -> Response:
    """Return a value as JSON."""
    return Response(msgspec.json.encode(value), media_type=JSON)


def page_files() -> dict[str, Handler]:
    """Return what answers with each file of the page, by its path; sent with a strict policy."""
    files = {f"/{path.name}": path for path in sorted(PAGE.glob("*.*")) if path.suffix in (*_TYPES, ".png")}
    index = files.pop("/index.html", None)
    found = {name: _file(path.read_bytes(), path.suffix) for name, path in files.items()}
    return {"/": _file(_NO_PAGE if index is None else index.read_bytes(), ".html"), **found}


def _file(body: bytes, suffix: str) -> Handler:
    kind = _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {**_HEADERS, "etag": tag}

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=kind)

    return answer
