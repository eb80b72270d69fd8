"""The models in NumPy, for use: the files and the names are those of ``nn/``."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.runtime.audio import SpotterGRU as SpotterGRU
    from nlp_rnn.runtime.characters import CharRNN as CharRNN
    from nlp_rnn.runtime.classifier import BiLSTMClassifier as BiLSTMClassifier
    from nlp_rnn.runtime.encoder import RecurrentEncoder as RecurrentEncoder
    from nlp_rnn.runtime.engine import Engine as Engine
    from nlp_rnn.runtime.engine import NumpyEngine as NumpyEngine
    from nlp_rnn.runtime.engine import make_engine as make_engine
    from nlp_rnn.runtime.pooling import Pooling as Pooling
    from nlp_rnn.runtime.seq2seq import Seq2Seq as Seq2Seq
    from nlp_rnn.runtime.threads import single_threaded as single_threaded
    from nlp_rnn.runtime.timeseries import TimeSeriesLSTM as TimeSeriesLSTM

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "audio": ["SpotterGRU"],
        "classifier": ["BiLSTMClassifier"],
        "characters": ["CharRNN"],
        "seq2seq": ["Seq2Seq"],
        "timeseries": ["TimeSeriesLSTM"],
        "encoder": ["RecurrentEncoder"],
        "pooling": ["Pooling"],
        "engine": ["Engine", "NumpyEngine", "make_engine"],
        "threads": ["single_threaded"],
    },
)
