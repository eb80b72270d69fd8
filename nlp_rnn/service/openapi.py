"""The OpenAPI document, from the table of routes and msgspec's schemas. Knows types; answers no requests."""

from __future__ import annotations

from typing import Any

import msgspec

from nlp_rnn.service import schemas
from nlp_rnn.service.refusals import TYPES
from nlp_rnn.service.routes import TAKING, TELLING, Taking, Telling
from nlp_rnn.version import __version__

_WORDS = {
    400: "The body is no JSON",
    401: "The key is missing or wrong",
    403: "The Host header is another's",
    404: "There is no such model or path",
    405: "This path has other methods",
    408: "The body did not come in time",
    413: "The body or the batch is too large",
    415: "The body is no JSON by its headers",
    422: "A field is not as it should be",
    429: "Too much waits; Retry-After says when to come again",
    500: "An error in the service",
    503: "Models are being loaded, or the service stops",
}
_TAKING_ERRORS = (400, 401, 403, 404, 408, 413, 415, 422, 429, 503)
_TELLING_ERRORS = (401, 403, 503)


def document(*, with_key: bool) -> dict[str, Any]:
    """Return the OpenAPI document.

    Args:
        with_key: Whether requests need a key.
    """
    types = [each for route in TAKING for each in (route.takes, *route.gives)]
    types += [route.gives for route in TELLING if route.gives is not None]
    types += [schemas.OurError, schemas.OpenAIError]
    found, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema_of = dict(zip(map(repr, types), found, strict=True))
    paths: dict[str, Any] = {}
    for route in TAKING:
        paths.setdefault(route.path, {})["post"] = _taking(route, schema_of)
    for told in TELLING:
        paths.setdefault(told.path, {})["get"] = _telling(told, schema_of)
    about: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "nlp-rnn serve", "version": __version__},
        "paths": paths,
        "components": {"schemas": components},
    }
    if with_key:
        about["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        about["security"] = [{"key": []}]
    return about


def _taking(route: Taking, schema_of: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a route that takes JSON."""
    gives = [schema_of[repr(each)] for each in route.gives]
    content = {"application/json": {"schema": gives[0] if len(gives) == 1 else {"anyOf": gives}}}
    if route.path == "/v1/completions":
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return {
        "summary": route.words,
        "operationId": route.answer.__name__,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema_of[repr(route.takes)], "example": route.example}
            },
        },
        "responses": {
            "200": {"description": "The answer", "content": content},
            **_errors(_TAKING_ERRORS, route.path, schema_of),
        },
    }


def _telling(route: Telling, schema_of: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a route that takes nothing."""
    schema = {"type": "string"} if route.gives is None else schema_of[repr(route.gives)]
    return {
        "summary": route.words,
        "operationId": route.name,
        "responses": {
            "200": {"description": "The answer", "content": {route.kind: {"schema": schema}}},
            **_errors(_TELLING_ERRORS, route.path, schema_of),
        },
    }


def _errors(codes: tuple[int, ...], path: str, schema_of: dict[str, Any]) -> dict[str, Any]:
    """Return the descriptions of a route's errors."""
    kind = schemas.OpenAIError if path.startswith("/v1/") else schemas.OurError
    content = {"application/json": {"schema": schema_of[repr(kind)]}}
    assert set(codes) <= TYPES.keys()
    return {str(code): {"description": _WORDS[code], "content": content} for code in codes}
