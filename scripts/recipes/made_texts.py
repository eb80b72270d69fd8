"""Make texts for the language model's recipe: changed sentences, rows of words, languages that there are not.

Knows strings; no file and no model.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence

from nlp_rnn.errors import require
from nlp_rnn.text import script_of
from scripts.recipes.language_texts import ENGLISH, Texts

_WORD = re.compile(r"\S+")


def salads(languages: Iterable[str], count: int, seed: int) -> dict[str, list[str]]:
    """Return rows of words of each language, drawn by how common they are: words without grammar.

    The words are those of wordfreq (Speer 2022; data CC BY-SA 4.0). A word that is commoner in English is
    left out, as lists of small languages hold many.

    Raises:
        MissingExtraError: If wordfreq is not installed.
    """
    frequencies = require("wordfreq", extra="words").get_frequency_dict
    english = frequencies(ENGLISH, "small")
    rng = random.Random(seed)
    found: dict[str, list[str]] = {}
    for language in languages:
        own = {
            word: share
            for word, share in frequencies(language, "small").items()
            if word.isalpha()
            and script_of(word) == "latin"
            and (language == ENGLISH or share > english.get(word, 0.0))
        }
        words, shares = list(own), list(own.values())
        found[language] = [
            _as_sentence(rng.choices(words, shares, k=rng.randint(4, 16)), rng) for _ in range(count)
        ]
    return found


_CHAT = """
ngl tbh smh imo idk lol lmao rofl gg wp ez brb omw rn fr ong no cap mid bruh bro fam sus yolo irl dm
thx ty np pls plz ur u r gr8 m8 l8r tho cuz bc wanna gonna gotta dunno kinda sorta lowkey highkey
slay bet vibe based cringe yeet goat afk glhf nvm ikr jk tmi btw fyi asap eta ffs omg wtf wow meh
nah yep yup nope yeah hmm ugh yay oops ok okay k tysm ily hella dope lit salty savage tea fire drip
finna imma aint dat dis da wit dem yo sup wassup lemme gimme
""".split()
_CRIES = """
ha haha hahaha no yes yeah oh la na hey go wow yay boo ugh hm hmm blah ho woo yum eh ah aw doo bye
run
""".split()


def chat(count: int, texts: Sequence[str], seed: int) -> list[str]:
    """Return lines as people chat: abbreviations, alone or beside a few words of real texts, and cries."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        if rng.random() < 0.25:
            words = [rng.choice(_CRIES)] * rng.randint(1, 7)
        else:
            words = rng.sample(_CHAT, rng.randint(1, 4))
            if rng.random() < 0.6:
                words += rng.choice(texts).split()[: rng.randint(1, 4)]
            rng.shuffle(words)
        found.append(" ".join(words) + rng.choice(["", "", "!", "!!", " :)", "..."]))
    return found


def _as_sentence(words: list[str], rng: random.Random) -> str:
    """Return words with the marks of a sentence."""
    if len(words) > 8 and rng.random() < 0.5:
        words[rng.randrange(3, 7)] += ","
    return " ".join(words).capitalize() + rng.choice([".", ".", "!", "?", "", " :)"])


class Changes:
    """Make other texts of the same language out of real ones, and texts of languages that there are not.

    Args:
        texts: Training sentences of Latin letters.
        seed: Of all that is drawn.
    """

    VOWELS, CONSONANTS = "aeiouy", "bcdfghjklmnpqrstvwxz"
    MARKED = "àáâãäåāăąæćčçďđèéêëěęėğìíîïīıķľłńňñòóôõöőøřśšşșťțùúûüůűýźžż"

    def __init__(self, texts: Texts, seed: int) -> None:
        self._rng = random.Random(seed)
        self._foreign = [
            word
            for (language, _), own in texts.items()
            if language != ENGLISH
            for text in own[:500]
            for word in text.split()
            if word.isalpha() and len(word) > 3
        ]
        self._english = [
            word for text in texts[ENGLISH, "Reddit comments"] for word in text.split() if word.isalpha()
        ]

    def cropped(self, text: str) -> str:
        """Return some words of a text that follow each other, mostly all of them."""
        words = [match.span() for match in _WORD.finditer(text)]
        if len(words) < 3 or self._rng.random() < 0.45:
            return text[:400]
        count = min(len(words), self._rng.choice((2, 3, 4, 5, 6, 8, 10, 15, 25)))
        start = self._rng.randrange(len(words) - count + 1)
        return text[words[start][0] : words[start + count - 1][1]]

    def mixed(self, text: str, language: str) -> str:
        """Return a text with a few words of another language in it, such as names and terms."""
        words = text.split()
        if len(words) < 6:
            return text
        for _ in range(self._rng.randint(1, max(1, len(words) // 5))):
            guest = self._rng.choice(self._foreign if language == ENGLISH else self._english)
            at = self._rng.randrange(len(words))
            words[at] = guest.title() if language == ENGLISH and self._rng.random() < 0.7 else guest
        return " ".join(words)

    def bare(self, text: str) -> str:
        """Return a text without accents, as many people type."""
        return text.translate(_BARE)

    def misspelt(self, text: str) -> str:
        """Return a text with some letters swapped, left out, doubled or put for others."""
        letters = list(text)
        for _ in range(max(1, len(text) // 25)):
            at = self._rng.randrange(len(letters))
            if letters[at].isalpha():
                letters[at] = self._rng.choice(
                    ("", letters[at] * 2, self._rng.choice(self.VOWELS + self.CONSONANTS))
                )
        return "".join(letters)

    def invented(self, text: str) -> str:
        """Return a text of a language that there is not: all letters of one text are exchanged alike.

        Vowels become vowels, so the words can still be spoken; some letters carry marks.
        """
        rng = self._rng
        vowels = rng.sample(self.VOWELS, len(self.VOWELS))
        consonants = rng.sample(self.CONSONANTS, len(self.CONSONANTS))
        if rng.random() < 0.6:
            for letters in (vowels, consonants):
                for _ in range(rng.randint(0, 2)):
                    letters[rng.randrange(len(letters))] = rng.choice(self.MARKED)
        table = str.maketrans(self.VOWELS + self.CONSONANTS, "".join((*vowels, *consonants)))
        return text.lower().translate(table)


_BARE = str.maketrans("àáâãäåçèéêëìíîïñòóôõöùúûüýğışŞİ", "aaaaaaceeeeiiiinooooouuuuygisSI")
