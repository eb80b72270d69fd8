"""``nlp-rnn train spotter``: a model that hears words, from a folder of clips for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    TRAINING,
    BatchSize,
    Cell,
    CheckpointEvery,
    Dropout,
    Dtype,
    EmaDecay,
    HiddenSize,
    LearningRate,
    MaxEpochs,
    NumLayers,
    Patience,
    Resume,
    RunFolder,
    Seed,
    from_options,
)
from nlp_rnn.cli.output import say
from nlp_rnn.cli.training_run import check_run, report_curves, run_with_bar
from nlp_rnn.config import SpotterConfig, SpotterTrainConfig

_SHAPE, _DEFAULT = SpotterConfig(classes=("keyword", "unknown")), SpotterTrainConfig()


def train_spotter(
    *,
    data: Annotated[
        Path,
        typer.Option(
            help="A folder with a folder of sounds for each word, or a Parquet file (audio, label, perhaps "
            "speaker).",
            rich_help_panel=DATA,
        ),
    ],
    validation: Annotated[
        Path | None,
        typer.Option(
            help="Held-out clips; by default, a tenth of DATA, whole speakers if it names them.",
            rich_help_panel=DATA,
        ),
    ] = None,
    sample_rate: Annotated[
        int,
        typer.Option(help="The model's; files are brought to it, Parquet has it.", rich_help_panel=MODEL),
    ] = _SHAPE.sample_rate,
    bands: Annotated[int, typer.Option(help="Mel bands of a frame.", rich_help_panel=MODEL)] = _SHAPE.bands,
    cell: Cell = _SHAPE.cell,
    hidden_size: HiddenSize = _SHAPE.hidden_size,
    num_layers: NumLayers = _SHAPE.num_layers,
    max_epochs: MaxEpochs = _DEFAULT.max_epochs,
    patience: Patience = _DEFAULT.patience,
    batch_size: BatchSize = _DEFAULT.batch_size,
    learning_rate: LearningRate = _DEFAULT.learning_rate,
    dropout: Dropout = _DEFAULT.dropout,
    ema_decay: EmaDecay = _DEFAULT.ema_decay,
    augment: Annotated[
        float, typer.Option(help="Strength of the changes made to clips; 0: none.", rich_help_panel=TRAINING)
    ] = _DEFAULT.augment,
    false_alarms_per_hour: Annotated[
        float, typer.Option(help="The rate that the threshold is for.", rich_help_panel=TRAINING)
    ] = _DEFAULT.false_alarms_per_hour,
    checkpoint_every: CheckpointEvery = _DEFAULT.checkpoint_every,
    seed: Seed = _DEFAULT.seed,
    output: RunFolder,
    resume: Resume = False,
    dtype: Dtype = "float32",
) -> None:
    """Train a model that hears words (extra: train); a stopped run goes on with --resume."""
    options = locals()
    from nlp_rnn.audio.files import read_clips
    from nlp_rnn.audio.spotter import KeywordSpotter

    check_run(output, dtype)
    config = from_options(
        SpotterTrainConfig,
        options | {"validation": _DEFAULT.validation},
        kept="embedding_rate encoder_rate frozen_epochs warmup weight_decay max_grad_norm weight_dropout "
        "precision stretch_seconds label_smoothing",
    )
    spotter = from_options(KeywordSpotter, options)
    clips = read_clips(data, sample_rate)
    held_out = None if validation is None else read_clips(validation, sample_rate)
    say(f"{len(clips.clips):,} clips, classes {', '.join(sorted(set(clips.labels)))}")
    with run_with_bar(output, resume, "clips/s") as progress:
        spotter.fit(
            clips.clips,
            clips.labels,
            groups=clips.groups if len(set(clips.groups)) > 1 else None,
            validation=None if held_out is None else (held_out.clips, held_out.labels),
            config=config,
            output=output,
            resume=resume,
            progress=progress,
        )
    model = spotter.save_pretrained(output / "model", dtype=dtype)
    kept, figures = report_curves(output)
    found = spotter.artifact.notes["threshold"]
    say(f"{kept}: {figures['accuracy']:.1%} of the held-out clips are right")
    say(
        f"Threshold {spotter.threshold:.3f}: {found['false_alarms']} false alarms in {found['minutes']:.0f} "
        f"minutes without keywords, {found['misses']:.1%} of {found['keywords']} keywords missed"
    )
    say(f"Use it: nlp-rnn spot --model {model} sound.wav")
