"""A request that is refused before it is parsed: which are, and that nothing else is ever taken for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
import uvicorn
from uvicorn.server import ServerState

from nlp_rnn.service.app import make_gate, make_service
from nlp_rnn.service.batching import Batching
from nlp_rnn.service.endpoint import Service
from nlp_rnn.service.gate import Gate
from nlp_rnn.service.metrics import Metrics
from nlp_rnn.service.protocol import limited_protocol
from nlp_rnn.service.settings import ServiceSettings

PATIENCE = 30
BUSY = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy"
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Client:
    """A connection to the server, and what the server has taken of what was sent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    taken: list[int]
    sent: int = 0

    async def send(self, data: bytes) -> None:
        """Send a piece, and wait until the server has it: the next comes apart from it."""
        self.writer.write(data)
        self.sent += len(data)
        while sum(self.taken) < self.sent:
            await asyncio.sleep(0)

    async def answer(self) -> bytes:
        """Return status and body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        return head[9:12] + b" " + await self.reader.readexactly(int(fields[b"content-length"]))


def post(body: bytes = b"{}", more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer at once, or (POST) when the body was read, with its length."""
    size, more = 0, scope["method"] == "POST"
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message.get("more_body", False)
    content = b"%d bytes" % size
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def talk(
    conversation: Callable[[Client], Awaitable[None]], keep_alive: float = PATIENCE
) -> list[tuple[bytes, bytes]]:
    """Hold a conversation with a server that refuses all it can; return what it refused at once."""
    asked: list[tuple[bytes, bytes]] = []

    def refuse(path: bytes, head: bytes, client: Any) -> bytes:
        asked.append((path, head))
        return BUSY

    async def run() -> None:
        config = uvicorn.Config(application, lifespan="off", log_config=None)
        config.timeout_keep_alive = keep_alive  # type: ignore[assignment]  # uvicorn's has whole seconds
        taken: list[int] = []

        class Connection(limited_protocol(ServiceSettings(), refuse)):  # type: ignore[misc]  # a class made now
            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                taken.append(len(data))

        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(lambda: Connection(config, state, {}, loop), "127.0.0.1", 0)
        async with server:
            client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()), taken)
            try:
                await asyncio.wait_for(conversation(client), PATIENCE)
            finally:
                client.writer.close()

    asyncio.run(run())
    return asked


def test_a_whole_request_is_refused_and_the_connection_goes_on() -> None:
    async def conversation(client: Client) -> None:
        for more in (b"", b"X-Request-Id: me\r\n", b"Connection: keep-alive\r\n"):
            await client.send(post(b"{}", more))
            assert await client.answer() == b"429 busy"
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await client.answer() == b"200 0 bytes"
        await client.send(post())
        assert await client.answer() == b"429 busy"

    asked = talk(conversation)
    assert [path for path, _ in asked] == [b"/predict"] * 4
    assert b"\r\nX-Request-Id: me\r\n" in asked[1][1]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (b"Connection: close\r\n", b"200"),
        (b"Expect: 100-continue\r\n", b"100"),
        (b"Transfer-Encoding: chunked\r\n", b"400"),  # two lengths, also below
        (b"Content-Length: 2\r\n", b"400"),
        (b"X: y\nTransfer-Encoding: chunked\r\n", b"400"),
        (b"X: a\0b\r\n", b"400"),
        (b"X: " + b"y" * 40_000 + b"\r\n", b"431"),
    ],
)
def test_what_has_to_be_parsed_is_parsed(more: bytes, status: bytes) -> None:
    async def conversation(client: Client) -> None:
        await client.send(post(b"{}", more))
        assert (await client.reader.readuntil(b"\r\n\r\n"))[9:12] == status

    assert talk(conversation) == []


def test_a_request_in_pieces_is_read_to_its_end() -> None:
    async def conversation(client: Client) -> None:
        request = post(b"x" * 20)
        for piece in (request[:30], request[30:-5], request[-5:]):
            await client.send(piece)
        assert await client.answer() == b"200 20 bytes"

    assert talk(conversation) == []


def test_two_requests_at_once_get_two_answers() -> None:
    async def conversation(client: Client) -> None:
        await client.send(post(b"1") + post(b"22"))
        assert [await client.answer(), await client.answer()] == [b"200 1 bytes", b"200 2 bytes"]

    assert talk(conversation) == []


