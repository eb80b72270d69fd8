#!/usr/bin/env python
"""Measure ``nlp-rnn serve``: load, a peer, overload, streams, equal answers, a long run, fuzz, its end.

A server is started for each on a free port of this machine, and nothing else is asked. Times are short by
default, to see that all works; give ``--seconds 60`` (overload), ``--seconds 3600`` (soak) or
``--requests 50000`` (fuzz) on a quiet machine for figures that count.
"""

from __future__ import annotations

import json
import random
import signal
import socket
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any
from urllib.request import Request, urlopen

import numpy as np
import typer

from nlp_rnn import CharGenerator, SentimentClassifier
from nlp_rnn.cli import run_script
from nlp_rnn.errors import one_of, require
from scripts.reports.load import Measured, Samples, open_loop, request, served, wrk

KINDS = ("load", "peer", "overload", "streams", "alike", "soak", "fuzz", "stop")
CONNECTIONS = 64
STREAMS = 32
_WORDS = (
    "the movie was not good and I think it is a rather bad film but acting story plot nice great never "
    "really music why they made this long boring wonderful scene at all of my time again"
).split()


def main(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}, or all.")] = "all",
    seconds: Annotated[int, typer.Option(min=1, help="For how long: load, peer, overload, soak.")] = 5,
    requests: Annotated[int, typer.Option(min=1, help="How many: fuzz.")] = 500,
    seed: Annotated[int, typer.Option(help="Of texts and of fuzz.")] = 0,
) -> None:
    """Measure the service, and print a line of JSON for each kind."""
    one_of("kind", kind, (*KINDS, "all"))
    rng = random.Random(seed)
    for name in KINDS if kind == "all" else (kind,):
        with served() as server:
            found = _measure(name, server, rng, seconds, requests)
        typer.echo(json.dumps({"kind": name, **found}))


def _measure(name: str, server: Measured, rng: random.Random, seconds: int, requests: int) -> dict[str, Any]:
    """Return the figures of one kind."""
    timed = {"load": load, "peer": peer, "overload": overload, "soak": soak}
    if name in timed:
        return timed[name](server, rng, seconds)
    if name == "fuzz":
        return fuzz(server, rng, requests)
    return alike(server, rng) if name == "alike" else streams(server) if name == "streams" else stop(server)


def sentences(rng: random.Random, count: int, words: int = 20) -> list[str]:
    """Return made sentences of so many words."""
    return [" ".join(rng.choices(_WORDS, k=words)) for _ in range(count)]


def ask(server: Measured, path: str, value: object) -> Any:
    """Return the answer to one request."""
    body = json.dumps(value).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{server.port}{path}", body, headers), timeout=600) as answer:
        return json.load(answer)


def load(server: Measured, rng: random.Random, seconds: int) -> dict[str, float]:
    """Set the requests per second of 64 connections beside the library's own texts per second."""
    texts = sentences(rng, 640)
    bodies = [{"inputs": text} for text in texts]
    classifier = SentimentClassifier.from_pretrained(threads=1)
    own = []
    for _ in range(2):  # before and after, as the machine may be busy with something else
        began = time.perf_counter()
        for at in range(0, len(texts), CONNECTIONS):
            classifier.predict_proba(texts[at : at + CONNECTIONS])
        own.append(len(texts) / (time.perf_counter() - began))
        if len(own) == 1:
            many = wrk(server.port, "/predict", bodies, connections=CONNECTIONS, seconds=seconds)
            one = wrk(server.port, "/predict", bodies, connections=1, seconds=seconds)
    return {
        "requests_per_second": many.rate,
        "p99_ms": many.p99_ms,
        "refused": many.failed,
        "library_texts_per_second": sum(own) / 2,
        "share": many.rate / (sum(own) / 2),
        "one_connection_median_ms": one.median_ms,
    }


def peer(server: Measured, rng: random.Random, seconds: int) -> dict[str, float]:
    """Set the requests per second of 64 connections beside those of the same model behind FastAPI."""
    bodies = [{"inputs": text} for text in sentences(rng, 640)]
    with served("scripts.reports.service_peer") as other:
        ports = (server.port, other.port, other.port, server.port)  # the machine may change meanwhile
        rates = [wrk(port, "/predict", bodies, connections=CONNECTIONS, seconds=seconds) for port in ports]
    ours, theirs = (rates[0].rate + rates[3].rate) / 2, (rates[1].rate + rates[2].rate) / 2
    return {
        "requests_per_second": ours,
        "p99_ms": max(rates[0].p99_ms, rates[3].p99_ms),
        "fastapi_requests_per_second": theirs,
        "fastapi_p99_ms": max(rates[1].p99_ms, rates[2].p99_ms),
        "times": ours / theirs,
    }


