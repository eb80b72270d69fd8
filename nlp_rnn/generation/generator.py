"""``CharGenerator``: text that a character model writes, marked as such.

Around a model folder, the NumPy runtime and the sampler: prompts and stop strings in, texts with their
disclaimer out. Whatever leaves here has been through a risk filter, or says that it has not. Using a model
needs no torch; ``fit`` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.batch import AnyIds
from nlp_rnn.config import CharConfig, CharTrainConfig, settings_of
from nlp_rnn.errors import InputError, as_texts, in_range, one_of, warn_of, whole_number
from nlp_rnn.files.characters import (
    Source,
    encode_characters,
    keep_first,
    no_such_file,
    read_characters,
)
from nlp_rnn.generation import scoring
from nlp_rnn.generation.continuous import OpenText, TextBatch
from nlp_rnn.generation.decoding import WIDTH, Decoder, Draft
from nlp_rnn.generation.examples import CharCorpus
from nlp_rnn.generation.result import Generated, Showing, TextStream, provenance
from nlp_rnn.generation.sampling import Sampling
from nlp_rnn.generation.writing import Writing, start_writing
from nlp_rnn.model import Pretrained, require_training
from nlp_rnn.resources import CHARACTER_MODEL, card_template
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.overlap import FILE as OVERLAP
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.risk.review import Review
from nlp_rnn.runtime.characters import CharRNN
from nlp_rnn.runtime.threads import single_threaded
from nlp_rnn.text.tokenizer import TextTokenizer
from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.training.loop import Progress

KINDS = ("char", "byte")
READ = 4096
"""Characters of a prompt that are read: its last ones."""
_TYPES = 100_000  # distinct characters at most
_COMPARED = 100_000  # held-out characters, with the training text

DEFAULT_FILTER: Final = cast("RiskFilter", object())
"""Stands for a ``RiskFilter()``, made when it is first needed."""

Floats = NDArray[np.float64]
F32 = NDArray[np.float32]


class CharGenerator(Pretrained[TextArtifact[CharConfig]]):
    """A recurrent character model that writes text.

    >>> generator = CharGenerator(hidden_size=32)

    Args:
        cell: ``lstm``, ``gru`` or ``rnn``.
        embedding_dim: Width of a character's vector.
        hidden_size: Width of the state.
        num_layers: Recurrent layers, 1 to 4.
        tied: Use the embedding as the output's weight.
        layer_norm: Normalise each layer's output.
        tokenizer: ``char``: the corpus's own characters, any other is read as one unknown character and never
            written; ``byte``: UTF-8 bytes, for any language.
        min_count: Characters seen fewer times in the corpus are unknown.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    TASKS = ("generation",)
    NOUN = "generator"
    COMPUTED = ("_engine",)
    SHIPPED = CHARACTER_MODEL
    MORE_FILES = (OVERLAP,)

    def __init__(
        self,
        *,
        cell: str = "lstm",
        embedding_dim: int = 64,
        hidden_size: int = 256,
        num_layers: int = 1,
        tied: bool = False,
        layer_norm: bool = False,
        tokenizer: str = "char",
        min_count: int = 1,
    ) -> None:
        super().__init__()
        one_of("tokenizer", tokenizer, KINDS)
        self._shape = CharConfig(
            vocab_size=2,
            cell=cell,
            embedding_dim=embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
            tied=tied,
            layer_norm=layer_norm,
        )
        self._untrained: dict[str, Any] = {"kind": tokenizer, "vocab_size": _TYPES, "min_count": min_count}
        TextTokenizer(**self._untrained)
        self._engine: CharRNN | None = None
        self._default_filter: RiskFilter | None = None
        self.memory: OverlapIndex | None = None

    @classmethod
    def _like(cls, artifact: TextArtifact[CharConfig]) -> Self:
        """Return an untrained generator of an artifact's shape."""
        shape = artifact.config.to_dict()
        del shape["vocab_size"], shape["bidirectional"]
        return cls(**shape, tokenizer=artifact.tokenizer.kind)

    def _start_from(self, artifact: TextArtifact[CharConfig], folder: Path) -> None:
        """Take what was loaded as this model, with the index of its training text if there is one."""
        super()._start_from(artifact, folder)
        self.memory = OverlapIndex.load(folder) if (folder / OVERLAP).is_file() else None

    def _use(self, artifact: TextArtifact[CharConfig]) -> None:
        """Take an artifact as this model, and make what computes it."""
        super()._use(artifact)
        self._engine = CharRNN(artifact.config, artifact.weights)

    @property
    def engine(self) -> CharRNN:
        """The NumPy model that computes; errors as ``artifact``."""
        _ = self.artifact
        assert self._engine is not None  # there is an artifact
        return self._engine

    def generate(
        self,
        prompt: str = "",
        *,
        max_new_chars: int = 300,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop: str | Sequence[str] | None = None,
        logprobs: bool = False,
        risk_filter: RiskFilter | None = DEFAULT_FILTER,
    ) -> Generated:
        """Write one text.

        Args:
            prompt: What to go on from; of a long one the last 4,096 characters are read by the model (all of
                it by the filter, in time that grows with its length). An empty prompt starts as after a line
                break.
            max_new_chars: Characters to write at most.
            temperature: The logits are divided by it; 0 always takes the most probable character.
            top_k: Choose among the k most probable.
            top_p: Choose among the smallest set whose probabilities sum to at least p.
            min_p: Choose among those at least this share as probable as the most probable.
            repetition_penalty: Above 1, what stood among the last 64 characters becomes less probable.
            seed: The same seed gives the same text.
            stop: A string, or several, before which the text ends.
            logprobs: Keep the log-probability of each character.
            risk_filter: Reviews the text; None leaves that out, and the text still says that a machine
                wrote it.

        Raises:
            InputError: If the prompt or a stop string is no str, or a stop string is empty.
            ConfigError: If a setting is outside its range.
            NotFittedError: Before ``fit``.
        """
        sampling = Sampling(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
        )
        return self.generate_many(
            [_prompt(prompt)],
            sampling=sampling,
            max_new_chars=max_new_chars,
            seeds=[seed],
            stop=stop,
            logprobs=logprobs,
            risk_filter=risk_filter,
        )[0]

    def generate_many(
        self,
        prompts: Sequence[str],
        *,
        seeds: Sequence[int],
        sampling: Sampling | None = None,
        max_new_chars: int = 300,
        stop: str | Sequence[str] | None = None,
        logprobs: bool = False,
        risk_filter: RiskFilter | None = DEFAULT_FILTER,
        width: int = WIDTH,
    ) -> list[Generated]:
        """Write a text for each prompt, many at a time; each is what ``generate`` gives for its seed.

        Args:
            prompts: As many as texts are wanted; the same one may stand there several times.
            seeds: One for each prompt.
            sampling: How characters are chosen.
            max_new_chars: As in ``generate``, as are the next three.
            stop: Where to stop.
            logprobs: Whether to keep log-probabilities.
            risk_filter: What reviews the texts.
            width: Texts written at once; changes speed, not texts.

        Raises:
            InputError: If ``prompts`` is a single str, or there is not a seed for each; else as ``generate``.
        """
        prompts, seeds = as_texts(prompts, "prompts"), _seeds(seeds)
        if len(seeds) != len(prompts):
            raise InputError(f"there are {len(prompts)} prompts and {len(seeds)} seeds: give one for each")
        width = whole_number("width", width, 1, 2**16)
        sampling, reviewer = _sampling(sampling), self._reviewer(risk_filter)
        writings = [start_writing(self.artifact.tokenizer, max_new_chars, stop) for _ in prompts]
        drafts = [self._draft(*each) for each in zip(prompts, seeds, writings, strict=True)]
        for _ in self._decode(drafts, sampling, max_new_chars, width):
            pass
        found = []
        for prompt, seed, writing in zip(prompts, seeds, writings, strict=True):
            text, known = writing.drain()
            review = None
            if reviewer is not None:
                filtered = reviewer.apply(text, prompt=prompt, memory=self.memory, char_logprobs=known)
                text, review = filtered.text, filtered.review
            found.append(self._result(prompt, seed, sampling, writing, logprobs)(text, review, known))
        return found

    def stream(
        self,
        prompt: str = "",
        *,
        max_new_chars: int = 300,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop: str | Sequence[str] | None = None,
        logprobs: bool = False,
        risk_filter: RiskFilter | None = DEFAULT_FILTER,
    ) -> TextStream:
        """Write one text and yield it piece by piece; joined, the pieces are what ``generate`` gives.

        A filter that annotates lets each piece out at once; one that redacts or blocks, sentence by sentence,
        and a block ends the text there. The arguments are those of ``generate``.

        Returns:
            An iterator of pieces, whose ``result`` has the review and the disclaimer.

        Raises:
            InputError, ConfigError, NotFittedError: As ``generate``, at once.
        """
        sampling = Sampling(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
        )
        reviewer, writing = (
            self._reviewer(risk_filter),
            start_writing(self.artifact.tokenizer, max_new_chars, stop),
        )
        steps = self._decode([self._draft(prompt, seed, writing)], sampling, max_new_chars, 1)
        return TextStream(
            writing.pieces(steps),
            risk=None if reviewer is None else reviewer.open(prompt=prompt, memory=self.memory),
            policy=None if reviewer is None else reviewer.policy,
            result=self._result(prompt, seed, sampling, writing, logprobs),
        )

    def open(
        self,
        prompt: str = "",
        *,
        sampling: Sampling | None = None,
        max_new_chars: int = 300,
        seed: int = 0,
        stop: str | Sequence[str] | None = None,
        logprobs: bool = False,
        risk_filter: RiskFilter | None = DEFAULT_FILTER,
    ) -> OpenText:
        """Return a text for a ``TextBatch`` to write beside others; it is what ``generate`` gives.

        Args:
            prompt: What to go on from, as in ``generate``.
            sampling: How characters are chosen.
            max_new_chars: As in ``generate``, as are the others.
            seed: The same seed gives the same text.
            stop: Where to stop.
            logprobs: Whether to keep log-probabilities.
            risk_filter: What reviews the text.

        Raises:
            InputError, ConfigError, NotFittedError: As ``generate``.
        """
        sampling, reviewer = _sampling(sampling), self._reviewer(risk_filter)
        writing = start_writing(self.artifact.tokenizer, max_new_chars, stop)
        draft = self._draft(prompt, seed, writing)
        draft.sampling = sampling
        showing = Showing(
            risk=None if reviewer is None else reviewer.open(prompt=prompt, memory=self.memory),
            policy=None if reviewer is None else reviewer.policy,
            result=self._result(prompt, seed, sampling, writing, logprobs),
        )
        return OpenText(draft, writing, showing)

    def open_batch(self, *, width: int = WIDTH) -> TextBatch:
        """Return a batch with nothing to write yet, which texts join at any time.

        Args:
            width: Texts written at once; changes speed, not texts.

        Raises:
            NotFittedError: Before ``fit``.
        """
        width = whole_number("width", width, 2, 2**16)
        return TextBatch(self.engine, banned=self._banned(), width=width)

    def bits_per_char(self, text: Source) -> float:
        """Return the bits that a character of a text costs the model, read whole with the state carried.

        Its time grows linearly with the length of the text, its memory does not grow: the generator in the
        package needs about 20 seconds of one processor core for 100,000 characters.

        Args:
            text: A text, or the path of a file or folder.

        Raises:
            InputError: If it has fewer than two characters.
            DataError: If a file cannot be read.
        """
        return float(-self.log_probs(text).mean() / math.log(2))

    def log_probs(self, text: Source) -> Floats:
        """Natural log-probability of each character of a text after the first (in bytes: of each byte).

        Shape:
            (N - 1,).

        Raises:
            InputError, DataError: As ``bits_per_char``.
        """
        return scoring.log_probs(self.engine, self._ids(text))

    def next_logits(self, prompt: str, text: str) -> F32:
        """The logits by which each id of a text is chosen; minus infinity for ids that are never written.

        Args:
            prompt: What the text goes on from, as in ``generate``.
            text: The text, of T ids.

        Shape:
            (T, V).

        Raises:
            NotFittedError: Before ``fit``.
        """
        tokenizer = self.artifact.tokenizer
        ids = tokenizer.encode(text).ids
        return scoring.next_logits(self.engine, self._prompt_ids(prompt), ids, banned=self._banned())

    def dynamic_bits_per_char(self, text: Source, *, learning_rate: float = 2e-3) -> float:
        """``bits_per_char`` of a copy of the model that learns from the text as it reads (extra ``train``).

        Dynamic evaluation (Krause et al. 2018): no figure to set beside ``bits_per_char``.

        Raises:
            InputError, DataError: As ``bits_per_char``.
            ConfigError: If the learning rate is outside its range.
            MissingExtraError: If torch is not installed.
        """
        learning_rate = in_range("learning_rate", learning_rate, 0, 10)
        require_training()
        from nlp_rnn.generation import fitting

        model = fitting.build(self.artifact.config, self.artifact.weights)
        found = fitting.dynamic_log_probs(model, self._ids(text), learning_rate=learning_rate)
        return float(-found.mean() / math.log(2))

    def fit(
        self,
        text: Source,
        *,
        validation: Source | None = None,
        holdout: float = 0.1,
        encoding: str = "auto",
        config: CharTrainConfig | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Train on a text (extra ``train``).

        Args:
            text: A text, or the path of a file (also ``.gz``, ``.xz``) or a folder of them; it may be larger
                than memory.
            validation: Held-out text; None sets the last ``holdout`` of the text aside.
            holdout: Share of the text.
            encoding: Of files, a name that Python knows; ``auto`` takes UTF-8, and UTF-16 where it shows.
            config: How to train.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from the folder's newest checkpoint, at the very place in the text.
            progress: Called after each step.

        Returns:
            self.

        Raises:
            DataError: If a file cannot be read; a byte that is not in its encoding is named with its place.
            InputError: If a text is too short for its windows, or has one distinct character.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require_training()
        from nlp_rnn.generation import fitting

        config = settings_of(CharTrainConfig, config)
        corpus = CharCorpus.of(text, validation, holdout, encoding)
        tokenizer = TextTokenizer(**self._untrained).train(corpus.training_parts())
        model_config = replace(self._shape, vocab_size=tokenizer.vocab_size)
        weights, notes = fitting.fit_model(
            corpus.training_ids(tokenizer),
            corpus.held_out_ids(tokenizer),
            model_config=model_config,
            config=config,
            unk_id=tokenizer.unk_id,
            doubt=no_such_file(text),
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        self.memory = OverlapIndex.build(corpus.training_parts())
        notes["remarks"] += _copied(corpus, self.memory)
        self._use(
            TextArtifact(
                task="generation",
                config=model_config,
                tokenizer=tokenizer,
                weights=weights,
                card=_card(model_config, notes["characters"]),
                notes=notes,
            )
        )
        warn_of(notes["remarks"])
        return self

    def save_pretrained(self, folder: str | Path, *, dtype: str = "float32") -> Path:
        """Write the model folder and the index of the training text; ``dtype="float16"`` halves the weights.

        Raises:
            NotFittedError: Before ``fit``.
            ArtifactError: If the folder holds something that is no model.
        """
        saved = super().save_pretrained(folder, dtype=dtype)
        (saved / OVERLAP).unlink(missing_ok=True)  # what another model left there
        if self.memory is not None:
            self.memory.save(saved)
        return saved

    def _ids(self, text: Source) -> AnyIds:
        """Ids of a text to measure."""
        tokenizer = self.artifact.tokenizer
        ids_N = encode_characters(read_characters(text), tokenizer)
        if len(ids_N) < 2:
            raise InputError("a text to measure needs at least two characters")
        return ids_N

    def _prompt_ids(self, prompt: str) -> list[int]:
        """Ids of a prompt's last characters; an empty one is a line break."""
        return self.artifact.tokenizer.encode(_prompt(prompt)[-READ:] or "\n").ids

    def _banned(self) -> tuple[int, int]:
        """Ids that are never written."""
        tokenizer = self.artifact.tokenizer
        return tokenizer.pad_id, tokenizer.unk_id

    def _draft(self, prompt: str, seed: int, writing: Writing) -> Draft:
        """Return one text for the decoder to write."""
        if not isinstance(prompt, str):
            raise InputError(f"a prompt must be a str, got {type(prompt).__name__}")
        seed = whole_number("seed", seed, 0, 2**63 - 1)
        return Draft(self._prompt_ids(prompt), seed, writing.take)

    def _decode(
        self, drafts: Sequence[Draft], sampling: Sampling, max_new_chars: int, width: int
    ) -> Iterator[None]:
        """Write the drafts; yield now and then, so that the caller may stop."""
        return Decoder(
            self.engine,
            drafts if max_new_chars else (),
            sampling,
            banned=self._banned(),
            width=max(1, min(width, len(drafts))),
            single_threaded=single_threaded,
        ).run()

    def _reviewer(self, risk_filter: RiskFilter | None) -> RiskFilter | None:
        """Return the filter asked for; the default one is made once."""
        if risk_filter is not DEFAULT_FILTER:
            if risk_filter is not None and not isinstance(risk_filter, RiskFilter):
                raise InputError(
                    f"risk_filter must be a RiskFilter or None, got {type(risk_filter).__name__}: give "
                    "RiskFilter(policy=...)"
                )
            return risk_filter
        if self._default_filter is None:
            self._default_filter = RiskFilter()
        return self._default_filter

    def _result(
        self, prompt: str, seed: int, sampling: Sampling, writing: Writing, logprobs: bool
    ) -> Callable[[str, Review | None, Sequence[float]], Generated]:
        """Return a function that makes the result of a text, its review and its log-probabilities."""
        settings = {**sampling.to_dict(), "max_new_chars": writing.limit, "stop": list(writing.stops)}

        def result(text: str, review: Review | None, known: Sequence[float]) -> Generated:
            return Generated(
                prompt=prompt,
                text=text,
                risk=review,
                finish_reason=writing.finish_reason,
                provenance=provenance(self.name, self.fingerprint, seed, settings, review),
                logprobs=tuple(known) if logprobs else None,
            )

        return result


def _prompt(prompt: object) -> str:
    """Return a prompt, checked."""
    if not isinstance(prompt, str):
        raise InputError(f"a prompt must be a str, got {type(prompt).__name__}")
    return prompt


def _seeds(seeds: Sequence[int]) -> list[int]:
    """Return the seeds as ints, checked."""
    try:
        return [whole_number("seed", seed, 0, 2**63 - 1) for seed in seeds]
    except TypeError:
        raise InputError(f"seeds must be a sequence of whole numbers, got {seeds!r:.60}") from None


def _sampling(given: Sampling | None) -> Sampling:
    """Return how characters are chosen, checked."""
    if given is None:
        return Sampling()
    if not isinstance(given, Sampling):
        raise InputError(f"sampling must be a Sampling, got {type(given).__name__}: give Sampling(...)")
    return given


def _copied(corpus: CharCorpus, memory: OverlapIndex) -> list[str]:
    """Return a sentence if most of the held-out text stands in the training text, else nothing."""
    text = "".join(keep_first(corpus.held_out_parts(), _COMPARED))
    share = memory.report(text).copied_share
    if share <= 0.5:
        return []
    return [
        f"{share:.0%} of the held-out text stands in the training text, too, so figures on it are too good: "
        "hold out another text"
    ]


def _card(config: CharConfig, characters: int) -> str:
    """Return the model card of a generator that learned from so many characters."""
    return card_template("generation").format(
        cell=config.cell.upper(),
        hidden=config.hidden_size,
        layers=config.num_layers,
        characters=characters,
        version=__version__,
    )
