"""A plugin for ``llm``, the command: ``llm -m nlp-rnn "ROMEO:"`` writes text (extra ``llm``).

The answer ends with the disclaimer, so that it leaves with the text wherever ``llm`` sends it. Knows ``llm``,
which finds this file by its entry point, and the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from nlp_rnn.errors import InputError, require
from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.risk.filter import RiskFilter

llm = require("llm", extra="llm")

__all__ = ["Writer", "register_models"]


class Writer(llm.Model):  # type: ignore[misc, name-defined] # whatever require imports is Any
    """The writer as one of ``llm``'s models; its options are the arguments of ``CharGenerator.generate``."""

    model_id = "nlp-rnn"
    can_stream = True
    supports_conversation = False  # it goes on from a text, and answers nobody

    class Options(llm.Options):  # type: ignore[misc, name-defined]
        """What ``-o NAME VALUE`` may set."""

        model: str | None = None
        policy: str = "annotate"
        max_new_chars: int = 300
        temperature: float = 0.8
        top_k: int | None = None
        top_p: float | None = None
        min_p: float | None = None
        repetition_penalty: float = 1.0
        seed: int = 0
        stop: str | None = None

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[str]:
        """Yield the text as it is written, and then its disclaimer.

        Raises:
            InputError: If there is a system prompt.
            ArtifactError, ConfigError: If there is no such model, or an option is outside its range.
        """
        if prompt.system:
            raise InputError("nlp-rnn goes on from a text and follows no system prompt: leave it out")
        options = prompt.options.model_dump()
        generator, policy = _generator(options.pop("model")), options.pop("policy")
        text = generator.stream(prompt.prompt or "", risk_filter=RiskFilter(policy), **options)
        yield from text
        yield f"\n\n{text.result.disclaimer}"
        response.response_json = {"provenance": text.result.provenance}


@llm.hookimpl  # type: ignore[untyped-decorator]
def register_models(register: Callable[[Any], None]) -> None:
    """Tell ``llm`` of the writer."""
    register(Writer())


@lru_cache(maxsize=1)
def _generator(model: str | None) -> CharGenerator:
    """Return the writer of a folder or of a Hub id, or the one that comes with the package."""
    return CharGenerator.from_pretrained(model)
