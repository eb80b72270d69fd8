"""The command line: ``nlp-rnn classify | explain | generate | review | train | ...``."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.cli.app import main as main
    from nlp_rnn.cli.app import run_script as run_script
    from nlp_rnn.cli.output import say as say
    from nlp_rnn.cli.progress import progress_bar as progress_bar
    from nlp_rnn.cli.progress import training_bar as training_bar

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "app": ["main", "run_script"],
        "output": ["say"],
        "progress": ["progress_bar", "training_bar"],
    },
)
