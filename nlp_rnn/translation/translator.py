"""``Translator``: texts of one language in, texts of another out.

Around a model folder, the NumPy encoder-decoder and the search. Using a model needs no torch; ``fit`` does.
Each text is read as one sentence.

Shapes: S source pieces, T target pieces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import FILES, Artifact, load, save
from nlp_rnn.batch import Batch, batches
from nlp_rnn.config import TranslationConfig, TranslationTrainConfig
from nlp_rnn.errors import ArtifactError, InputError, NotFittedError, as_texts, in_range, require
from nlp_rnn.figure import new_figure, save_figure
from nlp_rnn.hub import model_folder
from nlp_rnn.runtime.seq2seq import Seq2Seq
from nlp_rnn.text.tokenizer import BEGIN, END, SPACE, TextTokenizer
from nlp_rnn.translation.beam import Hypothesis, beam_search
from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from nlp_rnn.training.loop import Progress
    from nlp_rnn.translation.fitting import Common, Pairs

TextPairs = Sequence[tuple[str, str]]
LONGEST = 256
"""Pieces of a text at most."""
_CARD = """\
---
license: mit
library_name: nlp-rnn
---

# Translator

{form} {cell} encoder-decoder of {hidden} units and {pieces:,} pieces, trained on {pairs:,} pairs of texts. It
runs in NumPy; nlp-rnn {version} trained it. What it knows is in those pairs: of other texts, it makes
something up.

