"""Bulk: files larger than memory, labelled by several processes, in a run that survives a kill."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.bulk.inputs import Inputs as Inputs
    from nlp_rnn.bulk.inputs import check_inputs as check_inputs
    from nlp_rnn.bulk.run import Progress as Progress
    from nlp_rnn.bulk.run import Summary as Summary
    from nlp_rnn.bulk.run import label_files as label_files
    from nlp_rnn.bulk.settings import BulkSettings as BulkSettings

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "settings": ["BulkSettings"],
        "inputs": ["Inputs", "check_inputs"],
        "run": ["Progress", "Summary", "label_files"],
    },
)
