"""``nlp-rnn train``: a classifier for the user's own labels, from a file of texts; below it, other models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from nlp_rnn.cli.loading import LabelledOptions, layout_of, load_model, load_texts, split_names
from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    TRAINING,
    BatchSize,
    BatchTokens,
    Bidirectional,
    Cell,
    CheckpointEvery,
    Delimiter,
    Dropout,
    Dtype,
    EmbeddingDim,
    Encoding,
    HiddenSize,
    InitFrom,
    InputFormat,
    LabelColumn,
    LabelledData,
    LabelMap,
    LearningRate,
    MaxEpochs,
    MaxTokens,
    MendTypos,
    NoHeader,
    NumLayers,
    OnError,
    Patience,
    Precision,
    Quoting,
    Resume,
    RunFolder,
    Seed,
    TextColumn,
    Tokenizer,
    Treebank,
    VocabSize,
    from_options,
    refuse_given,
)
from nlp_rnn.cli.output import say
from nlp_rnn.cli.train_char import train_char
from nlp_rnn.cli.train_spotter import train_spotter
from nlp_rnn.cli.train_translator import train_translator
from nlp_rnn.cli.training_run import SHAPE, check_run, report_curves, run_with_bar
from nlp_rnn.config import ModelConfig, TrainConfig
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.classification.classifier import TextClassifier
    from nlp_rnn.language.model import LanguageModel

_SHAPE, _DEFAULT = ModelConfig(vocab_size=2, num_classes=2), TrainConfig()
_PAIRED = 50_000  # texts at most


class _Group(TyperGroup):
    """A command with subcommands, whose own options are required only if no subcommand is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options; a first word that is no option is a subcommand, which has its own options.

        Options before its name are refused, since it would not get them.
        """
        _, words, _ = self.make_parser(ctx).parse_args(args=list(args))
        if words and words[0] in self.commands and not args[0] == words[0]:
            given = " ".join(args[: args.index(words[0], len(args) - len(words))])
            ctx.fail(f"the options of {words[0]} come after its name: train {words[0]} {given}")
        ctx.resilient_parsing = bool(args) and not args[0].startswith("-")
        rest = super().parse_args(ctx, args)
        ctx.resilient_parsing = False
        return rest


app = typer.Typer(cls=_Group, invoke_without_command=True, subcommand_metavar="[COMMAND [ARGS]...]")
app.command("char", rich_help_panel="Other models")(train_char)
app.command("spotter", rich_help_panel="Other models")(train_spotter)
app.command("translator", rich_help_panel="Other models")(train_translator)


@app.callback()
def train(
    ctx: typer.Context,
    *,
    data: LabelledData,
    validation: Annotated[
        str | None, typer.Option(help="Held-out texts; by default, a tenth of DATA.", rich_help_panel=DATA)
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    label_map: LabelMap = None,
    classes: Annotated[
        str | None, typer.Option(help="The labels, in order; by default, all found.", rich_help_panel=DATA)
    ] = None,
    split: Annotated[
        str, typer.Option(help="The part of a named corpus or a folder.", rich_help_panel=DATA)
    ] = "train",
    treebank: Treebank = False,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(
            help="Texts without labels, for virtual_adversarial, entropy, consistency: a file or a folder.",
            rich_help_panel=DATA,
        ),
    ] = None,
    init_from: InitFrom = None,
    cell: Cell = _SHAPE.cell,
    embedding_dim: EmbeddingDim = _SHAPE.embedding_dim,
    hidden_size: HiddenSize = _SHAPE.hidden_size,
    num_layers: NumLayers = _SHAPE.num_layers,
    bidirectional: Bidirectional = _SHAPE.bidirectional,
    pooling: Annotated[
        str, typer.Option(help="last, mean, max, mean+max or attention.", rich_help_panel=MODEL)
    ] = _SHAPE.pooling,
    wide_rows: Annotated[
        int,
        typer.Option(
            help="Rows of a linear model of hashed runs of words beside the recurrent one, e.g. 100000; 0: "
            "none.",
            rich_help_panel=MODEL,
        ),
    ] = _SHAPE.wide_rows,
    layer_norm: Annotated[
        bool, typer.Option(help="Normalise each layer's output.", rich_help_panel=MODEL)
    ] = _SHAPE.layer_norm,
    tokenizer: Tokenizer = "word",
    vocab_size: VocabSize = 30_000,
    max_tokens: MaxTokens = 1024,
    mend_typos: MendTypos = False,
    max_epochs: MaxEpochs = _DEFAULT.max_epochs,
    patience: Patience = _DEFAULT.patience,
    batch_tokens: BatchTokens = _DEFAULT.batch_tokens,
    batch_size: BatchSize = _DEFAULT.batch_size,
    learning_rate: LearningRate = _DEFAULT.learning_rate,
    embedding_rate: Annotated[
        float,
        typer.Option(help="The embedding's learning rate over the head's.", rich_help_panel=TRAINING),
    ] = _DEFAULT.embedding_rate,
    encoder_rate: Annotated[
        float,
        typer.Option(help="The recurrent layers' learning rate over the head's.", rich_help_panel=TRAINING),
    ] = _DEFAULT.encoder_rate,
    frozen_epochs: Annotated[
        int, typer.Option(help="Epochs in which the head learns alone.", rich_help_panel=TRAINING)
    ] = _DEFAULT.frozen_epochs,
    dropout: Dropout = _DEFAULT.dropout,
    label_smoothing: Annotated[
        float, typer.Option(help="In [0, 1).", rich_help_panel=TRAINING)
    ] = _DEFAULT.label_smoothing,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=WEIGHT of a loss beside the cross-entropy: adversarial, virtual_adversarial, entropy, "
            "consistency, or pairing (English texts are answered like copies with other names, places or "
            "people, or typos); may be given several times.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    objective_share: Annotated[
        float,
        typer.Option(
            help="Share of the steps that have these losses, which cost much.", rich_help_panel=TRAINING
        ),
    ] = _DEFAULT.objective_share,
    perturbation: Annotated[
        float, typer.Option(help="Length of an adversarial step.", rich_help_panel=TRAINING)
    ] = _DEFAULT.perturbation,
    class_weights: Annotated[
        str, typer.Option(help="none or balanced.", rich_help_panel=TRAINING)
    ] = _DEFAULT.class_weights,
    calibration: Annotated[
        str, typer.Option(help="temperature or classes.", rich_help_panel=TRAINING)
    ] = _DEFAULT.calibration,
    precision: Precision = _DEFAULT.precision,
    checkpoint_every: CheckpointEvery = _DEFAULT.checkpoint_every,
    seed: Seed = _DEFAULT.seed,
    output: RunFolder,
    resume: Resume = False,
    dtype: Dtype = "float32",
) -> None:
    """Train a classifier (extra: train); a run that was stopped goes on with --resume as if it had not."""
    options = locals()
    if ctx.invoked_subcommand is not None:
        return
    from nlp_rnn.classification.classifier import TextClassifier
    from nlp_rnn.probabilities import has_polarity
    from nlp_rnn.sentiment.classifier import SentimentClassifier

    check_run(output, dtype)
    if init_from is not None:
        refuse_given(ctx, SHAPE, "the model that --init-from names has its own")
    options["objectives"] = _weights(objective or [])
    config = from_options(
        TrainConfig,
        options,
        kept="warmup weight_decay max_grad_norm ema_decay weight_dropout embedding_dropout unk_dropout",
    )
    kept = "min_count engine device threads config"
    classifier = from_options(TextClassifier, options, kept=kept)
    start = None if init_from is None else _start(init_from)
    if isinstance(start, TextClassifier):
        refuse_given(ctx, "pooling wide_rows layer_norm", "the classifier that --init-from names has its own")
    reading, names = from_options(LabelledOptions, options), split_names(classes)
    texts, labels = reading.load(data, split=split, classes=names)
    held_out = None if validation is None else reading.load(validation, split="validation")
    more = None
    if unlabelled:
        layout = from_options(layout_of, options)
        more = load_texts(
            unlabelled, text_column, on_error, input_format=input_format, layout=layout, beside=True
        )
    copies = _copies(texts, seed) if config.objectives.get("pairing") else None
    if has_polarity(names or labels):
        classifier = from_options(SentimentClassifier, options, kept=kept)
    say(f"{len(texts):,} texts, classes {', '.join(sorted(set(labels)))}")
    with run_with_bar(output, resume, "tokens/s") as progress:
        classifier.fit(
            texts,
            labels,
            validation=held_out,
            unlabelled=more,
            pairs=copies,
            classes=names,
            config=config,
            init_from=start,
            output=output,
            resume=resume,
            progress=progress,
        )
    model = classifier.save_pretrained(output / "model", dtype=dtype)
    kept, figures = report_curves(output)
    say(f"Padding: {classifier.artifact.notes['padding']:.1%} of the training batches")
    moved = ", before calibration" if calibration == "classes" else ""
    say(f"{kept}: macro recall {figures['score']:.3f} on held-out texts{moved}")
    say(f'Use it: nlp-rnn classify --model {model} "some text"')


def _start(source: str) -> TextClassifier | LanguageModel:
    """Return the model that a training starts from; ``shipped`` is the one in the package."""
    from nlp_rnn.artifact import load
    from nlp_rnn.classification.classifier import TextClassifier
    from nlp_rnn.folder import FILES, OPTIONAL_FILES
    from nlp_rnn.hub import model_folder
    from nlp_rnn.language.model import LanguageModel

    if source == "shipped":
        return load_model(None)
    folder = model_folder(source, files=(*FILES, *OPTIONAL_FILES))
    kind = LanguageModel if load(folder).task == "language" else TextClassifier
    return kind.from_pretrained(folder)


def _copies(texts: Sequence[str], seed: int) -> list[tuple[str, str]]:
    """Return pairs of a text and a copy with another name, place or person, for the objective ``pairing``."""
    from nlp_rnn.sentiment.perturbation import perturbed_pairs

    copies = perturbed_pairs(texts, seed=seed, most=_PAIRED)
    if not copies:
        raise InputError(
            "no text has a name, a place, a number or a person to change (in English, of five words or "
            "more): leave out the objective pairing"
        )
    say(f"{len(copies):,} pairs of a text and a changed copy")
    return copies


def _weights(pairs: Sequence[str]) -> dict[str, float]:
    """Return ``["entropy=1"]`` as a dict."""
    found = {}
    for pair in pairs:
        name, _, weight = pair.partition("=")
        try:
            found[name.strip()] = float(weight)
        except ValueError:
            raise InputError(
                f"Invalid --objective {pair!r}; it should be like virtual_adversarial=1.0"
            ) from None
    return found
