"""The models in torch, for training and for bulk work (extra ``train``)."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.nn.audio import SpotterGRU as SpotterGRU
    from nlp_rnn.nn.characters import CharRNN as CharRNN
    from nlp_rnn.nn.classifier import BiLSTMClassifier as BiLSTMClassifier
    from nlp_rnn.nn.encoder import RecurrentEncoder as RecurrentEncoder
    from nlp_rnn.nn.engine import TorchEngine as TorchEngine
    from nlp_rnn.nn.language import BiLanguageModel as BiLanguageModel
    from nlp_rnn.nn.pooling import Pooling as Pooling
    from nlp_rnn.nn.seq2seq import Seq2Seq as Seq2Seq
    from nlp_rnn.nn.timeseries import TimeSeriesLSTM as TimeSeriesLSTM

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "audio": ["SpotterGRU"],
        "classifier": ["BiLSTMClassifier"],
        "characters": ["CharRNN"],
        "seq2seq": ["Seq2Seq"],
        "timeseries": ["TimeSeriesLSTM"],
        "language": ["BiLanguageModel"],
        "encoder": ["RecurrentEncoder"],
        "pooling": ["Pooling"],
        "engine": ["TorchEngine"],
    },
)
