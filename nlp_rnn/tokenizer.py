"""Text to token ids and back: word, subword, character and byte pipelines on ``tokenizers``.

Everything a pipeline does to a text, normalisation included, is inside ``tokenizer.json``, so a saved
model reads a text exactly as it was trained to, and every token knows its place in the user's
original string. Knows nothing about padding (``batch.py``) or models.

Word and subword pipelines keep negation alive: ``didn't``, ``didn’t``, ``didnt``, ``did'nt`` and
``did n't`` all end as ``did`` + ``n't``; ``cannot`` ends as ``can`` + ``not``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp_rnn.errors import ArtifactError, ConfigError, InputError, in_range, one_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, normalizers

KINDS = ("word", "subword", "char", "byte")
PAD, UNK, URL, USER = "<pad>", "<unk>", "<url>", "<user>"
SPECIAL = (PAD, UNK)

_NEGATED = "is are was were do does did has have had wo would ca could should must need might ai"
_ENTITIES = {"amp": "&", "quot": '"', "#34": '"', "apos": "'", "#39": "'", "#039": "'", "lt": "<", "gt": ">", "nbsp": " "}
# Oniguruma patterns, applied in this order to the lower-cased text.
_NORMALISE = [
    (r"[’‘´`ʼ＇′\x{92}]", "'"),
    *((f"&{name};", text) for name, text in _ENTITIES.items()),
    (r"<br\s*/?\s*>|</?(?:p|i|b|em|strong|div|span)(?:\s[^<>]*)?>", " "),
    (r"(?:https?://|www\.)\S+", URL),
    (r"(?<![\w.])@\w+", USER),
    (r"(?<=" + "|".join(rf"\b{verb}" for verb in _NEGATED.split()) + r")n(?=t\b)", "n'"),
    (r"(?<=\p{L})'nt\b", "n't"),
    (r"(?<=\bcan)not\b", " not"),
    (r"([^\W\d])\1\K\1+", ""),
]
_EMOTICON = r"[<>]?[:;=8xX][\-o*']?[)\](\[dDpPoO/\\|@3*](?![\p{L}\d])|<3|\^_+\^|[(\[][:;=]"
_EMOJI = r"\p{Extended_Pictographic}(?:[\x{1F3FB}-\x{1F3FF}\x{FE0F}]|\x{200D}\p{Extended_Pictographic})*"
_TOKEN = "|".join(
    [
        URL,
        USER,
        r"\d{1,2}(?:\.\d)?/10\b",
        _EMOTICON,
        r"\p{L}+?(?=n't(?![\p{L}]))",
        r"n't(?![\p{L}])",
        r"'(?:s|m|d|ll|re|ve)(?![\p{L}])",
        r"\p{L}[\p{L}\p{M}]*",
        r"\d+(?:[.,]\d+)*",
        r"[\d#*]\x{FE0F}?\x{20E3}|[\x{1F1E6}-\x{1F1FF}]{2}",
        _EMOJI,
        r"\.{2,}|!+|\?+",
        r"[^\s]",
    ]
)


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

    It separates every apostrophe, so ``wasn't`` becomes ``wasn``, ``'``, ``t``: the negation is no
    token of its own. It is here to compare with, not to train on.

    Raises:
        MissingExtraError: If torchtext is not installed.
    """
    from nlp_rnn.errors import require

    split = require("torchtext.data.utils", extra="torchtext").get_tokenizer("basic_english")
    return list(split(text))


