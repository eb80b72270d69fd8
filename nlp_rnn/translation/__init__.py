"""Translation: an encoder-decoder that learns from pairs of texts, beam search, BLEU."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.translation.beam import beam_search as beam_search
    from nlp_rnn.translation.result import Translation as Translation
    from nlp_rnn.translation.scores import Quality as Quality
    from nlp_rnn.translation.scores import plot_by_length as plot_by_length
    from nlp_rnn.translation.scores import score_by_length as score_by_length
    from nlp_rnn.translation.scores import score_translations as score_translations
    from nlp_rnn.translation.translator import Translator as Translator

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "translator": ["Translator"],
        "result": ["Translation"],
        "beam": ["beam_search"],
        "scores": ["Quality", "plot_by_length", "score_by_length", "score_translations"],
    },
)
