"""``nlp-rnn pretrain``: language models that a classifier starts from, from texts without labels."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from nlp_rnn.cli.loading import layout_of, load_texts
from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    TRAINING,
    BatchTokens,
    Bidirectional,
    Cell,
    CheckpointEvery,
    Delimiter,
    Dropout,
    EmaDecay,
    EmbeddingDim,
    Encoding,
    HiddenSize,
    InitFrom,
    InputFormat,
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
    VocabSize,
    from_options,
    refuse_given,
)
from nlp_rnn.cli.output import say
from nlp_rnn.cli.training_run import SHAPE, check_run, report_curves, run_with_bar
from nlp_rnn.config import LanguageConfig, PretrainConfig

_SHAPE, _DEFAULT = LanguageConfig(vocab_size=2), PretrainConfig()


def pretrain(
    ctx: typer.Context,
    *,
    data: Annotated[
        list[str],
        typer.Option(
            help="Texts: a file, or a folder of files; may be given several times.", rich_help_panel=DATA
        ),
    ],
    validation: Annotated[
        list[str] | None,
        typer.Option(help="Held-out texts; by default, one in a hundred of DATA.", rich_help_panel=DATA),
    ] = None,
    text_column: TextColumn = None,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    init_from: InitFrom = None,
    cell: Cell = _SHAPE.cell,
    embedding_dim: EmbeddingDim = _SHAPE.embedding_dim,
    hidden_size: HiddenSize = _SHAPE.hidden_size,
    num_layers: NumLayers = _SHAPE.num_layers,
    bidirectional: Bidirectional = _SHAPE.bidirectional,
    tokenizer: Tokenizer = "word",
    vocab_size: VocabSize = 30_000,
    min_count: Annotated[
        int, typer.Option(help="Tokens seen fewer times are unknown.", rich_help_panel=MODEL)
    ] = 2,
    max_tokens: MaxTokens = 1024,
    mend_typos: MendTypos = False,
    max_epochs: MaxEpochs = _DEFAULT.max_epochs,
    patience: Patience = _DEFAULT.patience,
    batch_tokens: BatchTokens = _DEFAULT.batch_tokens,
    window: Annotated[
        int, typer.Option(help="Longer texts are read in pieces.", rich_help_panel=TRAINING)
    ] = _DEFAULT.window,
    samples: Annotated[
        int,
        typer.Option(
            help="Words a batch is normalised over; 0: the whole vocabulary.", rich_help_panel=TRAINING
        ),
    ] = _DEFAULT.samples,
    learning_rate: LearningRate = _DEFAULT.learning_rate,
    dropout: Dropout = _DEFAULT.dropout,
    ema_decay: EmaDecay = _DEFAULT.ema_decay,
    precision: Precision = _DEFAULT.precision,
    checkpoint_every: CheckpointEvery = _DEFAULT.checkpoint_every,
    seed: Seed = _DEFAULT.seed,
    output: RunFolder,
    resume: Resume = False,
) -> None:
    """Learn from texts without labels (extra: train), for train --init-from to start from.

    Two language models, one for each direction: what comes next, what came before. A stopped run goes on with
    --resume as if it had not.
    """
    options = locals()
    from nlp_rnn.language.model import LanguageModel

    check_run(output)
    config = from_options(
        PretrainConfig,
        options,
        kept="batch_size embedding_rate encoder_rate frozen_epochs warmup weight_decay max_grad_norm "
        "weight_dropout",
    )
    if init_from is None:
        model = from_options(LanguageModel, options)
    else:
        refuse_given(ctx, f"{SHAPE} min_count", "the model that --init-from names has its own")
        model = LanguageModel.from_pretrained(init_from)
    read = partial(
        load_texts,
        column=text_column,
        on_error=on_error,
        input_format=input_format,
        layout=from_options(layout_of, options),
    )
    texts = read(data)
    held_out = read(validation) if validation else None
    say(f"{len(texts):,} texts")
    with run_with_bar(output, resume, "tokens/s") as progress:
        model.fit(texts, validation=held_out, config=config, output=output, resume=resume, progress=progress)
    folder = model.save_pretrained(output / "model")
    kept, figures = report_curves(output)
    perplexities = ", ".join(
        f"{name.removeprefix('perplexity_')} {value:.1f}"
        for name, value in figures.items()
        if name.startswith("perplexity_")
    )
    say(f"{kept}: perplexity of held-out texts {perplexities}")
    say(f"Use it: nlp-rnn train --init-from {folder} --data FILE --output FOLDER")
