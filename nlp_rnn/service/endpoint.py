"""A route that takes JSON: body in, answer out, and every error as one sentence in the route's own form.

Knows how a request is read and answered; what is answered is the routes' own business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nlp_rnn.errors import NlpRnnError
from nlp_rnn.service.batching import Batching
from nlp_rnn.service.limits import Gone, read_json_body
from nlp_rnn.service.metrics import Metrics
from nlp_rnn.service.refusals import Refused, of_json, of_library
from nlp_rnn.service.settings import ServiceSettings

Asked = TypeVar("Asked", bound=msgspec.Struct)
JSON = "application/json"
STATUS_OF_GONE = 499  # what proxies call a client that has gone; nobody is sent it


@dataclass(frozen=True)
class Service:
    """What every route needs."""

    settings: ServiceSettings
    metrics: Metrics
    batching: Batching


@dataclass(frozen=True)
class Call(Generic[Asked]):
    """A request whose body was read."""

    asked: Asked
    service: Service
    receive: Receive


class Streamed:
    """An answer that a route sends itself, piece by piece."""

    async def send(self, receive: Receive, send: Send) -> None:
        """Send it."""
        raise NotImplementedError


Given = msgspec.Struct | list[Any] | Streamed


class JsonRoute(Generic[Asked]):
    """An ASGI application that answers JSON with JSON.

    Args:
        service: What it works with.
        takes: The type of the body.
        answer: The function that answers.
        openai: Whether errors have OpenAI's form.
    """

    def __init__(
        self,
        service: Service,
        takes: type[Asked],
        answer: Callable[[Call[Asked]], Awaitable[Given]],
        *,
        openai: bool,
    ) -> None:
        self._service, self._answer, self.openai = service, answer, openai
        self._decoder = msgspec.json.Decoder(takes)
        self._encoder = msgspec.json.Encoder()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            self._service.batching.check_ready()
            body = await read_json_body(scope["header_map"], receive, self._service.settings)
            given = await self._answer(Call(self._read(body), self._service, receive))
            if isinstance(given, Streamed):
                await given.send(receive, send)
                return
            response = Response(self._encoder.encode(given), media_type=JSON)
        except Refused as refused:
            response = refusal(refused, openai=self.openai)
        except NlpRnnError as error:
            response = refusal(of_library(error), openai=self.openai)
        except Gone:
            self._service.metrics.cancelled.labels(scope["path"]).inc()
            response = Response(status_code=STATUS_OF_GONE)
        await response(scope, receive, send)

    def _read(self, body: bytes) -> Asked:
        try:
            return self._decoder.decode(body)
        except msgspec.DecodeError as error:
            raise of_json(error, body) from None
        except UnicodeDecodeError as error:
            raise Refused(400, f"the body is no valid UTF-8: byte {error.start}") from None
        except RecursionError:
            raise Refused(400, "the body is nested too deep") from None


def refusal(refused: Refused, *, openai: bool) -> Response:
    """Return the answer to a request that is refused."""
    return Response(refused.body(openai=openai), refused.status, refused.headers, JSON)
