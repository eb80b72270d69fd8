"""Starting and stopping: the port, the processes, signals, and an end that leaves no stream without its mark.

Knows uvicorn and signals; knows no routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from nlp_rnn.errors import InputError, NlpRnnError
from nlp_rnn.service.app import make_gate, make_service, with_cors
from nlp_rnn.service.settings import ServiceSettings

if TYPE_CHECKING:
    from nlp_rnn.service.endpoint import Service

_GRACE = 1.0
"""Seconds for answers under way, after those of ``drain_seconds``."""
_AGAIN = 1.0  # seconds before a process that has ended is replaced
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]
Worker: TypeAlias = "subprocess.Popen[bytes]"


def serve(settings: ServiceSettings, *, say: Say = lambda message: None) -> int:
    """Serve until a signal says to stop.

    Args:
        settings: What to serve, where.
        say: Called with sentences for whoever started it.

    Returns:
        The exit code: 0 after a signal.

    Raises:
        InputError: If the address cannot be had.
        ArtifactError: If a model cannot be loaded.
        MissingExtraError: If the extra ``serve`` is not installed.
    """
    if settings.workers > 1:
        return _serve_with_workers(settings, say)
    service = make_service(settings)  # first, so that a missing extra is said before anything else
    with bind(settings) as listener:
        return run(service, listener, say)


def bind(settings: ServiceSettings) -> socket.socket:
    """Return a socket that listens at the address.

    Raises:
        InputError: If another program has it, or this machine has no such address.
    """
    host, port = settings.host.strip("[]"), settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name != "nt":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise InputError(_why_not(error, host, port)) from None
    listener.setblocking(False)
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"another program listens at {host} port {port} already: give --port another one, or stop it"
    if error.errno == errno.EACCES:
        return f"this user may not listen at port {port}: take one from 1024 on, and a proxy in front of it"
    return f"it is not possible to listen at {host} port {port}: {error.strerror or error}"


def address_of(listener: socket.socket) -> str:
    """Return the address of a listening socket, for a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(service: Service, listener: socket.socket, say: Say, *, shared: bool = False) -> int:
    """Serve on a socket, in this process.

    Args:
        service: What to serve.
        listener: A socket that listens.
        say: Called when the models are loaded.
        shared: Whether other processes serve on the socket: then nobody is answered before that.

    Raises:
        NlpRnnError: If a model cannot be loaded.
    """
    import uvicorn

    from nlp_rnn.service.protocol import close_slow, limited_protocol

    settings = service.settings
    gate = make_gate(service)
    # A page of another origin could not read an answer that bypasses the layer for that.
    at_once = () if settings.cors_origins else (gate.refuse_at_once,)
    config = uvicorn.Config(
        with_cors(gate, settings),
        http=limited_protocol(settings, *at_once),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="critical",  # what goes wrong in the application, ``gate.py`` logs
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=max(1, int(settings.keep_alive_seconds)),
        timeout_graceful_shutdown=int(_GRACE),
    )

    class Server(uvicorn.Server):
        """uvicorn's, which stops as we want it to."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield

        async def on_tick(self, counter: int) -> bool:
            close_slow(self.server_state.connections)
            return await super().on_tick(counter)

    server = Server(config)
    return _run_loop(config.get_loop_factory(), _until_stopped(server, service, listener, say, shared))


def _run_loop(factory: Any, work: Any) -> int:
    """Run a coroutine in an event loop of the kind that uvicorn found."""
    loop = asyncio.new_event_loop() if factory is None else factory()
    try:
        code: int = loop.run_until_complete(work)
        loop.run_until_complete(loop.shutdown_asyncgens())
        return code
    finally:
        loop.close()


async def _until_stopped(
    server: Any, service: Service, listener: socket.socket, say: Say, shared: bool
) -> int:
    """Load the models and serve; on a signal, drain and end."""
    stop = asyncio.Event()
    with _signals(asyncio.get_running_loop(), stop):
        batching = service.batching
        loading, stopped = batching.start(), asyncio.ensure_future(stop.wait())
        if shared:
            await asyncio.wait((loading, stopped), return_when=asyncio.FIRST_COMPLETED)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.wait((loading, stopped, serving), return_when=asyncio.FIRST_COMPLETED)
            if loading.done():
                loading.result()
                models = batching.check_ready()
                gc.freeze()  # the models stay: to look through them again and again would stop everything
                say(f"Serving {models.classifier.name} and {models.generator.name} at {address_of(listener)}")
                assert batching.failed is not None
                await asyncio.wait((stopped, serving, batching.failed), return_when=asyncio.FIRST_COMPLETED)
                if batching.failed.done():
                    raise NlpRnnError("the service has failed, and its log says how: start it again")
            # No more work is taken, and every stream ends with its mark; the port stays open for a moment,
            # so that whoever shares out requests sees that this process is not ready any more.
            batching.drain()
            if stopped.done():
                await asyncio.sleep(service.settings.drain_seconds)
        finally:
            server.should_exit = True
            await serving
            stopped.cancel()
            await batching.close()
    return 0


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> Generator[None, None, None]:
    """Have signals set an event; afterwards they do what they did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve_with_workers(settings: ServiceSettings, say: Say) -> int:
    """Share one port among several processes, and replace those that end."""
    if os.name == "nt":
        raise InputError("several processes on one port are not to be had on Windows: leave out --workers")
    make_service(settings)
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in _SIGNALS}
    with bind(settings) as listener, tempfile.TemporaryDirectory(prefix="nlp-rnn-figures-") as figures:
        workers = [_start_worker(settings, listener, figures) for _ in range(settings.workers)]
        say(f"{settings.workers} processes serve at {address_of(listener)}")
        try:
            return _watch(workers, stop, lambda: _start_worker(settings, listener, figures))
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait()
            for number, handler in before.items():
                signal.signal(number, handler)


def _watch(
    workers: list[Worker],
    stop: threading.Event,
    start: Callable[[], Worker],
) -> int:
    """Wait for a signal; replace processes that end, unless they say that they cannot work."""
    while not stop.wait(_AGAIN):
        for number, worker in enumerate(workers):
            code = worker.poll()
            if code == 2:  # it has said why
                return 2
            if code is not None:
                workers[number] = start()
    return 0


def _start_worker(settings: ServiceSettings, listener: socket.socket, figures: str) -> Worker:
    """Start a process that serves on the socket."""
    from nlp_rnn.service.metrics import SHARED

    handed = {**settings.to_dict(), "workers": 1}
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        SHARED: figures,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "nlp_rnn.service.worker", str(listener.fileno())],
        stdin=subprocess.PIPE,
        env=environment,
        pass_fds=[listener.fileno()],
    )
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(handed).encode())  # not on the command line: there may be a key
    worker.stdin.close()
    return worker


def work(descriptor: int, given: str, say: Say) -> int:
    """Serve as one of several processes.

    Args:
        descriptor: Of the socket that listens.
        given: The settings as JSON.
        say: Called with the reason if that is not possible.

    Returns:
        The exit code: 2 if it is not possible.
    """
    settings = ServiceSettings.from_dict(json.loads(given))
    with socket.socket(fileno=descriptor) as listener:
        try:
            return run(make_service(settings), listener, lambda message: None, shared=True)
        except NlpRnnError as error:
            say(f"Error: {error}")
            return 2
