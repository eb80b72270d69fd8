"""From text to tokens and ids: sentences, spelling, tokenizers, word vectors."""
