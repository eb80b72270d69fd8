"""The ASGI application: the routes behind the gate. Knows which route is where; starts no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp_rnn.errors import require
from nlp_rnn.service.settings import ServiceSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from nlp_rnn.service.endpoint import Service
    from nlp_rnn.service.gate import Gate


def make_service(settings: ServiceSettings) -> Service:
    """Return queues and figures with nothing started.

    Raises:
        MissingExtraError: If the extra ``serve`` is not installed.
    """
    for module in ("starlette", "uvicorn", "httptools", "msgspec", "prometheus_client"):
        require(module, extra="serve")
    from nlp_rnn.service.batching import Batching
    from nlp_rnn.service.endpoint import Service
    from nlp_rnn.service.metrics import Metrics

    metrics = Metrics()
    return Service(settings, metrics, Batching(settings, metrics))


def make_app(service: Service) -> ASGIApp:
    """Return the ASGI application of a service, whose ``batching`` somebody must start."""
    return with_cors(make_gate(service), service.settings)


def with_cors(app: ASGIApp, settings: ServiceSettings) -> ASGIApp:
    """Return an application that pages of the allowed origins may call, its refusals included."""
    from starlette.middleware.cors import CORSMiddleware

    if not settings.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=list(settings.cors_origins),
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Retry-After", "X-Request-Id"],
    )


def make_gate(service: Service) -> Gate:
    """Return the routes behind the gate, for pages of this service alone."""
    import msgspec
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from nlp_rnn.service.about import About, page_files
    from nlp_rnn.service.endpoint import JSON, JsonRoute, refusal
    from nlp_rnn.service.gate import Gate
    from nlp_rnn.service.openapi import document
    from nlp_rnn.service.refusals import Refused
    from nlp_rnn.service.routes import TAKING, TELLING

    about, page = About(service), page_files()
    openapi = msgspec.json.encode(document(with_key=service.settings.api_key is not None))

    async def describe(request: Request) -> Response:
        return Response(openapi, media_type=JSON)

    async def refuse(request: Request, error: Exception) -> Response:
        refused = Refused(500, "an error in the service itself; its log has more")
        if isinstance(error, Refused):
            refused = error
        elif isinstance(error, HTTPException):
            words = {404: "there is no such path; see /openapi.json", 405: "this path has other methods"}
            message = words.get(error.status_code, str(error.detail))
            refused = Refused(error.status_code, message, headers=error.headers)
        return refusal(refused, openai=request.url.path.startswith("/v1/"))

    taking: dict[str, ASGIApp] = {
        r.path: JsonRoute(service, r.takes, r.answer, openai=r.openai) for r in TAKING
    }
    routes = [
        *(Route(path, answer, methods=["POST"]) for path, answer in taking.items()),
        *(Route(r.path, getattr(about, r.name), methods=["GET"]) for r in TELLING),
        Route("/openapi.json", describe, methods=["GET"]),
        *(Route(path, answer, methods=["GET"]) for path, answer in page.items()),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers=dict.fromkeys((HTTPException, Refused, Exception), refuse),
    )
    paths = {route.path for route in routes}
    return Gate(app, taking, service, paths, {"/health", *page})
