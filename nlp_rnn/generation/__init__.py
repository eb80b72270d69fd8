"""Text from a character model: training it, sampling from it, and marking what it wrote."""
