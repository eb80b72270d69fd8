"""``nlp-rnn train char``: a model that writes text, from any text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.common import say
from nlp_rnn.cli.train import check_run, report_curves, run_with_bar
from nlp_rnn.config import CharTrainConfig
from nlp_rnn.errors import one_of

_DEFAULT = CharTrainConfig()


def train_char(
    data: Annotated[Path, typer.Option(help="A UTF-8 text, also .gz or .xz, or a folder of them.")],
    output: Annotated[Path, typer.Option(help="Folder for the run; the model is saved in OUTPUT/model.")],
    validation: Annotated[
        Path | None, typer.Option(help="Held-out text; by default, the end of DATA.")
    ] = None,
    holdout: Annotated[float, typer.Option(help="Share of DATA to hold out at its end.")] = 0.1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUTPUT's newest checkpoint.")] = False,
    cell: Annotated[str, typer.Option(help="rnn, gru or lstm.")] = "lstm",
    embedding_dim: Annotated[int, typer.Option(help="Width of a character's vector.")] = 64,
    hidden_size: Annotated[int, typer.Option(help="Width of the state.")] = 256,
    num_layers: Annotated[int, typer.Option(help="Recurrent layers, 1 to 4.")] = 1,
    tied: Annotated[bool, typer.Option("--tied", help="Use the embedding as the output's weight.")] = False,
    tokenizer: Annotated[str, typer.Option(help="char or byte.")] = "char",
    max_epochs: Annotated[int, typer.Option(help="Passes over the text at most.")] = _DEFAULT.max_epochs,
    patience: Annotated[int, typer.Option(help="Epochs without gain before stopping.")] = _DEFAULT.patience,
    batch_size: Annotated[int, typer.Option(help="Streams side by side.")] = _DEFAULT.batch_size,
    window: Annotated[int, typer.Option(help="Steps until the gradient stops.")] = _DEFAULT.window,
    learning_rate: Annotated[float, typer.Option(help="Peak of the schedule.")] = _DEFAULT.learning_rate,
    dropout: Annotated[float, typer.Option(help="Share of values dropped in training.")] = _DEFAULT.dropout,
    weight_dropout: Annotated[
        float, typer.Option(help="Share of recurrent weights dropped.")
    ] = _DEFAULT.weight_dropout,
    weight_decay: Annotated[float, typer.Option(help="As in AdamW.")] = _DEFAULT.weight_decay,
    activation_penalty: Annotated[
        float, typer.Option(help="AR: weight of the squared outputs.")
    ] = _DEFAULT.activation_penalty,
    slowness_penalty: Annotated[
        float, typer.Option(help="TAR: weight of their squared change.")
    ] = _DEFAULT.slowness_penalty,
    ema_decay: Annotated[float, typer.Option(help="Of the averaged weights; 0: none.")] = _DEFAULT.ema_decay,
    precision: Annotated[str, typer.Option(help="no (fp32), fp16 or bf16.")] = _DEFAULT.precision,
    checkpoint_every: Annotated[int, typer.Option(help="Steps; 0: each epoch.")] = _DEFAULT.checkpoint_every,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Measure with dynamic evaluation, too, once trained.")
    ] = False,
    dtype: Annotated[str, typer.Option(help="Of the saved weights: float32, float16 or int8.")] = "float32",
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = _DEFAULT.seed,
) -> None:
    """Train a model that writes text (extra: train); a stopped run goes on with --resume as if it had not."""
    from nlp_rnn.files import characters
    from nlp_rnn.generation.generator import CharGenerator
    from nlp_rnn.weights import DTYPES

    check_run(output)
    one_of("dtype", dtype, DTYPES)
    config = CharTrainConfig(
        max_epochs=max_epochs,
        patience=patience,
        batch_size=batch_size,
        window=window,
        learning_rate=learning_rate,
        dropout=dropout,
        weight_dropout=weight_dropout,
        weight_decay=weight_decay,
        activation_penalty=activation_penalty,
        slowness_penalty=slowness_penalty,
        ema_decay=ema_decay,
        precision=precision,
        checkpoint_every=checkpoint_every,
        seed=seed,
    )
    generator = CharGenerator(
        cell=cell,
        embedding_dim=embedding_dim,
        hidden_size=hidden_size,
        num_layers=num_layers,
        tied=tied,
        tokenizer=tokenizer,
    )
    with run_with_bar(output, resume, "characters/s") as progress:
        generator.fit(
            data,
            validation=validation,
            holdout=holdout,
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
        parts = characters.pieces(validation or data)
        if validation is None:
            parts = characters.rest(parts, characters.split_at(data, holdout))
        bits = generator.dynamic_bits_per_char("".join(parts))
        say(f"With dynamic evaluation (another measure): {bits * math.log(2):.4f} nats ({bits:.4f} bits)")
    say(f'Use it: nlp-rnn generate --model {model} "some text"')
