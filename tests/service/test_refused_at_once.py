"""A request that is refused before it is parsed: which are, and that nothing else is ever taken for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
import uvicorn
from uvicorn.server import ServerState

from nlp_rnn.service.batching import Batching
from nlp_rnn.service.metrics import Metrics
from nlp_rnn.service.protocol import limited_protocol
from nlp_rnn.service.settings import ServiceSettings

PATIENCE = 30
BUSY = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy"
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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

    def refuse(path: bytes, head: bytes) -> bytes:
        asked.append((path, head))
        return BUSY

    async def run() -> None:
        config = uvicorn.Config(application, lifespan="off", log_config=None)
        config.timeout_keep_alive = keep_alive  # type: ignore[assignment]
        kind, state = limited_protocol(ServiceSettings(), refuse), ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(config, state, {}, loop), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await asyncio.wait_for(conversation((reader, writer)), PATIENCE)
            writer.close()
            await writer.wait_closed()

    asyncio.run(run())
    return asked


async def answer(client: Client) -> bytes:
    """Return status and body of the next answer."""
    head = await client[0].readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return head[9:12] + b" " + await client[0].readexactly(int(fields[b"content-length"]))


def test_a_whole_request_is_refused_and_the_connection_goes_on() -> None:
    async def conversation(client: Client) -> None:
        for more in (b"", b"X-Request-Id: me\r\n", b"Connection: keep-alive\r\n"):
            client[1].write(post(b"{}", more))
            assert await answer(client) == b"429 busy"
        client[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(client) == b"200 0 bytes"
        client[1].write(post())
        assert await answer(client) == b"429 busy"

    asked = talk(conversation)
    assert [path for path, _ in asked] == [b"/predict"] * 4
    assert b"\r\nX-Request-Id: me\r\n" in asked[1][1]


@pytest.mark.parametrize(
    "more", [b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"Transfer-Encoding: chunked\r\n"]
)
def test_what_has_to_be_parsed_is_parsed(more: bytes) -> None:
    async def conversation(client: Client) -> None:
        client[1].write(HEAD + more + b"\r\n" if b"chunked" in more else post(b"{}", more))
        if b"chunked" in more:
            client[1].write(b"2\r\n{}\r\n0\r\n\r\n")
        if b"Expect" in more:
            assert (await client[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        assert await answer(client) == b"200 2 bytes"

    assert talk(conversation) == []


def test_a_request_in_pieces_is_read_to_its_end() -> None:
    async def conversation(client: Client) -> None:
        request = post(b"x" * 20)
        for piece in (request[:30], request[30:-5], request[-5:]):
            client[1].write(piece)
            await client[1].drain()
            await asyncio.sleep(0)
        assert await answer(client) == b"200 20 bytes"

    assert talk(conversation) == []


def test_two_requests_at_once_get_two_answers() -> None:
    async def conversation(client: Client) -> None:
        client[1].write(post(b"1") + post(b"22"))
        assert [await answer(client), await answer(client)] == [b"200 1 bytes", b"200 2 bytes"]

    assert talk(conversation) == []


def test_a_body_that_looks_like_a_request_is_a_body() -> None:
    async def conversation(client: Client) -> None:
        body = post(b"{}")
        client[1].write(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert await answer(client) == b"200 0 bytes"  # before the body has come
        client[1].write(body)
        await client[1].drain()
        client[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(client) == b"200 0 bytes"

    assert talk(conversation) == []


def test_a_connection_that_was_only_refused_is_closed_when_nobody_uses_it() -> None:
    async def conversation(client: Client) -> None:
        client[1].write(post())
        assert await answer(client) == b"429 busy"
        assert await client[0].read() == b""

    assert len(talk(conversation, keep_alive=0.05)) == 1


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
