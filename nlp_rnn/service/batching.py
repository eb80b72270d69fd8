"""The queues, and the one thread that computes: it takes whatever waits, without a timer.

While a batch is computed the next one gathers, so batches grow with the load by themselves, up to some 32
texts: larger ones are hardly quicker a text, and all their answers would be due at once. Texts of many
requests are computed together, and no answer depends on who else is in the batch. Between two batches the
thread does one other call (an explanation, a review), writes a few characters of the texts that are being
written, and takes from the second queue only if nobody waits in the first. More threads would share one
interpreter's lock: for more cores, start more processes.

Everything but ``_Worker``'s loop runs in the event loop. Knows models; knows no HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nlp_rnn.runtime.threads import single_threaded
from nlp_rnn.service.metrics import Metrics
from nlp_rnn.service.models import Models
from nlp_rnn.service.queues import F32, Call, Opening, Queue, Texts
from nlp_rnn.service.refusals import Refused, busy
from nlp_rnn.service.settings import ServiceSettings
from nlp_rnn.service.writing import Desk, Stream

LOGGER = logging.getLogger("nlp_rnn.service")

_ALWAYS = 64
"""So many texts may wait, however slow the machine is (but for ``max_queue``)."""
_PAUSE = 0.0005  # seconds
_ANSWERED = 16
"""Requests answered before the loop looks at others again."""
_CHARS_PER_TOKEN = 4  # of an English text, to guess tokens before they are counted
_SMOOTHING = 0.005  # weight of the newest text in the mean time of a text


class Batching:
    """The queues as the routes see them, and the thread behind them.

    Args:
        settings: Limits.
        metrics: Where to count.
    """

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self.models: Models | None = None
        """The models, as soon as they are loaded."""
        self.draining = False
        self._interactive, self._bulk = Queue(), Queue()
        self._calls: deque[Call] = deque()
        self._in_calls = dict.fromkeys(("explain", "review", "write"), 0)
        self._most = {"explain": settings.max_explanations, "review": settings.max_reviews}
        self._texts_written = 0
        self._wake, self._asleep = threading.Event(), False
        self._closed = self._end_writing = False
        self._seconds_per_text = 0.0
        self._pausing = False
        self._announced = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._loaded: asyncio.Future[None] | None = None
        self.failed: asyncio.Future[None] | None = None
        """Done, with the reason, if the thread has ended before its time."""
        self._desk: Desk | None = None

    # In the event loop.
    def start(self) -> asyncio.Future[None]:
        """Start the thread; the future is done when the models are loaded, or has the reason why not."""
        self._loop = asyncio.get_running_loop()
        self._loaded, self.failed = self._loop.create_future(), self._loop.create_future()
        self._thread.start()
        return self._loaded

    async def close(self) -> None:
        """End the thread after the work at hand."""
        self._closed = True
        self._rouse()
        await asyncio.to_thread(self._thread.join, 2.0)

    def drain(self) -> None:
        """Take no more work, and end the texts that are being written."""
        self.draining = self._end_writing = True
        self._rouse()

    @property
    def ready(self) -> bool:
        """Whether the models are loaded and work is taken."""
        lives = self.failed is not None and not self.failed.done()
        return self.models is not None and lives and not self.draining

    def check_ready(self) -> Models:
        """Return the models.

        Raises:
            Refused: With 503 while they are loaded, and when the service stops.
        """
        if self.draining:
            raise Refused(503, "the service is stopping", headers={"retry-after": "5"})
        if self.failed is not None and self.failed.done():
            raise Refused(503, "the service has failed and ends", headers={"retry-after": "5"})
        if self.models is None:
            raise Refused(503, "the models are still being loaded", headers={"retry-after": "1"})
        return self.models

    def is_full(self) -> bool:
        """Return True if a text that came now would wait for too long."""
        waiting = self._interactive.waiting + self._announced
        if waiting >= self._settings.max_queue:
            return True
        late = waiting * self._seconds_per_text * 1000 > self._settings.max_wait_ms
        return late and waiting >= _ALWAYS

    def announce(self) -> None:
        """Count a text that comes in this turn of the loop, and is added to the queue in the next."""
        if self._announced == 0:
            asyncio.get_running_loop().call_soon(self._forget)
        self._announced += 1

    def _forget(self) -> None:
        self._announced = 0

    def let_thread_work(self) -> None:
        """Give the thread a moment after what the loop has at hand: called where requests are refused.

        Each short sum in the thread gives up the interpreter's lock, and a loop with always something to do
        lets it wait for it each time: refusing quickly would be all that an overloaded service does.
        """
        if not self._pausing:
            self._pausing = True
            asyncio.get_running_loop().call_soon(self._pause)

    def _pause(self) -> None:
        time.sleep(_PAUSE)
        self._pausing = False

    def classify(self, texts: list[str]) -> asyncio.Future[F32]:
        """Return the future probabilities of texts, *shape (N, C)*; who cancels it wants them no more.

        Raises:
            Refused: If too much waits already.
        """
        if len(texts) <= self._settings.interactive_batch:
            if self.is_full():
                raise busy()
            return self._add(self._interactive, texts)
        if self._bulk.waiting and self._bulk.waiting + len(texts) > self._settings.max_bulk_queue:
            raise busy("too many texts of large requests wait already: try again after Retry-After")
        # In parts, so that nobody waits for all of them.
        size = self._settings.interactive_batch
        parts = [self._add(self._bulk, texts[at : at + size]) for at in range(0, len(texts), size)]
        return asyncio.ensure_future(_joined(parts))

    def _add(self, queue: Queue, texts: list[str]) -> asyncio.Future[F32]:
        assert self._loop is not None
        future: asyncio.Future[F32] = self._loop.create_future()
        queue.add(Texts(texts, future, time.perf_counter()))
        self._rouse()
        return future

    async def call(self, kind: str, work: Callable[[], Any]) -> Any:
        """Return what a function returns in the thread.

        Args:
            kind: ``explain``, ``review`` or ``write``.
            work: The function.

        Raises:
            Refused: If too many of this kind wait, or as the function's own error says.
        """
        assert self._loop is not None
        if self._in_calls[kind] >= self._most.get(kind, self._settings.max_texts_written):
            raise busy(f"too many requests of this kind ({kind}) wait already: try again after Retry-After")
        self._in_calls[kind] += 1
        try:
            future: asyncio.Future[Any] = self._loop.create_future()
            self._calls.append(Call(kind, work, future, time.perf_counter()))
            self._rouse()
            return await future
        finally:
            self._in_calls[kind] -= 1

    async def open(self, count: int, make: Callable[[], list[Any]], *, marks: bool) -> list[Stream]:
        """Return the streams of texts to write, which the thread makes and has begun to write.

        Args:
            count: How many.
            make: Returns the ``OpenText`` of each.
            marks: Whether to give sentences with their reviews as they are judged.

        Raises:
            Refused: If too many texts are being written, or as the library's own error says.
        """
        if self._texts_written + count > self._settings.max_texts_written:
            raise busy("too many texts are being written: try again after Retry-After")
        self._texts_written += count
        opening = Opening(make, marks)
        try:
            await self.call("write", partial(self._open, opening))
        except BaseException:  # the client may have gone meanwhile
            self._texts_written -= count
            opening.abandon()
            raise
        return opening.streams

    def leave(self, streams: Sequence[Stream]) -> None:
        """End streams that nobody reads any more."""
        for stream in streams:
            stream.close()
        self._texts_written -= len(streams)
        self._rouse()

    def _rouse(self) -> None:
        """Wake the thread, if it sleeps."""
        if self._asleep:
            self._wake.set()

    def show_depth(self) -> None:
        """Set the gauges of what waits."""
        depth = self._metrics.queue_depth
        depth.labels("interactive").set(self._interactive.waiting)
        depth.labels("bulk").set(self._bulk.waiting)
        for kind, count in self._in_calls.items():
            depth.labels(kind).set(count)
        depth.labels("texts_written").set(self._texts_written)

    # In the thread.
    def _run(self) -> None:
        """Load the models, then serve until ``close``."""
        assert self._loop is not None
        assert self._loaded is not None
        try:
            models = Models(self._settings)
            models.warm_up()
            self._desk = Desk(models.generator, self._tell, self._metrics, self._settings.max_texts_written)
        except Exception as error:
            self._tell(_fail, self._loaded, error)
            return
        self.models = models
        self._tell(_resolve, [(self._loaded, None)])
        try:
            self._work(models, self._desk)
        except Exception as error:  # of a request they are told to its client: this one is ours
            LOGGER.exception("the inference thread has failed")
            self._tell(_fail, self.failed, error)

    def _work(self, models: Models, desk: Desk) -> None:
        """Do what waits until ``close``."""
        while not self._closed:
            if self._serve(models, desk):
                continue
            # Say that it sleeps, and look once more: whoever adds work after that look will wake it.
            self._wake.clear()
            self._asleep = True
            if not self._serve(models, desk):
                self._wake.wait()
            self._asleep = False

    def _serve(self, models: Models, desk: Desk) -> bool:
        """Do some of everything that waits; return False if nothing did."""
        began = time.perf_counter()
        texts = self._serve_texts(models, self._interactive, "interactive")
        did = texts > 0
        did |= self._serve_call()
        if self._end_writing:
            desk.end_all()
        if desk.busy:
            with single_threaded():
                did |= desk.write()
        if texts:
            seconds = (time.perf_counter() - began) / texts
            weight = 1 - (1 - _SMOOTHING) ** texts
            self._seconds_per_text += weight * (seconds - self._seconds_per_text)
        elif not self._interactive.work:
            did |= self._serve_texts(models, self._bulk, "bulk") > 0
        return did

    def _serve_texts(self, models: Models, queue: Queue, name: str) -> int:
        """Compute the next texts of a queue together; return how many there were."""
        taken = queue.take(_CHARS_PER_TOKEN * self._settings.max_batch_tokens)
        if not taken:
            return 0
        texts = [text for each in taken for text in each.texts]
        began = time.perf_counter()
        try:
            probs_NC = models.classifier.predict_proba(texts, batch_tokens=self._settings.max_batch_tokens)
        except Exception as error:
            for each in taken:
                self._tell(_fail, each.future, error)
            queue.finish(taken)
            return len(texts)
        ended = time.perf_counter()
        answers: list[tuple[asyncio.Future[Any], Any]] = []
        at = 0
        for each in taken:
            answers.append((each.future, probs_NC[at : at + len(each.texts)]))
            at += len(each.texts)
        self._tell(_resolve, answers)
        queue.finish(taken)
        self._count(name, [began - each.since for each in taken], ended - began)
        self._metrics.batch_texts.labels(name).observe(len(texts))
        return len(texts)

    def _serve_call(self) -> bool:
        """Do the next other call; return False if there is none."""
        while self._calls:
            call = self._calls.popleft()
            if call.future.cancelled():
                continue
            began = time.perf_counter()
            try:
                answer = call.work()
            except Exception as error:
                self._tell(_fail, call.future, error)
            else:
                self._tell(_resolve, [(call.future, answer)])
            self._count(call.kind, [began - call.since], time.perf_counter() - began)
            return True
        return False

    def serve_between(self) -> None:
        """Answer the texts that wait in the first queue: called in the middle of long calls."""
        if self.models is not None and self._interactive.work:
            self._serve_texts(self.models, self._interactive, "interactive")

    def _open(self, opening: Opening) -> None:
        """Begin to write texts."""
        assert self._desk is not None
        opening.streams = [self._desk.open(text, marks=opening.marks) for text in opening.make()]
        if opening.abandoned:
            opening.abandon()

    def _count(self, kind: str, waited: Sequence[float], worked: float) -> None:
        seconds = self._metrics.queue_seconds.labels(kind)
        for each in waited:
            seconds.observe(each)
        self._metrics.inference_seconds.labels(kind).observe(worked)

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        """Call a function in the event loop, if there still is one."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop has ended: nobody waits
            self._closed = True


def _resolve(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    """Give everybody their answers who still wants them: some now, the others when those were sent."""
    for future, answer in answers[:_ANSWERED]:
        if not future.done():
            future.set_result(answer)
    if answers[_ANSWERED:]:
        asyncio.get_running_loop().call_soon(_resolve, answers[_ANSWERED:])


async def _joined(parts: Sequence[asyncio.Future[F32]]) -> F32:
    """Return the answers of all parts, one after the other."""
    return np.concatenate(await asyncio.gather(*parts))


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    """Give somebody an error."""
    if not future.done():
        future.set_exception(error)
