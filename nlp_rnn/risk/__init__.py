"""The risk filter: what makes a text risky to rely on, sentence by sentence."""
