"""Files: texts and their labels, corpora, pairs, series, characters; read row by row, and written."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.files.characters import read_characters as read_characters
    from nlp_rnn.files.characters import split_at as split_at
    from nlp_rnn.files.clock import with_clock as with_clock
    from nlp_rnn.files.gaps import fill_missing as fill_missing
    from nlp_rnn.files.labelled import Corpus as Corpus
    from nlp_rnn.files.labelled import load_corpus as load_corpus
    from nlp_rnn.files.labelled import stream_corpus as stream_corpus
    from nlp_rnn.files.pairs import read_pairs as read_pairs
    from nlp_rnn.files.pairs import references_of as references_of
    from nlp_rnn.files.rows import unpacked as unpacked
    from nlp_rnn.files.series import Series as Series
    from nlp_rnn.files.series import read_series as read_series
    from nlp_rnn.files.tables import Layout as Layout
    from nlp_rnn.files.texts import Record as Record
    from nlp_rnn.files.texts import read_texts as read_texts
    from nlp_rnn.files.texts import write_records as write_records

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "texts": ["Record", "read_texts", "write_records"],
        "labelled": ["Corpus", "load_corpus", "stream_corpus"],
        "pairs": ["read_pairs", "references_of"],
        "series": ["Series", "read_series"],
        "clock": ["with_clock"],
        "gaps": ["fill_missing"],
        "characters": ["read_characters", "split_at"],
        "rows": ["unpacked"],
        "tables": ["Layout"],
    },
)
