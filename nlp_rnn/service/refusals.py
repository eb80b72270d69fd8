"""A request that is refused: status, one sentence, and its two forms as JSON (ours, and OpenAI's under /v1).

Knows no queues and no models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from nlp_rnn.errors import NlpRnnError

# The ``error_type`` of each status; the first five are those of Text Embeddings Inference.
TYPES = {
    400: "validation",
    422: "validation",
    429: "overloaded",
    500: "backend",
    503: "unhealthy",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
    431: "too_large",
}
_OPENAI_TYPES = {
    401: "authentication_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}
_HALF_CHARACTER = re.compile(
    rb"(?<!\\)\\u[dD][89abAB][\da-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][\da-fA-F]{2})\\u[dD][c-fC-F]"
)
_FIELD = re.compile(r"at `\$\.(\w+)")
_OF_SETTING = re.compile(r"Invalid (\w+)\. ")
# What the library calls a setting that OpenAI's clients know by another name.
_NAMES = {"max_new_chars": "max_tokens"}


class Refused(Exception):
    """A request that gets no answer but this.

    Args:
        status: HTTP status.
        message: One sentence for the client.
        field: The field that is wrong, if one is.
        headers: More headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field = status, message, field
        self.headers = dict(headers or {})

    def body(self, *, openai: bool) -> bytes:
        """Return the answer as JSON, in OpenAI's form or in ours."""
        kind = TYPES.get(self.status, "validation")
        if not openai:
            return msgspec.json.encode({"error": self.message, "error_type": kind})
        error = {
            "message": self.message,
            "type": _OPENAI_TYPES.get(self.status, "invalid_request_error"),
            "param": self.field,
            "code": kind,
        }
        return msgspec.json.encode({"error": error})

    def http(self, *, openai: bool = False, close: bool = False) -> bytes:
        """Return all bytes of the answer, for those who have no ASGI to send it."""
        body = self.body(openai=openai)
        head = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"content-length: {len(body)}"]
        head += ["content-type: application/json", "x-content-type-options: nosniff"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        head += ["connection: close"] if close else []
        return "\r\n".join([*head, "", ""]).encode("ascii") + body


def busy(message: str = "the service is busy: try again after the time that Retry-After gives") -> Refused:
    """Return the refusal of a full queue."""
    return Refused(429, message, headers={"retry-after": "1"})


def of_json(error: msgspec.DecodeError, body: bytes) -> Refused:
    """Return the refusal of a body: 400 with the place if it is no JSON, else 422 with the field."""
    if not isinstance(error, msgspec.ValidationError):
        if _HALF_CHARACTER.search(body):
            return Refused(400, "the body has half a character (\\ud800 to \\udfff without its other half)")
        place = "" if "byte" in str(error) else f" (byte {len(body)})"
        return Refused(400, f"the body is no valid JSON: {error}{place}")
    found = _FIELD.search(str(error))
    return Refused(422, f"the body does not fit: {error}", field=found and found[1])


def of_library(error: NlpRnnError) -> Refused:
    """Return the refusal of what the library refuses: 422, with the setting's name in the request."""
    message = str(error)
    found = _OF_SETTING.match(message)
    if found is None:
        return Refused(422, message)
    name = _NAMES.get(found[1], found[1])
    return Refused(422, message.replace(found[1], name, 1), field=name)
