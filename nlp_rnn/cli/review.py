"""``nlp-rnn review``: how risky a text looks, and why; or the text as a policy shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.options import AsJson, Encoding
from nlp_rnn.cli.output import print_json, say
from nlp_rnn.cli.progress import progress_bar
from nlp_rnn.errors import DataError, InputError

if TYPE_CHECKING:
    from nlp_rnn.risk.evidence import Evidence
    from nlp_rnn.risk.filter import RiskFilter
    from nlp_rnn.risk.overlap import OverlapIndex
    from nlp_rnn.risk.review import Filtered, Review

_LONG = 200_000  # characters that take a second
_TEXT_FILES = (".txt", ".md", ".gz", ".xz")
_ROOTED = re.compile(r"(?:~|\.{0,2})[/\\]|[A-Za-z]:[\\/]")
_ENDING = re.compile(r"\w\.[a-z][a-z0-9]{1,4}$", re.IGNORECASE)
LEVEL_COLOURS = {"low": "green", "medium": "yellow", "high": "red"}


def review(
    source: Annotated[
        str | None, typer.Argument(metavar="TEXT|FILE", help="A text, or a file; - is standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A text file, also .gz or .xz; - is a pipe.")] = None,
    encoding: Encoding = "auto",
    policy: Annotated[
        str | None,
        typer.Option(help="Print the text as annotate, redact or block hand it out, and its disclaimer."),
    ] = None,
    medium: Annotated[float, typer.Option(help="Score from which a sentence is medium.")] = 0.4,
    high: Annotated[float, typer.Option(help="Score from which a sentence is high.")] = 0.7,
    act_at: Annotated[str, typer.Option(help="Level from which a policy acts: medium or high.")] = "high",
    memory: Annotated[
        Path | None, typer.Option(help="A model folder: look for what is copied from its training text.")
    ] = None,
    sources: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file or folder of reference texts (.txt, .md) to hold flagged sentences against; may be "
            "given several times."
        ),
    ] = None,
    sources_encoding: Annotated[
        str, typer.Option(help="Encoding of the sources: auto, or one by name.")
    ] = "auto",
    look_up: Annotated[
        str, typer.Option(help="Hold flagged sentences against the sources, or every one.")
    ] = "flagged",
    as_json: AsJson = False,
) -> None:
    """Show what makes a text risky to rely on; nothing is checked for truth."""
    from nlp_rnn.risk.evidence import EvidenceIndex
    from nlp_rnn.risk.filter import RiskFilter
    from nlp_rnn.risk.levels import Thresholds
    from nlp_rnn.risk.overlap import OverlapIndex

    limits = Thresholds(medium=medium, high=high, act_at=act_at)
    evidence = EvidenceIndex.build(sources, encoding=sources_encoding) if sources else None
    risk_filter = RiskFilter(policy or "annotate", thresholds=limits, sources=evidence, look_up=look_up)
    index = None if memory is None else OverlapIndex.load(memory)
    filtered = _applied(risk_filter, _text(source, file, encoding), index)
    if as_json:
        print_json({"policy": risk_filter.policy, "text": filtered.text, **filtered.review.to_dict()})
    elif policy is not None:
        typer.echo(str(filtered))
    else:
        _show(filtered.review)
    for sentence in (*(evidence.notes if evidence else ()), *filtered.review.not_checked):
        say(f"Note: {sentence}")


def _applied(risk_filter: RiskFilter, text: str, index: OverlapIndex | None) -> Filtered:
    """Review a text, with a bar if it is long."""
    if len(text) < _LONG:
        return risk_filter.apply(text, memory=index)
    with progress_bar("{task.percentage:.0f} %") as bar:
        task = bar.add_task("reviewing", total=len(text))
        return risk_filter.apply(
            text, memory=index, on_progress=lambda read: bar.update(task, completed=read)
        )


def _text(source: str | None, file: Path | None, encoding: str) -> str:
    """Return the text given, or that of the file."""
    if source is not None and file is not None:
        raise InputError("give a text, or --file, not both")
    if file is None and (source is None or source == "-"):
        file = Path("-")
    text = None
    if file is None and source is not None:
        if _names_a_file(source):
            file = Path(source)
        else:
            text = source
    text = _read(file or Path("-"), encoding) if text is None else text
    if not text.strip():
        what = "the text" if file is None else "standard input" if str(file) == "-" else str(file)
        raise InputError(f"{what} is empty: there is nothing to review")
    return text


def _names_a_file(source: str) -> bool:
    """Return True if an argument is a file; a sentence or a URL that ends like one is a text.

    Raises:
        DataError: If there is no such file, and the argument is one word that can hardly be anything else.
    """
    if not source.strip():
        return False
    try:
        path = Path(source)
        if path.is_file():
            return True
        is_folder = path.is_dir()
    except (OSError, ValueError):  # too long for a name, or a NUL byte
        return False
    one_word = len(source.split()) == 1 and "://" not in source
    if is_folder or (one_word and (_ENDING.search(source) or _ROOTED.match(source))):
        raise DataError(
            f"there is no file {source} (a text that looks like a file's name goes through a pipe)"
        )
    if path.suffix.lower() in _TEXT_FILES and "://" not in source:
        say(f"Note: there is no file {source}: it is reviewed as a text")
    return False


def _read(file: Path, encoding: str) -> str:
    """Return the content of a text file."""
    import sys

    from nlp_rnn.files.rows import read_document

    if str(file) == "-" and sys.stdin.isatty():
        raise InputError("there is nothing to review: give a text, a file, or pipe a text in")
    text, problem = read_document(file, encoding=encoding)
    if problem:
        raise DataError(f"{'standard input' if str(file) == '-' else file}: {problem}")
    return text


def _show(found: Review) -> None:
    """Print level and score, the risky sentences with their reasons, and the disclaimer."""
    risky = [passage for passage in found.passages if passage.level != "low"]
    level = typer.style(found.level, fg=LEVEL_COLOURS[found.level])
    typer.echo(f"{level}  {found.score:.2f}  {len(risky):,} of {len(found.passages):,} sentences stand out")
    for passage in found.passages:
        if passage.level == "low" and passage.evidence is None:
            continue
        level = typer.style(f"{passage.level:<6}", fg=LEVEL_COLOURS[passage.level])
        typer.echo(f"\n{level}  {passage.score:.2f}  {' '.join(passage.text.split())}")
        for signal in passage.signals:
            typer.echo(f"        {signal.score:.2f}  {signal.kind}: {signal.why}")
        if passage.evidence is not None:
            _show_evidence(passage.evidence)
    if found.overlap is not None:
        typer.echo(f"\n{found.overlap.copied_share:.1%} of it stands in the training text word for word")
    if found.evidence is not None:
        typer.echo("\nEvidence is what the sources say, which nobody has checked either")
    typer.echo(f"\n{found.disclaimer}")


def _show_evidence(found: Evidence) -> None:
    """Print what the sources have on a sentence: the closest passage, what differs, other places."""
    from nlp_rnn.risk.evidence import CLOSE

    words = {"stated in": "stated in", "differs": "differs from"}.get(found.status)
    if not found.passages:
        typer.echo("        not found in the sources")
        return
    first, *others = found.passages
    quoted = " ".join(first.text.split())
    place = f"{first.file}:{first.line} (close: {first.closeness:.2f}): {quoted}"
    typer.echo(f"        {words or 'not found in the sources; the closest is'} {place}")
    for difference in found.differences:
        here = "nothing" if difference.claim is None else f"“{difference.claim}”"
        there = "nothing" if difference.source is None else f"“{difference.source}”"
        typer.echo(f"              {difference.kind}: {here} here, {there} there")
    close = dict.fromkeys(f"{other.file}:{other.line}" for other in others if other.closeness >= CLOSE)
    if words and close:
        typer.echo(f"              see also {', '.join(close)}")
