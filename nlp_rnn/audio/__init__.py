"""Keyword spotting: sounds in, the words heard in them out, from clips and from streams."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.audio.alarms import TradeOff as TradeOff
    from nlp_rnn.audio.alarms import plot_trade_off as plot_trade_off
    from nlp_rnn.audio.alarms import trade_off as trade_off
    from nlp_rnn.audio.detection import Detection as Detection
    from nlp_rnn.audio.detection import Detector as Detector
    from nlp_rnn.audio.detection import detect as detect
    from nlp_rnn.audio.features import FrameStream as FrameStream
    from nlp_rnn.audio.features import log_mel as log_mel
    from nlp_rnn.audio.features import mel_filters as mel_filters
    from nlp_rnn.audio.files import LabelledClips as LabelledClips
    from nlp_rnn.audio.files import read_clips as read_clips
    from nlp_rnn.audio.files import read_sound as read_sound
    from nlp_rnn.audio.spotter import KeywordSpotter as KeywordSpotter
    from nlp_rnn.audio.stretches import Spoken as Spoken
    from nlp_rnn.audio.stretches import glue as glue

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "alarms": ["TradeOff", "plot_trade_off", "trade_off"],
        "detection": ["Detection", "Detector", "detect"],
        "features": ["FrameStream", "log_mel", "mel_filters"],
        "files": ["LabelledClips", "read_clips", "read_sound"],
        "spotter": ["KeywordSpotter"],
        "stretches": ["Spoken", "glue"],
    },
)
