"""A transformer that teaches: a tiny one learns, reads and is saved; what is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

import torch
from safetensors.torch import load_file

from nlp_rnn.config import LoopConfig
from nlp_rnn.distillation.ensemble import average_proba
from nlp_rnn.distillation.judges import classifier_judge, review_features
from nlp_rnn.distillation.transformer import TransformerClassifier, _name_emoji, crop_texts, default_config
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, TrainingError
from nlp_rnn.training.loop import Progress, seeded

CLASSES = ("negative", "neutral", "positive")
TEXTS = ["good soup", "bad soup", "plain soup", "a good day", "a bad day", "a plain day"] * 4
LABELS = ["positive", "negative", "neutral"] * 8
CONFIG = LoopConfig(max_epochs=20, batch_size=8, learning_rate=2e-3, ema_decay=0.0, patience=20)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    folder = tmp_path_factory.mktemp("tiny")
    known = sorted({word for text in TEXTS for word in text.split()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
    transformers.BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.3,
        num_labels=3,
    )
    with seeded(0):
        transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a head."""
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    folder = tmp_path_factory.mktemp("encoder")
    transformers.AutoTokenizer.from_pretrained(tiny).save_pretrained(folder)
    transformers.BertModel.from_pretrained(tiny).save_pretrained(folder)
    return folder


