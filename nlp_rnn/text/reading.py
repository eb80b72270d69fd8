"""The second reading: what becomes of a text before it is cut into tokens, and of words that nobody knows.

Reading 1 is what models saved before it were trained with; a model's folder says which is its own. In
reading 2 a text is prepared in Python, every character keeping its place in the original: markup and the
furniture of mails are taken off, addresses, hashtags, ratings, emoticons and emoji get one spelling each.
Then, as in reading 1, the patterns in ``tokenizer.json`` cut it. Last, unknown words: stretched ones are
read as what was stretched, and typos are mended, but not words that a list of everyday English has. Most
texts have nothing to prepare and cost a few searches for single characters. Knows the order of these steps;
each step is in a file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from nlp_rnn.text.hashtags import HashtagSplitter
from nlp_rnn.text.known import KnownWords
from nlp_rnn.text.mail import furniture
from nlp_rnn.text.markup import take_off_html, take_off_markdown, urls
from nlp_rnn.text.rewriting import Edit, Rewriting
from nlp_rnn.text.sentences import begins_sentence
from nlp_rnn.text.spelling import Speller, unstretched
from nlp_rnn.text.symbols import EMOTICONS, emoji_edits, emoticon_edits, rating_edits, star_edits

READINGS = (1, 2)
RATING_TOKEN = r"(?<![\d/.])\d{1,2}/(?:5|10)(?![\d/]|\.\d)"
EMOTICON_TOKEN = rf"(?<!\S)(?:{'|'.join(re.escape(face) for face in EMOTICONS)})(?!\S)"

_NOTHING = re.compile(
    r"[\s\ufffd\u200b\ufeff]*(?:(?:([.\-–—_~#/\\,|…·•])(?:\1|\s)*|\*(?:\s*\*){0,3}|(?:\*\s){4,}\*?)[\s.\ufffd]*)?"
    r"|\W{0,9}(?:n/?a|n\.a\.?|n / a|none|nil|null|nan|not applicable"
    r"|no comments?|no answer|no response)[\s.\-]*",
    re.IGNORECASE,
)
_LONGEST_NOTHING = 60
_REPLACEMENT = re.compile(r"(?<=[^\W\d_])\ufffd(?=(?:s|m|d|t|ll|re|ve)\b)|(?P<other>\ufffd+)", re.IGNORECASE)
_ROMAN = re.compile(r"[ivxlcm]+|www")
_STRETCHED = re.compile(r"(?<![^\W_])[^\W\d_]*([^\W\d_])\1\1[^\W\d_]*", re.IGNORECASE)
_SLIPS = {
    "teh": "the",
    "hte": "the",
    "adn": "and",
    "nto": "not",
    "yuo": "you",
    "wsa": "was",
    "hsa": "has",
    "cna": "can",
}
_SHORT = 3  # letters of a word that is not mended, but for the slips above
_BESIDE = "#@&_/\\"  # behind these a word is a name


class Preparation:
    """The steps before a text is cut into tokens.

    Args:
        ranks: Gives the ids of the known words, by which hashtags are divided; without it, only by their
        capitals.
        known: Says of a word that it is one, though unknown, so that a hashtag of it stays whole.
    """

    def __init__(
        self,
        ranks: Callable[[], Mapping[str, int]] = dict,
        known: Callable[[str], bool] = lambda word: False,
    ) -> None:
        self._hashtags = HashtagSplitter(ranks, known)

    def __call__(self, text: str, *, keep_places: bool = True) -> Rewriting:
        """Return the prepared text, with the places of its characters in ``text``."""
        rewriting = Rewriting(text, keep_places=keep_places)
        if len(text) <= _LONGEST_NOTHING and _NOTHING.fullmatch(text):
            rewriting.replace([(0, len(text), "")] if text else [])
            return rewriting
        take_off_html(rewriting)
        rewriting.replace([(part.start, part.end, "\n") for part in furniture(rewriting.text)])
        rewriting.replace(list(star_edits(rewriting.text)))
        take_off_markdown(rewriting)
        self._unify(rewriting)
        return rewriting

    def for_training(self, text: str) -> str:
        """Return the prepared text without stretched words, so that no spelling of them becomes a word."""
        prepared = self(text, keep_places=False).text
        return _STRETCHED.sub(lambda found: found[0] if _is_whole(found[0].lower()) else " ", prepared)

    def _unify(self, rewriting: Rewriting) -> None:
        """Give addresses, hashtags, ratings, emoticons and emoji one spelling each."""
        # Addresses first: nothing in them is anything else.
        rewriting.replace([(start, end, " <url> ") for start, end in urls(rewriting.text)])
        if "#" in rewriting.text:
            rewriting.replace(list(self._hashtags.edits(rewriting.text)))
        rewriting.replace(list(rating_edits(rewriting.text)))
        rewriting.replace(list(emoticon_edits(rewriting.text)))
        if not rewriting.text.isascii():
            rewriting.replace(list(emoji_edits(rewriting.text)))
            if "\ufffd" in rewriting.text:
                rewriting.replace(list(_replacement_edits(rewriting.text)))


class WordCorrector:
    """What an unknown word of the second reading is read as.

    Args:
        ids: Gives the ids of the known words: the more frequent a word, the smaller.
        speller: Mends typos; None mends none.
        known_words: Words that are no typos.
    """

    def __init__(
        self, ids: Callable[[], Mapping[str, int]], speller: Speller | None, known_words: KnownWords | None
    ) -> None:
        self._ids, self._speller, self._known_words = ids, speller, known_words

    def __call__(self, text: str, start: int, end: int) -> int | None:
        """Return the id of the word that was meant at a place of a text; None if it stays unknown."""
        word = text[start:end].lower()
        found = unstretched(word, self._ids())
        if found is not None or self._speller is None:
            return found
        if word in _SLIPS and not text[start:end].isupper():
            return self._ids().get(_SLIPS[word])
        if not _may_be_typo(text, start, end) or self._is_known(word):
            return None
        return self._speller(word, common=text[start].isupper())

    def _is_known(self, word: str) -> bool:
        """Return True for a word that is no typo, also for the plural of one."""
        known = self._known_words
        plural = word[-1] == "s" and word[-2] not in "aius"
        return known is not None and (word in known or (plural and word[:-1] in known))


def _may_be_typo(text: str, start: int, end: int) -> bool:
    """Return False for what is a name, a code or too short, by its letters and what stands beside it."""
    word = text[start:end]
    before, after = text[start - 1 : start], text[end : end + 1]
    if len(word) <= _SHORT or not word[1:].islower() or before.isdigit() or after.isdigit():
        return False
    if (before and before in _BESIDE) or (after and after in "_/\\@"):
        return False
    return word[0].islower() or begins_sentence(text, start)  # elsewhere it would be a name


def _is_whole(word: str) -> bool:
    """Return True for a word with a letter three times that nobody stretched: XXX, VIII, www, aaa."""
    return _ROMAN.fullmatch(word) is not None or (len(word) == 3 and len(set(word)) == 1)


def _replacement_edits(text: str) -> Iterator[Edit]:
    """Yield an apostrophe for each character that got lost in ``it's``, a space for each other."""
    for found in _REPLACEMENT.finditer(text):
        yield found.start(), found.end(), " " if found["other"] else "'"
