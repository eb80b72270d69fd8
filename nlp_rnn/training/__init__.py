"""Training any torch model: the loop, schedules, checkpoints that resume exactly, curves."""
