"""Language models that a classifier starts from: pretraining on texts without labels."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.language.model import LanguageModel as LanguageModel

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "model": ["LanguageModel"],
    },
)