def overload(server: Measured, rng: random.Random, seconds: int) -> dict[str, float]:
    """Ask for five times what the service can carry: what is accepted, what is refused, how quickly."""
    texts = sentences(rng, 640)
    able = wrk(server.port, "/predict", [{"inputs": t} for t in texts], connections=CONNECTIONS, seconds=3)
    prepared = [request("/predict", {"inputs": text}) for text in texts]
    before = server.memory()
    rate = 5 * able.rate
    # As many connections as a service takes: those who wait for a text, and those who are refused.
    samples = _run(
        open_loop(server.port, lambda: rng.choice(prepared), rate=rate, seconds=seconds, connections=900)
    )
    return {
        "carried_per_second": able.rate,
        "asked_per_second": 5 * able.rate,
        "accepted_per_second": samples.count(200) / seconds,
        "accepted_p99_ms": samples.milliseconds(200, 99),
        "refused_per_second": samples.count(429) / seconds,
        "refused_median_ms": samples.milliseconds(429, 50),
        "refused_p95_ms": samples.milliseconds(429, 95),
        "refused_p99_ms": samples.milliseconds(429, 99),
        "other": _others(samples),
        "memory_before_mb": before,
        "memory_after_mb": server.memory(),
    }


def _run(work: Coroutine[Any, Any, Samples]) -> Samples:
    """Return what a client saw; its loop is the quicker one, as it shares the processor with the server."""
    samples: Samples = require("uvloop", extra="serve").run(work)
    return samples


def _others(samples: Samples) -> int:
    return sum(len(found) for status, found in samples.seconds.items() if status not in (200, 429))


def streams(server: Measured, characters: int = 1000) -> dict[str, float]:
    """Set the characters per second of 32 streams beside those of the library's own batch."""
    generator = CharGenerator.from_pretrained()
    seeds = list(range(STREAMS))
    began = time.perf_counter()
    own = generator.generate_many(["ROMEO:"] * STREAMS, seeds=seeds, max_new_chars=characters)
    library = STREAMS * characters / (time.perf_counter() - began)
    bodies = [
        request(
            "/v1/completions", {"prompt": "ROMEO:", "seed": seed, "max_tokens": characters, "stream": True}
        )
        for seed in seeds
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(STREAMS) as pool:
        found = list(pool.map(lambda body: _stream(server.port, body), bodies))
    served_rate = STREAMS * characters / (time.perf_counter() - began)
    same = sum(_text_of(raw) == text.text for raw, text in zip(found, own, strict=True))
    return {
        "characters_per_second": served_rate,
        "library": library,
        "share": served_rate / library,
        "same_texts": same,
    }


def _stream(port: int, body: bytes) -> bytes:
    """Return all bytes of a streamed answer."""
    parts = []
    with socket.create_connection(("127.0.0.1", port), 600) as client:
        client.sendall(body.replace(b"Host:", b"Connection: close\r\nHost:"))
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def _events(raw: bytes) -> list[Any]:
    lines = [line for line in raw.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line[6:]) for line in lines]


def _text_of(raw: bytes) -> str:
    return "".join(choice["text"] for event in _events(raw) for choice in event["choices"])


def alike(server: Measured, rng: random.Random) -> dict[str, float]:
    """Set the answers to 1,000 texts under load beside those to each alone."""
    texts = sentences(rng, 1000, 12)
    classifier = SentimentClassifier.from_pretrained(threads=1)
    alone_NC = np.array([classifier.predict_proba([text])[0] for text in texts])
    names = list(classifier.artifact.classes)

    def one(text: str) -> list[float]:
        named = {each["label"]: each["score"] for each in ask(server, "/predict", {"inputs": text})}
        return [named[name] for name in names]

    with ThreadPoolExecutor(32) as pool:
        loaded_NC = np.array(list(pool.map(one, texts)))
    return {"texts": len(texts), "greatest_difference": float(np.abs(alone_NC - loaded_NC).max())}


