"""Keyword spotting, measured: ten digits by strangers, ten commands, one wake word, cost, equal pieces.

``--data FOLDER`` has ``digits_{train,test}.parquet`` and ``commands_{train,validation,test}.parquet`` with
the columns audio, label, speaker. Models go to ``--output``; one that is there is not trained again, and a
training that was stopped goes on. Writes ``spotting.json`` and ``spotting.png``. Needs the extra ``train``;
``--quick`` shows in minutes that it works, with figures that mean nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from nlp_rnn import KeywordSpotter
from nlp_rnn.audio import LabelledClips, TradeOff, detect, glue, plot_trade_off, read_clips, trade_off
from nlp_rnn.cli import run_script
from nlp_rnn.config import SpotterTrainConfig

RATE = 8_000
F32 = NDArray[np.float32]


def trained(
    folder: Path,
    clips: LabelledClips,
    config: SpotterTrainConfig,
    validation: LabelledClips | None = None,
) -> KeywordSpotter:
    """Return the model in a folder, trained first if there is none."""
    if (folder / "model").is_dir():
        return KeywordSpotter.from_pretrained(folder / "model")
    held_out = None if validation is None else (validation.clips, validation.labels)
    spotter = KeywordSpotter(RATE).fit(
        clips.clips, clips.labels, validation=held_out, config=config, output=folder, resume=True
    )
    spotter.save_pretrained(folder / "model")
    return spotter


def only(clips: LabelledClips, keep: Sequence[bool]) -> LabelledClips:
    """Return some of the clips."""
    which = np.flatnonzero(np.asarray(keep, dtype=bool))
    return LabelledClips(
        [clips.clips[i] for i in which], [clips.labels[i] for i in which], [clips.groups[i] for i in which]
    )


def accuracy(spotter: KeywordSpotter, clips: LabelledClips) -> float:
    """Return the share of clips whose class is right."""
    return float((spotter.predict(clips.clips) == np.array(clips.labels)).mean())


def digits(data: Path, output: Path, config: SpotterTrainConfig, folds: int) -> dict[str, float]:
    """Return the accuracy of clips of each speaker by a model that never heard this speaker."""
    parts = [read_clips(data / f"digits_{name}.parquet", RATE) for name in ("train", "test")]
    clips = LabelledClips(
        parts[0].clips + parts[1].clips, parts[0].labels + parts[1].labels, parts[0].groups + parts[1].groups
    )
    found = {}
    for speaker in sorted(set(clips.groups))[:folds]:
        others = [group != speaker for group in clips.groups]
        spotter = trained(output / f"digits-{speaker}", only(clips, others), config)
        found[speaker] = accuracy(spotter, only(clips, [not other for other in others]))
        print(f"digits of {speaker}: {found[speaker]:.1%} of the clips")
    print(f"ten digits: mean {np.mean(list(found.values())):.1%}, worst {min(found.values()):.1%}")
    return found


def wake_words(
    spotter: KeywordSpotter, test: LabelledClips, more: LabelledClips, seed: int, words: Sequence[str]
) -> list[TradeOff]:
    """Return what thresholds cost for each word, with all other held-out clips as the stream without it.

    Args:
        spotter: Ours.
        test: Clips of every word.
        more: Clips of none of them.
        seed: Of order and gaps.
        words: Each a wake word in turn.
    """
    config, found = spotter.config, []

    def listen(scores_TK: F32, word: str) -> Any:
        return detect(
            scores_TK[:, [config.keywords.index(word)]],
            [word],
            smoothing=config.smoothing,
            refractory=config.refractory,
            step_seconds=config.step_seconds,
        )

    def scored(clips: LabelledClips) -> tuple[F32, Any, float]:
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(clips.clips))
        sound_N, spoken = glue(
            [clips.clips[i] for i in order], [clips.labels[i] for i in order], rng, sample_rate=RATE
        )
        return spotter.scores(sound_N), spoken, len(sound_N) / RATE / 3_600

    elsewhere_TK, _, elsewhere_hours = scored(more) if more.clips else (None, None, 0.0)
    for word in words:
        own_TK, spoken, _ = scored(only(test, [label == word for label in test.labels]))
        other_TK, _, hours = scored(only(test, [label != word for label in test.labels]))
        alarms = listen(other_TK, word)
        if elsewhere_TK is not None:
            alarms += listen(elsewhere_TK, word)
        found.append(trade_off(word, listen(own_TK, word), spoken, alarms, hours + elsewhere_hours))
    return found


def commands(data: Path, output: Path, config: SpotterTrainConfig) -> dict[str, Any]:
    """Return the accuracy on the official split, and the misses of each command as a wake word."""
    training, validation, test = (
        read_clips(data / f"commands_{name}.parquet", RATE) for name in ("train", "validation", "test")
    )
    spotter = trained(output / "commands", training, config, validation)
    right = accuracy(spotter, test)
    print(f"ten commands, unknown and silence: {right:.1%} of {len(test.clips)} test clips")
    # The wake word is chosen on validation, before a test clip is heard.
    words = spotter.config.keywords
    chosen = min(
        wake_words(spotter, validation, LabelledClips([], []), config.seed, words),
        key=lambda each: each.misses(each.threshold(1)),
    ).name
    digit_clips = read_clips(data / "digits_train.parquet", RATE)
    curves = wake_words(spotter, test, digit_clips, config.seed, words)
    for each in curves:
        print(
            f"{each.name}: {each.misses(each.threshold(1)):.1%} of {len(each.heard)} missed at one false "
            f"alarm in {60 * each.hours:.0f} minutes{' (the wake word)' if each.name == chosen else ''}"
        )
    print(f"picture: {plot_trade_off(curves, output / 'spotting.png')}")
    misses = {each.name: each.misses(each.threshold(1)) for each in curves}
    return {
        "accuracy": right,
        "wake_word": chosen,
        "misses_at_one_false_alarm": misses,
        "minutes": 60 * curves[0].hours,
        "curves": {each.name: each.curve() for each in curves},
        "cost": cost(spotter, output / "commands" / "model", test.clips),
    }


def cost(spotter: KeywordSpotter, folder: Path, clips: Sequence[F32]) -> dict[str, Any]:
    """Return size, multiplications a second, real-time factor, and whether pieces change detections."""
    config, weights = spotter.config, spotter.artifact.weights
    # Every weight but a bias is multiplied once a step; clips' head and Fourier transform are left out.
    step = sum(array.size for name, array in weights.items() if array.ndim == 2 and "output" not in name)
    filters = 129 * config.bands * config.stack
    sound_N = np.concatenate(clips)[: 60 * RATE]
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        whole = spotter.detect(sound_N, threshold=0.1)
        seconds.append(time.perf_counter() - started)
    equal = {}
    for size in (1, 7, 80, 1_000, len(sound_N)):
        pieces = (sound_N[at : at + size] for at in range(0, len(sound_N), size))
        equal[size] = list(spotter.stream(pieces, threshold=0.1)) == whole
    found: dict[str, Any] = {
        "parameters": sum(array.size for array in weights.values()),
        "bytes": (folder / "model.safetensors").stat().st_size,
        "multiplications_per_second": round((step + filters) / config.step_seconds),
        "real_time_factor": float(np.median(seconds)) / (len(sound_N) / RATE),
        "detections": len(whole),
        "same_in_pieces_of": equal,
    }
    print(
        f"{found['parameters']:,} parameters, {found['bytes'] / 1e3:.0f} kB, "
        f"{found['multiplications_per_second'] / 1e6:.1f} M multiplications a second, real-time factor "
        f"{found['real_time_factor']:.4f}; {len(whole)} detections, the same in pieces of "
        f"{', '.join(str(size) for size, same in equal.items() if same)} samples"
    )
    return found


def main(
    data: Annotated[Path, typer.Option(help="Folder with the five Parquet files.")],
    output: Annotated[Path, typer.Option(help="Folder for models, figures and the picture.")] = Path(
        "runs/spotting"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of the trainings.")] = 0,
    max_epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the clips; by default as the command's.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One fold, two epochs: does it work?")] = False,
) -> None:
    """Measure keyword spotting."""
    # Apart, for a model that is there is not trained again.
    output = output / "quick" if quick else output
    output.mkdir(parents=True, exist_ok=True)
    config = SpotterTrainConfig(seed=seed, max_epochs=2 if quick else max_epochs)
    found = {
        "digits": digits(data, output, config, folds=1 if quick else 6),
        "commands": commands(data, output, config),
    }
    (output / "spotting.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
