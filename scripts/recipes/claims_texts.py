"""What the claims model of the risk filter learns from, and the sentences on which it is chosen.

Knows where each corpus lies below a data folder given by the user, and which label is true of what; the
written sentences are the project's own. Nothing here is near one of the reviewed cases.
"""

from __future__ import annotations

import csv
import json
import lzma
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nlp_rnn.files import load_corpus
from nlp_rnn.resources import data_folder
from nlp_rnn.risk import CHECK_WORTHY, mask_digits
from nlp_rnn.text import detokenize_treebank, split_sentences
from scripts.recipes.corpora import Near
from scripts.recipes.opinions import Labelled

FOLDER = Path(__file__).parents[2] / "data" / "claims"
OTHER = "other"
CLASSES = (OTHER, CHECK_WORTHY)
CLAIMBUSTER, WRITTEN = "claimbuster", "written"
CHOSEN_ON = (CLAIMBUSTER, WRITTEN)
"""Sets whose held-out sentences choose recipe, epoch, threshold and seed, each weighing the same."""

SOURCES = {
    CLAIMBUSTER: "ClaimBuster: US presidential debates, labelled by people",
    "cures": "tweets on cancer and depression, of which some claim a cure",
    WRITTEN: "sentences written for this project: quiet claims, and their words in what claims nothing",
    "prose": "public-domain prose, as claiming nothing",
    "plays": "Shakespeare's plays, as claiming nothing",
    "facts": "WikiText-2, as check-worthy",
    "talk": "everyday sentences of Tatoeba in the first or second person, as claiming nothing",
    "requests": "questions and requests to assistants, as claiming nothing",
    "captions": "descriptions of pictures, as claiming nothing",
}
# Sentences of each corpus that has one label, and of those that the teacher alone labels.
EXTRA = {"prose": 3_000, "plays": 1_000, "facts": 1_500, "talk": 2_000, "requests": 2_000, "captions": 500}
UNLABELLED = {"tatoeba": 12_000, "wiki": 8_000, "books": 4_000}
PERSONAL = re.compile(r"\b(?:I|you|we|my|your|our|me|us)\b", re.IGNORECASE)
_BLOCK = 8  # written sentences that stand together are held out together, siblings mostly among them


@dataclass(frozen=True)
class Sets:
    """Texts to learn from and to choose on, by source; and sentences that nobody labelled.

    Attributes:
        train: Labelled sentences.
        validation: Labelled sentences held out.
        unlabelled: Sentences for the teacher to answer.
        corpus: Sentences for vocabulary and word vectors.
    """

    train: dict[str, Labelled]
    validation: dict[str, Labelled]
    unlabelled: list[str] = field(repr=False)
    corpus: list[str] = field(repr=False)

    @property
    def chosen_on(self) -> dict[str, Labelled]:
        """The held-out sets that choose."""
        return {name: self.validation[name] for name in CHOSEN_ON}


