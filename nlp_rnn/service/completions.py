"""``/v1/completions``: text that the model writes, whole or as a stream, always with its mark.

OpenAI's shape; ``max_tokens`` counts characters, and the mark (disclaimer, risk, provenance) stands in an
extra key. Knows the streams of ``writing.py``; knows no queues.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence

import msgspec
from starlette.types import Receive, Send

from nlp_rnn.generation.continuous import OpenText
from nlp_rnn.generation.result import Generated
from nlp_rnn.generation.sampling import Sampling
from nlp_rnn.risk.levels import LEVELS
from nlp_rnn.service import schemas
from nlp_rnn.service.answering import check_length, check_model, new_id
from nlp_rnn.service.endpoint import Call, Streamed
from nlp_rnn.service.limits import until_gone, while_wanted
from nlp_rnn.service.places import Places, sentences_of
from nlp_rnn.service.refusals import Refused
from nlp_rnn.service.writing import Piece, Stream

DEFAULT_CHARS = 300
_SEEDS = 2**31
_BLOCKED = "content_filter"
_CUT_SHORT = "length"
"""What clients that know OpenAI's reasons alone are told of a text that the service ended as it stopped."""


async def complete(call: Call[schemas.CompletionRequest]) -> schemas.Completion | Streamed:
    """Write texts."""
    asked, batching = call.asked, call.service.batching
    generator = batching.check_ready().generator
    check_model(asked.model, generator.name)
    order = _Order(call)
    opening = batching.open(len(order.prompts), order.open_texts, marks=bool(asked.risk_marks))
    streams = await while_wanted(call.receive, opening)
    answer = _Answer(asked, order.prompts, generator.name, generator.fingerprint)
    if asked.stream:
        return _Events(call, streams, answer)
    try:
        return answer.whole(await while_wanted(call.receive, _results(streams), patience=0.0))
    finally:
        batching.leave(streams)


async def _results(streams: Sequence[Stream]) -> list[Piece]:
    """Return each text whole, as its last piece."""
    found = []
    for stream in streams:
        piece = await stream.next()
        while piece.result is None:
            piece.add(await stream.next())
        found.append(piece)
    return found


class _Order:
    """What a client wants written, once it is within the limits.

    Raises:
        Refused: With 422 and the field; 413 if there are too many texts.
    """

    def __init__(self, call: Call[schemas.CompletionRequest]) -> None:
        asked, settings = call.asked, call.service.settings
        given = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
        copies = 1 if asked.n is None else asked.n
        if not 1 <= len(given) * copies <= settings.max_n:
            raise Refused(
                422,
                f"n is {copies:,} for {len(given):,} prompt(s); there should be from 1 to {settings.max_n} "
                "texts in all",
                field="n",
            )
        for prompt in given:
            check_length(prompt, "prompt", settings.max_prompt_chars)
        self._chars = DEFAULT_CHARS if asked.max_tokens is None else asked.max_tokens
        if self._chars > settings.max_new_chars:
            raise Refused(
                422,
                f"max_tokens, which counts characters here, is {self._chars:,}; it should be at most "
                f"{settings.max_new_chars:,}",
                field="max_tokens",
            )
        self._stops = _stops(asked.stop, settings.max_stops, settings.max_stop_chars)
        self._sampling = _sampling(asked)
        self._logprobs = asked.logprobs is not None
        models = call.service.batching.check_ready()
        self._generator, self._filter = models.generator, models.filters[asked.policy or settings.policy]
        self._seed = secrets.randbelow(_SEEDS) if asked.seed is None else asked.seed
        self._copies = copies
        self.prompts = [prompt for prompt in given for _ in range(copies)]

    def open_texts(self) -> list[OpenText]:
        """Return the texts to write: those of one prompt have the seed, the seed and 1, and so on."""
        return [
            self._generator.open(
                prompt,
                sampling=self._sampling,
                max_new_chars=self._chars,
                seed=(self._seed + number % self._copies) % 2**63,
                stop=self._stops or None,
                logprobs=self._logprobs,
                risk_filter=self._filter,
            )
            for number, prompt in enumerate(self.prompts)
        ]


def _stops(asked: str | list[str] | None, most: int, longest: int) -> list[str]:
    """Return the stop strings, checked."""
    stops = [asked] if isinstance(asked, str) else asked or []
    if len(stops) > most:
        raise Refused(422, f"stop has {len(stops):,} strings; it should have at most {most}", field="stop")
    for stop in stops:
        if not 1 <= len(stop) <= longest:
            raise Refused(
                422,
                f"a stop string has {len(stop):,} characters; it should have from 1 to {longest}",
                field="stop",
            )
    return stops


def _sampling(asked: schemas.CompletionRequest) -> Sampling:
    """Return how characters are chosen: as asked, and where nothing is said as the library does."""
    names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    return Sampling(**{name: value for name in names if (value := getattr(asked, name)) is not None})


