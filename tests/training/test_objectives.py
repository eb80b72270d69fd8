"""Adversarial and virtual adversarial training, entropy: what the losses are, and that training uses them."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

from nlp_rnn import SentimentClassifier  # noqa: E402
from nlp_rnn.batch import pad  # noqa: E402
from nlp_rnn.classification.fitting import ClassificationTask, LabelledRows, fit_model  # noqa: E402
from nlp_rnn.config import ModelConfig, TrainConfig  # noqa: E402
from nlp_rnn.errors import ConfigError, InputError, TrainingError  # noqa: E402
from nlp_rnn.nn.classifier import BiLSTMClassifier  # noqa: E402
from nlp_rnn.training.loop import seeded  # noqa: E402
from nlp_rnn.training.objectives import (  # noqa: E402
    Reading,
    adversarial,
    consistency,
    divergence,
    entropy,
    pairing,
    virtual_adversarial,
)

MODEL = ModelConfig(vocab_size=20, num_classes=3, embedding_dim=8, hidden_size=6)
BATCH = pad([[5, 6, 7, 8], [9, 10], [11, 12, 13]], pad_id=0)
SHARES = torch.full((20,), 1 / 20)
LABELS = torch.tensor([0, 1, 2])


def read(dropout: float = 0.3, *, weight_dropout: float = 0.2) -> Reading:
    """A batch read by a sharp classifier in training, dropout and all."""
    with seeded(2):
        model = BiLSTMClassifier(MODEL, dropout=dropout, weight_dropout=weight_dropout)
        model.output.weight.data *= 10
        return Reading(model.train(), BATCH, SHARES)


def test_a_reading_has_the_same_dropout_each_time() -> None:
    reading = read()
    torch.testing.assert_close(reading.logits(), reading.logits(), rtol=0, atol=0)
    assert not torch.equal(read(0.4).logits(), reading.logits())


def test_a_step_has_its_length_over_the_words_of_each_text() -> None:
    reading = read()
    step_BTE = reading.step(torch.randn(3, 4, 8) * 1e-20, 5.0)
    torch.testing.assert_close(step_BTE.flatten(1).norm(dim=1), torch.full((3,), 5.0))
    assert not step_BTE[1, 2:].any()
    assert not step_BTE[2, 3:].any()


def test_steps_are_in_units_of_the_embeddings_spread() -> None:
    reading = read()
    expected = reading.model.embedding.weight.detach().std(dim=0, correction=0)
    torch.testing.assert_close(reading.scale_E, expected)
    frequent = torch.zeros(20)
    frequent[5] = 1.0  # a single word has no spread
    assert float(Reading(reading.model, BATCH, frequent).scale_E.max()) < 1e-3


def test_virtual_adversarial_loss_is_never_negative_and_zero_without_a_step() -> None:
    reading = read()
    logits_BC = reading.logits()
    assert virtual_adversarial(reading, logits_BC, size=0.0).item() == pytest.approx(0, abs=1e-6)
    found = [virtual_adversarial(reading, logits_BC, size=size).item() for size in (0.5, 2.0, 5.0)]
    assert 0 < found[0] < found[1] < found[2]


def test_its_direction_changes_the_answer_more_than_random_ones() -> None:
    reading = read()
    logits_BC = reading.logits().detach()
    answer_BC = logits_BC.log_softmax(dim=1)
    with seeded(3), torch.no_grad():
        others = [
            float(divergence(answer_BC, reading.logits(reading.step(torch.randn(3, 4, 8), 1.0))))
            for _ in range(50)
        ]
    with seeded(4):
        assert virtual_adversarial(reading, logits_BC, size=1.0).item() > 2 * np.mean(others)


def test_the_adversarial_step_raises_the_loss_more_than_random_ones() -> None:
    reading = read()
    loss_of = partial(torch.nn.functional.cross_entropy, target=LABELS)
    clean = loss_of(reading.logits()).item()
    with seeded(3), torch.no_grad():
        others = [float(loss_of(reading.logits(reading.step(torch.randn(3, 4, 8), 1.0)))) for _ in range(50)]
    found = adversarial(reading, loss_of, size=1.0)
    assert found.item() > max(clean, *others)
    assert adversarial(reading, loss_of, size=0.0).item() == pytest.approx(clean, rel=1e-5)
    found.backward()
    assert all(weight.grad is not None for weight in reading.model.parameters())


def test_no_gradient_goes_into_the_answer_that_is_to_be_kept() -> None:
    reading = read()
    logits_BC = reading.logits()
    logits_BC.retain_grad()
    virtual_adversarial(reading, logits_BC, size=1.0).backward()
    assert logits_BC.grad is None
    assert reading.model.embedding.weight.grad.abs().sum() > 0


def test_entropy_is_the_logarithm_of_equal_choices() -> None:
    assert float(entropy(torch.zeros(2, 3))) == pytest.approx(math.log(3))
    assert float(entropy(torch.tensor([[100.0, 0.0, 0.0]]))) == pytest.approx(0, abs=1e-6)


def test_consistency_of_both_is_the_mean_of_the_divergences() -> None:
    one_BC, other_BC = torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    forth = divergence(one_BC.log_softmax(dim=1), other_BC)
    back = divergence(other_BC.log_softmax(dim=1), one_BC)
    assert abs(forth - back) > 0.1
    torch.testing.assert_close(consistency(one_BC, other_BC), (forth + back) / 2)


def test_readings_of_other_dropout_are_to_agree() -> None:
    first, second = read(), read()
    second.seed += 1
    assert consistency(first.logits(), first.logits()).item() == pytest.approx(0, abs=1e-6)
    found = consistency(first.logits(), second.logits())
    assert found.item() > 0.001
    torch.testing.assert_close(found, consistency(second.logits(), first.logits()))


def test_texts_of_a_pair_are_read_with_the_same_dropout() -> None:
    with seeded(2):
        model = BiLSTMClassifier(MODEL, dropout=0.3, unk_dropout=0.3, weight_dropout=0.2).train()
        model.output.weight.data *= 10
        same = pad([[5, 6, 7], [9, 10], [5, 6, 7], [9, 10]], pad_id=0)
        other = pad([[5, 6, 7], [9, 10], [5, 8, 7], [9, 11, 10]], pad_id=0)
        assert pairing(model, same).item() == pytest.approx(0, abs=1e-6)
        model.unk_dropout = 0.0
        found = pairing(model, other)
    assert found.item() > 0.001
    found.backward()
    touched_V = model.embedding.weight.grad.abs().sum(dim=1) > 0
    assert all(bool(touched_V[word]) for word in (6, 8, 9, 11))  # the gradient goes into both sides


TRAIN = LabelledRows([[5, 6, 7], [8, 9], [10, 11, 12], [13, 14]], np.array([0, 1, 2, 0]))
MORE = [[15, 16, 17], [18, 19]]
PAIRS = [[1, 2, 3], [1, 4, 3], [2, 3], [2, 4]]  # two pairs
EVERYTHING = {
    "adversarial": 1.0,
    "pairing": 1.0,
    "virtual_adversarial": 1.0,
    "entropy": 0.5,
    "consistency": 0.5,
}


def task(**settings: object) -> ClassificationTask:
    config = TrainConfig(dropout=0.0, unk_dropout=0.0, label_smoothing=0.0, **settings)  # type: ignore[arg-type]
    return ClassificationTask(TRAIN, {}, pad_id=0, model=MODEL, config=config, unlabelled=MORE, pairs=PAIRS)


def loss(one: ClassificationTask) -> torch.Tensor:
    with seeded(0):
        model = BiLSTMClassifier(MODEL)
        return one.loss(model.train(), np.arange(4))


def test_objectives_are_added_to_the_cross_entropy_in_a_share_of_the_steps() -> None:
    plain = loss(task())
    torch.testing.assert_close(loss(task(objectives=EVERYTHING, objective_share=0.0)), plain)
    assert loss(task(objectives=EVERYTHING)) > plain
    one, both = (loss(task(objectives={"entropy": weight})) - plain for weight in (1.0, 2.0))
    torch.testing.assert_close(both, 2 * one)
    assert one.item() == pytest.approx(math.log(3), rel=0.1)  # an untrained model is unsure


def test_objectives_without_labels_are_taken_on_the_unlabelled_texts() -> None:
    gradients = []
    for name in ("entropy", "virtual_adversarial", "consistency"):
        with seeded(0):
            model = BiLSTMClassifier(MODEL, dropout=0.3).train()
            task(objectives={name: 1.0}).objectives(model, BATCH, np.arange(3)).backward()
        gradients.append(model.embedding.weight.grad.abs().sum(dim=1))
    for gradient_V in gradients:
        assert not gradient_V[:15].any()
        assert gradient_V[15:].any()


def test_pairing_is_taken_on_the_pairs() -> None:
    with seeded(0):
        model = BiLSTMClassifier(MODEL).train()
        task(objectives={"pairing": 1.0}).objectives(model, BATCH, np.arange(3)).backward()
    gradient_V = model.embedding.weight.grad.abs().sum(dim=1)
    assert gradient_V[2:5].all()
    assert not gradient_V[5:].any()


def test_each_row_is_paired_with_the_next() -> None:
    rows = [[1, 2, 3], [1, 2, 3], [9, 8], [9, 8], [4], [4]]
    with seeded(0):
        model = BiLSTMClassifier(MODEL).train()
        found = ClassificationTask(
            TRAIN,
            {},
            pad_id=0,
            model=MODEL,
            config=TrainConfig(objectives={"pairing": 1.0}),
            pairs=rows,
        ).objectives(model, BATCH, np.arange(3))
    assert found.item() == pytest.approx(0, abs=1e-6)


def test_pairs_of_a_batch_fit_into_its_tokens_with_their_padding() -> None:
    rows = [[5] * 6, [5], [5], [5] * 6]
    plan = task(objectives={"pairing": 1.0}, batch_tokens=12)
    assert len(plan.pairs_plan) == 1
    config = TrainConfig(batch_tokens=12, objectives={"pairing": 1.0})
    apart = ClassificationTask(TRAIN, {}, pad_id=0, model=MODEL, config=config, pairs=rows)
    assert [len(which) for which in apart.pairs_plan] == [1, 1]


def test_a_pair_is_answered_alike_where_labels_alone_would_not() -> None:
    texts, labels = ["ann spoke", "bob spoke", "good soup", "bad soup"] * 6, ["up", "down"] * 12
    pairs = [("ann spoke", "bob spoke")]

    def apart(objectives: dict[str, float]) -> float:
        config = TrainConfig(
            max_epochs=20, batch_size=6, learning_rate=0.02, dropout=0.0, objectives=objectives
        )
        classifier = SentimentClassifier(embedding_dim=8, hidden_size=8, min_count=1)
        given = pairs if objectives else None
        classifier.fit(texts, labels, pairs=given, validation=(texts, labels), config=config)
        one, other, *soups = classifier.predict_proba([*pairs[0], "good soup", "bad soup"])[:, 0]
        assert abs(soups[0] - soups[1]) > 0.3
        return float(abs(one - other))

    assert apart({"pairing": 30.0}) < 0.1 < 0.3 < apart({})


def test_pairs_and_their_objective_go_together() -> None:
    texts, labels = ["good soup", "bad soup"] * 6, ["up", "down"] * 6
    classifier = SentimentClassifier(embedding_dim=4, hidden_size=4, min_count=1)
    config = TrainConfig(max_epochs=1, objectives={"pairing": 1.0})
    with pytest.raises(InputError, match="go together"):
        classifier.fit(texts, labels, pairs=[("a", "b")])
    with pytest.raises(InputError, match="go together"):
        classifier.fit(texts, labels, config=config)
    for pair in ("ab", ("a",), ("a", "b", "c"), ("a", 1)):
        with pytest.raises(InputError, match="pairs"):
            classifier.fit(texts, labels, pairs=[pair], config=config)  # type: ignore[list-item]
    with pytest.raises(InputError, match="no pairs"):
        classifier.fit(texts, labels, pairs=[], config=config)
    classifier.fit(texts, labels, pairs=[("a lamp", "the lamp")], config=config)
    assert "lamp" not in classifier.artifact.tokenizer.vocab


def test_a_text_that_is_set_aside_loses_its_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = [f"soup {number}" for number in range(20)], ["up", "down"] * 10
    seen: dict[str, int] = {}

    def fit_model(
        train: LabelledRows, held_out: object, more: object, pairs: list[object], **_: object
    ) -> None:
        seen.update(train=len(train.rows), pairs=len(pairs))
        raise InterruptedError

    monkeypatch.setattr("nlp_rnn.classification.fitting.fit_model", fit_model)
    config = TrainConfig(objectives={"pairing": 1.0})
    with pytest.raises(InterruptedError):
        SentimentClassifier().fit(texts, labels, pairs=[(text, "soup") for text in texts], config=config)
    assert seen == {"train": 18, "pairs": 2 * 18}


def test_resumed_with_objectives_is_bit_identical(tmp_path: Path) -> None:
    config = TrainConfig(
        max_epochs=2, batch_tokens=6, objectives=EVERYTHING, objective_share=0.5, checkpoint_every=1
    )

    class Stopped(Exception):
        pass

    def stop(now: object) -> None:
        if now.step == 3:  # type: ignore[attr-defined]
            raise Stopped

    def fit(
        folder: Path, unlabelled: object = MORE, pairs: list[list[int]] = PAIRS, **more: object
    ) -> dict[str, np.ndarray]:
        weights, _, _ = fit_model(
            TRAIN,
            {"all": TRAIN},
            model_config=MODEL,
            config=config,
            pad_id=0,
            unk_id=1,
            unlabelled=unlabelled,  # type: ignore[arg-type]
            pairs=pairs,
            output=folder,
            **more,  # type: ignore[arg-type]
        )
        return weights

    expected = fit(tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(tmp_path / "cut", progress=stop)
    with pytest.raises(TrainingError, match="other pairs"):
        fit(tmp_path / "cut", pairs=PAIRS[:2], resume=True)
    resumed = fit(tmp_path / "cut", resume=True)
    assert all(np.array_equal(expected[name], resumed[name]) for name in expected)


def test_fit_reads_the_unlabelled_texts_into_the_vocabulary() -> None:
    texts, labels = ["good soup", "bad soup"] * 6, ["up", "down"] * 6
    config = TrainConfig(max_epochs=1, objectives={"virtual_adversarial": 1.0})
    classifier = SentimentClassifier(embedding_dim=4, hidden_size=4, min_count=1)
    classifier.fit(texts, labels, unlabelled=["a lamp"], config=config)
    assert "lamp" in classifier.artifact.tokenizer.vocab
    with pytest.raises(InputError, match="for the objectives virtual_adversarial, entropy"):
        classifier.fit(texts, labels, unlabelled=["a lamp"])
    with pytest.raises(InputError, match="unlabelled must be a sequence"):
        classifier.fit(texts, labels, unlabelled="a lamp", config=config)


@pytest.mark.parametrize(
    "objectives", [{"adversary": 1.0}, {"entropy": -1.0}, {"entropy": "much"}, ["entropy"], 1.0]
)
def test_objectives_are_weights_by_name(objectives: object) -> None:
    with pytest.raises(ConfigError, match="Received"):
        TrainConfig(objectives=objectives)  # type: ignore[arg-type]
