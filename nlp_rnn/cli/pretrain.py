"""``nlp-rnn pretrain``: language models that a classifier starts from, from texts without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.common import OnError, TextColumn, load_texts, say
from nlp_rnn.cli.train import check_run, report_curves, run_with_bar
from nlp_rnn.config import PretrainConfig

_DEFAULT = PretrainConfig()


def pretrain(
    data: Annotated[
        list[str], typer.Option(help="Texts: a file, or a folder of files; may be given several times.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for the run; the model is saved in OUTPUT/model.")],
    validation: Annotated[
        list[str] | None, typer.Option(help="Held-out texts; by default, one in a hundred of DATA.")
    ] = None,
    text_column: TextColumn = None,
    on_error: OnError = "raise",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUTPUT's newest checkpoint.")] = False,
    init_from: Annotated[
        str | None, typer.Option(help="Go on from this pretrained folder, with its vocabulary and shape.")
    ] = None,
    cell: Annotated[str, typer.Option(help="rnn, gru or lstm.")] = "lstm",
    embedding_dim: Annotated[int, typer.Option(help="Width of a word vector.")] = 128,
    hidden_size: Annotated[int, typer.Option(help="Width of the state, per direction.")] = 128,
    num_layers: Annotated[int, typer.Option(help="Recurrent layers.")] = 1,
    bidirectional: Annotated[bool, typer.Option(help="Learn to read backward, too.")] = True,
    tokenizer: Annotated[str, typer.Option(help="word, subword, char or byte.")] = "word",
    vocab_size: Annotated[int, typer.Option(help="Most tokens to learn.")] = 30_000,
    min_count: Annotated[int, typer.Option(help="Tokens seen fewer times are unknown.")] = 2,
    max_tokens: Annotated[int, typer.Option(help="Of a longer text the ends are read.")] = 1024,
    mend_typos: Annotated[
        bool,
        typer.Option(
            "--mend-typos", help="Read an unknown word as the known one a letter away; without --init-from."
        ),
    ] = False,
    max_epochs: Annotated[int, typer.Option(help="Passes over the texts at most.")] = _DEFAULT.max_epochs,
    patience: Annotated[int, typer.Option(help="Epochs without gain before stopping.")] = _DEFAULT.patience,
    batch_tokens: Annotated[int, typer.Option(help="Tokens in a batch.")] = _DEFAULT.batch_tokens,
    window: Annotated[int, typer.Option(help="Longer texts are read in pieces.")] = _DEFAULT.window,
    samples: Annotated[
        int, typer.Option(help="Words a batch is normalised over; 0: the whole vocabulary.")
    ] = _DEFAULT.samples,
    learning_rate: Annotated[float, typer.Option(help="Peak of the schedule.")] = _DEFAULT.learning_rate,
    dropout: Annotated[float, typer.Option(help="Share of values dropped in training.")] = _DEFAULT.dropout,
    ema_decay: Annotated[float, typer.Option(help="Of the averaged weights; 0: none.")] = _DEFAULT.ema_decay,
    precision: Annotated[str, typer.Option(help="no (fp32), fp16 or bf16.")] = _DEFAULT.precision,
    checkpoint_every: Annotated[int, typer.Option(help="Steps; 0: each epoch.")] = _DEFAULT.checkpoint_every,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = _DEFAULT.seed,
) -> None:
    """Learn from texts without labels (extra: train), for train --init-from to start from.

    Two language models, one for each direction: what comes next, what came before. A stopped run goes on with
    --resume as if it had not.
    """
    from nlp_rnn.language.model import LanguageModel

    check_run(output)
    config = PretrainConfig(
        max_epochs=max_epochs,
        patience=patience,
        batch_tokens=batch_tokens,
        window=window,
        samples=samples,
        learning_rate=learning_rate,
        dropout=dropout,
        ema_decay=ema_decay,
        precision=precision,
        checkpoint_every=checkpoint_every,
        seed=seed,
    )
    if init_from is not None:
        model = LanguageModel.from_pretrained(init_from)
    else:
        model = LanguageModel(
            cell=cell,
            embedding_dim=embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            tokenizer=tokenizer,
            vocab_size=vocab_size,
            min_count=min_count,
            max_tokens=max_tokens,
            mend_typos=mend_typos,
        )
    texts = load_texts(data, text_column, on_error)
    held_out = load_texts(validation, text_column, on_error) if validation else None
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
