"""``LanguageModel``: pretraining on texts without labels, for a classifier to start from.

A forward and a backward recurrent language model over one embedding (Dai & Le 2015; Howard & Ruder 2018).
Around a model folder and the training; ``SentimentClassifier.fit(init_from=...)`` uses what it learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import LanguageConfig, PretrainConfig, settings_of
from nlp_rnn.errors import InputError, as_texts, warn_of
from nlp_rnn.model import Pretrained, require_training
from nlp_rnn.resources import card_template
from nlp_rnn.text.tokenizer import TextTokenizer, TokenizerChoice
from nlp_rnn.training.remarks import leaks
from nlp_rnn.version import __version__
from nlp_rnn.weights import Weights, embedding_weights

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.language import fitting
    from nlp_rnn.training.loop import Progress

_HELD_OUT = 100  # one text in so many is held out
_CHUNK = 4_096  # texts whose ids are made at once


class LanguageModel(Pretrained[TextArtifact[LanguageConfig]]):
    """A pair of recurrent language models, forward and backward, that share embedding and vocabulary.

    >>> model = LanguageModel(hidden_size=32)

    Args:
        cell: ``lstm``, ``gru`` or ``rnn``.
        embedding_dim: Width of a word vector.
        hidden_size: Width of the state, per direction.
        num_layers: Recurrent layers; each direction has a stack of its own.
        bidirectional: Learn the backward model, too.
        tokenizer: ``word``, ``subword``, ``char`` or ``byte``, or a trained ``TextTokenizer``.
        vocab_size: Ids to learn at most.
        min_count: Leave out tokens seen fewer times.
        max_tokens: Of a longer text the first and the last half of this many tokens are read, here and by the
            classifier.
        mend_typos: Read an unknown word as the known one that is a single letter away (``word`` alone).

    Raises:
        ConfigError: If a setting is outside its range.
    """

    TASKS = ("language",)
    NOUN = "language model"

    def __init__(
        self,
        *,
        cell: str = "lstm",
        embedding_dim: int = 128,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        tokenizer: str | TextTokenizer = "word",
        vocab_size: int = 30_000,
        min_count: int = 2,
        max_tokens: int = 1024,
        mend_typos: bool = False,
    ) -> None:
        super().__init__()
        self._shape = LanguageConfig(
            vocab_size=2,
            cell=cell,
            embedding_dim=embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
        )
        self._tokenizer = TokenizerChoice(tokenizer, vocab_size, min_count, max_tokens, mend_typos)
        self._start: TextArtifact[LanguageConfig] | None = None

    @classmethod
    def _like(cls, artifact: TextArtifact[LanguageConfig]) -> Self:
        """Return an untrained model of an artifact's shape, with its tokenizer."""
        shape = artifact.config.to_dict()
        del shape["vocab_size"], shape["layer_norm"]
        return cls(**shape, tokenizer=artifact.tokenizer)

    def _start_from(self, artifact: TextArtifact[LanguageConfig], folder: Path) -> None:
        """Take what was loaded as this model; ``fit`` then goes on training it, on a new domain's texts."""
        super()._start_from(artifact, folder)
        self._start = artifact

    def fit(
        self,
        texts: Sequence[str],
        *,
        validation: Sequence[str] | None = None,
        config: PretrainConfig | None = None,
        vectors: NDArray[np.float32] | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Learn to predict the next word and the one before (extra ``train``).

        A model that ``from_pretrained`` made goes on from there, with its vocabulary; any other starts from
        nothing, each time.

        Args:
            texts: Texts, without labels.
            validation: Held-out texts whose perplexity selects the epoch; None sets one text in a hundred
                aside, at least one.
            config: How to train.
            vectors: Word vectors (V, E) for the given, trained tokenizer to start from, such as those of
                ``cooccurrence_vectors``.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from the folder's newest checkpoint.
            progress: Called after each step.

        Returns:
            self.

        Raises:
            InputError: If ``texts`` is a single str, holds anything but str, or has nothing to predict; or
                if the vectors are not one for each token.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require_training()
        from nlp_rnn.language import fitting

        config = settings_of(PretrainConfig, config)
        texts, held_out = _check_examples(texts, validation, config.seed)
        leaked = leaks(texts, held_out, "held-out texts")
        warn_of(leaked)
        tokenizer, model_config, initial = self._beginning(texts, vectors)
        weights, notes = fitting.fit_model(
            _rows(texts, tokenizer, config.window),
            _rows(held_out, tokenizer, config.window),
            model_config=model_config,
            config=config,
            pad_id=tokenizer.pad_id,
            initial=initial,
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        after, notes["remarks"] = notes["remarks"], [*leaked, *notes["remarks"]]
        self._use(
            TextArtifact(
                task="language",
                config=model_config,
                tokenizer=tokenizer,
                weights=weights,
                card=_card(model_config, notes["words"]),
                notes=notes,
            )
        )
        warn_of(after)
        return self

    def _beginning(
        self, texts: Sequence[str], vectors: NDArray[np.float32] | None
    ) -> tuple[TextTokenizer, LanguageConfig, Weights]:
        """Tokenizer, shape and first weights of a model that is to be trained."""
        start = self._start
        tokenizer = self._tokenizer.trained_on(texts) if start is None else start.tokenizer
        initial = Weights() if start is None else dict(start.weights)
        if vectors is not None:
            initial |= embedding_weights(vectors, (tokenizer.vocab_size, self._shape.embedding_dim))
        return tokenizer, replace(self._shape, vocab_size=tokenizer.vocab_size), initial

    def perplexity(self, texts: Sequence[str]) -> dict[str, float]:
        """Exact perplexity of a word (unknown ones count as one word), ``forward`` and ``backward``.

        Extra ``train``.

        Raises:
            InputError: If no text has two tokens or more.
            MissingExtraError: If torch is not installed.
        """
        require_training()
        from nlp_rnn.language import fitting

        artifact = self.artifact
        rows = _rows(as_texts(texts), artifact.tokenizer, PretrainConfig().window)
        if not rows:
            raise InputError("no text has two tokens or more: there is no next word to measure")
        model = fitting.build(artifact.config, artifact.weights)
        nats = fitting.mean_nats(model, rows, pad_id=artifact.tokenizer.pad_id)
        return {name: math.exp(value) for name, value in nats.items()}


def encoder_weights(config: LanguageConfig, weights: Weights) -> Weights:
    """Embedding and recurrent layers under the names of a classifier's.

    In the language model each direction is a stack of its own; a classifier's upper layers read both. The
    weights on the other direction start at zero, so the classifier's encoder first computes what the language
    model's did, and learns from there what the directions have to say to each other.
    """
    found: Weights = {}
    for name, weight in weights.items():
        if not name.startswith(("embedding.", "encoder.")):
            continue
        if (
            config.bidirectional
            and name.endswith("weight_ih_l0")
            and not name.startswith("encoder.layers.0.")
        ):
            halves = [weight, np.zeros_like(weight)]
            weight = np.concatenate(halves if ".fwd." in name else halves[::-1], axis=1)
        found[name] = weight
    return found


def _card(config: LanguageConfig, words: int) -> str:
    """Return the model card of a language model that learned from so many words."""
    return card_template("language").format(
        directions="two-way" if config.bidirectional else "one-way",
        cell=config.cell.upper(),
        hidden=config.hidden_size,
        layers=config.num_layers,
        tokens=config.vocab_size,
        words=words,
        version=__version__,
    )


def _check_examples(
    texts: Sequence[str], validation: Sequence[str] | None, seed: int
) -> tuple[list[str], list[str]]:
    """Return the texts to learn from and those held out: one in a hundred if none are given, at least one."""
    texts = as_texts(texts)
    if validation is not None:
        return texts, as_texts(validation)
    order = np.random.default_rng(seed).permutation(len(texts))
    aside = set(order[: max(1, len(texts) // _HELD_OUT)].tolist())
    return [text for i, text in enumerate(texts) if i not in aside], [texts[i] for i in sorted(aside)]


def _rows(texts: Sequence[str], tokenizer: TextTokenizer, window: int) -> list[fitting.Row]:
    """The texts as rows to learn from."""
    from nlp_rnn.language import fitting

    parts = (tokenizer.encode_batch(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK))
    return fitting.rows_of((ids for part in parts for ids in part), window=window)
