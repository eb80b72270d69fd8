#!/usr/bin/env python
"""Train and measure a translator: ``python scripts/train_translator.py --data FOLDER --output RUN``.

FOLDER holds ``tatoeba_en_fr`` or ``multi30k``, each with ``train``, ``validation`` and ``test``. ``--plain``
trains the form without attention, the same in all else. A run that was killed goes on with ``--resume``.
Needs the extra ``translate``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlp_rnn.config import TranslationTrainConfig
from nlp_rnn.errors import NlpRnnError, require
from nlp_rnn.sequence.parallel import read_pairs, references_of
from nlp_rnn.sequence.quality import measure
from nlp_rnn.sequence.translator import Translator
from nlp_rnn.training.loop import Progress

CORPORA = {"tatoeba_en_fr": ("en", "fr"), "multi30k": ("en", "de")}
REHEARSAL = 60  # steps that tell how long an epoch takes, half of them to warm up
EXAMPLE = "The train that was to leave at eight had already left when we arrived."


class Clock:
    """Says where a run stands, every few seconds, and how long its steps take."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.said = 0.0

    def __call__(self, now: Progress) -> None:
        """After each step."""
        self.times.append(time.monotonic())
        if self.times[-1] - self.said > 30:
            self.said = self.times[-1]
            print(
                f"epoch {now.epoch + 1}, step {now.step} of {now.total_steps}: loss {now.loss:.3f}, "
                f"{now.tokens_per_second:,.0f} tokens/s, {now.seconds_left / 60:.0f} minutes left",
                flush=True,
            )


def epochs_within(
    minutes: float, pairs: list[tuple[str, str]], config: TranslationTrainConfig, plain: bool
) -> int:
    """How many epochs fit into a time, by a rehearsal of some steps."""
    clock = Clock()
    rehearsal = Translator(attention=not plain)
    some = pairs[: REHEARSAL * config.batch_size]
    rehearsal.fit(some, config=replace(config, max_epochs=1), progress=clock)
    half = len(clock.times) // 2
    seconds = (clock.times[-1] - clock.times[half]) / (len(clock.times) - 1 - half) * len(clock.times)
    return max(1, int(60 * minutes / (seconds * len(pairs) / len(some))))


def main(arguments: argparse.Namespace) -> None:
    """Train, save, translate the test pairs, and write down how good that is."""
    require("sacrebleu", extra="translate")  # now rather than after an hour
    folder, run = Path(arguments.data) / arguments.corpus, Path(arguments.output)
    source, target = CORPORA[arguments.corpus]
    train, validation, test = (
        read_pairs(folder / f"{part}.parquet", source, target) for part in ("train", "validation", "test")
    )
    config = TranslationTrainConfig(seed=arguments.seed, checkpoint_every=200)
    plan = run / "plan.json"
    if arguments.resume and plan.is_file():
        epochs = json.loads(plan.read_text())["epochs"]
    else:
        epochs = arguments.epochs or epochs_within(arguments.minutes, train, config, arguments.plain)
        run.mkdir(parents=True, exist_ok=True)
        plan.write_text(json.dumps({"epochs": epochs}))
    print(f"{len(train):,} pairs, {epochs} epochs", flush=True)
    translator = Translator(attention=not arguments.plain)
    started = time.process_time()
    translator.fit(
        train,
        validation=validation,
        config=replace(config, max_epochs=epochs, patience=epochs),
        output=run,
        resume=arguments.resume,
        progress=Clock(),
    )
    print(f"saved in {translator.save_pretrained(run / 'model')}", flush=True)
    history = translator.artifact.notes["history"]
    report: dict[str, Any] = {
        "corpus": arguments.corpus,
        "attention": not arguments.plain,
        "epochs": epochs,
        "minutes": round(sum(epoch["seconds"] for epoch in history) / 60, 1),
        "processor_minutes": round((time.process_time() - started) / 60, 1),
        "nats_per_token": history[-1]["validation"]["nats_per_token"],
    }
    sources, references = references_of(test)
    for name, beam in (("greedy", 1), ("beam 5", 5)):
        translated = dict(zip(sources, translator.translate(sources, beam=beam), strict=True))
        every = measure([s for s, _ in test], [translated[s] for s, _ in test], [[t] for _, t in test])
        once = measure(sources, [translated[s] for s in sources], references)
        report[name] = {"each pair": every.to_dict(), "all references": once.to_dict()}
        print(f"{name}: BLEU {every.bleu:.1f}, chrF {every.chrf:.1f}; with all references {once.bleu:.1f}")
    (run / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    if not arguments.plain:
        print(f"attention: {translator.translations([EXAMPLE])[0].plot(run / 'attention.png')}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the corpora")
    parser.add_argument("--output", required=True, help="folder for the run")
    parser.add_argument("--corpus", choices=CORPORA, default="tatoeba_en_fr")
    parser.add_argument("--plain", action="store_true", help="without attention")
    parser.add_argument("--minutes", type=float, default=50, help="time to train for (default: 50)")
    parser.add_argument("--epochs", type=int, help="so many epochs, however long they take")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    try:
        main(parser.parse_args())
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
