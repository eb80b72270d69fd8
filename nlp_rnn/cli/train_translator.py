"""``nlp-rnn train translator``: a model that translates, from a file of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.common import say
from nlp_rnn.cli.train import check_run, report_curves, run_with_bar
from nlp_rnn.config import TranslationTrainConfig

_DEFAULT = TranslationTrainConfig()


def train_translator(
    data: Annotated[Path, typer.Option(help="CSV, TSV, JSONL or Parquet, a pair of texts a row.")],
    source: Annotated[str, typer.Option(help="The column of the texts to translate.")],
    target: Annotated[str, typer.Option(help="The column of their translations.")],
    output: Annotated[Path, typer.Option(help="Folder for the run; the model is saved in OUTPUT/model.")],
    validation: Annotated[
        Path | None, typer.Option(help="Held-out pairs; by default, a fiftieth of DATA.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUTPUT's newest checkpoint.")] = False,
    attention: Annotated[
        bool, typer.Option(help="Look at the whole source at each step; without, it is one vector.")
    ] = True,
    cell: Annotated[str, typer.Option(help="rnn, gru or lstm.")] = "lstm",
    embedding_dim: Annotated[int, typer.Option(help="Width of a piece's vector.")] = 192,
    hidden_size: Annotated[int, typer.Option(help="Width of each layer and direction.")] = 192,
    num_layers: Annotated[int, typer.Option(help="Layers of the encoder, 1 to 4.")] = 1,
    vocab_size: Annotated[int, typer.Option(help="Most pieces to learn, of both languages.")] = 4_000,
    max_epochs: Annotated[int, typer.Option(help="Passes over the pairs at most.")] = _DEFAULT.max_epochs,
    patience: Annotated[int, typer.Option(help="Epochs without gain before stopping.")] = _DEFAULT.patience,
    batch_size: Annotated[int, typer.Option(help="Pairs in a batch at most.")] = _DEFAULT.batch_size,
    learning_rate: Annotated[float, typer.Option(help="Peak of the schedule.")] = _DEFAULT.learning_rate,
    dropout: Annotated[float, typer.Option(help="Share of values dropped in training.")] = _DEFAULT.dropout,
    copy_share: Annotated[
        float, typer.Option(help="Share of the names hidden, to teach copying.")
    ] = _DEFAULT.copy_share,
    checkpoint_every: Annotated[int, typer.Option(help="Steps; 0: each epoch.")] = _DEFAULT.checkpoint_every,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = _DEFAULT.seed,
) -> None:
    """Train a model that translates (extra: train); a stopped run goes on with --resume as if it had not."""
    from nlp_rnn.files.pairs import read_pairs
    from nlp_rnn.translation.translator import Translator

    check_run(output)
    config = TranslationTrainConfig(
        max_epochs=max_epochs,
        patience=patience,
        batch_size=batch_size,
        learning_rate=learning_rate,
        dropout=dropout,
        copy_share=copy_share,
        checkpoint_every=checkpoint_every,
        seed=seed,
    )
    translator = Translator(
        attention=attention,
        cell=cell,
        embedding_dim=embedding_dim,
        hidden_size=hidden_size,
        num_layers=num_layers,
        vocab_size=vocab_size,
    )
    pairs = read_pairs(data, source, target)
    held_out = None if validation is None else read_pairs(validation, source, target)
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
