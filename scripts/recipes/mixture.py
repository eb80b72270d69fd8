"""The mixture of corpora that the shipped model learns from, and the held-out sets that select it.

Knows where each corpus lies below a data folder given by the user, what its labels mean in three
classes, and how to keep every test text (and every near copy of one) out of training. The project
ships none of these texts; the templates' sentences are its own.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nlp_rnn.errors import DataError
from nlp_rnn.resources import data_folder
from nlp_rnn.sentiment import load_suite, perturbed
from nlp_rnn.text import detokenize_treebank
from scripts.recipes.corpora import Guard, Near, everyday_parts, everyday_tests, key_of, reader
from scripts.recipes.opinions import Labelled, opinion_adjectives, opinion_clauses
from scripts.recipes.templates import generate, load_words

CLASSES = ("negative", "neutral", "positive")
_FIVE = {"very negative": "negative", "very positive": "positive"}

# Share of each source's texts in an epoch (2.0: each twice). Chosen on the validation sets; see docs/LOG.md.
RATES = {
    "imdb": 1.0,
    "counterfactual": 2.0,
    "sst_sentences": 2.0,
    "sst_phrases": 1.0,
    "rotten_tomatoes": 1.0,
    "tweets": 1.0,
    "tweets_negative": 2.0,
    "amazon": 1.0,
    "customer_reviews": 1.0,
    "mpqa": 0.5,
    "yelp": 1.0,
    "plots": 0.6,
    "captions": 0.25,
    "encyclopedia": 1.0,
    "templates": 1.0,
    "nothing": 1.0,
    "goemotions": 1.0,
    "topic_tweets": 1.0,
    "software": 1.0,
    "review_sentences": 1.0,
    "rated_snippets": 1.0,
    "finance": 1.0,
    "news": 1.0,
    "neutral_requests": 0.5,
    "hotel_sentences": 1.0,
    "hotel_reviews": 1.0,
    "app_reviews": 1.0,
    "game_reviews": 1.0,
    "course_comments": 1.0,
}
# Share of the longer texts that people wrote on which each change that keeps the label is tried.
CHANGED = 0.2
_AS_THEY_ARE = {"templates", "mpqa", "nothing"}
_NOTHING = [
    "",
    " ",
    ".",
    "...",
    "?",
    "-",
    "ok",
    "n/a",
    "none",
    "test",
    "hello",
    "hi",
    "yes",
    "no",
    "not",
    "the",
    "and",
]


@dataclass(frozen=True)
class Mixture:
    """Texts to train on, by source; texts to select on, by set; and texts without labels.

    Attributes:
        sources: Labelled training texts of each source, before ``RATES``.
        validation: Named held-out sets.
        unlabelled: Texts for word vectors.
        reviews: The unlabelled texts that are film reviews.
        held_out: Function that says if a text is, but for spacing, case and punctuation, one to validate or
            test on, the negation suite included: for texts made from these, such as single sentences.
        dropped: Number of texts that each source lost because a test or validation text is (nearly) the same.
    """

    sources: dict[str, Labelled]
    validation: dict[str, Labelled]
    unlabelled: list[str] = field(repr=False)
    dropped: dict[str, int]
    reviews: list[str] = field(default_factory=list, repr=False)
    held_out: Callable[[str], bool] = field(default=lambda text: False, repr=False)

    def training(self, *, seed: int, share: float = 1.0, rates: Mapping[str, float] = RATES) -> Labelled:
        """Return texts and labels of one run: sources at their rates times ``share``, some texts changed."""
        texts, _, labels = self.drawn(seed=seed, share=share, rates=rates)
        return texts, labels

    def drawn(
        self, *, seed: int, share: float = 1.0, rates: Mapping[str, float] = RATES
    ) -> tuple[list[str], list[str], list[str]]:
        """Return texts, the same before some were changed, and labels of one run, as ``training`` does."""
        rng = np.random.default_rng(seed)
        texts: list[str] = []
        originals: list[str] = []
        labels: list[str] = []
        for name, (source_texts, source_labels) in self.sources.items():
            count = round(share * rates[name] * len(source_texts))
            whole, rest = divmod(count, max(1, len(source_texts)))
            which = [*range(len(source_texts))] * whole
            which += rng.permutation(len(source_texts))[:rest].tolist()
            own = [source_texts[i] for i in which]
            originals += own
            texts += own if name in _AS_THEY_ARE else perturbed(own, share=CHANGED, seed=seed)
            labels += [source_labels[i] for i in which]
        return texts, originals, labels


def build(data: str | Path, *, seed: int = 0, templates: int = 400_000) -> Mixture:
    """Read the corpora below ``data`` (extra ``train``).

    Raises:
        DataError: If a corpus is not where it should be.
        MissingExtraError: If pandas (which comes with ``datasets``) is not installed.
    """
    read = reader(Path(data))
    rng = np.random.default_rng(seed)
    tests = [read(f"sentiment/{name}")["text"] for name in ("imdb/test", "sst/sentences_test", "tweets/test")]
    guard = Guard(text for texts in tests for text in texts)
    for texts, _ in everyday_tests(data).values():
        guard.add(texts)

    validation: dict[str, Labelled] = {}
    sources: dict[str, Labelled] = {}

    def hold_out(name: str, texts: list[str], labels: list[str], count: int) -> Labelled:
        """Put ``count`` texts into the validation set ``name``; return the rest."""
        order = rng.permutation(len(texts)).tolist()
        held, rest = sorted(order[:count]), sorted(order[count:])
        validation[name] = [texts[i] for i in held], [labels[i] for i in held]
        return [texts[i] for i in rest], [labels[i] for i in rest]

    sst = read("sentiment/sst/sentences_validation")
    pairs = [
        (detokenize_treebank(t), _FIVE.get(y, y)) for t, y in zip(sst["text"], sst["label"], strict=True)
    ]
    polar = [(text, label) for text, label in pairs if label != "neutral"]
    validation["sst2"] = [t for t, _ in polar], [y for _, y in polar]
    validation["sst3"] = [t for t, _ in pairs], [y for _, y in pairs]
    flipped = read("sentiment/imdb_counterfactual/validation")
    validation["counterfactual"] = flipped["text"], flipped["label"]
    guard.add(sst["text"])
    guard.add(flipped["text"])
    everyday, held_everyday = everyday_parts(read, guard)
    validation |= held_everyday

    imdb = read("sentiment/imdb/train")
    sources["imdb"] = hold_out("imdb", *guard.clean("imdb", imdb["text"], imdb["label"]), 1_500)
    edited = read("sentiment/imdb_counterfactual/train")
    known = guard.also(validation["imdb"][0])
    leaking = {pair for pair, text in zip(edited["pair"], edited["text"], strict=True) if known(text)}
    guard.dropped["counterfactual"] = sum(pair in leaking for pair in edited["pair"])
    kept = [i for i, pair in enumerate(edited["pair"]) if pair not in leaking]
    sources["counterfactual"] = [edited["text"][i] for i in kept], [edited["label"][i] for i in kept]

    for name in ("sst_sentences", "sst_phrases"):
        part = read(
            "sentiment/sst/"
            + name.replace("sst_sentences", "sentences_train").replace("sst_phrases", "phrases_train")
        )
        labels = [str(_FIVE.get(label, label)) for label in part["label"]]
        sources[name] = guard.clean(name, [detokenize_treebank(text) for text in part["text"]], labels)
    guard_rt = Guard([*sst["text"], *tests[1]], prefix=40)
    rotten = read("sentiment/rotten_tomatoes/all")
    seen = {key_of(text) for text in sources["sst_sentences"][0]}
    fresh = [i for i, text in enumerate(rotten["text"]) if key_of(text) not in seen]
    sources["rotten_tomatoes"] = guard_rt.clean(
        "rotten_tomatoes",
        [detokenize_treebank(rotten["text"][i]) for i in fresh],
        [rotten["label"][i] for i in fresh],
    )
    guard.dropped |= guard_rt.dropped

    tweets = read("sentiment/tweets/train")
    sources["tweets"] = hold_out("tweets", *guard.clean("tweets", tweets["text"], tweets["label"]), 2_000)
    negative = [text for text, label in zip(*sources["tweets"], strict=True) if label == "negative"]
    sources["tweets_negative"] = negative, ["negative"] * len(negative)

    amazon = read("sentiment/amazon/all")
    sources["amazon"] = hold_out("amazon", amazon["text"], amazon["label"], 600)
    for name, file in (
        ("customer_reviews", "customer_reviews/all"),
        ("mpqa", "mpqa_phrases/all"),
        ("yelp", "yelp_sentences/all"),
    ):
        part = read(f"sentiment/{file}")
        wanted = [i for i, text in enumerate(part["text"]) if len(text.split()) > 1]
        sources[name] = (
            [detokenize_treebank(part["text"][i]) for i in wanted],
            [part["label"][i] for i in wanted],
        )
    plots = read("sentiment/subjectivity/all")
    objective = [
        text for text, label in zip(plots["text"], plots["label"], strict=True) if label == "objective"
    ]
    sources["plots"] = [detokenize_treebank(text) for text in objective], ["neutral"] * len(objective)

    reviews = read("sentiment/imdb/unlabelled")["text"]
    near = Guard((*tests[0], *validation["imdb"][0], *flipped["text"]), prefix=150)
    unlabelled, _ = near.clean("unlabelled", reviews, reviews)
    guard.dropped |= near.dropped
    sources |= everyday
    captions = read("parallel/multi30k/train")["en"]
    prose = _sentences(Path(data) / "text" / "wikitext2.train.txt.xz", rng, 6_000)
    neutral = {"captions": captions, "encyclopedia": prose}
    for name, texts in neutral.items():
        sources[name] = texts, ["neutral"] * len(texts)
    held = read("parallel/multi30k/validation")["en"][:300]
    adjectives = opinion_adjectives(sources["sst_phrases"], unlabelled, exclude=_reserved_words())
    clauses, held_clauses = _clauses(sources, guard)
    made = generate(templates, seed=seed, more_words=adjectives | clauses)
    near_suite = Near(suite_texts())
    made = [example for example in made if not near_suite(example.text)]
    sources["templates"] = [example.text for example in made], [example.label for example in made]
    dev = generate(2_500, seed=seed, split="dev", more_words=held_clauses)
    validation["templates"] = (
        [example.text for example in dev] + held,
        [example.label for example in dev] + ["neutral"] * len(held),
    )
    sources["nothing"] = _NOTHING * 10, ["neutral"] * (10 * len(_NOTHING))
    everything = dict.fromkeys([*unlabelled, *(text for texts, _ in sources.values() for text in texts)])
    held_out = guard.also([*suite_texts(), *(text for texts, _ in validation.values() for text in texts)])
    return Mixture(sources, validation, list(everything), guard.dropped, unlabelled, held_out)


def suite_texts() -> list[str]:
    """Return the texts of both suites of cases, which nothing learns."""
    cases = [*load_suite(), *load_suite(suite="everyday")]
    return [text for case in cases for text in case.texts]


def official_tests(data: str | Path) -> dict[str, Labelled]:
    """Read the test splits, to be used once, when every choice has been made.

    Raises:
        DataError: If a corpus is missing.
    """
    read = reader(Path(data))
    imdb, sst, tweets = (
        read(f"sentiment/{name}") for name in ("imdb/test", "sst/sentences_test", "tweets/test")
    )
    three = [_FIVE.get(label, label) for label in sst["label"]]
    sentences = [detokenize_treebank(text) for text in sst["text"]]
    polar = [i for i, label in enumerate(three) if label != "neutral"]
    return {
        "IMDb": (imdb["text"], imdb["label"]),
        "SST-2": ([sentences[i] for i in polar], [three[i] for i in polar]),
        "SST, three classes": (sentences, three),
        "SemEval-2017 tweets": (tweets["text"], tweets["label"]),
    }


def counterfactual_pairs(data: str | Path) -> tuple[list[str], list[str], list[str]]:
    """Read held-out reviews, each as written and as edited until its label flips: texts, labels, pairs.

    Raises:
        DataError: If the corpus is missing.
    """
    edited = reader(Path(data))("sentiment/imdb_counterfactual/validation")
    return edited["text"], edited["label"], edited["pair"]


def labelled_reviews(mixture: Mixture) -> Labelled:
    """Return the film reviews to learn from, with those that people edited until their label flipped."""
    own, edited = mixture.sources["imdb"], mixture.sources["counterfactual"]
    return own[0] + edited[0], own[1] + edited[1]


def amazon_domains(data: str | Path) -> dict[str, Labelled]:
    """Read product reviews by domain, each text once.

    Raises:
        DataError: If the corpus is missing.
    """
    reviews = reader(Path(data))("sentiment/amazon/all")
    found: dict[str, Labelled] = {name: ([], []) for name in sorted(set(reviews["domain"]))}
    seen: set[str] = set()
    for text, label, name in zip(reviews["text"], reviews["label"], reviews["domain"], strict=True):
        if (key := key_of(text)[:150]) in seen:
            continue
        seen.add(key)
        found[name][0].append(text)
        found[name][1].append(label)
    return found


def _clauses(
    sources: Mapping[str, Labelled], guard: Guard
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return clauses of the training texts that hold one opinion; one in twenty is for validation."""
    train: dict[str, list[str]] = {}
    held: dict[str, list[str]] = {}
    texts: Labelled = [], []
    for name in ("imdb", "sst_sentences", "rotten_tomatoes", "amazon", "customer_reviews", "yelp"):
        for own, more in zip(texts, sources[name], strict=True):
            own += more
    known = guard.also(suite_texts())
    for slot, clauses in opinion_clauses(texts, sources["sst_phrases"]).items():
        fresh = [clause for clause in clauses if not known(clause)]
        held[slot] = fresh[::20]
        train[slot] = [clause for number, clause in enumerate(fresh) if number % 20]
    return train, held


def _reserved_words() -> set[str]:
    """Return opinion words of negation suite and dev templates, which no training template uses."""
    content = json.loads((data_folder("negation") / "vocabulary.json").read_text(encoding="utf-8"))
    words = set(content["opinion"])
    dev, train = load_words("dev"), load_words("train")
    for slot in ("pos", "neg"):
        for table, other in (
            (dev.lists, train.lists),
            *((dev.domains[name], train.domains[name]) for name in dev.domains),
        ):
            words |= set(table.get(slot, ())) - set(other.get(slot, ()))
    return words


def _sentences(path: Path, rng: np.random.Generator, count: int) -> list[str]:
    """Return some sentences of 5 to 30 words of a WikiText file."""
    if not path.is_file():
        raise DataError(f"{path} is missing: give the folder that holds sentiment/, parallel/ and text/")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and not line.strip().startswith("=")]
    found = [
        detokenize_treebank(re.sub(r" @(.)@ ", r"\1", sentence)) + "."
        for line in lines
        for sentence in line.split(" . ")
        if 5 <= len(sentence.split()) <= 30 and "<unk>" not in sentence
    ]
    return [found[i] for i in sorted(rng.permutation(len(found))[:count].tolist())]
