"""Truncated back-propagation through time: what a window sees, what it carries, where the gradient stops, and
that a killed run goes on at the very place in the text.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.batch import Streams, windows

ROOT = Path(__file__).parents[2]


def test_streams_stand_side_by_side_and_lose_nothing() -> None:
    streams = Streams(np.arange(101), 4, shift=0)
    assert streams.steps == 25
    parts = [streams.window(start, length) for start, length in windows(25, window=8, jitter=0.3, seed=1)]
    inputs_BT, targets_BT = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
    assert (inputs_BT.ravel() == np.arange(100)).all()
    assert (targets_BT == inputs_BT + 1).all()


def test_a_shift_goes_round_and_keeps_every_target_the_next_id() -> None:
    ids_N = np.arange(50, dtype=np.uint8)
    inputs_BT, targets_BT = Streams(ids_N, 3, shift=45).window(0, 16)
    assert inputs_BT[0, :6].tolist() == [45, 46, 47, 48, 49, 0]
    assert ((inputs_BT + 1) % 50 == targets_BT).all()
    assert inputs_BT.dtype == np.int64


@pytest.mark.parametrize("steps", [5, 31, 100, 1000])
@pytest.mark.parametrize("jitter", [0.0, 0.2, 0.5])
def test_windows_cover_the_steps_once_with_no_stub(steps: int, jitter: float) -> None:
    found = windows(steps, window=20, jitter=jitter, seed=3)
    starts, lengths = zip(*found, strict=True)
    assert starts == tuple(np.cumsum((0, *lengths[:-1])).tolist())
    assert sum(lengths) == steps
    assert len(found) == 1 or min(lengths) >= 10
    assert found == windows(steps, window=20, jitter=jitter, seed=3)


torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

from nlp_rnn.config import CharConfig, CharTrainConfig  # noqa: E402
from nlp_rnn.errors import InputError, TrainingWarning  # noqa: E402
from nlp_rnn.generation.fitting import StreamTask, build, dynamic_log_probs, fit_model, log_probs  # noqa: E402
from nlp_rnn.generation.generator import CharGenerator  # noqa: E402
from nlp_rnn.nn.characters import CharRNN  # noqa: E402
from nlp_rnn.training.loop import seeded  # noqa: E402

MODEL = CharConfig(vocab_size=8, embedding_dim=6, hidden_size=12)
CONFIG = CharTrainConfig(
    max_epochs=2, batch_size=4, window=10, learning_rate=0.02, weight_dropout=0.1, checkpoint_every=3, seed=2
)
TEXT_N = np.random.default_rng(0).integers(2, 8, 600).astype(np.uint8)


def long_memory(length: int, gap: int) -> np.ndarray:
    """Blocks of one opening id and a filler, whose end repeats the opening: it stands ``gap`` steps back."""
    rng = np.random.default_rng(1)
    return np.concatenate([[first, *[2] * (gap - 1), first] for first in rng.integers(3, 5, length)])


def test_carrying_the_state_matters() -> None:
    """The answer stands further back than a window reaches, so only the carried state can know it."""
    ids_N = long_memory(100, gap=6)
    config = CharTrainConfig(
        max_epochs=16,
        batch_size=4,
        window=8,
        window_jitter=0.3,
        learning_rate=0.02,
        dropout=0.0,
        ema_decay=0.0,
        patience=16,
        restart=0.0,
    )
    weights, _ = fit_model(ids_N, ids_N, model_config=MODEL, config=config, unk_id=1)
    model = build(MODEL, weights)
    carried = -log_probs(model, ids_N).mean()
    cut = np.concatenate([log_probs(model, ids_N[at : at + 5]) for at in range(0, len(ids_N) - 5, 4)])
    assert carried < 0.6 * -cut.mean()


def test_the_gradient_stops_at_the_window_and_the_state_does_not() -> None:
    ids_N = np.array([2, 3, 4, 2, 3, 4, 2, 3, 4, 2, *[5, 6, 7] * 10])
    config = CharTrainConfig(batch_size=1, window=10, window_jitter=0.0, restart=0.0)
    with seeded(0):
        model = CharRNN(MODEL)
    task = StreamTask(ids_N, ids_N, config=config)
    first, second = (0, 0, 10), (0, 10, 10)
    task.loss(model, first).backward()
    state = task.state_SLBH
    assert state is not None
    assert not state.requires_grad
    assert model.embedding.weight.grad[2:5].abs().min() > 0
    model.zero_grad()
    loss = task.loss(model, second)
    loss.backward()
    gradient = model.embedding.weight.grad
    assert gradient[5:].abs().min() > 0
    assert (gradient[2:5] == 0).all()  # what only the first window read
    task.state_SLBH = torch.zeros_like(state)
    assert not torch.equal(task.loss(model, second), loss)


def test_windows_joined_are_the_whole_text() -> None:
    """Reading in windows with the state carried is reading at once."""
    with seeded(0):
        model = CharRNN(MODEL).eval()
    ids = torch.from_numpy(TEXT_N[None, :60].astype(np.int64))
    with torch.inference_mode():
        whole = model(ids, model.encoder.start(1)).logits_BTV
        state, parts = model.encoder.start(1), []
        for start, length in windows(60, window=13, jitter=0.2, seed=0):
            answer = model(ids[:, start : start + length], state)
            state, parts = answer.state_SLBH, [*parts, answer.logits_BTV]
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-6)


def test_penalties_and_restarts_change_the_loss() -> None:
    def losses(**changes: float) -> list[float]:
        with seeded(0):
            model = CharRNN(MODEL)
            task = StreamTask(TEXT_N, TEXT_N[:50], config=CharTrainConfig(**{**CONFIG.to_dict(), **changes}))
            return [float(task.loss(model, item).detach()) for item in task.plan(0)[:3]]

    plain = losses(restart=0.0)
    for changes in ({"activation_penalty": 2.0}, {"slowness_penalty": 1.0}):
        assert all(a > b for a, b in zip(losses(restart=0.0, **changes), plain, strict=True))
    assert losses(restart=1.0)[0] == plain[0]
    assert losses(restart=1.0)[1:] != plain[1:]


def test_an_epoch_starts_elsewhere_and_has_as_many_windows() -> None:
    task = StreamTask(TEXT_N, TEXT_N[:50], config=CONFIG)
    first, second = task.plan(0), task.plan(1)
    assert len(first) == len(second)
    assert first[0][0] != second[0][0]
    assert first == task.plan(0)


def fit(**kwargs: object) -> dict[str, np.ndarray]:
    weights, _ = fit_model(
        TEXT_N,
        TEXT_N[:100],
        model_config=MODEL,
        config=CONFIG,
        unk_id=1,
        **kwargs,  # type: ignore[arg-type]
    )
    return weights


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.generation.test_fitting import fit

def progress(now):
    if now.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

fit(output=Path(sys.argv[1]), resume=True, progress=progress)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of Unix")
def test_killed_within_an_epoch_and_resumed_is_bit_identical(tmp_path: Path) -> None:
    expected = fit()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "8"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    steps = []
    resumed = fit(output=tmp_path, resume=True, progress=lambda now: steps.append(now.step))
    assert steps[0] == 7  # from the checkpoint at step 6, in the middle of the first epoch
    assert all(np.array_equal(expected[name], resumed[name]) for name in expected)


def test_a_corpus_shorter_than_a_window_says_so() -> None:
    with pytest.raises(InputError, match="10 characters to train on, and a window 10"):
        StreamTask(TEXT_N[:10], TEXT_N, config=CONFIG)


def test_few_characters_make_fewer_streams() -> None:
    assert StreamTask(TEXT_N[:25], TEXT_N, config=CONFIG).count == 2


def test_tied_weights_are_one_and_dynamic_evaluation_learns() -> None:
    config = CharConfig(vocab_size=8, embedding_dim=12, hidden_size=12, tied=True)
    ids_N = np.tile(np.array([2, 3, 4, 5, 6], np.uint8), 80)
    train = CharTrainConfig(max_epochs=1, batch_size=4, window=10)
    weights, notes = fit_model(ids_N, ids_N[:50], model_config=config, config=train, unk_id=1)
    assert "output.weight" not in weights
    assert notes["characters"] == 400
    static = -log_probs(build(config, weights), ids_N).mean()
    dynamic = -dynamic_log_probs(build(config, weights), ids_N, learning_rate=0.01).mean()
    assert dynamic < static


def names(count: int) -> str:
    rng = np.random.default_rng(0)
    parts = [["An", "Be", "Ka", "Lo", "Mi"], ["na", "ri", "lo", "mo"], ["n", "s", "th", "ra"]]
    return "".join("".join(rng.choice(part) for part in parts) + "\n" for _ in range(count))


def test_a_small_corpus_gets_steps_enough_to_beat_a_table_of_pairs() -> None:
    generator = CharGenerator(embedding_dim=12, hidden_size=32).fit(names(400))
    notes = generator.artifact.notes
    assert notes["train"]["batch_size"] == 4
    assert not any("table" in remark for remark in notes["remarks"])
    assert notes["history"][-1]["step"] > 200
    written = generator.generate(max_new_chars=60, risk_filter=None).text.split()
    assert len({*written} & {*names(400).split()}) > 4


def test_a_small_corpus_with_few_steps_says_what_it_lacks() -> None:
    few = CharTrainConfig(max_epochs=10, batch_size=32, learning_rate=1e-2)
    with pytest.warns(TrainingWarning) as said:
        generator = CharGenerator(embedding_dim=16, hidden_size=24).fit(names(700), config=few)
    assert [str(each.message) for each in said] == generator.artifact.notes["remarks"]
    falling, worse = generator.artifact.notes["remarks"]
    assert falling.startswith("still falling when the training ended")
    assert worse.startswith("the model knows less than a table of pairs of characters")
    assert generator.artifact.notes["train"]["batch_size"] == 32


def test_a_held_out_text_that_is_learned_from_is_named() -> None:
    config = CharTrainConfig(max_epochs=1, window=20)
    text = "".join(np.random.default_rng(0).choice(list("abcdefgh "), 600))
    with pytest.warns(TrainingWarning, match="100% of the held-out text stands in the training text"):
        CharGenerator(embedding_dim=4, hidden_size=4).fit(text, validation=text[100:400], config=config)


def test_a_corpus_shorter_than_a_window_is_told_of_the_option() -> None:
    with pytest.raises(InputError, match=r"a smaller window \(CharTrainConfig\(window=...\), --window\)"):
        CharGenerator().fit("To be, or not to be. " * 5)
