"""The training loop: what it learns, that it repeats itself, and that a kill costs nothing."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

from nlp_rnn.classification.fitting import ClassificationTask, LabelledRows, fit_model  # noqa: E402
from nlp_rnn.config import ModelConfig, TrainConfig  # noqa: E402
from nlp_rnn.errors import TrainingError  # noqa: E402
from nlp_rnn.nn.classifier import BiLSTMClassifier  # noqa: E402
from nlp_rnn.training import checkpoint as checkpoints  # noqa: E402
from nlp_rnn.training import loop  # noqa: E402
from nlp_rnn.training.loop import Progress, Trainer, seeded  # noqa: E402

MODEL = ModelConfig(vocab_size=20, num_classes=2, embedding_dim=8, hidden_size=6)
CONFIG = TrainConfig(
    max_epochs=3,
    batch_tokens=40,
    learning_rate=0.02,
    dropout=0.2,
    unk_dropout=0.1,
    weight_dropout=0.1,
    ema_decay=0.9,
    checkpoint_every=2,
    seed=3,
)


def rows_where_order_decides(count: int, seed: int) -> LabelledRows:
    """The class is which of tokens 5 and 6 comes first: a bag of words cannot know it."""
    rng = np.random.default_rng(seed)
    labels_N = np.arange(count) % 2
    rows = []
    for label in labels_N:
        filler = rng.integers(7, 20, size=rng.integers(2, 7)).tolist()
        at = sorted(rng.choice(len(filler) + 1, size=2, replace=False).tolist())
        first, second = (5, 6) if label else (6, 5)
        rows.append([*filler[: at[0]], first, *filler[at[0] : at[1]], second, *filler[at[1] :]])
    return LabelledRows(rows, labels_N.astype(np.int64))


TRAIN, HELD_OUT = rows_where_order_decides(60, seed=1), rows_where_order_decides(20, seed=2)


def fit(config: TrainConfig = CONFIG, **kwargs: object) -> dict[str, np.ndarray]:
    weights, _, _ = fit_model(
        TRAIN, {"held out": HELD_OUT}, model_config=MODEL, config=config, pad_id=0, unk_id=1, **kwargs
    )
    return weights


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_learns_what_only_word_order_tells() -> None:
    config = TrainConfig(
        max_epochs=30, batch_tokens=80, learning_rate=0.02, patience=30, dropout=0.0, unk_dropout=0.0
    )
    _, _, notes = fit_model(
        TRAIN, {"held out": HELD_OUT}, model_config=MODEL, config=config, pad_id=0, unk_id=1
    )
    assert max(row["validation"]["score"] for row in notes["history"]) >= 0.9


def test_same_seed_same_weights_other_seed_other_weights() -> None:
    torch.manual_seed(1)
    first = fit()
    torch.manual_seed(2)
    assert same(first, fit())
    other = TrainConfig(**{**CONFIG.to_dict(), "seed": 4})
    assert not same(first, fit(other))


def test_training_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit()
    assert torch.equal(torch.rand(3), expected)


def test_the_time_left_counts_what_this_run_has_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # the loop looks once at each step: a second a step
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    said: list[Progress] = []

    def stop_within_an_epoch(now: Progress) -> None:
        said.append(now)
        if now.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(output=tmp_path, progress=stop_within_an_epoch)
    said.clear()
    fit(output=tmp_path, resume=True, progress=said.append)
    steps_left = said[0].total_steps - said[0].step
    assert said[0].seconds_left == steps_left


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.test_loop import CONFIG, fit

def progress(progress):
    if progress.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

fit(output=Path(sys.argv[1]), resume=True, progress=progress)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of Unix")
def test_killed_and_resumed_is_bit_identical(tmp_path: Path) -> None:
    expected = fit(output=tmp_path / "whole")
    steps = json.loads((tmp_path / "whole" / "history.jsonl").read_text(encoding="utf-8").splitlines()[-1])[
        "step"
    ]
    output = tmp_path / "killed"
    root = Path(__file__).parents[2]
    for step in np.sort(np.random.default_rng(0).choice(np.arange(1, steps), size=2, replace=False)):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(output), str(step)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert same(expected, fit(output=output, resume=True))
    assert (output / "history.jsonl").is_file()


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    fit(output=tmp_path)
    other = TrainConfig(**{**CONFIG.to_dict(), "learning_rate": 0.01})
    with pytest.raises(TrainingError, match=r"other learning_rate \(0.02 there, 0.01 here\): use"):
        fit(other, output=tmp_path, resume=True)


def test_other_held_out_texts_or_another_start_are_another_run(tmp_path: Path) -> None:
    fit(output=tmp_path)
    other = {"held out": rows_where_order_decides(20, seed=9)}
    keywords = {"model_config": MODEL, "config": CONFIG, "pad_id": 0, "unk_id": 1, "output": tmp_path}
    with pytest.raises(TrainingError, match="other validation"):
        fit_model(TRAIN, other, resume=True, **keywords)
    with pytest.raises(TrainingError, match="other start"):
        fit(output=tmp_path, resume=True, initial={"embedding.weight": np.zeros((20, 8), np.float32)})


def test_what_a_run_left_is_neither_overwritten_nor_taken_from_others(tmp_path: Path) -> None:
    foreign = tmp_path / "checkpoint-500"
    foreign.mkdir()
    (foreign / "model.bin").write_text("not ours", encoding="utf-8")
    fit(output=tmp_path)
    kept = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match="holds a run's checkpoint: resume it"):
        fit(output=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
    assert (foreign / "model.bin").read_text(encoding="utf-8") == "not ours"


def test_precisions_can_follow_each_other_in_one_process() -> None:
    few = CONFIG.to_dict() | {"max_epochs": 1}
    expected = fit(TrainConfig(**few))
    with suppress(TrainingError):  # an older processor says that it has no such layers
        fit(TrainConfig(**few | {"precision": "bf16"}))
    assert same(expected, fit(TrainConfig(**few)))


def test_history_has_loss_and_accuracy_of_the_held_out_texts() -> None:
    _, _, notes = fit_model(
        TRAIN, {"held out": HELD_OUT}, model_config=MODEL, config=CONFIG, pad_id=0, unk_id=1
    )
    figures = notes["history"][-1]["validation"]
    assert 0 < figures["loss"] < 2
    assert figures["accuracy"] == figures["held out"] == figures["score"]  # as many texts of each class


def test_a_damaged_checkpoint_says_so(tmp_path: Path) -> None:
    fit(output=tmp_path)
    tensors = next(tmp_path.glob("checkpoint-*")) / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:100])
    with pytest.raises(TrainingError, match="delete it to start anew"):
        fit(output=tmp_path, resume=True)


def test_a_kill_while_saving_leaves_the_older_checkpoint(tmp_path: Path) -> None:
    state = {"identity": {}, "place": {}}
    checkpoints.save(tmp_path, checkpoints.Checkpoint(1, {"x": torch.zeros(1)}, state))
    (tmp_path / ".checkpoint-000000002.partial").mkdir()
    found = checkpoints.latest(tmp_path)
    assert found is not None
    assert found.step == 1
    checkpoints.save(tmp_path, checkpoints.Checkpoint(2, {"x": torch.ones(1)}, state))
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-000000002"]


def trainer(loss: object) -> Trainer[np.ndarray]:
    with seeded(0):
        model = BiLSTMClassifier(MODEL)
    task = ClassificationTask(TRAIN, {"held out": HELD_OUT}, pad_id=0, model=MODEL, config=CONFIG)
    task.loss = loss  # type: ignore[method-assign]
    return Trainer(model, task, CONFIG)


def test_a_loss_that_is_not_a_number_stops_with_advice() -> None:
    with pytest.raises(TrainingError, match="loss became nan at step 0: lower learning_rate"):
        trainer(lambda model, item: model.output.weight.sum() * float("nan")).run()


def test_an_exploding_gradient_stops_with_advice() -> None:
    with pytest.raises(TrainingError, match="gradient exploded at step 0"):
        trainer(lambda model, item: model.output.weight[0, 0] * 1e38).run()


def test_averaged_weights_are_kept_and_not_the_last_ones() -> None:
    plain = TrainConfig(**{**CONFIG.to_dict(), "ema_decay": 0.0})
    assert not same(fit(), fit(plain))


def test_each_part_learns_at_its_own_rate_and_from_its_own_epoch_on() -> None:
    def moved(**settings: object) -> dict[str, bool]:
        with seeded(0):
            model = BiLSTMClassifier(MODEL)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        config = TrainConfig(**{**CONFIG.to_dict(), "ema_decay": 0.0, "patience": 9, **settings})
        task = ClassificationTask(TRAIN, {"held out": HELD_OUT}, pad_id=0, model=MODEL, config=config)
        task.validate = lambda model: {"score": float(next(score))}  # type: ignore[method-assign]
        score = iter(range(9))
        Trainer(model, task, config).run()
        after = model.state_dict()
        changed: dict[str, bool] = {}
        for name, tensor in before.items():
            part = name.partition(".")[0]
            changed[part] = changed.get(part, False) or not torch.equal(tensor, after[name])
        return changed

    everything = {"embedding": True, "encoder": True, "output": True}
    assert moved() == everything
    assert moved(encoder_rate=0.0) == everything | {"encoder": False}
    assert moved(embedding_rate=0.0) == everything | {"embedding": False}
    frozen = everything | {"embedding": False, "encoder": False}
    assert moved(frozen_epochs=1, max_epochs=1) == frozen
    assert moved(frozen_epochs=1, max_epochs=2) == frozen | {"encoder": True}
    assert moved(frozen_epochs=1, max_epochs=3) == everything


def test_stops_early_and_keeps_the_best_epoch() -> None:
    figures = iter([0.5, 0.9, 0.4, 0.3, 0.2, 0.1])
    seen: list[dict[str, torch.Tensor]] = []
    config = TrainConfig(max_epochs=6, patience=2, batch_tokens=80, ema_decay=0.0)
    with seeded(0):
        model = BiLSTMClassifier(MODEL)
    task = ClassificationTask(TRAIN, {}, pad_id=0, model=MODEL, config=config)

    def validate(current: torch.nn.Module) -> dict[str, float]:
        seen.append({name: tensor.clone() for name, tensor in current.state_dict().items()})
        return {"score": next(figures)}

    task.validate = validate  # type: ignore[method-assign]
    history = Trainer(model, task, config).run()
    assert len(history) == 4
    assert all(torch.equal(tensor, seen[1][name]) for name, tensor in model.state_dict().items())


def test_three_class_model_is_judged_on_the_classes_a_set_has() -> None:
    config = ModelConfig(vocab_size=20, num_classes=3, embedding_dim=4, hidden_size=4)
    task = ClassificationTask(
        TRAIN, {"two": LabelledRows([[5], [6]], np.array([0, 2]))}, pad_id=0, model=config, config=CONFIG
    )
    logits_NC, _ = task.logits(BiLSTMClassifier(config).eval(), "two")
    assert (logits_NC[:, 1] == -1e9).all()
    assert np.isfinite(logits_NC).all()
