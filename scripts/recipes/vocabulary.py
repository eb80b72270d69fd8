"""The vocabulary of a shipped classifier, made anew, and the model that it goes on from carried over to it.

Words that the model before knew keep their vectors; the others lie where words that stand beside the same
words do; an emoji lies where the words of its name do, moved by how people rated the tweets that have it.
Knows tokens, vectors and a classifier; not what it will learn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import require
from nlp_rnn.text import TextTokenizer, cooccurrence_vectors, everyday_words, transfer_vectors
from scripts.recipes.corpora import Read
from scripts.recipes.opinions import Labelled

F32 = NDArray[np.float32]

VOCAB_SIZE, KNOWN_WORDS, WIDE_ROWS = 40_000, 50_000, 2**18
_SEEN = 5  # tweets from which an emoji's rating is believed


def new_tokenizer(texts: Sequence[str]) -> TextTokenizer:
    """Return a tokenizer of words in the second reading, trained on these texts (extra ``words``)."""
    tokenizer = TextTokenizer(
        "word", vocab_size=VOCAB_SIZE, min_count=3, max_tokens=1024, mend_typos=True, reading=2
    )
    return tokenizer.train(texts, known_words=everyday_words(KNOWN_WORDS))


def carried_over(
    before: SentimentClassifier,
    tokenizer: TextTokenizer,
    texts: Sequence[str],
    *,
    rated: Mapping[str, float],
    words: Labelled,
    wide_rows: int = WIDE_ROWS,
) -> TextArtifact[ModelConfig]:
    """Return a model with a new vocabulary: its recurrent layers as before, its vectors carried over.

    Its wide path starts at nothing, as its runs of words are others.

    Args:
        before: The model it goes on from.
        tokenizer: The new vocabulary.
        texts: Texts from which the new words' vectors come.
        rated: How positive emoji are, in [-1, 1].
        words: Words with their labels, which say what is positive in the space of the vectors.
        wide_rows: Rows of its wide path.
    """
    old = {token: row for row, token in enumerate(before.artifact.tokenizer.vocab)}
    rows = tokenizer.encode_batch(texts)
    counts_W = np.bincount(np.concatenate([np.asarray(row) for row in rows]), minlength=tokenizer.vocab_size)
    fresh_WF = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size)
    old_VE = np.asarray(before.artifact.weights["embedding.weight"], np.float32)
    vectors_WE = transfer_vectors(old, old_VE, tokenizer.vocab, fresh_WF, seen=np.log1p(counts_W).tolist())
    direction_E = positive_direction(tokenizer, vectors_WE, words)
    for token, vector_E in emoji_vectors(tokenizer, vectors_WE, direction_E, rated).items():
        vectors_WE[token] = vector_E
    config = replace(before.artifact.config, vocab_size=tokenizer.vocab_size, wide_rows=wide_rows)
    weights = dict(before.artifact.weights) | {"embedding.weight": vectors_WE}
    weights["wide.weight"] = np.zeros((wide_rows, config.num_classes), np.float32)
    return replace(before.artifact, tokenizer=tokenizer, config=config, weights=weights)


def positive_direction(tokenizer: TextTokenizer, vectors_WE: F32, words: Labelled) -> F32:
    """Return the way from the mean of the negative words to the mean of the positive ones.

    Shape:
        (E,).
    """
    means = []
    for wanted in ("positive", "negative"):
        found = [tokenizer.token_to_id(word) for word, label in zip(*words, strict=True) if label == wanted]
        means.append(vectors_WE[[token for token in found if token is not None]].mean(axis=0))
    return np.asarray(means[0] - means[1])


def emoji_vectors(
    tokenizer: TextTokenizer, vectors_WE: F32, direction_E: F32, rated: Mapping[str, float]
) -> dict[int, F32]:
    """Return a vector for each emoji of a vocabulary, by its id.

    The mean of the vectors of its name's words and, where people rated it, a step of its rating along
    ``direction_E``; so an emoji that few texts have means something from the start.
    """
    emoji = require("emoji", extra="teach")
    found: dict[int, F32] = {}
    for token, text in enumerate(tokenizer.vocab):
        if not emoji.is_emoji(text):
            continue
        name = re.findall("[a-z]+", emoji.demojize(text, delimiters=("", "")).lower())
        known = [i for i in map(tokenizer.token_to_id, name) if i is not None]
        base_E = vectors_WE[known].mean(axis=0) if known else vectors_WE[token]
        found[token] = base_E + 2 * rated.get(text, 0.0) * direction_E
    return found


def emoji_ratings(read: Read) -> dict[str, float]:
    """Read how positive emoji are (Emoji Sentiment Ranking, Novak et al. 2015, CC BY-SA 4.0).

    Raises:
        DataError: If the table is missing.
    """
    table = read("sentiment/emoji/ranking")
    each = zip(table["emoji"], table["score"], table["occurrences"], strict=True)
    return {text: float(score) for text, score, count in each if count >= _SEEN}
