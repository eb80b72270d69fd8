"""Training any torch model: the loop, schedules, checkpoints that resume exactly, curves."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.training.buckets import LengthBuckets as LengthBuckets
    from nlp_rnn.training.curves import best_epoch as best_epoch
    from nlp_rnn.training.curves import plot_history as plot_history
    from nlp_rnn.training.curves import read_history as read_history
    from nlp_rnn.training.loop import Progress as Progress
    from nlp_rnn.training.loop import Task as Task
    from nlp_rnn.training.loop import Trainer as Trainer
    from nlp_rnn.training.loop import seeded as seeded
    from nlp_rnn.training.schedule import warmup_cosine as warmup_cosine

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "loop": ["Progress", "Task", "Trainer", "seeded"],
        "buckets": ["LengthBuckets"],
        "curves": ["best_epoch", "plot_history", "read_history"],
        "schedule": ["warmup_cosine"],
    },
)