class _Answer:
    """The answers to one request.

    Args:
        asked: The request.
        prompts: What each text goes on from.
        model, fingerprint: Of the writer.
    """

    def __init__(
        self, asked: schemas.CompletionRequest, prompts: Sequence[str], model: str, fingerprint: str
    ) -> None:
        self._asked, self._prompts = asked, prompts
        self._id, self._created = new_id("cmpl"), int(time.time())
        self._model, self._fingerprint = model, fingerprint
        self._results: dict[int, Generated] = {}
        self._written = [0] * len(prompts)
        self._shown = list(prompts)  # with what was written, to count places in

    def whole(self, pieces: Sequence[Piece]) -> schemas.Completion:
        """Return all texts at once."""
        choices = [self.choice(number, piece) for number, piece in enumerate(pieces)]
        return self.event(choices, usage=self.usage(), last=True)

    def choice(self, number: int, piece: Piece) -> schemas.Choice:
        """Return a piece of a text; with its mark, if it is the last one."""
        choice = schemas.Choice(number, piece.text)
        self._written[number] += len(piece.text)
        if self._asked.risk_marks:
            self._shown[number] += piece.text
        result = piece.result
        if result is None:
            if piece.judged:
                places = Places(self._shown[number])
                choice.nlp_rnn = schemas.Risk(sentences_of(piece.judged, places, quoted=self._quotes))
            return choice
        self._results[number] = result
        cancelled = result.finish_reason == "cancelled"
        choice.finish_reason = (
            _BLOCKED if piece.blocked else _CUT_SHORT if cancelled else result.finish_reason
        )
        choice.nlp_rnn = self._risk(result, choice.finish_reason, cancelled and not piece.blocked)
        if result.logprobs is not None and not (result.risk and result.risk.changed):
            at = len(self._prompts[number])
            tokens = list(result.text)
            choice.logprobs = schemas.Logprobs(
                tokens, list(result.logprobs)[: len(tokens)], list(range(at, at + len(tokens)))
            )
        return choice

    @property
    def _quotes(self) -> bool:
        """Whether sentences may be quoted before it is known if a policy changes them."""
        return self._asked.policy in (None, "annotate")

    def _risk(self, result: Generated, reason: str, cancelled: bool) -> schemas.Risk:
        """Return the mark of a text."""
        review = result.risk
        text = result.prompt + result.text
        passages = () if review is None else review.passages
        return schemas.Risk(
            sentences=sentences_of(passages, Places(text), quoted=review is not None and not review.changed),
            disclaimer=result.disclaimer,
            level=None if review is None else review.level,
            score=None if review is None else review.score,
            finish_reason="cancelled" if cancelled else reason,
            not_checked=[] if review is None else list(review.not_checked),
            provenance=result.provenance,
        )

    def event(
        self, choices: list[schemas.Choice], *, usage: schemas.Usage | None = None, last: bool = False
    ) -> schemas.Completion:
        """Return choices as an answer; the last one has the mark of the riskiest text."""
        answer = schemas.Completion(
            self._id, self._created, self._model, choices, system_fingerprint=self._fingerprint
        )
        if usage is not None:
            answer.usage = usage
        if last:
            riskiest = max(self._results.values(), key=_risk_rank)
            level = None if riskiest.risk is None else riskiest.risk.level
            answer.nlp_rnn = schemas.Mark(riskiest.disclaimer, level)
        return answer

    def usage(self) -> schemas.Usage:
        """Return what was read and written, in characters."""
        asked = self._asked.prompt
        read = len(asked) if isinstance(asked, str) else sum(map(len, asked))
        written = sum(self._written)
        return schemas.Usage(read, written, read + written)

    @property
    def all_ended(self) -> bool:
        """Whether every text has had its last piece."""
        return len(self._results) == len(self._prompts)


def _risk_rank(result: Generated) -> tuple[int, float]:
    review = result.risk
    return (-1, 0.0) if review is None else (LEVELS.index(review.level), review.score)


class _Events(Streamed):
    """Server-sent events: the pieces of all texts, each with exactly one last piece, then ``[DONE]``."""

    def __init__(
        self, call: Call[schemas.CompletionRequest], streams: Sequence[Stream], answer: _Answer
    ) -> None:
        self._call, self._streams, self._answer = call, streams, answer
        self._encode = msgspec.json.Encoder().encode

    async def send(self, receive: Receive, send: Send) -> None:
        """Send the events while somebody reads them; whoever stops reading stops the writing."""
        work = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._call.service.metrics.cancelled.labels("/v1/completions").inc()
        finally:
            gone.cancel()
            work.cancel()
            self._call.service.batching.leave(self._streams)
        if not work.cancelled() and work.done():
            work.result()

    async def _send(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        seconds = self._call.service.settings.send_seconds
        async for event in self._events():
            body = b"data: " + event + b"\n\n"
            await asyncio.wait_for(
                send({"type": "http.response.body", "body": body, "more_body": True}), seconds
            )
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})

    async def _events(self) -> AsyncIterator[bytes]:
        answer = self._answer
        options = self._call.asked.stream_options
        async for number, piece in _merged(self._streams):
            choice = answer.choice(number, piece)
            yield self._encode(answer.event([choice], last=answer.all_ended))
        if options is not None and options.include_usage:
            yield self._encode(answer.event([], usage=answer.usage()))


async def _merged(streams: Sequence[Stream]) -> AsyncIterator[tuple[int, Piece]]:
    """Yield the pieces of all streams as they come, with the stream's number."""
    waiting = {asyncio.ensure_future(stream.next()): number for number, stream in enumerate(streams)}
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                number, piece = waiting.pop(each), each.result()
                if piece.result is None:
                    waiting[asyncio.ensure_future(streams[number].next())] = number
                yield number, piece
    finally:
        for each in waiting:
            each.cancel()
