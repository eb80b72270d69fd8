"""The types of the options that several commands share, each written once, and how they become settings.

Knows the name, the help and the panel of an option. Knows no defaults: a command takes them from the settings
that its options become.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from nlp_rnn.errors import InputError

Made = TypeVar("Made")

# The panels of ``--help``.
DATA = "Data"
MODEL = "Model"
TRAINING = "Training"
OUTPUT = "Output"

# What is read.
TextColumn = Annotated[
    str | None,
    typer.Option(help="The column of the texts; by default text, or the only one.", rich_help_panel=DATA),
]
LabelColumn = Annotated[str, typer.Option(help="The column of the labels.", rich_help_panel=DATA)]
LabelMap = Annotated[
    str | None,
    typer.Option(
        help="Name of every label, e.g. 0=negative,1=positive; 2= leaves label 2 out.", rich_help_panel=DATA
    ),
]
LabelledData = Annotated[
    str,
    typer.Option(help="Labelled texts: a file, a folder, or a corpus by name.", rich_help_panel=DATA),
]
Treebank = Annotated[
    bool,
    typer.Option(
        "--treebank", help="The texts are Treebank tokens, as in SST: join them.", rich_help_panel=DATA
    ),
]
OnError = Annotated[
    str, typer.Option(help="At a bad row: raise (stop there) or skip it.", rich_help_panel=DATA)
]
Texts = Annotated[list[str] | None, typer.Argument(help="Texts; - reads them from standard input.")]
TextFile = Annotated[
    Path | None,
    typer.Option(help="A CSV, TSV, JSONL, Parquet or text file; - is a pipe.", rich_help_panel=DATA),
]
FileColumn = Annotated[
    str | None, typer.Option(help="The column that holds the texts.", rich_help_panel=DATA)
]
InputFormat = Annotated[
    str, typer.Option(help="csv, tsv, jsonl, txt, parquet or auto: by the name.", rich_help_panel=DATA)
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        help="What parts the columns of a table: one character, or tab; by default, what it shows.",
        rich_help_panel=DATA,
    ),
]
Quoting = Annotated[
    str,
    typer.Option(
        help="Do cells of a table stand in quotes? quotes, none, or auto: refuse where it matters.",
        rich_help_panel=DATA,
    ),
]
Encoding = Annotated[
    str,
    typer.Option(
        help="Of a text file, e.g. cp1252; auto: UTF-8, or UTF-16 where it shows.", rich_help_panel=DATA
    ),
]
NoHeader = Annotated[
    bool,
    typer.Option(
        "--no-header",
        help="A table's first row is a row like the others; the columns are text, or 1, 2, ...",
        rich_help_panel=DATA,
    ),
]
SourceColumn = Annotated[
    str, typer.Option(help="The column of the texts to translate.", rich_help_panel=DATA)
]
TargetColumn = Annotated[str, typer.Option(help="The column of their translations.", rich_help_panel=DATA)]

# Which model answers, and on what.
Model = Annotated[
    str | None,
    typer.Option(
        help="A saved model folder; without it, the model that comes with the package.", rich_help_panel=MODEL
    ),
]
Engine = Annotated[
    str, typer.Option(help="What computes: auto, numpy, torch or onnx.", rich_help_panel=MODEL)
]
Device = Annotated[
    str, typer.Option(help="Where torch computes, e.g. cuda; for --engine torch.", rich_help_panel=MODEL)
]
Threads = Annotated[
    int | None,
    typer.Option(help="Threads of --engine numpy or onnx; by default, one a core.", rich_help_panel=MODEL),
]

# The shape of a model that is to be trained.
InitFrom = Annotated[
    str | None,
    typer.Option(
        help="Start from this pretrained folder, its tokenizer and shape (train: also 'shipped').",
        rich_help_panel=MODEL,
    ),
]
Cell = Annotated[str, typer.Option(help="rnn, gru or lstm.", rich_help_panel=MODEL)]
EmbeddingDim = Annotated[int, typer.Option(help="Width of a token's vector.", rich_help_panel=MODEL)]
HiddenSize = Annotated[int, typer.Option(help="Width of the state, per direction.", rich_help_panel=MODEL)]
NumLayers = Annotated[int, typer.Option(help="Recurrent layers.", rich_help_panel=MODEL)]
Bidirectional = Annotated[bool, typer.Option(help="Read each text from both ends.", rich_help_panel=MODEL)]
Tokenizer = Annotated[str, typer.Option(help="word, subword, char or byte.", rich_help_panel=MODEL)]
VocabSize = Annotated[int, typer.Option(help="Most tokens to learn.", rich_help_panel=MODEL)]
MaxTokens = Annotated[int, typer.Option(help="Of a longer text the ends are read.", rich_help_panel=MODEL)]
MendTypos = Annotated[
    bool,
    typer.Option(
        "--mend-typos",
        help="Read an unknown word as the known one a letter away; without --init-from.",
        rich_help_panel=MODEL,
    ),
]

# How it is trained.
MaxEpochs = Annotated[
    int | None,
    typer.Option(
        help="Passes over the data at most; by default, more for few data.", rich_help_panel=TRAINING
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Epochs without gain before stopping; by default, more for few data.", rich_help_panel=TRAINING
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        help="Texts, pairs or streams in a batch at most; by default, fewer for few data.",
        rich_help_panel=TRAINING,
    ),
]
BatchTokens = Annotated[int, typer.Option(help="Tokens in a batch.", rich_help_panel=TRAINING)]
LearningRate = Annotated[float, typer.Option(help="Peak of the schedule.", rich_help_panel=TRAINING)]
Dropout = Annotated[
    float, typer.Option(help="Share of values dropped in training.", rich_help_panel=TRAINING)
]
EmaDecay = Annotated[float, typer.Option(help="Of the averaged weights; 0: none.", rich_help_panel=TRAINING)]
Precision = Annotated[str, typer.Option(help="no (fp32), fp16 or bf16.", rich_help_panel=TRAINING)]
CheckpointEvery = Annotated[int, typer.Option(help="Steps; 0: each epoch.", rich_help_panel=TRAINING)]
Seed = Annotated[int, typer.Option(help="Of all that is random.", rich_help_panel=TRAINING)]

# What is written.
RunFolder = Annotated[
    Path,
    typer.Option(help="Folder for the run; the model is saved in OUTPUT/model.", rich_help_panel=OUTPUT),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from OUTPUT's newest checkpoint.", rich_help_panel=OUTPUT)
]
Dtype = Annotated[
    str,
    typer.Option(
        help="Of the saved weights: float32, float16 or int8 (the embedding).", rich_help_panel=OUTPUT
    ),
]
Plot = Annotated[
    Path | None, typer.Option(help="Draw it here (.png, .svg, .pdf; extra: plot).", rich_help_panel=OUTPUT)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.", rich_help_panel=OUTPUT)]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write the whole report here.", rich_help_panel=OUTPUT)
]


def refuse_given(ctx: typer.Context, names: str, reason: str) -> None:
    """Refuse options that were given and would have no effect.

    Args:
        ctx: The command's context.
        names: Names of its parameters, separated by spaces.
        reason: Why they would have none.

    Raises:
        InputError: Naming the first that was given.
    """
    for name in names.split():
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise InputError(f"--{name.replace('_', '-')} has no effect here, so leave it out: {reason}")


def from_options(make: Callable[..., Made], options: Mapping[str, Any], *, kept: str = "") -> Made:
    """Call ``make`` with the options that have the names of its arguments.

    >>> from_options(complex, {"real": 1.0, "imag": 2.0, "output": "x"})
    (1+2j)

    Args:
        make: A class of settings, a model's class, or a function.
        options: All options of a command, by name: the ``locals()`` at its beginning.
        kept: The arguments of ``make``, separated by spaces, that the command has no options for: they keep
            their defaults.

    Raises:
        TypeError: If an argument is neither an option nor ``kept``, so that none is forgotten in silence.
    """
    names = [name for name in inspect.signature(make).parameters if name not in kept.split()]
    missing = [name for name in names if name not in options]
    if missing:
        raise TypeError(f"{make.__name__} takes {missing[0]!r}, which is no option of the command")
    return make(**{name: options[name] for name in names})