def training_sets(data: Path, *, avoid: Sequence[str], extra: dict[str, int] | None = None) -> Sets:
    """Return all sentences, as the classifier reads them; those in ``avoid`` are left out."""
    extra = EXTRA if extra is None else extra
    rng = np.random.default_rng(0)
    seen = {key(text) for text in avoid}
    near = Near(_case_texts())
    train: dict[str, Labelled] = {}
    validation: dict[str, Labelled] = {}

    def add(name: str, source: Labelled, share: float, block: int = 1) -> None:
        pairs = [
            pair
            for pair in dict(zip(*source, strict=True)).items()
            if key(pair[0]) not in seen and not near(pair[0])
        ]
        order = rng.permutation(-(-len(pairs) // block)).tolist()
        border = round(share * len(order))
        for side, blocks in ((validation, order[:border]), (train, order[border:])):
            which = [i for b in blocks for i in range(b * block, min(len(pairs), (b + 1) * block))]
            side[name] = [pairs[i][0] for i in which], [pairs[i][1] for i in which]

    def some(name: str, lines: list[str], label: str) -> list[str]:
        """Add as many sentences as are asked for, and a third as many again to choose on; return the rest."""
        kept = [line for line in map(mask_digits, lines) if 4 <= len(line.split()) <= 40]
        order = rng.permutation(len(kept)).tolist()
        count = extra[name] * 4 // 3
        add(name, ([kept[i] for i in order[:count]], [label] * len(order[:count])), 0.25)
        return [kept[i] for i in order[count:]]

    add(CLAIMBUSTER, claimbuster(data, "train"), 0.12)
    add("cures", cures(data), 0.12)
    add(WRITTEN, written(), 0.15, block=_BLOCK)
    spoken = [text for name in (CLAIMBUSTER, "cures", WRITTEN) for text in train[name][0]]
    books = some("prose", _first(split_sentences(packed(data / "text/english_prose.txt.xz"))), OTHER)
    some("plays", _first(plays(data)), OTHER)
    wiki = packed(data / "text/wikitext2.train.txt.xz").replace(" @-@ ", "-").replace(" @,@ ", ",")
    facts = some("facts", [s for s in map(encyclopaedic, split_sentences(wiki)) if s], CHECK_WORTHY)
    everyday = column(data / "parallel/tatoeba_en_fr/train.parquet", "en")
    some("talk", [text for text in everyday if PERSONAL.search(text)], OTHER)
    some("requests", column(data / "sentiment/neutral_requests/train.parquet", "text"), OTHER)
    some("captions", column(data / "parallel/multi30k/train.parquet", "en"), OTHER)
    held = {key(text) for texts, _ in validation.values() for text in texts} | seen
    rest = {"tatoeba": [*map(mask_digits, everyday)], "wiki": facts, "books": books}
    unlabelled = []
    for name, texts in rest.items():
        fresh = [text for text in dict.fromkeys(texts) if key(text) not in held and not near(text)]
        unlabelled += [fresh[i] for i in rng.permutation(len(fresh))[: UNLABELLED[name]].tolist()]
    # The sets that people labelled count most: their words should all be in the vocabulary.
    return Sets(train, validation, unlabelled, spoken * 10 + books[::3] + facts[::2] + rest["tatoeba"][::4])


def _case_texts() -> list[str]:
    """Return the texts of all reviewed cases, which nothing learns."""
    lines = [
        json.loads(line)
        for file in sorted(data_folder("risk").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [line.get("text") or line["claim"] for line in lines]


def written() -> Labelled:
    """Return the project's own sentences, claims and what claims nothing, as the classifier reads them."""
    texts, labels = [], []
    for file in sorted(FOLDER.glob("*.tsv")):
        with file.open(encoding="utf-8", newline="") as stream:
            for label, _, text in csv.reader(stream, "excel-tab", quoting=csv.QUOTE_NONE):
                texts.append(mask_digits(text))
                labels.append(label)
    return texts, labels


def plays(data: Path) -> list[str]:
    """Return sentences of Shakespeare's plays that stand on one line or run over several."""
    found = split_sentences(packed(data / "text/shakespeare_complete.txt.xz"))
    return [" ".join(text.split()) for text in found]


def _first(sentences: list[str]) -> list[str]:
    """Return the first four fifths: false alarms are measured on the rest."""
    return sentences[: int(0.8 * len(sentences))]


def encyclopaedic(sentence: str) -> str:
    """Return a sentence of WikiText-2 as people type it; "" for headings and where words are left out."""
    bare = detokenize_treebank(sentence.replace(" @.@ ", "."))
    return "" if "<unk>" in bare or "=" in bare else bare


def column(path: Path, name: str) -> list[str]:
    """Return one column of a Parquet file."""
    return load_corpus(path, text_column=name).texts


def claimbuster(data: Path, split: str) -> Labelled:
    """Return sentences of debates, as the classifier reads them."""
    return read(
        data / f"claims/claimbuster/{split}.parquet", "label", {name: name for name in CLASSES}, mask_digits
    )


def cures(data: Path) -> Labelled:
    """Return tweets as people type them: no placeholders, no names of emoji."""

    def typed(text: str) -> str:
        bare = re.sub(r"HTTPURL|\bRT\b|@USER\s*:?|:[a-z_]+:|^\W+(?=\w)", " ", text)
        return mask_digits(detokenize_treebank(bare))

    return read(
        data / "claims/cure_claims/train.parquet", "check_worthy", {True: CHECK_WORTHY, False: OTHER}, typed
    )


def read(path: Path, label: str, names: dict[Any, str], clean: Callable[[str], str]) -> Labelled:
    """Return texts and labels of one file."""
    corpus = load_corpus(path, text_column="text", label_column=label, label_map=dict(names))
    return [clean(text) for text in corpus.texts], list(corpus.labels or [])


def packed(path: Path) -> str:
    """Return the whole text of a packed file."""
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return stream.read()


def key(text: str) -> str:
    """Return a key that is equal for sentences that differ in case, spaces and punctuation only."""
    return re.sub(r"\W+", "", text.lower())