```python
from nlp_rnn import Translator

Translator.from_pretrained("this-folder").translate(["..."])
```
"""
_BATCH_TOKENS = 1024  # source tokens read at once
_HELD_OUT = 2_000  # pairs at most


@dataclass(frozen=True, eq=False)
class Translation:
    """One text and its translation.

    Attributes:
        source: The text that was translated.
        text: The translation.
        score: Its log-probability in nats, over the length penalty.
        source_pieces: What was read, S pieces.
        pieces: What was written, T pieces, the mark for the end included; copied words stand as copied.
        attention: Which piece was looked at (column) when each was written (row), *shape (T, S)*, rows sum
            to 1; None if the model has no attention.
    """

    source: str
    text: str
    score: float
    source_pieces: list[str]
    pieces: list[str]
    attention: NDArray[np.float32] | None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        attention = None if self.attention is None else self.attention.astype(np.float64).round(4).tolist()
        return {**vars(self), "attention": attention}

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the attention (extra ``plot``): what was read on top, what was written at the side.

        Returns:
            The path written.

        Raises:
            InputError: If the model has no attention, or the picture cannot be written.
            MissingExtraError: If matplotlib is not installed.
        """
        if self.attention is None:
            raise InputError("this model translates without attention: there is nothing to draw")
        figure = new_figure(2.0 + 0.42 * len(self.source_pieces), 1.6 + 0.34 * len(self.pieces))
        axes = figure.add_subplot()
        image = axes.imshow(self.attention, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.xaxis.tick_top()
        columns = [piece.replace(SPACE, " ") for piece in self.source_pieces]
        rows = [piece.replace(SPACE, " ") for piece in self.pieces]
        axes.set_xticks(range(len(columns)), columns, rotation=45, ha="left", parse_math=False)
        axes.set_yticks(range(len(rows)), rows, parse_math=False)
        figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
        return save_figure(figure, path)


class Translator:
    """A recurrent encoder-decoder that learns to translate from pairs of texts.

    >>> translator = Translator(hidden_size=32)

    Args:
        attention: Let each step of the decoder look at all of the source (Bahdanau et al. 2015); without it,
            the source is one vector.
        cell: ``lstm``, ``gru`` or ``rnn``.
        embedding_dim: Width of a piece's vector.
        hidden_size: Width of each direction of the encoder and of each layer of the decoder.
        num_layers: Layers of the encoder.
        vocab_size: Pieces of both languages together, at most.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    def __init__(
        self,
        *,
        attention: bool = True,
        cell: str = "lstm",
        embedding_dim: int = 192,
        hidden_size: int = 192,
        num_layers: int = 1,
        vocab_size: int = 4_000,
    ) -> None:
        self._shape: dict[str, Any] = {
            "attention": attention,
            "cell": cell,
            "embedding_dim": embedding_dim,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
        }
        TranslationConfig(vocab_size=2, **self._shape)
        self._vocab_size = vocab_size
        self._untrained_tokenizer()
        self._artifact: Artifact[TranslationConfig] | None = None
        self._model: Seq2Seq | None = None
        self._vocab: list[str] = []

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Translator:
        """Load a model.

        Args:
            source: A model folder, or a repository's id on the Hugging Face Hub.

        Raises:
            ArtifactError: If there is no whole, untampered model there.
        """
        artifact = load(model_folder(source, files=FILES), task="translation")
        shape = artifact.config.to_dict()
        translator = cls(**{name: shape[name] for name in cls()._shape}, vocab_size=shape["vocab_size"])
        translator._use(artifact)
        return translator

    def _untrained_tokenizer(self) -> TextTokenizer:
        return TextTokenizer("piece", vocab_size=self._vocab_size, min_count=2)

    def _use(self, artifact: Artifact[TranslationConfig]) -> None:
        """Take an artifact as this translator's model (the one place, for training and loading)."""
        _marks(artifact.tokenizer)
        self._artifact, self._vocab = artifact, artifact.tokenizer.vocab
        self._model = Seq2Seq(artifact.config, artifact.weights)

    @property
    def artifact(self) -> Artifact[TranslationConfig]:
        """The model as data.

        Raises:
            NotFittedError: Before ``fit``.
        """
        if self._artifact is None:
            raise NotFittedError("this translator has no model yet: call fit, or use from_pretrained")
        return self._artifact

    def translate(self, texts: Sequence[str], *, beam: int = 5, length_penalty: float = 1.0) -> list[str]:
        """The translation of each text; arguments and errors as ``translations``."""
        found = self.translations(texts, beam=beam, length_penalty=length_penalty)
        return [translation.text for translation in found]

    def translations(
        self, texts: Sequence[str], *, beam: int = 5, length_penalty: float = 1.0
    ) -> list[Translation]:
        """The translation of each text, with its score and what was attended to.

        What no piece can spell is copied: where the model writes ``<unk>``, the unknown part of the source
        with the greatest attention stands (Jean et al. 2015). An empty text stays empty.

        Args:
            texts: Any number of sentences.
            beam: Candidates followed at once; 1 is greedy search.
            length_penalty: Strength of the length penalty (Wu et al. 2016); 0 favours short translations.

        Raises:
            InputError: If ``texts`` is a single str, holds anything but str, or a text is too long.
            ConfigError: If ``beam`` or ``length_penalty`` is outside its range.
            NotFittedError: Before ``fit``.
        """
        in_range("beam", beam, 1, 100)
        in_range("length_penalty", length_penalty, 0, 10)
        tokenizer, texts = self.artifact.tokenizer, as_texts(texts)
        some = [number for number, text in enumerate(texts) if text.strip()]
        rows = tokenizer.encode_batch([texts[number] for number in some])
        for number, row in zip(some, rows, strict=True):
            if len(row) > LONGEST:
                raise InputError(
                    f"texts[{number}] has {len(row)} pieces and a translator reads {LONGEST} at most: "
                    "give it sentence by sentence"
                )
        found = [Translation(text, "", 0.0, [], [], None) for text in texts]
        for batch in batches(rows, pad_id=tokenizer.pad_id, batch_tokens=_BATCH_TOKENS):
            for b, written in enumerate(self._search(batch, beam, length_penalty)):
                number = some[batch.rows_B[b]]
                found[number] = self._told(texts[number], written)
        return found

    def _search(self, batch: Batch, beam: int, length_penalty: float) -> list[Hypothesis]:
        tokenizer, model = self.artifact.tokenizer, self._model
        assert model is not None
        begin_id, end_id = _marks(tokenizer)
        return beam_search(
            model.decoder(model.encode(batch)),
            [10 + 2 * length for length in batch.lengths_B.tolist()],
            begin_id=begin_id,
            end_id=end_id,
            never=(tokenizer.pad_id, begin_id),
            beam=beam,
            alpha=length_penalty,
        )

    def _told(self, text: str, written: Hypothesis) -> Translation:
        """A row of ids as text, what is unknown in it copied from the source."""
        artifact = self.artifact
        tokenizer = artifact.tokenizer
        encoding = tokenizer.encode(text)
        vocab, attention_TS = self._vocab, written.attention_TS[:, : len(encoding.ids)]
        unknown = [s for s, piece_id in enumerate(encoding.ids) if piece_id == tokenizer.unk_id]
        pieces = [vocab[piece_id] for piece_id in written.ids]
        for t, piece_id in enumerate(written.ids):
            if piece_id == tokenizer.unk_id:
                among = unknown or list(range(len(encoding.ids)))
                start, end = encoding.spans[among[int(attention_TS[t, among].argmax())]]
                pieces[t] = text[start:end]
        marks = [END] * (len(attention_TS) - len(pieces))
        return Translation(
            source=text,
            text="".join(pieces).replace(SPACE, " ").strip(),
            score=written.score,
            source_pieces=encoding.tokens,
            pieces=pieces + marks,
            attention=attention_TS if artifact.config.attention else None,
        )

    def fit(
        self,
        pairs: TextPairs,
        *,
        validation: TextPairs | None = None,
        config: TranslationTrainConfig | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Translator:
        """Train on pairs of texts (extra ``train``).

        Args:
            pairs: Texts and their translations.
            validation: Held-out pairs that select the epoch; None sets a fiftieth of the source texts aside,
                with all their translations.
            config: How to train.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from the folder's newest checkpoint.
            progress: Called after each step.

        Returns:
            self.

        Raises:
            InputError: If a pair is no pair of texts that are not empty, or there are too few.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require("torch", extra="train")
        require("accelerate", extra="train")
        from nlp_rnn.translation import fitting

        config = config or TranslationTrainConfig()
        train = _checked_pairs(pairs)
        if validation is None:
            train, held_out = _split(train, config.seed)
        else:
            held_out = _checked_pairs(validation, "validation")
        tokenizer = self._untrained_tokenizer().train(text for pair in train for text in pair)
        unknown_id = tokenizer.unk_id
        space_id = tokenizer.token_to_id(SPACE)
        model_config = TranslationConfig(vocab_size=tokenizer.vocab_size, **self._shape)
        weights, notes = fitting.fit_model(
            _rows(tokenizer, train, common=config.copy_share > 0),
            _rows(tokenizer, held_out),
            model_config=model_config,
            config=config,
            pad_id=tokenizer.pad_id,
            unknown=[unknown_id] if space_id is None else [space_id, unknown_id],
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        notes["train"] = config.to_dict()
        card = _CARD.format(
            form="An attentive" if model_config.attention else "A plain",
            cell=model_config.cell,
            hidden=model_config.hidden_size,
            pieces=model_config.vocab_size,
            pairs=notes["pairs"],
            version=__version__,
        )
        self._use(Artifact("translation", model_config, (), tokenizer, weights, card=card, notes=notes))
        return self

    def save_pretrained(self, folder: str | Path, *, dtype: str = "float32") -> Path:
        """Write the model folder; ``dtype="float16"`` halves its size.

        Raises:
            NotFittedError: Before ``fit``.
            ArtifactError: If the folder holds something that is no model.
        """
        return save(self.artifact, folder, dtype=dtype)


def _rows(tokenizer: TextTokenizer, pairs: TextPairs, *, common: bool = False) -> Pairs:
    """Pairs of texts as pairs of rows of ids; with ``common``, the words that stand in both are found."""
    from nlp_rnn.translation.fitting import Pairs

    begin_id, end_id = _marks(tokenizer)
    source = tokenizer.encode_batch([text for text, _ in pairs])
    target = [[begin_id, *row, end_id] for row in tokenizer.encode_batch([text for _, text in pairs])]
    if not common:
        return Pairs(source, target)
    vocab = tokenizer.vocab
    return Pairs(source, target, [_common(s, t, vocab) for s, t in zip(source, target, strict=True)])


def _marks(tokenizer: TextTokenizer) -> tuple[int, int]:
    """Ids of the marks for beginning and end."""
    begin_id, end_id = tokenizer.token_to_id(BEGIN), tokenizer.token_to_id(END)
    if begin_id is None or end_id is None:
        raise ArtifactError(
            f"a translator's tokenizer needs the marks {BEGIN} and {END}, and this one lacks them"
        )
    return begin_id, end_id


def _common(source: Sequence[int], target: Sequence[int], vocab: Sequence[str]) -> Common | None:
    """A name or a number that stands once in both rows.

    >>> vocab = ["▁I", "▁Je", "▁saw", "▁To", "m", "."]
    >>> _common([0, 2, 3, 4, 5], [1, 2, 3, 4, 5], vocab)
    (slice(2, 4, None), slice(2, 4, None))
    """
    places: list[dict[tuple[int, ...], slice]] = []
    for row in (source, target):
        found: dict[tuple[int, ...], slice] = {}
        for place in _names(row, vocab):
            ids = tuple(row[place])
            found[ids] = slice(0, 0) if ids in found else place
        places.append(found)
    for ids, in_source in places[0].items():
        in_target = places[1].get(ids, slice(0, 0))
        if in_source.stop and in_target.stop:
            return in_source, in_target
    return None


def _names(row: Sequence[int], vocab: Sequence[str]) -> Iterator[slice]:
    """Words that begin with a capital or a digit; those of one or two letters are mostly no names."""
    start: int | None = None
    for at, piece in enumerate([*(vocab[piece_id] for piece_id in row), SPACE]):
        inside = start is not None and piece.isalnum()
        if start is not None and not inside:
            word = "".join(vocab[piece_id] for piece_id in row[start:at])[1:]
            if len(word) > 2 or word.isdigit():
                yield slice(start, at)
            start = None
        if not inside and piece[:1] == SPACE and piece[1:].isalnum() and not piece[1].islower():
            start = at


def _checked_pairs(pairs: TextPairs, what: str = "pairs") -> list[tuple[str, str]]:
    """The pairs as a list, each of them two texts with something in them."""
    if isinstance(pairs, str):
        raise InputError(f"{what} must be a sequence of (text, translation), got one str")
    listed: list[tuple[str, str]] = []
    for number, pair in enumerate(pairs):
        whole = isinstance(pair, tuple | list) and len(pair) == 2
        if not whole or not all(isinstance(text, str) for text in pair):
            raise InputError(f"{what}[{number}] should be (text, translation), two str, and is {pair!r:.60}")
        if not all(text.strip() for text in pair):
            raise InputError(f"{what}[{number}] has an empty text: leave it out")
        listed.append((pair[0], pair[1]))
    if not listed:
        raise InputError(f"{what} holds no pair: give one (text, translation) or more")
    return listed


def _split(pairs: list[tuple[str, str]], seed: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """A fiftieth of the source texts set aside, with all their translations."""
    sources = sorted({source for source, _ in pairs})
    if len(sources) < 2:
        raise InputError(
            f"there are pairs of {len(sources)} different source texts: give two or more, or a validation set"
        )
    most = max(1, min(len(sources) // 50, _HELD_OUT))
    aside = {sources[i] for i in np.random.default_rng(seed).permutation(len(sources))[:most]}
    train = [pair for pair in pairs if pair[0] not in aside]
    return train, [pair for pair in pairs if pair[0] in aside]