def soak(server: Measured, rng: random.Random, seconds: int) -> dict[str, Any]:
    """Ask for half of what the service can carry, of all routes, by clients that come and go."""
    texts = sentences(rng, 200)
    able = wrk(server.port, "/predict", [{"inputs": t} for t in texts], connections=16, seconds=3)
    kinds = [request("/predict", {"inputs": text}) for text in texts]
    rare = [request("/explain", {"inputs": text}) for text in texts[:10]]
    rare += [request("/review", {"inputs": text}) for text in texts[:20]]
    rare += [request("/v1/moderations", {"input": text}) for text in texts[:10]]
    for stream in (False, True):
        asked = {"prompt": "O", "max_tokens": 40, "seed": 1, "stream": stream}
        rare.append(request("/v1/completions", asked))

    def choose() -> bytes:
        return rng.choice(rare) if rng.random() < 0.02 else rng.choice(kinds)

    rate, counts, memory, descriptors = able.rate / 2, Samples(), [], []
    part = max(1.0, seconds / 10)
    for _ in range(round(seconds / part)):
        found = _run(open_loop(server.port, choose, rate=rate, seconds=part, connections=32, keep=50))
        for status, values in found.seconds.items():
            counts.seconds.setdefault(status, []).extend(values)
        memory.append(round(server.memory(), 1))
        descriptors.append(server.descriptors())
    return {
        "asked_per_second": rate,
        "statuses": {str(status): len(values) for status, values in sorted(counts.seconds.items())},
        "p99_ms": counts.milliseconds(200, 99),
        "memory_mb": memory,
        "descriptors": descriptors,
    }


def fuzz(server: Measured, rng: random.Random, requests: int) -> dict[str, Any]:
    """Send broken and odd requests, and count the statuses: none should be 500 or over."""
    with urlopen(f"http://127.0.0.1:{server.port}/openapi.json", timeout=60) as answer:
        document = json.load(answer)
    examples = {
        path: told["post"]["requestBody"]["content"]["application/json"]["example"]
        for path, told in document["paths"].items()
        if "post" in told
    }
    paths, left = sorted(examples), iter(range(requests))

    def next_request() -> bytes:
        next(left, None)
        path = rng.choice(paths)
        value = _odd(rng, dict(examples[path]))
        if path == "/v1/completions" and isinstance(value, dict):
            value["max_tokens"] = value.get("max_tokens", 5) if rng.random() < 0.2 else 5
        raw = json.dumps(value).encode()
        if rng.random() < 0.4:
            raw = _broken(rng, raw)
        return request(path, None, raw=raw)

    rate = 50.0
    samples = _run(open_loop(server.port, next_request, rate=rate, seconds=requests / rate, connections=16))
    statuses = {str(status): len(values) for status, values in sorted(samples.seconds.items())}
    failed = sum(len(values) for status, values in samples.seconds.items() if status >= 500)
    return {
        "requests": requests,
        "statuses": statuses,
        "failed": failed,
        "alive": server.process.poll() is None,
    }


_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 2**70, "", "\0", "\ud800", "<script>", "x" * 5000, [], [[]], {}, [None],
)  # fmt: skip


def _odd(rng: random.Random, value: dict[str, Any]) -> Any:
    """Return a body with odd values in some fields, and odd fields."""
    if rng.random() < 0.03:
        return rng.choice(_ODD)
    names = [*value, "top_k", "n", "stop", "temperature", "model", "seed", "policy", "logprobs", "stream"]
    for _ in range(rng.randrange(4)):
        value[rng.choice(names)] = rng.choice(_ODD)
    return value


def _broken(rng: random.Random, raw: bytes) -> bytes:
    """Return bytes with some of them changed, taken out or put in."""
    kept = bytearray(raw)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(kept) + 1)
        kept[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(kept)


def stop(server: Measured) -> dict[str, Any]:
    """Ask the service to end while it writes 32 streams."""
    body = {"prompt": "ROMEO:", "max_tokens": 10_000, "stream": True}
    with ThreadPoolExecutor(STREAMS) as pool:
        running = [
            pool.submit(_stream, server.port, request("/v1/completions", {**body, "seed": seed}))
            for seed in range(STREAMS)
        ]
        while 'texts_written"} 32' not in _metrics(server):
            time.sleep(0.1)
        time.sleep(0.5)
        began = time.perf_counter()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(60)
        took = time.perf_counter() - began
        ends = [_events(each.result())[-1] for each in running]
    marked = sum("disclaimer" in end["choices"][0].get("nlp_rnn", {}) for end in ends)
    return {"seconds": took, "code": code, "streams": len(ends), "ended_with_mark": marked}


def _metrics(server: Measured) -> str:
    with urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=60) as answer:
        text: str = answer.read().decode()
    return text.replace(".0\n", "\n")


if __name__ == "__main__":
    run_script(main)
