"""Translation: an encoder-decoder that learns from pairs of texts."""
