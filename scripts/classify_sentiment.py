#!/usr/bin/env python
"""Label the texts given, or each line of standard input, with the shipped model.

    python scripts/classify_sentiment.py "Movie was not good"
    python scripts/classify_sentiment.py < reviews.txt

``nlp-rnn classify`` does the same and reads tables, too.
"""

from __future__ import annotations

import sys

from nlp_rnn import SentimentClassifier

texts = sys.argv[1:] or [line.rstrip("\n") for line in sys.stdin]
classifier = SentimentClassifier.from_pretrained()
for text, probs in zip(texts, classifier.predict_proba(texts), strict=True):
    sentiment = classifier.sentiment(probs)
    print(f"{sentiment.label}\t{sentiment.score:.2f}\t{sentiment.polarity:+.2f}\t{text}")
