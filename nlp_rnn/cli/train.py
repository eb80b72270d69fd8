"""``nlp-rnn train``: a model for the user's own labels, from a file of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.common import (
    LabelColumn,
    LabelMap,
    OnError,
    Split,
    TextColumn,
    Treebank,
    load_labelled,
    load_model,
    load_texts,
    say,
    split_names,
    training_bar,
)
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import InputError, one_of, require

if TYPE_CHECKING:
    from nlp_rnn.training.loop import Progress

_DEFAULT = TrainConfig()
_PAIRED = 50_000  # texts at most


def train(
    data: Annotated[str, typer.Option(help="Labelled texts: a file, a folder, or a corpus by name.")],
    output: Annotated[Path, typer.Option(help="Folder for the run; the model is saved in OUTPUT/model.")],
    validation: Annotated[
        str | None, typer.Option(help="Held-out texts; by default, a tenth of DATA.")
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    label_map: LabelMap = None,
    classes: Annotated[str | None, typer.Option(help="The labels, in order; by default, all found.")] = None,
    split: Split = "train",
    treebank: Treebank = False,
    on_error: OnError = "raise",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUTPUT's newest checkpoint.")] = False,
    init_from: Annotated[
        str | None,
        typer.Option(
            help="Start from this classifier (or 'shipped') or pretrained folder, its tokenizer and shape."
        ),
    ] = None,
    cell: Annotated[str, typer.Option(help="rnn, gru or lstm.")] = "lstm",
    embedding_dim: Annotated[int, typer.Option(help="Width of a word vector.")] = 128,
    hidden_size: Annotated[int, typer.Option(help="Width of the state, per direction.")] = 128,
    num_layers: Annotated[int, typer.Option(help="Recurrent layers.")] = 1,
    bidirectional: Annotated[bool, typer.Option(help="Read each text from both ends.")] = True,
    pooling: Annotated[str, typer.Option(help="last, mean, max, mean+max or attention.")] = "mean+max",
    layer_norm: Annotated[bool, typer.Option(help="Normalise each layer's output.")] = False,
    tokenizer: Annotated[str, typer.Option(help="word, subword, char or byte.")] = "word",
    vocab_size: Annotated[int, typer.Option(help="Most tokens to learn.")] = 30_000,
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
    batch_size: Annotated[int, typer.Option(help="Texts in a batch at most.")] = _DEFAULT.batch_size,
    learning_rate: Annotated[float, typer.Option(help="Peak of the schedule.")] = _DEFAULT.learning_rate,
    embedding_rate: Annotated[
        float, typer.Option(help="The embedding's learning rate over the head's.")
    ] = _DEFAULT.embedding_rate,
    encoder_rate: Annotated[
        float, typer.Option(help="The recurrent layers' learning rate over the head's.")
    ] = _DEFAULT.encoder_rate,
    frozen_epochs: Annotated[
        int, typer.Option(help="Epochs in which the head learns alone.")
    ] = _DEFAULT.frozen_epochs,
    dropout: Annotated[float, typer.Option(help="Share of values dropped in training.")] = _DEFAULT.dropout,
    label_smoothing: Annotated[float, typer.Option(help="In [0, 1).")] = _DEFAULT.label_smoothing,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=WEIGHT of a loss beside the cross-entropy: adversarial, virtual_adversarial, entropy, "
            "consistency, or pairing (English texts are answered like copies with other names, places or "
            "people, or typos); may be given several times."
        ),
    ] = None,
    objective_share: Annotated[
        float, typer.Option(help="Share of the steps that have these losses, which cost much.")
    ] = _DEFAULT.objective_share,
    perturbation: Annotated[
        float, typer.Option(help="Length of an adversarial step.")
    ] = _DEFAULT.perturbation,
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(
            help="Texts without labels for virtual_adversarial, entropy and consistency: a file, or a folder."
        ),
    ] = None,
    class_weights: Annotated[str, typer.Option(help="none or balanced.")] = _DEFAULT.class_weights,
    calibration: Annotated[str, typer.Option(help="temperature or classes.")] = _DEFAULT.calibration,
    precision: Annotated[str, typer.Option(help="no (fp32), fp16 or bf16.")] = _DEFAULT.precision,
    checkpoint_every: Annotated[int, typer.Option(help="Steps; 0: each epoch.")] = _DEFAULT.checkpoint_every,
    dtype: Annotated[
        str, typer.Option(help="Of the saved weights: float32, float16 or int8 (the embedding).")
    ] = "float32",
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = _DEFAULT.seed,
) -> None:
    """Train a model (extra: train); a run that was stopped goes on with --resume as if it had not."""
    from nlp_rnn.sentiment.classifier import SentimentClassifier
    from nlp_rnn.sentiment.perturbation import pairs
    from nlp_rnn.weights import DTYPES

    check_run(output)
    one_of("dtype", dtype, DTYPES)
    config = TrainConfig(
        max_epochs=max_epochs,
        patience=patience,
        batch_tokens=batch_tokens,
        batch_size=batch_size,
        learning_rate=learning_rate,
        embedding_rate=embedding_rate,
        encoder_rate=encoder_rate,
        frozen_epochs=frozen_epochs,
        dropout=dropout,
        label_smoothing=label_smoothing,
        class_weights=class_weights,
        calibration=calibration,
        objectives=_weights(objective or []),
        objective_share=objective_share,
        perturbation=perturbation,
        precision=precision,
        checkpoint_every=checkpoint_every,
        seed=seed,
    )
    classifier = SentimentClassifier(
        cell=cell,
        embedding_dim=embedding_dim,
        hidden_size=hidden_size,
        num_layers=num_layers,
        bidirectional=bidirectional,
        pooling=pooling,
        layer_norm=layer_norm,
        tokenizer=tokenizer,
        vocab_size=vocab_size,
        max_tokens=max_tokens,
        mend_typos=mend_typos,
    )
    start = load_model(None) if init_from == "shipped" else init_from
    load = partial(
        load_labelled,
        text_column=text_column,
        label_column=label_column,
        label_map=label_map,
        treebank=treebank,
        on_error=on_error,
    )
    names = split_names(classes)
    texts, labels = load(data, split=split, classes=names)
    held_out = None if validation is None else load(validation, split="validation")
    more = load_texts(unlabelled, text_column, on_error) if unlabelled else None
    copies = None
    if config.objectives.get("pairing"):
        copies = pairs(texts, seed=seed, most=_PAIRED)
        if not copies:
            raise InputError(
                "no text has a name, a place, a number or a person to change (in English, of five words or "
                "more): leave out the objective pairing"
            )
        say(f"{len(copies):,} pairs of a text and a changed copy")
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


def _weights(pairs: Sequence[str]) -> dict[str, float]:
    """``["entropy=1"]`` as a dict."""
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


def check_run(output: Path) -> None:
    """Refuse, before the work, what a training run would only find out after it.

    Raises:
        MissingExtraError: If a package that training needs is missing.
        ArtifactError, InputError: If the run or its model cannot be written to ``output``.
    """
    from nlp_rnn.artifact import check_destination

    for module in ("torch", "accelerate", "matplotlib"):
        require(module, extra="train")
    check_destination(output / "model")
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file: name a folder for the run")


@contextmanager
def run_with_bar(output: Path, resume: bool, unit: str) -> Iterator[Callable[[Progress], None]]:
    """A bar for a training run, as the callback that moves it; a run that is stopped says how to go on."""
    if resume and not _has_checkpoint(output):
        say(f"{output} holds no checkpoint to go on from: the training begins anew")
    try:
        with training_bar(unit) as progress:
            yield progress
    except KeyboardInterrupt:
        way_on = f"go on with: --output {output} --resume"
        say(f"Stopped; {way_on if _has_checkpoint(output) else 'there is no checkpoint yet'}")
        raise


def report_curves(output: Path) -> tuple[str, dict[str, float]]:
    """Draw the curves of the run in ``output``; gives its best epoch in words, and its figures."""
    from nlp_rnn.training.curves import best_epoch, plot_history, read_history

    history = read_history(output / "history.jsonl")
    say(f"Curves: {plot_history(history, output / 'curves.png')}")
    best = best_epoch(history)
    return f"Best epoch {best['epoch']} of {len(history)}", best["validation"]


def _has_checkpoint(folder: Path) -> bool:
    from nlp_rnn.training.checkpoint import latest

    return latest(folder) is not None
