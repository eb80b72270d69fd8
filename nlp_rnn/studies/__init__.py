"""What the toolkit is built on, measured. Each study gives a table, JSON and a picture."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.studies.canaries import Exposure as Exposure
    from nlp_rnn.studies.canaries import exposure as exposure
    from nlp_rnn.studies.canaries import hide as hide
    from nlp_rnn.studies.canaries import make_canaries as make_canaries
    from nlp_rnn.studies.gradients import FULL as FULL
    from nlp_rnn.studies.gradients import QUICK as QUICK
    from nlp_rnn.studies.gradients import study_gradients as study_gradients
    from nlp_rnn.studies.memory import FULL_MEMORY as FULL_MEMORY
    from nlp_rnn.studies.memory import QUICK_MEMORY as QUICK_MEMORY
    from nlp_rnn.studies.memory import MemorySize as MemorySize
    from nlp_rnn.studies.memory import MemoryStudy as MemoryStudy
    from nlp_rnn.studies.memory import study_memory as study_memory
    from nlp_rnn.studies.temperature import TemperatureStudy as TemperatureStudy
    from nlp_rnn.studies.temperature import study_temperature as study_temperature
    from nlp_rnn.studies.translation import TranslationStudy as TranslationStudy
    from nlp_rnn.studies.translation import study_translation as study_translation

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "gradients": ["FULL", "QUICK", "study_gradients"],
        "memory": ["FULL_MEMORY", "QUICK_MEMORY", "MemorySize", "MemoryStudy", "study_memory"],
        "temperature": ["TemperatureStudy", "study_temperature"],
        "translation": ["TranslationStudy", "study_translation"],
        "canaries": ["Exposure", "exposure", "hide", "make_canaries"],
    },
)
