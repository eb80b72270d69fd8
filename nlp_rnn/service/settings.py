"""The settings of a service: where it listens, what it serves, and every limit.

Knows numbers and names; imports no web library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from nlp_rnn.config import Settings
from nlp_rnn.errors import ConfigError
from nlp_rnn.risk.filter import POLICIES

_SECONDS = "body_seconds header_seconds keep_alive_seconds send_seconds"
_COUNTS = (
    "max_body_bytes max_header_bytes max_connections max_client_batch interactive_batch max_text_chars "
    "max_explain_chars max_review_chars max_prompt_chars max_new_chars max_n max_stops max_stop_chars "
    "max_batch_tokens max_queue max_bulk_queue max_texts_written max_explanations max_reviews"
)


@dataclass(frozen=True, kw_only=True)
class ServiceSettings(Settings):
    """How the models are served.

    Attributes:
        host, port: Where to listen; port 0 takes a free one.
        workers: Processes; each loads the models and has queues of its own.
        model, generator: Folder or Hub id of the classifier and of the writer; None is the shipped one.
        policy: What the risk filter does where a request does not say: ``annotate``, ``redact``, ``block``.
        api_key: Key that each request must carry as a bearer token; None asks for none.
        allowed_hosts: Names in a ``Host`` header that are this service's, besides ``localhost``, ``host`` and
            addresses in digits; ``*`` allows any.
        cors_origins: Pages of other origins that may call; none by default.
        access_log: Write a JSON line for each request to the log; texts never stand in it.
        max_body_bytes, max_header_bytes, max_connections: Of a request; of the process.
        max_client_batch: Texts of one request at most.
        interactive_batch: Texts of a request from beyond which it waits in the second queue.
        max_text_chars, max_explain_chars, max_review_chars, max_prompt_chars: Characters of one text.
        max_new_chars, max_n, max_stops, max_stop_chars: Of a request to write.
        max_batch_tokens: Tokens computed at once.
        max_queue, max_bulk_queue: Texts that wait in each queue at most.
        max_wait_ms: Refuse texts as soon as those before them need longer than this.
        max_texts_written, max_explanations, max_reviews: Of each, being computed or waiting.
        header_seconds, body_seconds, keep_alive_seconds, send_seconds: How long a client may take.
        drain_seconds: How long to answer 503 on SIGTERM before the port is closed.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    model: str | None = None
    generator: str | None = None
    policy: str = "annotate"
    api_key: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    access_log: bool = False
    max_body_bytes: int = 2_000_000
    max_header_bytes: int = 16_384
    max_connections: int = 1_000
    max_client_batch: int = 1_024
    interactive_batch: int = 32
    max_text_chars: int = 100_000
    max_explain_chars: int = 2_000
    max_review_chars: int = 20_000
    max_prompt_chars: int = 4_096
    max_new_chars: int = 10_000
    max_n: int = 16
    max_stops: int = 16
    max_stop_chars: int = 100
    max_batch_tokens: int = 4_096
    max_queue: int = 512
    max_bulk_queue: int = 8_192
    max_wait_ms: float = 100.0
    max_texts_written: int = 64
    max_explanations: int = 8
    max_reviews: int = 32
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    keep_alive_seconds: float = 30.0
    send_seconds: float = 30.0
    drain_seconds: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        self._whole_numbers("port", 0, 65_535)
        self._whole_numbers("workers", 1, 256)
        self._whole_numbers(_COUNTS, 1)
        self._numbers(_SECONDS, 0.01, 3_600)
        self._numbers("max_wait_ms", 1, 60_000)
        self._numbers("drain_seconds", 0, 60)
        self._flags("access_log")
        if self.policy not in POLICIES:
            raise ConfigError(
                f"Invalid policy. Received: {self.policy!r}; it should be one of {', '.join(POLICIES)}"
            )
        for name in ("allowed_hosts", "cors_origins"):
            self._set(name, tuple(getattr(self, name)))
        for origin in self.cors_origins:
            if not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise ConfigError(
                    f"Invalid cors_origins. Received: {origin!r}; it should be an origin such as "
                    "https://example.org, without a path"
                )
        if self.api_key is not None and not re.fullmatch(r"[\x21-\x7e]{8,}", self.api_key):
            raise ConfigError(
                "Invalid api_key: it should be at least 8 printable ASCII characters, without white space"
            )

    def limits(self) -> dict[str, Any]:
        """Return the limits that a client may want to know."""
        return {
            name: value
            for name, value in self.to_dict().items()
            if name.startswith("max_") or name == "interactive_batch"
        }
