"""From text to tokens and ids: markup, mails, sentences, tokenizers, spelling, word vectors."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.text.cooccurrence import cooccurrence_vectors as cooccurrence_vectors
    from nlp_rnn.text.known import KnownWords as KnownWords
    from nlp_rnn.text.known import everyday_words as everyday_words
    from nlp_rnn.text.mail import Part as Part
    from nlp_rnn.text.mail import mail_parts as mail_parts
    from nlp_rnn.text.markup import plain_text as plain_text
    from nlp_rnn.text.scripts import language_of_script as language_of_script
    from nlp_rnn.text.scripts import script_counts as script_counts
    from nlp_rnn.text.scripts import script_of as script_of
    from nlp_rnn.text.scripts import script_share as script_share
    from nlp_rnn.text.sentences import begins_sentence as begins_sentence
    from nlp_rnn.text.sentences import detokenize_treebank as detokenize_treebank
    from nlp_rnn.text.sentences import split_sentences as split_sentences
    from nlp_rnn.text.tokenizer import Encoding as Encoding
    from nlp_rnn.text.tokenizer import TextTokenizer as TextTokenizer
    from nlp_rnn.text.tokenizer import basic_english as basic_english
    from nlp_rnn.text.transfer import transfer_vectors as transfer_vectors
    from nlp_rnn.text.vectors import WordVectors as WordVectors
    from nlp_rnn.text.vectors import load_vectors as load_vectors

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "known": ["KnownWords", "everyday_words"],
        "mail": ["Part", "mail_parts"],
        "markup": ["plain_text"],
        "scripts": ["language_of_script", "script_counts", "script_of", "script_share"],
        "sentences": ["begins_sentence", "detokenize_treebank", "split_sentences"],
        "tokenizer": ["Encoding", "TextTokenizer", "basic_english"],
        "cooccurrence": ["cooccurrence_vectors"],
        "vectors": ["WordVectors", "load_vectors"],
        "transfer": ["transfer_vectors"],
    },
)
