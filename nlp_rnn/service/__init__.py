"""The models over HTTP: classification, explanations, reviews and marked text, with limits that hold."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.service.app import make_app as make_app
    from nlp_rnn.service.server import serve as serve
    from nlp_rnn.service.settings import ServiceSettings as ServiceSettings

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "app": ["make_app"],
        "server": ["serve"],
        "settings": ["ServiceSettings"],
    },
)
