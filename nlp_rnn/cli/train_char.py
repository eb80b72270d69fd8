"""``nlp-rnn train char``: a model that writes text, from any text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    OUTPUT,
    TRAINING,
    BatchSize,
    Cell,
    CheckpointEvery,
    Dropout,
    Dtype,
    EmaDecay,
    EmbeddingDim,
    Encoding,
    HiddenSize,
    LearningRate,
    MaxEpochs,
    NumLayers,
    Patience,
    Precision,
    Resume,
    RunFolder,
    Seed,
    from_options,
)
from nlp_rnn.cli.output import say, say_notes
from nlp_rnn.cli.training_run import check_run, report_curves, run_with_bar
from nlp_rnn.config import CharConfig, CharTrainConfig

if TYPE_CHECKING:
    from nlp_rnn.generation.generator import CharGenerator

_SHAPE, _DEFAULT = CharConfig(vocab_size=2), CharTrainConfig()


def train_char(
    *,
    data: Annotated[
        Path, typer.Option(help="A text, also .gz or .xz, or a folder of them.", rich_help_panel=DATA)
    ],
    validation: Annotated[
        Path | None, typer.Option(help="Held-out text; by default, the end of DATA.", rich_help_panel=DATA)
    ] = None,
    holdout: Annotated[
        float, typer.Option(help="Share of DATA to hold out at its end.", rich_help_panel=DATA)
    ] = 0.1,
    encoding: Encoding = "auto",
    cell: Cell = _SHAPE.cell,
    embedding_dim: EmbeddingDim = _SHAPE.embedding_dim,
    hidden_size: HiddenSize = _SHAPE.hidden_size,
    num_layers: NumLayers = _SHAPE.num_layers,
    tied: Annotated[
        bool, typer.Option("--tied", help="Use the embedding as the output's weight.", rich_help_panel=MODEL)
    ] = _SHAPE.tied,
    tokenizer: Annotated[str, typer.Option(help="char or byte.", rich_help_panel=MODEL)] = "char",
    max_epochs: MaxEpochs = _DEFAULT.max_epochs,
    patience: Patience = _DEFAULT.patience,
    batch_size: BatchSize = _DEFAULT.batch_size,
    window: Annotated[
        int, typer.Option(help="Steps until the gradient stops.", rich_help_panel=TRAINING)
    ] = _DEFAULT.window,
    learning_rate: LearningRate = _DEFAULT.learning_rate,
    dropout: Dropout = _DEFAULT.dropout,
    weight_dropout: Annotated[
        float, typer.Option(help="Share of recurrent weights dropped.", rich_help_panel=TRAINING)
    ] = _DEFAULT.weight_dropout,
    weight_decay: Annotated[
        float, typer.Option(help="As in AdamW.", rich_help_panel=TRAINING)
    ] = _DEFAULT.weight_decay,
    activation_penalty: Annotated[
        float, typer.Option(help="AR: weight of the squared outputs.", rich_help_panel=TRAINING)
    ] = _DEFAULT.activation_penalty,
    slowness_penalty: Annotated[
        float, typer.Option(help="TAR: weight of their squared change.", rich_help_panel=TRAINING)
    ] = _DEFAULT.slowness_penalty,
    ema_decay: EmaDecay = _DEFAULT.ema_decay,
    precision: Precision = _DEFAULT.precision,
    checkpoint_every: CheckpointEvery = _DEFAULT.checkpoint_every,
    seed: Seed = _DEFAULT.seed,
    output: RunFolder,
    resume: Resume = False,
    dynamic: Annotated[
        bool,
        typer.Option(
            "--dynamic", help="Measure with dynamic evaluation, too, once trained.", rich_help_panel=OUTPUT
        ),
    ] = False,
    dtype: Dtype = "float32",
) -> None:
    """Train a model that writes text (extra: train); a stopped run goes on with --resume as if it had not."""
    options = locals()
    from nlp_rnn.files.characters import left_out
    from nlp_rnn.generation.generator import CharGenerator

    check_run(output, dtype)
    config = from_options(
        CharTrainConfig,
        options,
        kept="embedding_rate encoder_rate frozen_epochs warmup max_grad_norm window_jitter restart",
    )
    generator = from_options(CharGenerator, options, kept="layer_norm min_count")
    say_notes(note for note in map(left_out, filter(None, (data, validation))) if note)
    with run_with_bar(output, resume, "characters/s") as progress:
        generator.fit(
            data,
            validation=validation,
            holdout=holdout,
            encoding=encoding,
            config=config,
            output=output,
            resume=resume,
            progress=progress,
        )
    model = generator.save_pretrained(output / "model", dtype=dtype)
    kept, figures = report_curves(output)
    say(
        f"{kept}: {figures['nats_per_char']:.4f} nats "
        f"({figures['bits_per_char']:.4f} bits) per character of the held-out text"
    )
    if dynamic:
        bits = _dynamic_bits(generator, data, validation, holdout, encoding)
        say(f"With dynamic evaluation (another measure): {bits * math.log(2):.4f} nats ({bits:.4f} bits)")
    say(f'Use it: nlp-rnn generate --model {model} "some text"')


def _dynamic_bits(
    generator: CharGenerator, data: Path, validation: Path | None, holdout: float, encoding: str
) -> float:
    """Return the bits per character of the held-out text, learned from while it is read."""
    from nlp_rnn.files.characters import drop_first, read_characters, split_at

    parts = read_characters(validation or data, encoding=encoding)
    if validation is None:
        parts = drop_first(parts, split_at(data, holdout, encoding=encoding))
    return generator.dynamic_bits_per_char("".join(parts))