def test_a_transformer_learns_and_is_the_same_when_loaded(tiny: Path, tmp_path: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    rows = teacher.batch(teacher.rows(TEXTS), np.arange(6))
    teacher.model.train()  # its dropout is off
    torch.testing.assert_close(teacher.model(**rows).logits, teacher.model(**rows).logits, rtol=0, atol=0)
    steps: list[int] = []
    before = teacher.fingerprint
    fitted = teacher.fit(
        TEXTS,
        LABELS,
        validation={"all": (TEXTS, LABELS)},
        config=CONFIG,
        progress=lambda now: steps.append(now.step),
    )
    assert fitted is teacher
    assert teacher.fingerprint != before  # or answers kept from before would be taken for its own
    assert steps[-1] == len(steps)
    probs_NC = teacher.predict_proba(TEXTS)
    assert [CLASSES[best] for best in probs_NC.argmax(axis=1)] == LABELS
    folder = teacher.save_pretrained(tmp_path / "model")
    loaded = TransformerClassifier.from_pretrained(folder)
    assert loaded.classes_.tolist() == list(CLASSES)
    assert loaded.fingerprint == teacher.fingerprint
    np.testing.assert_allclose(loaded.predict_proba(TEXTS[::-1])[::-1], probs_NC, atol=1e-5)
    alone_NC = np.concatenate([loaded.predict_proba([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(alone_NC, probs_NC[:6], atol=1e-5)  # beside longer texts it is the same
    assert loaded.predict_proba([]).shape == (0, 3)
    with pytest.raises(ArtifactError, match="is there already"):
        teacher.save_pretrained(folder)
    with pytest.raises(ArtifactError, match="holds no transformer that can be fine-tuned"):
        TransformerClassifier.from_pretrained(folder, classes=["up", "down"])


def test_a_new_head_is_drawn_by_the_seed_alone(encoder: Path) -> None:
    one, same, other = (
        TransformerClassifier.from_pretrained(encoder, classes=CLASSES, seed=seed).predict_proba(TEXTS)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_a_run_that_was_stopped_goes_on_where_it_was(tiny: Path, tmp_path: Path) -> None:
    """Stopped in its last epoch and resumed, it ends with the weights of one that was not."""
    validation = {"all": (TEXTS, LABELS)}
    config = replace(CONFIG, max_epochs=2, checkpoint_every=1)

    def stop(now: Progress) -> None:
        if now.step == 5:
            raise KeyboardInterrupt

    whole = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    whole.fit(TEXTS, LABELS, validation=validation, config=config)
    stopped = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(TEXTS, LABELS, validation=validation, config=config, output=tmp_path, progress=stop)
    again = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    again.fit(TEXTS, LABELS, validation=validation, config=config, output=tmp_path, resume=True)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), whole.predict_proba(TEXTS))
    other = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    with pytest.raises(TrainingError, match="made with other data:"):
        other.fit(TEXTS[::-1], LABELS, validation=validation, config=config, output=tmp_path, resume=True)


def test_what_cannot_be_learned_is_refused(tiny: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    sets = {"all": (TEXTS, LABELS)}
    for texts, labels, validation in (([], [], sets), (TEXTS, LABELS[:3], sets), (TEXTS, LABELS, {})):
        with pytest.raises(InputError, match="give texts, a label for each, and sets to validate on"):
            teacher.fit(texts, labels, validation=validation)
    with pytest.raises(InputError, match="unknown label 'warm'"):
        teacher.fit(["good soup"], ["warm"], validation=sets)


def test_it_judges_and_is_averaged_as_any_classifier(tiny: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    probs_NC = teacher.predict_proba(TEXTS)
    np.testing.assert_allclose(average_proba([teacher, teacher], TEXTS), probs_NC, atol=1e-6)
    np.testing.assert_allclose(
        classifier_judge(teacher)(TEXTS), np.log(probs_NC[:, 2] / probs_NC[:, 0]), atol=1e-4
    )
    assert review_features(TEXTS, teacher).shape == (len(TEXTS), 3 * 32 + 3 * 3)


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore:torch.quantize_per_tensor")
def test_whole_numbers_answer_nearly_the_same(tiny: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    small = teacher.quantized(TEXTS)
    assert small.fingerprint != teacher.fingerprint
    assert small.classes_.tolist() == list(CLASSES)
    np.testing.assert_allclose(small.predict_proba(TEXTS), teacher.predict_proba(TEXTS), atol=0.05)
    with pytest.raises(InputError, match="compared"):
        teacher.quantized([])


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore:torch.quantize_per_tensor")
def test_numbers_far_larger_than_the_others_do_no_harm(tiny: Path) -> None:
    """In large transformers a few units behind the activation are: one scale for all would drown the rest."""
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    with torch.no_grad():
        for layer in teacher.model.base_model.encoder.layer:
            layer.intermediate.dense.bias[0] = 1e4
            layer.output.dense.weight[:, 0] = 0
    small = teacher.quantized(TEXTS)
    np.testing.assert_allclose(small.predict_proba(TEXTS), teacher.predict_proba(TEXTS), atol=0.05)


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore:torch.quantize_per_tensor")
def test_whole_numbers_that_answer_otherwise_are_refused(tiny: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    with torch.no_grad():  # logits of 1e-6 part the classes: rounding decides
        teacher.model.base_model.encoder.layer[-1].attention.output.dense.weight *= 1e6
    with pytest.raises(TrainingError, match="another answer"):
        teacher.quantized([f"{a} {b}" for a in TEXTS for b in TEXTS])


def test_a_window_is_a_run_of_words_of_a_long_text_alone() -> None:
    long = " ".join(map(str, range(200)))
    short, cut, other = crop_texts(["a<br />b", long, long], seed=0)
    assert short == "a<br />b"
    first = int(cut.split()[0])
    assert cut == " ".join(map(str, range(first, first + 70)))
    assert cut != other
    assert crop_texts([long], seed=1) != crop_texts([long], seed=2)


def test_the_default_is_one_epoch() -> None:
    assert (default_config(seed=3).max_epochs, default_config(seed=3).seed) == (1, 3)
    assert default_config(rows=50_000) == default_config()


@pytest.mark.parametrize("rows", [100, 400, 3_000])
def test_few_texts_are_read_more_often_in_smaller_batches(rows: int) -> None:
    config = default_config(rows=rows)
    assert config.max_epochs is not None
    assert config.batch_size is not None
    assert 90 <= config.max_epochs * rows / config.batch_size <= 260


def test_a_folder_that_is_none_or_has_no_transformer_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    with pytest.raises(ArtifactError, match=f"{tmp_path} holds no transformer that can be fine-tuned"):
        TransformerClassifier.from_pretrained(tmp_path)
    with pytest.raises(ArtifactError, match="there is no folder nowhere"):
        TransformerClassifier.from_pretrained("nowhere")


def test_a_transformer_that_is_no_bert_is_refused(tiny: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    transformers.AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    config = transformers.DistilBertConfig(vocab_size=12, dim=8, n_layers=1, n_heads=1, hidden_dim=8)
    transformers.DistilBertModel(config).save_pretrained(tmp_path)
    with pytest.raises(ArtifactError, match="is a distilbert: give one that is built as BERT or MPNet"):
        TransformerClassifier.from_pretrained(tmp_path)


@pytest.fixture(scope="module")
def mpnet(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of two layers without a pooler."""
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    pytest.importorskip("peft", reason="adapters need the teach extra")
    folder = tmp_path_factory.mktemp("mpnet")
    transformers.AutoTokenizer.from_pretrained(tiny).save_pretrained(folder)
    config = transformers.MPNetConfig(
        vocab_size=32,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.3,
    )
    with seeded(0):
        transformers.MPNetModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def test_adapters_learn_beside_weights_that_stay_and_are_the_same_when_loaded(
    mpnet: Path, tmp_path: Path
) -> None:
    teacher = TransformerClassifier.from_pretrained(mpnet, classes=CLASSES)
    before = {name: tensor.clone() for name, tensor in teacher.model.state_dict().items()}
    untaught_NC = teacher.predict_proba(TEXTS)
    teacher.with_adapters(rank=4, first_layer=1)
    np.testing.assert_allclose(teacher.predict_proba(TEXTS), untaught_NC, atol=1e-6)  # B begins at 0
    teacher.fit(TEXTS, LABELS, validation={"all": (TEXTS, LABELS)}, config=CONFIG, output=tmp_path / "run")
    probs_NC = teacher.predict_proba(TEXTS)
    assert [CLASSES[best] for best in probs_NC.argmax(axis=1)] == LABELS
    # What did not learn is neither moved nor kept in checkpoints.
    after = {name.replace(".base_layer", ""): tensor for name, tensor in teacher.model.state_dict().items()}
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor) == (not name.startswith("classifier")), name
    kept = next((tmp_path / "run").glob("checkpoint-*/tensors.safetensors"))
    names = {name.partition("/")[2] for name in load_file(kept) if name.startswith("model/")}
    assert names == {name for name, weight in teacher.model.named_parameters() if weight.requires_grad}
    assert not any("layer.0." in name for name in names)

    saved = teacher.save_adapters(tmp_path / "adapters")
    loaded = TransformerClassifier.from_pretrained(mpnet, classes=CLASSES, seed=5).with_adapters(saved)
    assert loaded.fingerprint == teacher.fingerprint
    np.testing.assert_allclose(loaded.predict_proba(TEXTS), probs_NC, atol=5e-3)  # 16-bit numbers
    np.testing.assert_allclose(loaded.merged().predict_proba(TEXTS), probs_NC, atol=5e-3)
    assert loaded.read(TEXTS)[1].shape == (len(TEXTS), 32)
    plain = loaded.save_pretrained(tmp_path / "plain")
    np.testing.assert_allclose(
        TransformerClassifier.from_pretrained(plain).predict_proba(TEXTS), probs_NC, atol=5e-3
    )


def test_a_run_of_adapters_that_was_stopped_goes_on_where_it_was(mpnet: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, max_epochs=2, checkpoint_every=1)

    def start() -> TransformerClassifier:
        return TransformerClassifier.from_pretrained(mpnet, classes=CLASSES).with_adapters(rank=4)

    def stop(now: Progress) -> None:
        if now.step == 5:
            raise KeyboardInterrupt

    validation = {"all": (TEXTS, LABELS)}
    whole = start().fit(TEXTS, LABELS, validation=validation, config=config)
    with pytest.raises(KeyboardInterrupt):
        start().fit(TEXTS, LABELS, validation=validation, config=config, output=tmp_path, progress=stop)
    again = start().fit(TEXTS, LABELS, validation=validation, config=config, output=tmp_path, resume=True)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), whole.predict_proba(TEXTS))
    other = TransformerClassifier.from_pretrained(mpnet, classes=CLASSES).with_adapters(rank=4, first_layer=1)
    with pytest.raises(TrainingError, match="made with other learning"):
        other.fit(TEXTS, LABELS, validation=validation, config=config, output=tmp_path, resume=True)


def test_adapters_of_another_transformer_or_none_are_one_sentence(
    mpnet: Path, tiny: Path, tmp_path: Path
) -> None:
    teacher = TransformerClassifier.from_pretrained(mpnet, classes=CLASSES)
    with pytest.raises(ArtifactError, match="no adapters to save: use save_pretrained"):
        teacher.save_adapters(tmp_path / "none")
    with pytest.raises(ArtifactError, match="cannot be read"):
        teacher.with_adapters(tmp_path)
    with pytest.raises(ConfigError, match="first_layer"):
        teacher.with_adapters(first_layer=2)
    saved = teacher.with_adapters(rank=2).save_adapters(tmp_path / "adapters")
    other = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    with pytest.raises(ArtifactError, match="were taught on another transformer"):
        other.with_adapters(saved)
    (saved / "adapters.safetensors").write_bytes(b"cut")
    with pytest.raises(ArtifactError, match=r"adapters\.safetensors cannot be read"):
        TransformerClassifier.from_pretrained(mpnet, classes=CLASSES).with_adapters(saved)


def test_emoji_are_read_by_their_names(tiny: Path) -> None:
    pytest.importorskip("emoji", reason="the transformer needs the teach extra")
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    named = [_name_emoji(text) for text in ("good \N{PILE OF POO}!", "\N{THUMBS UP SIGN}", "a_b é")]
    assert [" ".join(text.split()) for text in named] == ["good pile of poo !", "thumbs up", "a_b é"]
    assert teacher.rows(["\N{PILE OF POO}"]) == teacher.rows(["pile of poo"])
    assert teacher.rows(["\N{THUMBS UP SIGN}\U0001f3fd"]) == teacher.rows(["thumbs up"])


def test_texts_are_read_without_their_markup(tiny: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    plain = teacher.rows(["good soup"])
    link = '<a href="http://x.example/bad">good</a> soup'
    marked = (link, "**good** soup", "good soup\n\nSent from my phone")
    assert [teacher.rows([text]) for text in marked] == [plain] * 3


def test_a_held_out_set_of_one_class_is_measured_against_all_others(tiny: Path, tmp_path: Path) -> None:
    teacher = TransformerClassifier.from_pretrained(tiny, classes=CLASSES)
    wrong = ["good soup", "bad soup"], ["neutral", "neutral"]
    validation = {"all": (TEXTS, LABELS), "wrong": wrong}
    teacher.fit(TEXTS, LABELS, validation=validation, config=CONFIG, output=tmp_path)
    last = json.loads((tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["validation"]["all"], last["validation"]["wrong"]) == (1.0, 0.0)
