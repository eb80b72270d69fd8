"""The input of a command: the model that its options name, and texts from the command line, files or a pipe.

Knows options; how files are read and models are built is in ``files`` and in the models' own folders.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nlp_rnn.cli.output import say, say_notes, say_skipped
from nlp_rnn.cli.progress import progress_bar
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nlp_rnn.files.tables import Layout
    from nlp_rnn.sentiment.classifier import SentimentClassifier

_CHUNK = 1024  # texts answered at once


def load_model(
    model: str | None, engine: str = "auto", device: str = "cpu", threads: int | None = None
) -> SentimentClassifier:
    """Return the classifier that ``--model``, ``--engine``, ``--device`` and ``--threads`` name."""
    from nlp_rnn.sentiment.classifier import SentimentClassifier

    return SentimentClassifier.from_pretrained(model, engine=engine, device=device, threads=threads)


def predict_with_bar(classifier: SentimentClassifier, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the probabilities of many texts, *shape (N, C)*, and show a bar meanwhile."""
    import numpy as np

    parts = []
    with progress_bar("{task.completed:,} of {task.total:,} texts") as bar:
        task = bar.add_task("", total=len(texts))
        for start in range(0, len(texts), _CHUNK):
            parts.append(classifier.predict_proba(texts[start : start + _CHUNK]))
            bar.advance(task, len(parts[-1]))
    return np.concatenate(parts) if parts else classifier.predict_proba([])


@dataclass(frozen=True, kw_only=True)
class LabelledOptions:
    """The options that say how labelled texts are read, by their names."""

    text_column: str | None
    label_column: str
    label_map: str | None
    treebank: bool
    on_error: str
    input_format: str
    delimiter: str | None
    quoting: str
    encoding: str
    no_header: bool

    def load(
        self, source: str, *, split: str, classes: list[str] | None = None
    ) -> tuple[list[str], list[str]]:
        """Return texts and labels of a file, a folder or a named corpus.

        Args:
            source: As ``--data`` names it.
            split: The part of a named corpus or a folder.
            classes: If given, these labels and no others are allowed.

        Raises:
            DataError, InputError: If there are no such texts, or they have no labels.
        """
        from nlp_rnn.files.labelled import load_corpus
        from nlp_rnn.files.named import NAMED
        from nlp_rnn.text.sentences import detokenize_treebank

        corpus = load_corpus(
            source,
            text_column=self.text_column,
            label_column=None if source in NAMED and self.label_column == "label" else self.label_column,
            label_map=None if self.label_map is None else _label_map(self.label_map),
            split=split,
            on_error=self.on_error,
            classes=classes,
            format=self.input_format,
            layout=layout_of(self.delimiter, self.quoting, self.encoding, self.no_header),
        )
        say_notes(corpus.notes)
        if corpus.labels is None:
            raise InputError(f"{corpus.name} has no labels: name their column with --label-column")
        if corpus.skipped:
            say_skipped(corpus.skipped, corpus.reasons)
        texts = [detokenize_treebank(text) for text in corpus.texts] if self.treebank else corpus.texts
        return texts, corpus.labels


def layout_of(delimiter: str | None, quoting: str, encoding: str, no_header: bool) -> Layout:
    """Return what ``--delimiter``, ``--quoting``, ``--encoding`` and ``--no-header`` say about a file."""
    from nlp_rnn.files.tables import Layout

    return Layout(delimiter=delimiter, quoting=quoting, encoding=encoding, header=not no_header)


def _label_map(pairs: str) -> dict[str, str | None]:
    """Return ``0=negative,1=positive,2=`` as a dict; an empty name leaves the label out."""
    found: dict[str, str | None] = {}
    for pair in pairs.split(","):
        label, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not label:
            raise InputError(f"Invalid --label-map part {pair!r}; it should be like 0=negative,1=positive")
        found[label] = name or None
    return found


def given_texts(
    texts: list[str] | None, file: Path | None, column: str | None, *, to: str
) -> list[str] | None:
    """Return the texts on the command line, or None if a file or a pipe is to be read; ``to`` says what for.

    Raises:
        InputError: If there are both texts and a file, or there is nothing at all.
    """
    if texts and texts != ["-"]:
        if file is not None or column is not None:
            raise InputError("give texts, or --file with --column, not both")
        return texts
    if file is None and not texts and sys.stdin.isatty():
        raise InputError(f"there is nothing to {to}: give texts, --file FILE, or pipe one text a line")
    return None


def load_texts(
    sources: Sequence[str],
    column: str | None,
    on_error: str,
    *,
    input_format: str,
    layout: Layout,
    beside: bool = False,
) -> list[str]:
    """Return the texts of files, and of the files in folders, that are not empty; labels are not read.

    Args:
        sources: Files and folders.
        column: The column of the texts, or None.
        on_error: ``raise`` or ``skip``.
        input_format: The format of files whose name does not say it; for a single file, of that file.
        layout: How the files are written; where there are several, what is for tables is for the tables.
        beside: True if these options are about another file, too.
    """
    from nlp_rnn.files.texts import read_texts

    texts: list[str] = []
    blank = 0
    for source in sources:
        files = files_in(source, input_format)
        several = beside or files is not None or len(sources) > 1
        for file in [Path(source)] if files is None else files:
            found = _format(file, input_format, by_name=several)
            said = layout.fitting(found) if several else layout
            with read_texts(file, column=column, format=found, on_error=on_error, layout=said) as reader:
                for record in reader:
                    if record.blank:
                        blank += 1
                    else:
                        texts.append(record.text)
            say_notes(reader.notes)
            if reader.skipped:
                say_skipped(reader.skipped, reader.reasons)
    if blank:
        say(f"Left out {blank:,} row{'' if blank == 1 else 's'} without a text")
    return texts


def _format(file: Path, input_format: str, *, by_name: bool) -> str:
    """Return the format of a file: the one given, or with ``by_name`` first what its name says."""
    from nlp_rnn.files.rows import format_of

    if by_name and input_format != "auto":
        try:
            return format_of(file)
        except InputError:
            return input_format
    return format_of(file, input_format)


def files_in(source: str, input_format: str) -> list[Path] | None:
    """Return the files of texts in a folder and its folders, and name the others; None for a file."""
    from nlp_rnn.files.folders import all_files, left_out_sentence
    from nlp_rnn.files.rows import format_of

    path = Path(source)
    if not path.is_dir():
        return None
    found: list[Path] = []
    left_out: list[Path] = []
    for file in all_files(path):
        try:
            wanted = input_format in ("auto", format_of(file))
        except InputError:
            wanted = False
        (found if wanted else left_out).append(file)
    taken = "CSV, TSV, JSON Lines, Parquet and plain text" if input_format == "auto" else input_format
    if not found:
        raise InputError(f"{source} holds no file of texts: {taken}")
    if left_out:
        say_notes([left_out_sentence(path, left_out, taken)])
    return found


def split_names(names: str | None) -> list[str] | None:
    """Return ``negative,positive`` as a list."""
    return None if names is None else [name.strip() for name in names.split(",")]