class TextTokenizer:
    """One pipeline from text to ids: ``train``, ``encode``, ``decode``.

    >>> tokenizer = TextTokenizer("word").train(["It didn't work, and it wasn't cheap."])
    >>> tokenizer.encode("Didn’t WORK").tokens
    ['did', "n't", 'work']

    Args:
        kind: ``word``, ``subword`` (BPE), ``char`` or ``byte``.
        vocab_size: Most ids to have, special ones included (``byte`` needs 258).
        min_count: Leave out tokens seen fewer times in training.
        max_tokens: Longer texts keep their first and last ``max_tokens // 2`` tokens; ``None`` keeps all.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    def __init__(
        self, kind: str = "word", *, vocab_size: int = 30_000, min_count: int = 1, max_tokens: int | None = None
    ) -> None:
        one_of("tokenizer kind", kind, KINDS)
        in_range("vocab_size", vocab_size, 3, 2**24)
        in_range("min_count", min_count, 1, 2**31)
        if max_tokens is not None:
            in_range("max_tokens", max_tokens, 2, 2**31)
        self.kind = kind
        self.vocab_size_limit = vocab_size
        self.min_count = min_count
        self.max_tokens = max_tokens
        self._backend: Backend = _pipeline(kind)
        self._after_change()

    def train(self, texts: Iterable[str]) -> TextTokenizer:
        """Learn the vocabulary; returns self.

        Raises:
            InputError: If ``texts`` is a single string.
        """
        if isinstance(texts, str):
            raise InputError("train wants a sequence of texts, got one str: put it in a list")
        self._backend = _pipeline(self.kind)
        if self.kind != "byte":
            self._backend.train_from_iterator(texts, _trainer(self.kind, self.vocab_size_limit, self.min_count))
        self._after_change()
        return self

    def encode(self, text: str) -> Encoding:
        """Tokens of one text with their places in it; a text without tokens reads as one unknown token."""
        head, tail = self._ends(text)
        encoding = self._encode_whole(head, 0)
        if tail:
            rest = self._encode_whole(text[tail:], tail)
            encoding = Encoding(
                encoding.ids + rest.ids, encoding.tokens + rest.tokens, encoding.spans + rest.spans
            )
        if not encoding.ids:
            return Encoding([self.unk_id], [UNK], [(0, len(text))])
        limit = self.max_tokens
        if limit is not None and len(encoding.ids) > limit:
            first, last = limit - limit // 2, limit // 2
            encoding = Encoding(
                encoding.ids[:first] + encoding.ids[-last:],
                encoding.tokens[:first] + encoding.tokens[-last:],
                encoding.spans[:first] + encoding.spans[-last:],
            )
        return encoding

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, on all cores; the same ids as ``encode`` gives one by one."""
        ends = [self._ends(text) for text in texts]
        whole = [encoding.ids for encoding in self._backend.encode_batch_fast([head for head, _ in ends])]
        rows: list[list[int]] = []
        for text, ids, (_, tail) in zip(texts, whole, ends, strict=True):
            row = self.encode(text).ids if tail else ids
            limit = self.max_tokens
            if limit is not None and len(row) > limit:
                row = row[: limit - limit // 2] + row[-(limit // 2) :]
            rows.append(row or [self.unk_id])
        return rows

    def decode(self, ids: Sequence[int]) -> str:
        """Text of a row of ids; exact for ``char`` (of known characters) and ``byte``, readable for the others."""
        return str(self._backend.decode(list(ids), skip_special_tokens=False))

    @property
    def vocab_size(self) -> int:
        """How many ids there are, the special ones included."""
        return int(self._backend.get_vocab_size())

    @property
    def vocab(self) -> list[str]:
        """Every token, in the order of its id."""
        return [token for token, _ in sorted(self._backend.get_vocab().items(), key=lambda pair: pair[1])]

    def token_to_id(self, token: str) -> int | None:
        """Id of a token, or None."""
        found = self._backend.token_to_id(token)
        return None if found is None else int(found)

    def to_json(self) -> str:
        """The pipeline as ``tokenizer.json``, readable by ``tokenizers`` itself."""
        return str(self._backend.to_str())

    @classmethod
    def from_json(cls, text: str, *, kind: str, max_tokens: int | None = None) -> TextTokenizer:
        """Read what ``to_json`` wrote.

        Raises:
            ArtifactError: If the text is no tokenizer.
        """
        from tokenizers import Tokenizer as Backend

        tokenizer = cls(kind, max_tokens=max_tokens)
        try:
            tokenizer._backend = Backend.from_str(text)
        except Exception as error:  # tokenizers raises bare Exception
            raise ArtifactError(f"tokenizer.json cannot be read: {error}") from None
        tokenizer._after_change()
        return tokenizer

    def _after_change(self) -> None:
        """Rebuild what is derived from the backend (the one place, for training and loading)."""
        pad_id, unk_id = (self._backend.token_to_id(token) for token in SPECIAL)
        if self._backend.get_vocab_size() and (pad_id is None or unk_id is None):
            raise ArtifactError(f"tokenizer.json has no {PAD} or no {UNK} token")
        self.pad_id: int = pad_id or 0
        self.unk_id: int = 1 if unk_id is None else unk_id
        self._backend.no_padding()
        self._backend.no_truncation()

    def _ends(self, text: str) -> tuple[str, int]:
        """The part of a very long text to read first, and where its last part starts (0: all is in the first)."""
        if not isinstance(text, str):
            raise InputError(f"a text must be a str, got {type(text).__name__}")
        if self.max_tokens is None or len(text) <= 40 * self.max_tokens:
            return text, 0
        # Tokens are shorter than 20 characters on average in any language, so each end still fills its half.
        return text[: 20 * self.max_tokens], len(text) - 20 * self.max_tokens

    def _encode_whole(self, text: str, shift: int) -> Encoding:
        found = self._backend.encode(text)
        return Encoding(found.ids, found.tokens, [(start + shift, end + shift) for start, end in found.offsets])


def _normalizer() -> normalizers.Normalizer:
    from tokenizers import Regex, normalizers

    steps: list[normalizers.Normalizer] = [normalizers.NFC(), normalizers.Lowercase()]
    steps += [normalizers.Replace(Regex(pattern), text) for pattern, text in _NORMALISE]
    return normalizers.Sequence(steps)


def _pipeline(kind: str) -> Backend:
    """An untrained pipeline of the given kind."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    model: models.Model
    start = {PAD: 0, UNK: 1}
    if kind == "subword":
        model = models.BPE(vocab=start, merges=[], unk_token=UNK, continuing_subword_prefix="##")
    elif kind == "byte":
        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        model = models.BPE(vocab=start | {letter: 2 + i for i, letter in enumerate(letters)}, merges=[], unk_token=UNK)
    else:
        model = models.WordLevel(vocab=start, unk_token=UNK)
    backend = Tokenizer(model)
    if kind in ("word", "subword"):
        backend.normalizer = _normalizer()
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(_TOKEN), "removed", invert=True)
        backend.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    elif kind == "char":
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"(?m:.)"), "isolated")
        backend.decoder = decoders.Fuse()
    else:
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        backend.decoder = decoders.ByteLevel()
    return backend


def _trainer(kind: str, vocab_size: int, min_count: int) -> object:
    from tokenizers import trainers

    if kind == "subword":
        return trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=min_count,
            special_tokens=list(SPECIAL),
            continuing_subword_prefix="##",
            limit_alphabet=1000,
            show_progress=False,
        )
    return trainers.WordLevelTrainer(
        vocab_size=vocab_size, min_frequency=min_count, special_tokens=list(SPECIAL), show_progress=False
    )


__all__ = ["KINDS", "PAD", "SPECIAL", "UNK", "ConfigError", "Encoding", "TextTokenizer", "basic_english"]
