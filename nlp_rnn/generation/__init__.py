"""Text that a character model writes, marked as such."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.generation.continuous import OpenText as OpenText
    from nlp_rnn.generation.continuous import TextBatch as TextBatch
    from nlp_rnn.generation.decoding import Decoder as Decoder
    from nlp_rnn.generation.decoding import Draft as Draft
    from nlp_rnn.generation.generator import CharGenerator as CharGenerator
    from nlp_rnn.generation.result import Generated as Generated
    from nlp_rnn.generation.result import TextStream as TextStream
    from nlp_rnn.generation.sampling import Sampling as Sampling

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "generator": ["CharGenerator"],
        "result": ["Generated", "TextStream"],
        "sampling": ["Sampling"],
        "continuous": ["OpenText", "TextBatch"],
        "decoding": ["Decoder", "Draft"],
    },
)
