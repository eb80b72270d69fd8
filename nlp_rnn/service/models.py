"""The models that a service answers with, loaded once, and the facts about them.

Knows the library; knows no requests and no threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.risk.filter import POLICIES, RiskFilter
from nlp_rnn.sentiment.classifier import SentimentClassifier
from nlp_rnn.service.schemas import ModelFacts
from nlp_rnn.service.settings import ServiceSettings

FILTER_NAME = "risk-filter"
"""The name of the risk filter as a model."""


class Models:
    """A classifier, a writer, and a risk filter for each policy.

    Args:
        settings: Which models.

    Raises:
        ArtifactError: If a model folder is not whole.
        MissingExtraError: If a model needs an extra that is not installed.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.classifier = SentimentClassifier.from_pretrained(settings.model, threads=1)
        self.generator = CharGenerator.from_pretrained(settings.generator)
        first = RiskFilter()
        self.filters = {
            policy: RiskFilter(policy, claims=first.claims, rules=first.rules) for policy in POLICIES
        }

    def warm_up(self) -> None:
        """Answer once, so that no client waits for what is loaded at first use."""
        self.classifier.predict_proba(["good", "a somewhat longer text"])
        self.filters["annotate"].review("The study confirmed it.", memory=self.generator.memory)

    def facts(self) -> Iterator[ModelFacts]:
        """Yield a model's facts after the other."""
        for model in (self.classifier, self.generator):
            artifact: Any = model.artifact
            facts = ModelFacts(model.name, artifact.task, model.fingerprint, artifact.card)
            if model is self.classifier:
                facts.classes = list(artifact.classes)
            yield facts
        card = "Reviews texts: rules, a check-worthiness classifier, copies, confidence. See docs/GUIDE.md.\n"
        yield ModelFacts(FILTER_NAME, "risk", "", card)