def test_a_body_that_looks_like_a_request_is_a_body() -> None:
    async def conversation(client: Client) -> None:
        body = post(b"{}")
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert await client.answer() == b"200 0 bytes"  # before the body has come
        await client.send(body)
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await client.answer() == b"200 0 bytes"

    assert talk(conversation) == []


def test_a_wish_for_another_protocol_is_ignored() -> None:
    """Java's client has one in its first request."""
    more = (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
    )

    async def conversation(client: Client) -> None:
        request = post(b"x" * 20, more)
        await client.send(request[:-5])
        await client.send(request[-5:])
        assert await client.answer() == b"200 20 bytes"
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await client.answer() == b"200 0 bytes"

    assert talk(conversation) == []


def test_no_body_is_taken_for_a_request_after_a_wish_for_another_protocol() -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"

    async def conversation(client: Client) -> None:
        head = HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(hidden)
        await client.send(head[:60])  # too late to leave it out
        await client.send(head[60:])
        assert (await client.answer()).startswith(b"400 ")
        client.writer.write(hidden)
        assert await client.reader.read() == b""

    assert talk(conversation) == []


def test_an_idle_connection_that_sends_empty_lines_is_closed() -> None:
    async def conversation(client: Client) -> None:
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await client.answer() == b"200 0 bytes"
        await client.send(b"\r\n")
        assert await client.reader.read() == b""

    assert talk(conversation, keep_alive=0.05) == []


def test_a_connection_that_was_only_refused_is_closed_when_nobody_uses_it() -> None:
    async def conversation(client: Client) -> None:
        await client.send(post())
        assert await client.answer() == b"429 busy"
        assert await client.reader.read() == b""

    assert len(talk(conversation, keep_alive=0.05)) == 1


class Full(Batching):
    """Queues that are full."""

    ready = True

    def is_full(self) -> bool:
        return True

    def let_thread_work(self) -> None:
        """There is none."""


def full_gate(**settings: Any) -> Gate:
    service = make_service(ServiceSettings(**settings))
    return make_gate(Service(service.settings, service.metrics, Full(service.settings, service.metrics)))


@pytest.mark.parametrize(
    ("settings", "more", "refused"),
    [
        ({}, b"Host: localhost", True),
        ({}, b"Host: evil.example", False),
        ({}, b"Accept: */*", False),
        ({"api_key": "a-key-of-our-own"}, b"Host: localhost", False),
        ({"api_key": "a-key-of-our-own"}, b"Host: localhost\r\nAuthorization: Bearer other", False),
        ({"api_key": "a-key-of-our-own"}, b"Host: localhost\r\nauthorization: Bearer a-key-of-our-own", True),
    ],
)
def test_who_may_not_ask_is_not_told_to_come_again(
    settings: dict[str, Any], more: bytes, refused: bool
) -> None:
    gate = full_gate(**settings)
    found = gate.refuse_at_once(b"/predict", b"POST /predict HTTP/1.1\r\n" + more, ("127.0.0.1", 1))
    assert (found is not None) == refused


def test_an_id_is_passed_on_whole_or_not_at_all() -> None:
    gate = full_gate()
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: "
    assert b"x-request-id: me\r\n" in (gate.refuse_at_once(b"/predict", head + b"me", None) or b"")
    assert b"x-request-id: a\r\n" not in (gate.refuse_at_once(b"/predict", head + b"a b c", None) or b"")


def test_the_longest_queue_holds_however_short() -> None:
    async def run() -> None:
        batching = Batching(ServiceSettings(max_queue=2), Metrics())
        batching.announce()
        assert not batching.is_full()
        batching.announce()
        assert batching.is_full()

    asyncio.run(run())


def test_texts_that_come_in_one_turn_of_the_loop_count_before_they_are_queued() -> None:
    async def run() -> None:
        batching = Batching(ServiceSettings(max_queue=64), Metrics())
        for _ in range(64):
            assert not batching.is_full()
            batching.announce()
        assert batching.is_full()
        await asyncio.sleep(0)
        assert not batching.is_full()  # in the next turn they are in the queue, or were refused

    asyncio.run(run())
