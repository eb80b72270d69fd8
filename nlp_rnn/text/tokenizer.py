"""Text to token ids and back: word, subword, piece, character and byte pipelines on ``tokenizers``.

Everything a pipeline does to a text, normalisation included, is inside ``tokenizer.json`` (but for the
correction of typos, which is an option), so a saved model reads a text exactly as in training, and every
token knows its place in the user's original string. Knows nothing about padding (``batch.py``) or models.

``piece`` is for text that is to be written again: it keeps case, punctuation and the places of spaces.

Word and subword pipelines keep negation alive: ``didn't``, ``didn’t``, ``didnt``, ``did'nt``,
``did n't``, ``did nt``, ``didn 't`` and ``didn t`` all end as ``did`` + ``n't``; ``cannot`` ends as
``can`` + ``not``. Half of a surrogate pair, as truncated JSON holds, reads as U+FFFD.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from nlp_rnn.errors import (
    ArtifactError,
    ConfigError,
    InputError,
    one_of,
    refuse_tables,
    require,
    true_or_false,
    whole_number,
)
from nlp_rnn.text.alignment import Normaliser, token_spans
from nlp_rnn.text.known import KnownWords
from nlp_rnn.text.reading import EMOTICON_TOKEN, RATING_TOKEN, READINGS, Preparation, WordCorrector
from nlp_rnn.text.rewriting import Rewriting
from nlp_rnn.text.sentences import begins_sentence
from nlp_rnn.text.spelling import Speller

if TYPE_CHECKING:
    from tokenizers import Encoding as Encoded
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, normalizers, trainers

KINDS = ("word", "subword", "char", "byte", "piece")
_SMALLEST = {"word": 3, "subword": 6, "char": 3, "byte": 258, "piece": 6}
PAD, UNK, URL, USER = "<pad>", "<unk>", "<url>", "<user>"
BEGIN, END = "<s>", "</s>"
SPECIAL = (PAD, UNK)
Item = TypeVar("Item")

NOT = "n't"

_VERBS = """is are was were do does did has have had wo would ca could should sha must need might ought dare
ai""".split()
_NEGATED = "|".join(rf"\b{verb}n" for verb in _VERBS)
_NEGATED_SPACE = "|".join(rf"\b{verb}\snt" for verb in _VERBS)
_ENTITIES = [
    ("amp|#38|#x26", "&"),
    ("quot|#34|#x22|[lr]dquo|#822[01]|#x201[cd]", '"'),
    ("apos|#0?39|#x27|[lr]squo|#821[67]|#x201[89]", "'"),
    ("lt|#60|#x3c", "<"),
    ("gt|#62|#x3e", ">"),
    ("nbsp|#160|#xa0", " "),
    ("hellip|#8230|#x2026", "..."),
]
# Oniguruma patterns, applied in this order to the lower-cased text. A look-behind stands after the
# letters it looks back on: a pattern that starts with a letter is searched for much faster.
_TIDY = [
    (r"[\x{AD}\x{200B}\x{2060}\x{FEFF}\x{FE0E}\x{FE0F}]", ""),  # invisible
    (r"[’‘´`ʼ＇′\x{92}]|â€™", "'"),
]
_SLOW_BREAK = r"<br\s*/?\s*>"
_BREAK = r"<br\s*+(?:/\s*+)?>"  # possessive: what follows a run of spaces cannot be in it
_NEGATIONS = [
    (r"n(?<=" + _NEGATED + r")(?:\s?'?\s?|[;\",?\x{FFFD}])(?=t\b)", "n'"),  # didnt, didn 't, didn t, didn;t
    (r"nt\b(?<=" + _NEGATED_SPACE + ")", NOT),
    (r"'nt\b(?<=\p{L}'nt)", NOT),
    (r"not\b(?<=\bcannot)", " not"),
    (r"\bno\Ko{2,}\b|\bnot\Kt+\b", ""),
]
_NORMALISE = [
    *_TIDY,
    *((f"&(?:{names});", text) for names, text in _ENTITIES),
    (_BREAK + r"|</?(?:p|i|b|em|strong|div|span)(?:\s[^<>]*)?>", " "),
    (r"(?:https?://|www\.)(?:\S*[\p{L}\p{N}/_=#&%~+-])?", URL),
    (r"(?<![\w.])@\w+", USER),
    *_NEGATIONS,
    (r"([^\W\d])\1\K\1+", ""),
]
# The second reading has its own rules for markup, addresses and stretched words, before these
# (``reading.py``).
_NORMALISE_2 = [
    *_TIDY,
    (r"(?<![\w.])@\w+", USER),
    *_NEGATIONS,
    (r"n't\Kt+\b|!!\K!+|\?\?\K\?+", ""),
    (r"\.{2,}", "..."),
]
_SPACES = [(r"\s+", " "), (r"^ | $", "")]
_EMOTICON = r"[<>]?[:;=8xX][\-o*']?[)\](\[dDpPoO/\\|@3*](?![\p{L}\d])|<3|\^_+\^|[(\[][:;=]"
_PICTURE = r"\p{Extended_Pictographic}"
_EMOJI = _PICTURE + r"(?:[\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]|\x{200D}" + _PICTURE + ")*"
_SURROGATE = re.compile("[\ud800-\udfff]")
_TRIPLED = re.compile(r"([a-zA-Z])\1\1", re.IGNORECASE)
_WORDS = r"[a-wyz][\p{L}\p{M}]*+(?!'t(?!\p{L}))"  # most words; the rest is for what is left
_LESS_FREQUENT = [
    r"\p{L}+?(?=n't(?![\p{L}]))",
    r"n't(?![\p{L}])",
    r"'(?:s|m|d|ll|re|ve)(?![\p{L}])",
    r"\p{L}[\p{L}\p{M}]*",
    r"[\d#*]\x{20E3}|[\x{1F1E6}-\x{1F1FF}]{2}",
    r"\d+(?:[.,]\d+)*",
    _EMOJI,
    r"\.{2,}|!+|\?+",
    r"[^\s]",
]
_TOKEN = "|".join([_WORDS, URL, USER, r"\d{1,2}(?:\.\d)?/10\b", _EMOTICON, *_LESS_FREQUENT])
_TOKEN_2 = "|".join([_WORDS, URL, USER, RATING_TOKEN, EMOTICON_TOKEN, *_LESS_FREQUENT])
SPACE = "▁"
# A space belongs to what follows it; a hyphen to the letters after it, as in a-t-il.
_PIECE = rf"{SPACE}?-?[\p{{L}}\p{{M}}']+|{SPACE}?\p{{N}}|{SPACE}?[^\s{SPACE}]|{SPACE}"


@dataclass(frozen=True)
class Encoding:
    """One text as tokens.

    Attributes:
        ids: Token ids, one per token.
        tokens: The tokens' own strings (normalised).
        spans: ``(start, end)`` of each token in the original string.
    """

    ids: list[int]
    tokens: list[str]
    spans: list[tuple[int, int]]


def basic_english(text: str) -> list[str]:
    """Split as torchtext's ``basic_english`` does (extra ``torchtext``).

    It separates every apostrophe, so ``wasn't`` becomes ``wasn``, ``'``, ``t``: the negation is not
    a token of its own. It is here for comparison, not for training.

    Raises:
        MissingExtraError: If torchtext is not installed.
    """
    split = require("torchtext.data.utils", extra="torchtext").get_tokenizer("basic_english")
    return list(split(text))


class TextTokenizer:
    """One pipeline from text to ids: ``train``, ``encode``, ``decode``.

    >>> tokenizer = TextTokenizer("word").train(["It didn't work, and it wasn't cheap."])
    >>> tokenizer.encode("Didn’t WORK").tokens
    ['did', "n't", 'work']

    Args:
        kind: ``word``, ``subword`` (BPE), ``piece`` (BPE), ``char`` or ``byte``.
        vocab_size: Greatest number of ids, special ones included (``byte`` needs 258).
        min_count: Leave out tokens seen fewer times in training.
        max_tokens: Longer texts keep their first and last ``max_tokens // 2`` tokens; ``None`` keeps all.
        mend_typos: Read an unknown word as the known one that is a single letter away and was most likely
            meant. One that begins with a capital may be a name: it is read so only where a sentence begins,
            as a common word, and not if more of it is in capitals. ``word`` alone.
        reading: 1, or 2 for text as people type it in mails, chats and posts (``word`` alone): markup and
        quoted
            mail are taken off, emoji, emoticons and ratings have one spelling each, stretched words and
            hashtags are read as the words they are made of, and words of ``train``'s ``known_words`` are
            no typos.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    def __init__(
        self,
        kind: str = "word",
        *,
        vocab_size: int = 30_000,
        min_count: int = 1,
        max_tokens: int | None = None,
        mend_typos: bool = False,
        reading: int = 1,
    ) -> None:
        """Make an untrained pipeline; see the class for the arguments."""
        one_of("tokenizer kind", kind, KINDS)
        self.kind = kind
        self.mend_typos = true_or_false("mend_typos", mend_typos)
        self.vocab_size_limit = whole_number("vocab_size", vocab_size, _SMALLEST[kind], 2**24)
        self.min_count = whole_number("min_count", min_count, 1, 2**31)
        self.max_tokens = None if max_tokens is None else whole_number("max_tokens", max_tokens, 2, 2**31)
        if self.mend_typos and kind != "word":
            raise ConfigError(
                f"Invalid mend_typos. Received: {mend_typos!r} for the kind {kind!r}; "
                "only the kind word can mend typos"
            )
        if isinstance(reading, bool) or reading not in READINGS or (reading != 1 and kind != "word"):
            raise ConfigError(
                f"Invalid reading. Received: {reading!r} for the kind {kind!r}; it should be 1, or 2 for the "
                "kind word; a model with another one was made by a newer version"
            )
        self.reading = int(reading)
        self.known_words: KnownWords | None = None
        self._backend: Backend = _pipeline(kind, reading)
        self._after_change()

    def train(self, texts: Iterable[str], *, known_words: Iterable[str] | None = None) -> TextTokenizer:
        """Learn the vocabulary; returns self.

        Args:
            texts: The texts.
            known_words: Words that are no typos though they may not be in the vocabulary, for the second
                reading (``everyday_words`` has some for English).

        Raises:
            InputError: If ``texts`` is a single string, or one of them is no string; or if the first
                reading is given known words.
        """
        if isinstance(texts, str):
            raise InputError("train wants a sequence of texts, got one str: put it in a list")
        refuse_tables(texts, "train wants a sequence of texts")
        if known_words is not None and self.reading == 1:
            raise InputError("known_words are for the second reading: make a TextTokenizer with reading=2")
        known = None if known_words is None else KnownWords.of(known_words)
        backend = _pipeline(self.kind, self.reading)
        if self.kind != "byte":
            trainer = _trainer(self.kind, self.vocab_size_limit, self.min_count)
            readable: Iterator[str] = (_readable(text) for text in texts)
            if self.reading != 1:
                readable = map(Preparation().for_training, readable)
            backend.train_from_iterator(readable, trainer)
        self._backend, self.known_words = backend, known
        self._after_change()
        return self

    def encode(self, text: str) -> Encoding:
        """Return the tokens of one text with their places in it; without any, one unknown token.

        Raises:
            InputError: If the text is no string.
        """
        ids: list[int] = []
        tokens: list[str] = []
        spans: list[tuple[int, int]] = []
        for start, part in self._parts(text):
            prepared = self._prepared(part)
            found, own_places = self._encode_with_places(prepared.text)
            corrected = self._correct_unknown(found.ids, prepared.text, own_places.__getitem__)
            places = own_places
            if prepared.places_2N is not None:  # from places in the prepared text to those in the original
                places = token_spans(own_places, prepared.places_2N)
            ids += corrected
            tokens += (
                [str(self._backend.id_to_token(i)) for i in corrected] if self._corrects else found.tokens
            )
            spans += [(first + start, end + start) for first, end in places] if start else places
        if not ids:
            return Encoding([self.unk_id], [UNK], [(0, len(text))])
        return Encoding(self._keep_both_ends(ids), self._keep_both_ends(tokens), self._keep_both_ends(spans))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of many texts, computed on all cores; the same ids as ``encode`` gives one by one.

        Raises:
            InputError: If ``texts`` is a single string, or one of them is no string.
        """
        if isinstance(texts, str):
            raise InputError("encode_batch wants a sequence of texts, got one str: put it in a list")
        refuse_tables(texts, "encode_batch wants a sequence of texts")
        parts = [
            [self._prepared(part, keep_places=False).text for _, part in self._parts(text)] for text in texts
        ]
        found = iter(self._ids([part for own in parts for part in own]))
        rows: list[list[int]] = []
        for own in parts:
            row = next(found)
            for _ in own[1:]:
                row = row + next(found)
            rows.append(self._keep_both_ends(row) or [self.unk_id])
        return rows

    def _ids(self, texts: list[str]) -> Iterator[list[int]]:
        """Yield the ids of each text."""
        if not self._corrects:
            yield from (found.ids for found in self._backend.encode_batch_fast(texts))
            return
        for text, found in zip(texts, self._backend.encode_batch(texts), strict=True):
            places: Callable[[int], tuple[int, int] | None] = found.token_to_chars
            moved = not text.isascii() or (self.reading == 1 and _TRIPLED.search(text))
            if self.unk_id in found.ids and moved:
                places = self._encode_with_places(text)[
                    1
                ].__getitem__  # there the backend's places are not those of words
            yield self._correct_unknown(found.ids, text, places)

    def _prepared(self, part: str, *, keep_places: bool = True) -> Rewriting:
        """Return a text as the patterns of ``tokenizer.json`` cut it; with the first reading, as it is."""
        if self.reading == 1:
            return Rewriting(part, keep_places=False)
        return self._preparation(part, keep_places=keep_places)

    @property
    def _corrects(self) -> bool:
        """True if unknown words may be read as known ones."""
        return self.mend_typos or self.reading != 1

    def _encode_with_places(self, part: str) -> tuple[Encoded, list[tuple[int, int]]]:
        """Return the tokens of a text, and their places in it."""
        normal, places_2N = self._normaliser(part)
        found = self._reader.encode(normal)
        offsets = found.offsets
        if self.kind == "piece" and found.tokens[:1] == [SPACE]:
            offsets[0] = (0, 0)  # the space put before a text has no place in it
        return found, token_spans(offsets, places_2N)

    def _correct_unknown(
        self, ids: list[int], text: str, span_of: Callable[[int], tuple[int, int] | None]
    ) -> list[int]:
        """Return the ids, unknown ones corrected if possible; ``span_of`` gives the place of a token."""
        if not self._corrects or self.unk_id not in ids:
            return ids
        return [self._corrected_id(text, span_of(at)) if i == self.unk_id else i for at, i in enumerate(ids)]

    def _corrected_id(self, text: str, span: tuple[int, int] | None) -> int:
        word = text[slice(*span)] if span else ""
        found = None
        if self.reading != 1:
            found = self._corrector(text, *span) if span and word else None
            return self.unk_id if found is None else found
        if word[:1].islower():
            found = self._speller(word.lower())
        elif span and word.istitle() and begins_sentence(text, span[0]):  # elsewhere it would be a name
            found = self._speller(word.lower(), common=True)
        return self.unk_id if found is None else found

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids; exact for ``byte`` and (of known characters) ``char``, else readable.

        ``piece`` gives the text back but for runs of spaces, apostrophes and unknown characters.
        Padding is left out, and one unknown token alone is the empty text, as ``encode`` has it.

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        row = [int(i) for i in ids if i != self.pad_id]
        wrong = [i for i in row if not 0 <= i < self.vocab_size]
        if wrong:
            raise InputError(f"id {wrong[0]} is outside the vocabulary of ids 0 to {self.vocab_size - 1}")
        return "" if row == [self.unk_id] else str(self._backend.decode(row, skip_special_tokens=False))

    @property
    def vocab_size(self) -> int:
        """Number of ids, the special ones included."""
        return int(self._backend.get_vocab_size())

    @property
    def vocab(self) -> list[str]:
        """Every token, in the order of its id."""
        return [token for token, _ in sorted(self._backend.get_vocab().items(), key=lambda pair: pair[1])]

    def token_to_id(self, token: str) -> int | None:
        """Return the id of a token, or None."""
        found = self._backend.token_to_id(token)
        return None if found is None else int(found)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the settings and ``tokenizer.json``: the backend's own pickling loses its normalisers."""
        settings = {
            "kind": self.kind,
            "vocab_size": self.vocab_size_limit,
            "min_count": self.min_count,
            "max_tokens": self.max_tokens,
            "mend_typos": self.mend_typos,
            "reading": self.reading,
        }
        return _from_pickled, (settings, self.to_json(), self.known_words)

    def to_json(self) -> str:
        """Return the pipeline as ``tokenizer.json``, readable by ``tokenizers`` itself."""
        return str(self._backend.to_str())

    @classmethod
    def from_json(
        cls,
        text: str,
        *,
        kind: str,
        max_tokens: int | None = None,
        mend_typos: bool = False,
        reading: int = 1,
        known_words: KnownWords | None = None,
    ) -> TextTokenizer:
        """Read what ``to_json`` wrote.

        Raises:
            ArtifactError: If the text is no tokenizer.
        """
        tokenizer = cls(kind, max_tokens=max_tokens, mend_typos=mend_typos, reading=reading)
        tokenizer.known_words = known_words
        tokenizer._take(text)
        return tokenizer

    def _take(self, text: str) -> None:
        """Take over the pipeline that ``to_json`` wrote."""
        from tokenizers import Tokenizer as Backend

        try:
            self._backend = Backend.from_str(_without_slow_patterns(text))
        except Exception as error:  # tokenizers raises bare Exception
            raise ArtifactError(f"tokenizer.json cannot be read: {error}") from None
        self._after_change()

    def _after_change(self) -> None:
        """Rebuild all that is derived from the backend, after training and loading."""
        pad_id, unk_id = (self._backend.token_to_id(token) for token in SPECIAL)
        if self._backend.get_vocab_size() and (pad_id is None or unk_id is None):
            raise ArtifactError(f"tokenizer.json has no {PAD} or no {UNK} token")
        self.pad_id: int = pad_id or 0
        self.unk_id: int = 1 if unk_id is None else unk_id
        self._backend.no_padding()
        self._backend.no_truncation()
        self._backend.encode_special_tokens = True  # a text that says "<pad>" is a text, not padding
        vocab = cache(self._backend.get_vocab)
        self._speller = Speller(vocab)
        if self.reading != 1:
            known = self.known_words
            self._preparation = Preparation(vocab, known.__contains__ if known else lambda word: False)
            self._corrector = WordCorrector(vocab, self._speller if self.mend_typos else None, known)
        # The same pipeline without its normaliser, which `encode` runs itself to keep the places.
        self._reader = type(self._backend)(self._backend.model)
        self._reader.pre_tokenizer = self._backend.pre_tokenizer
        self._normaliser = Normaliser(json.loads(self.to_json())["normalizer"])

    def _parts(self, text: str) -> list[tuple[int, str]]:
        """Return the parts of a text to read, with their starts: all, or both ends of a very long one."""
        text = _readable(text)
        if self.max_tokens is None or len(text) <= 40 * self.max_tokens:
            return [(0, text)]
        # Tokens are shorter than 20 characters on average in any language, so each end still fills its half.
        tail = len(text) - 20 * self.max_tokens
        return [(0, text[: 20 * self.max_tokens]), (tail, text[tail:])]

    def _keep_both_ends(self, row: list[Item]) -> list[Item]:
        """Return a row of at most ``max_tokens``: the first and the last half of a longer one."""
        limit = self.max_tokens
        if limit is None or len(row) <= limit:
            return row
        return row[: limit - limit // 2] + row[-(limit // 2) :]


def _without_slow_patterns(text: str) -> str:
    """Return a ``tokenizer.json`` whose patterns take no time that grows with the square of a text.

    Models that are already saved have such a pattern: for a break, which may be followed by many spaces. The
    one that replaces it matches the same, so the model's answers stay what they are.
    """
    return text.replace(json.dumps(_SLOW_BREAK)[1:-1], json.dumps(_BREAK)[1:-1])


def _from_pickled(
    settings: dict[str, Any], text: str, known_words: KnownWords | None = None
) -> TextTokenizer:
    """Return the tokenizer of these settings and this ``tokenizer.json``."""
    tokenizer = TextTokenizer(**settings)
    tokenizer.known_words = known_words
    tokenizer._take(text)
    return tokenizer


@dataclass(frozen=True)
class TokenizerChoice:
    """The tokenizer that a model is to have: a trained one, or the settings to train one with.

    Attributes:
        given: A kind of tokenizer, or a trained ``TextTokenizer``, for which the other settings are ignored.
        vocab_size, min_count, max_tokens, mend_typos: As for ``TextTokenizer``.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    given: str | TextTokenizer
    vocab_size: int
    min_count: int
    max_tokens: int | None
    mend_typos: bool

    def __post_init__(self) -> None:
        """Refuse settings that no tokenizer has, before there are texts to train on."""
        if isinstance(self.given, str):
            self._untrained(self.given)

    def trained_on(self, texts: Iterable[str]) -> TextTokenizer:
        """Return the tokenizer that was given, or a new one trained on these texts."""
        return self._untrained(self.given).train(texts) if isinstance(self.given, str) else self.given

    def _untrained(self, kind: str) -> TextTokenizer:
        return TextTokenizer(
            kind,
            vocab_size=self.vocab_size,
            min_count=self.min_count,
            max_tokens=self.max_tokens,
            mend_typos=self.mend_typos,
        )


def _readable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which have no UTF-8; of the same length."""
    if not isinstance(text, str):
        raise InputError(f"a text must be a str, got {type(text).__name__}")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _normalizer(kind: str, reading: int) -> normalizers.Normalizer:
    from tokenizers import Regex, normalizers

    steps: list[normalizers.Normalizer] = [normalizers.NFC()]
    if kind != "piece":
        steps.append(normalizers.Lowercase())
    of_words = _NORMALISE if reading == 1 else _NORMALISE_2
    replacements = [*_TIDY, *_SPACES] if kind == "piece" else of_words
    steps += [normalizers.Replace(Regex(pattern), text) for pattern, text in replacements]
    return normalizers.Sequence(steps)


def _pipeline(kind: str, reading: int) -> Backend:
    """Return an untrained pipeline of the given kind and reading."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    model: models.Model
    start = {PAD: 0, UNK: 1}
    if kind == "subword":
        model = models.BPE(
            vocab=start, merges=[], unk_token=UNK, continuing_subword_prefix="##", ignore_merges=True
        )
    elif kind == "piece":
        model = models.BPE(vocab=start, merges=[], unk_token=UNK, fuse_unk=True, ignore_merges=True)
    elif kind == "byte":
        letters = {letter: 2 + i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
        model = models.BPE(vocab=start | letters, merges=[], unk_token=UNK)
    else:
        model = models.WordLevel(vocab=start, unk_token=UNK)
    backend = Tokenizer(model)
    if kind in ("word", "subword"):
        backend.normalizer = _normalizer(kind, reading)
        backend.pre_tokenizer = pre_tokenizers.Split(
            Regex(_TOKEN if reading == 1 else _TOKEN_2), "removed", invert=True
        )
        backend.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    elif kind == "piece":
        backend.normalizer = _normalizer(kind, reading)
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Metaspace(SPACE, prepend_scheme="always", split=False),
                pre_tokenizers.Split(Regex(_PIECE), "isolated"),
            ]
        )
        backend.decoder = decoders.Metaspace(SPACE, prepend_scheme="always")
    elif kind == "char":
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"(?m:.)"), "isolated")
        backend.decoder = decoders.Fuse()
    else:
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        backend.decoder = decoders.ByteLevel()
    return backend


def _trainer(kind: str, vocab_size: int, min_count: int) -> trainers.Trainer:
    from tokenizers import trainers

    if kind == "subword":
        return trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=min_count,
            special_tokens=[*SPECIAL, NOT, URL, USER],  # never in pieces
            continuing_subword_prefix="##",
            limit_alphabet=1000,
            show_progress=False,
        )
    if kind == "piece":
        return trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=min_count,
            special_tokens=[*SPECIAL, BEGIN, END],
            limit_alphabet=1000,
            show_progress=False,
        )
    return trainers.WordLevelTrainer(
        vocab_size=vocab_size, min_frequency=min_count, special_tokens=list(SPECIAL), show_progress=False
    )


__all__ = [
    "BEGIN",
    "END",
    "KINDS",
    "PAD",
    "SPACE",
    "SPECIAL",
    "UNK",
    "ConfigError",
    "Encoding",
    "TextTokenizer",
    "basic_english",
]
