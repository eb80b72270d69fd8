"""``Translator``: texts of one language in, texts of another out.

Around a model folder, the NumPy encoder-decoder and beam search. Using a model needs no torch; ``fit`` does.
Each text is read as one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.batch import Batch, batches
from nlp_rnn.config import TranslationConfig, TranslationTrainConfig, settings_of
from nlp_rnn.errors import InputError, as_texts, in_range, warn_of, whole_number
from nlp_rnn.model import Pretrained, require_training
from nlp_rnn.resources import card_template
from nlp_rnn.runtime.seq2seq import Seq2Seq
from nlp_rnn.text.tokenizer import END, SPACE, TextTokenizer
from nlp_rnn.translation import repetition
from nlp_rnn.translation.beam import Hypothesis, beam_search
from nlp_rnn.translation.copying import copied
from nlp_rnn.translation.examples import TextPairs, check_examples, encoded_pairs, marks, unknown_ids
from nlp_rnn.translation.result import Translation
from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.training.loop import Progress

LONGEST = 256
"""Pieces of a text at most."""
_BATCH_TOKENS = 1024  # source tokens read at once


class Translator(Pretrained[TextArtifact[TranslationConfig]]):
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

    TASKS = ("translation",)
    NOUN = "translator"
    COMPUTED = ("_model", "_vocab")

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
        super().__init__()
        self._shape = TranslationConfig(
            vocab_size=2,
            attention=attention,
            cell=cell,
            embedding_dim=embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
        )
        self._vocab_size = vocab_size
        self._untrained_tokenizer()
        self._model: Seq2Seq | None = None
        self._vocab: list[str] = []

    @classmethod
    def _like(cls, artifact: TextArtifact[TranslationConfig]) -> Self:
        """Return an untrained translator of an artifact's shape."""
        shape = artifact.config.to_dict()
        del shape["bidirectional"], shape["layer_norm"]
        return cls(**shape)

    def _untrained_tokenizer(self) -> TextTokenizer:
        return TextTokenizer("piece", vocab_size=self._vocab_size, min_count=2)

    def _use(self, artifact: TextArtifact[TranslationConfig]) -> None:
        """Take an artifact as this model, and make what computes it."""
        marks(artifact.tokenizer)
        super()._use(artifact)
        self._vocab = artifact.tokenizer.vocab
        self._model = Seq2Seq(artifact.config, artifact.weights)

    def translate(self, texts: Sequence[str], *, beam: int = 5, length_penalty: float = 1.0) -> list[str]:
        """The translation of each text; arguments and errors as ``translations``."""
        found = self.translations(texts, beam=beam, length_penalty=length_penalty)
        return [translation.text for translation in found]

    def translations(
        self, texts: Sequence[str], *, beam: int = 5, length_penalty: float = 1.0
    ) -> list[Translation]:
        """The translation of each text, with its score and what was attended to.

        What no piece can spell is copied: where the model writes ``<unk>``, the word of the source stands
        that has unknown pieces and the greatest attention, summed over its pieces (Jean et al. 2015). What is
        said over and over is said once, and marked ``[…]``, and so is a translation that finds no end; the
        result's ``cut`` says which. An empty text stays empty.

        Args:
            texts: Any number of sentences.
            beam: Candidates followed at once; 1 is greedy search.
            length_penalty: Strength of the length penalty (Wu et al. 2016); 0 favours short translations.

        Raises:
            InputError: If ``texts`` is a single str, holds anything but str, or a text is too long.
            ConfigError: If ``beam`` or ``length_penalty`` is outside its range.
            NotFittedError: Before ``fit``.
        """
        beam = whole_number("beam", beam, 1, 100)
        length_penalty = in_range("length_penalty", length_penalty, 0, 10)
        tokenizer, texts = self.artifact.tokenizer, as_texts(texts)
        some = [number for number, text in enumerate(texts) if text.strip()]
        rows = tokenizer.encode_batch([texts[number] for number in some])
        for number, row in zip(some, rows, strict=True):
            if len(row) > LONGEST:
                raise InputError(f"texts[{number}] ({texts[number][:40]!r}...) {_too_long(row)}")
        found = [Translation(text, "", 0.0, [], [], None) for text in texts]
        for batch in batches(rows, pad_id=tokenizer.pad_id, batch_tokens=_BATCH_TOKENS):
            for b, written in enumerate(self._search(batch, beam, length_penalty)):
                number = some[batch.rows_B[b]]
                found[number] = self._translation(texts[number], written)
        return found

    def unreadable(self, texts: Sequence[str]) -> dict[int, str]:
        """Return what is wrong with the texts that are too long to translate, by their places.

        Raises:
            InputError: If ``texts`` is a single str or holds anything but str.
            NotFittedError: Before ``fit``.
        """
        rows = self.artifact.tokenizer.encode_batch(as_texts(texts))
        return {number: _too_long(row) for number, row in enumerate(rows) if len(row) > LONGEST}

    def _search(self, batch: Batch, beam: int, length_penalty: float) -> list[Hypothesis]:
        tokenizer, model = self.artifact.tokenizer, self._model
        assert model is not None
        begin_id, end_id = marks(tokenizer)
        return beam_search(
            model.decoder(model.encode(batch)),
            [10 + 2 * length for length in batch.lengths_B.tolist()],
            begin_id=begin_id,
            end_id=end_id,
            never=(tokenizer.pad_id, begin_id),
            beam=beam,
            alpha=length_penalty,
        )

    def _translation(self, text: str, hypothesis: Hypothesis) -> Translation:
        """Return a row of ids as text, with its unknown words copied from the source."""
        artifact = self.artifact
        encoding = artifact.tokenizer.encode(text)
        attention_TS = hypothesis.attention_TS[:, : len(encoding.ids)]
        pieces = copied(text, encoding, [self._vocab[i] for i in hypothesis.ids], attention_TS)
        # The end's mark was attended to as well, if it was written.
        end_marks = [END] * (len(attention_TS) - len(pieces))
        shown, cut = repetition.cut(pieces, encoding.tokens, ended=bool(end_marks))
        return Translation(
            source=text,
            text="".join(shown).replace(SPACE, " ").strip(),
            score=hypothesis.score,
            source_pieces=encoding.tokens,
            pieces=pieces + end_marks,
            attention=attention_TS if artifact.config.attention else None,
            cut=cut,
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
    ) -> Self:
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
        require_training()
        from nlp_rnn.translation import fitting

        config = settings_of(TranslationTrainConfig, config)
        train, held_out = check_examples(pairs, validation, config.seed)
        tokenizer = self._untrained_tokenizer().train(text for pair in train for text in pair)
        model_config = replace(self._shape, vocab_size=tokenizer.vocab_size)
        weights, notes = fitting.fit_model(
            encoded_pairs(tokenizer, train, common=config.copy_share > 0),
            encoded_pairs(tokenizer, held_out),
            model_config=model_config,
            config=config,
            pad_id=tokenizer.pad_id,
            unknown=unknown_ids(tokenizer),
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        self._use(
            TextArtifact(
                task="translation",
                config=model_config,
                tokenizer=tokenizer,
                weights=weights,
                card=_card(model_config, notes["pairs"]),
                notes=notes,
            )
        )
        warn_of(notes["remarks"])
        return self


def _too_long(row: Sequence[int]) -> str:
    """Return what is wrong with a text of so many pieces."""
    return f"has {len(row)} pieces, and a translator reads {LONGEST} at most: give it sentence by sentence"


def _card(config: TranslationConfig, pairs: int) -> str:
    """Return the model card of a translator that learned from so many pairs."""
    return card_template("translation").format(
        form="An attentive" if config.attention else "A plain",
        cell=config.cell,
        hidden=config.hidden_size,
        pieces=config.vocab_size,
        pairs=pairs,
        version=__version__,
    )
