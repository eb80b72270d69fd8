"""``nlp-rnn train translator``: a model that translates, from a file of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.loading import layout_of
from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    TRAINING,
    BatchSize,
    Cell,
    CheckpointEvery,
    Delimiter,
    Dropout,
    EmbeddingDim,
    Encoding,
    HiddenSize,
    LearningRate,
    MaxEpochs,
    NoHeader,
    NumLayers,
    Patience,
    Quoting,
    Resume,
    RunFolder,
    Seed,
    SourceColumn,
    TargetColumn,
    VocabSize,
    from_options,
)
from nlp_rnn.cli.output import say
from nlp_rnn.cli.training_run import check_run, report_curves, run_with_bar
from nlp_rnn.config import TranslationConfig, TranslationTrainConfig

_SHAPE, _DEFAULT = TranslationConfig(vocab_size=2), TranslationTrainConfig()


def train_translator(
    *,
    data: Annotated[
        Path,
        typer.Option(help="CSV, TSV, JSONL or Parquet, a pair of texts a row.", rich_help_panel=DATA),
    ],
    source: SourceColumn,
    target: TargetColumn,
    validation: Annotated[
        Path | None,
        typer.Option(help="Held-out pairs; by default, a fiftieth of DATA.", rich_help_panel=DATA),
    ] = None,
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    attention: Annotated[
        bool,
        typer.Option(
            help="Look at the whole source at each step; without, it is one vector.", rich_help_panel=MODEL
        ),
    ] = _SHAPE.attention,
    cell: Cell = _SHAPE.cell,
    embedding_dim: EmbeddingDim = _SHAPE.embedding_dim,
    hidden_size: HiddenSize = _SHAPE.hidden_size,
    num_layers: NumLayers = _SHAPE.num_layers,
    vocab_size: VocabSize = 4_000,
    max_epochs: MaxEpochs = _DEFAULT.max_epochs,
    patience: Patience = _DEFAULT.patience,
    batch_size: BatchSize = _DEFAULT.batch_size,
    learning_rate: LearningRate = _DEFAULT.learning_rate,
    dropout: Dropout = _DEFAULT.dropout,
    copy_share: Annotated[
        float,
        typer.Option(help="Share of the names hidden, to teach copying.", rich_help_panel=TRAINING),
    ] = _DEFAULT.copy_share,
    checkpoint_every: CheckpointEvery = _DEFAULT.checkpoint_every,
    seed: Seed = _DEFAULT.seed,
    output: RunFolder,
    resume: Resume = False,
) -> None:
    """Train a model that translates (extra: train); a stopped run goes on with --resume as if it had not."""
    options = locals()
    from nlp_rnn.files.pairs import read_pairs
    from nlp_rnn.translation.translator import Translator

    check_run(output)
    config = from_options(
        TranslationTrainConfig,
        options,
        kept="embedding_rate encoder_rate frozen_epochs warmup weight_decay max_grad_norm ema_decay "
        "weight_dropout precision batch_tokens label_smoothing",
    )
    translator = from_options(Translator, options)
    layout = from_options(layout_of, options)
    pairs = read_pairs(data, source, target, layout=layout)
    held_out = None if validation is None else read_pairs(validation, source, target, layout=layout)
    say(f"{len(pairs):,} pairs")
    with run_with_bar(output, resume, "tokens/s") as progress:
        translator.fit(
            pairs, validation=held_out, config=config, output=output, resume=resume, progress=progress
        )
    model = translator.save_pretrained(output / "model")
    kept, figures = report_curves(output)
    minutes = sum(row["seconds"] for row in translator.artifact.notes["history"]) / 60
    say(
        f"{kept} ({minutes:.0f} minutes in all): "
        f"{figures['nats_per_token']:.3f} nats per token of the held-out translations"
    )
    say(f'Use it: nlp-rnn translate --model {model} "some text"')
