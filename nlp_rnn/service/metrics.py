"""The figures that ``/metrics`` shows, in Prometheus's text format.

Knows names and counters; what is counted is said by the files that count. With several processes (the
environment names ``PROMETHEUS_MULTIPROC_DIR``) each answers with the sums of all.
"""

from __future__ import annotations

import os
from typing import Any

from nlp_rnn.errors import require

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TEXTS = (1, 2, 4, 8, 16, 32, 64)
SHARED = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """All counters of one service."""

    def __init__(self) -> None:
        prometheus = require("prometheus_client", extra="serve")
        self._prometheus = prometheus
        self._registry = registry = prometheus.CollectorRegistry()
        live = {"multiprocess_mode": "livesum"} if SHARED in os.environ else {}

        def histogram(name: str, words: str, labels: list[str], buckets: tuple[float, ...]) -> Any:
            return prometheus.Histogram(name, words, labels, buckets=buckets, registry=registry)

        def counter(name: str, words: str, labels: list[str]) -> Any:
            return prometheus.Counter(name, words, labels, registry=registry)

        self.requests = counter("nlp_rnn_requests", "Requests answered.", ["route", "code"])
        self.request_seconds = histogram(
            "nlp_rnn_request_seconds", "From a request's head to its answer's end.", ["route"], SECONDS
        )
        self.queue_depth = prometheus.Gauge(
            "nlp_rnn_queue_depth",
            "What waits in each queue or is computed.",
            ["queue"],
            registry=registry,
            **live,
        )
        self.queue_seconds = histogram(
            "nlp_rnn_queue_seconds", "How long work waited for the inference thread.", ["kind"], SECONDS
        )
        self.inference_seconds = histogram(
            "nlp_rnn_inference_seconds", "How long the inference thread worked on it.", ["kind"], SECONDS
        )
        self.batch_texts = histogram("nlp_rnn_batch_texts", "Texts computed together.", ["queue"], TEXTS)
        self.refused = counter("nlp_rnn_refused", "Requests refused.", ["code"])
        self.cancelled = counter("nlp_rnn_cancelled", "Requests whose client went away.", ["kind"])
        self.characters = counter("nlp_rnn_characters_written", "Characters written.", [])
        self.reviews = counter("nlp_rnn_reviews", "Texts reviewed, by level.", ["level"])
        if SHARED not in os.environ:
            prometheus.ProcessCollector(registry=registry)

    def text(self) -> tuple[bytes, str]:
        """Return the figures, and their content type."""
        registry = self._registry
        if SHARED in os.environ:
            from prometheus_client.multiprocess import MultiProcessCollector

            registry = self._prometheus.CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return self._prometheus.generate_latest(registry), self._prometheus.CONTENT_TYPE_LATEST
