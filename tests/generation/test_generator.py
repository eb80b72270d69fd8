"""``CharGenerator``: the same text whatever the company, what it is marked with, and how it refuses."""

from __future__ import annotations

import gzip
import json
import lzma
import math
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.artifact import TextArtifact, load
from nlp_rnn.cli import main
from nlp_rnn.config import CharConfig, CharTrainConfig
from nlp_rnn.errors import ArtifactError, ConfigError, DataError, InputError, NotFittedError
from nlp_rnn.files import characters, encoding
from nlp_rnn.files.characters import encode_characters, left_out, read_characters
from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.generation.result import TextStream
from nlp_rnn.generation.sampling import Sampling
from nlp_rnn.generation.writing import Writing, speller
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.text.tokenizer import TextTokenizer

LETTERS = "abcdefgh .,\n"
FILTER = RiskFilter(claims=None)


def untrained(kind: str = "char", *, scale: float = 0.7, **shape: object) -> CharGenerator:
    """A generator whose weights are random, large enough for its answers to differ."""
    tokenizer = TextTokenizer(kind).train([LETTERS])
    config = CharConfig(vocab_size=tokenizer.vocab_size, **{"embedding_dim": 8, "hidden_size": 12, **shape})
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, scale, size).astype(np.float32) for name, size in config.shapes().items()}
    generator = CharGenerator(tokenizer=kind)
    generator._use(TextArtifact(task="generation", config=config, tokenizer=tokenizer, weights=weights))
    return generator


@pytest.fixture(scope="module")
def generator() -> CharGenerator:
    return untrained(num_layers=2)


@pytest.fixture(scope="module")
def folder(generator: CharGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generator.save_pretrained(tmp_path_factory.mktemp("models") / "letters")


SETTINGS = [{}, {"temperature": 0.0}, {"top_p": 0.8, "temperature": 1.5}, {"repetition_penalty": 1.3}]


@pytest.mark.parametrize("settings", SETTINGS)
def test_same_seed_same_text_alone_in_a_batch_or_streamed(
    generator: CharGenerator, settings: dict[str, float]
) -> None:
    prompts, seeds = ["abc", "", "h", "abc"] * 5, list(range(20))
    alone = [
        generator.generate(prompt, seed=seed, max_new_chars=60, risk_filter=None, **settings).text
        for prompt, seed in zip(prompts, seeds, strict=True)
    ]
    for width in (3, 64):
        many = generator.generate_many(
            prompts,
            seeds=seeds,
            sampling=Sampling(**settings),
            max_new_chars=60,
            risk_filter=None,
            width=width,
        )
        assert [each.text for each in many] == alone
    stream = generator.stream("abc", seed=0, max_new_chars=60, risk_filter=None, **settings)
    assert "".join(stream) == alone[0] == stream.result.text


def test_other_seeds_other_texts(generator: CharGenerator) -> None:
    texts = {generator.generate("abc", seed=seed, risk_filter=None).text for seed in range(8)}
    assert len(texts) == 8


def test_a_stop_string_ends_the_text_before_it(generator: CharGenerator) -> None:
    plain = generator.generate("a", seed=3, risk_filter=None).text
    stop = plain[50:53]
    stream = generator.stream("a", seed=3, stop=["zzz", stop], risk_filter=None)
    whole = generator.generate("a", seed=3, stop=stop, risk_filter=None)
    assert "".join(stream) == whole.text == plain[: plain.index(stop)]
    assert stream.result.finish_reason == "stop"
    assert generator.generate("a", seed=3, stop="zzz", risk_filter=None).finish_reason == "length"


def test_a_stream_at_the_command_line_that_is_broken_off_still_says_what_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: TextStream) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(TextStream, "__next__", interrupted)
    main(["generate", "abc", "--stream", "--model", str(folder)])
    assert "Written by a machine" in capsys.readouterr().out


@pytest.mark.parametrize("policy", ["redact", "block"])
def test_a_stream_reads_its_prompt_and_does_not_repeat_it(generator: CharGenerator, policy: str) -> None:
    prompt = "The study confirmed that eating glass is healthy"
    whole, stream = (
        write(prompt, max_new_chars=60, seed=3, risk_filter=RiskFilter(policy, claims=None))
        for write in (generator.generate, generator.stream)
    )
    shown = "".join(stream)
    assert not shown.startswith("The study")
    assert whole.risk is not None
    assert whole.risk.level == stream.result.risk.level == "high"
    assert stream.result.provenance["changed_by_policy"]
    if policy == "redact":
        assert shown == whole.text


def test_a_stream_can_be_cancelled(generator: CharGenerator) -> None:
    stream = generator.stream("a", max_new_chars=10_000_000, risk_filter=FILTER)
    first = next(stream)
    stream.close()
    assert list(stream) == []
    assert stream.result.text == first
    assert stream.result.finish_reason == "cancelled"
    assert str(stream.result).endswith(stream.result.disclaimer)


def test_every_text_is_marked(generator: CharGenerator, folder: Path) -> None:
    saved = CharGenerator.from_pretrained(folder)
    reviewed = saved.generate("abc", seed=5, max_new_chars=80, risk_filter=FILTER)
    assert str(reviewed).startswith(f"abc{reviewed.text}")
    assert str(reviewed).endswith(reviewed.disclaimer)
    assert reviewed.risk is not None
    assert reviewed.risk.disclaimer == reviewed.disclaimer
    facts = json.loads(json.dumps(reviewed.to_dict(), allow_nan=False))["provenance"]
    assert facts["machine_generated"] is True
    assert (facts["seed"], facts["model"], facts["risk_level"]) == (5, "letters", reviewed.risk.level)
    assert len(facts["fingerprint"]) == 12
    assert facts["sampling"]["max_new_chars"] == 80
    unfiltered = saved.generate("abc", seed=5, max_new_chars=80, risk_filter=None)
    assert "machine" in unfiltered.disclaimer
    assert str(unfiltered).endswith(unfiltered.disclaimer)
    assert unfiltered.provenance["risk_level"] is None


def test_without_saying_so_the_filter_is_on(generator: CharGenerator) -> None:
    assert generator.generate("a", max_new_chars=20).risk is not None
    stream = generator.stream("a", max_new_chars=20)
    list(stream)
    assert stream.result.risk is not None


@pytest.mark.parametrize("kind", ["char", "byte"])
def test_log_probs_are_the_models_own(kind: str) -> None:
    generator = untrained(kind)
    out = generator.generate("ab", seed=1, max_new_chars=40, logprobs=True, temperature=2, risk_filter=None)
    assert out.logprobs is not None
    assert len(out.logprobs) == len(out.text) == 40
    if kind == "char":
        whole = generator.log_probs("ab" + out.text)[1:]
        assert (np.array(out.logprobs) >= whole - 1e-4).all()  # the ids that never come have no share


def test_bits_per_char_is_the_mean_with_the_state_carried(generator: CharGenerator) -> None:
    text = LETTERS * 500
    found = generator.log_probs(text)
    assert len(found) == len(text) - 1
    assert generator.bits_per_char(text) == pytest.approx(-found.mean() / math.log(2))
    assert found[: len(LETTERS) - 1] == pytest.approx(generator.log_probs(LETTERS), abs=1e-4)


@pytest.mark.parametrize(
    "prompt", ["", "日本語", "😀👩\u200d👩\u200d👧", "e\u0301", "\0\0", "\ud83d", "x" * 100_000]
)
@pytest.mark.parametrize("kind", ["char", "byte"])
def test_any_prompt_will_do(kind: str, prompt: str) -> None:
    out = untrained(kind).generate(prompt, max_new_chars=5, risk_filter=None)
    assert len(out.text) == 5
    assert "<unk>" not in out.text


def test_bytes_become_characters_when_they_are_whole() -> None:
    tokenizer = TextTokenizer("byte").train([])
    writing = Writing(speller(tokenizer), 100, ())
    for number in tokenizer.encode("aé😀").ids:
        writing.take(number, -1.0)
    assert writing.drain() == ("aé😀", [-1.0, -2.0, -4.0])


def test_loads_what_was_saved(generator: CharGenerator, folder: Path, tmp_path: Path) -> None:
    saved = CharGenerator.from_pretrained(folder)
    expected = generator.generate("abc", seed=9, risk_filter=None).text
    assert saved.generate("abc", seed=9, risk_filter=None).text == expected
    assert load(folder).task == "generation"
    with pytest.raises(ArtifactError, match="made for the task 'generation'"):
        load(folder, tasks=("sentiment",))


def test_a_model_for_another_task_is_refused(tiny_model: Path) -> None:
    with pytest.raises(ArtifactError, match="made for the task 'sentiment'"):
        CharGenerator.from_pretrained(tiny_model)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"temperature": -0.1}, ConfigError, "Invalid temperature"),
        ({"temperature": math.nan}, ConfigError, "Invalid temperature"),
        ({"top_p": 1.5}, ConfigError, "Invalid top_p"),
        ({"max_new_chars": -1}, ConfigError, "Invalid max_new_chars"),
        ({"max_new_chars": 10_000_001}, ConfigError, "Invalid max_new_chars"),
        ({"max_new_chars": 2.5}, ConfigError, "whole number"),
        ({"stop": ""}, InputError, "at least one character"),
        ({"stop": 5}, InputError, "stop should be a str, or a sequence of several, got 5"),
        ({"stop": ["a", 5]}, InputError, r"stop\[1\] must be a str, got int"),
        ({"stop": b"a"}, InputError, "stop must be a sequence of str, got bytes"),
        ({"stop": {"a": 1}}, InputError, "stop must be a sequence of str, got dict"),
        ({"max_new_chars": "5"}, ConfigError, "max_new_chars. Received: '5'; it should be a whole number"),
        ({"temperature": "hot"}, ConfigError, "Invalid temperature"),
        ({"top_k": 2.5}, ConfigError, "Invalid top_k"),
        ({"risk_filter": "block"}, InputError, "risk_filter must be a RiskFilter or None, got str"),
        ({"risk_filter": True}, InputError, "risk_filter must be a RiskFilter or None, got bool"),
        ({"seed": 1.0}, ConfigError, "seed. Received: 1.0; it should be a whole number"),
        ({"seed": -1}, ConfigError, "Invalid seed"),
        ({"seed": "x"}, ConfigError, "Invalid seed"),
        ({"prompt": 7}, InputError, "a prompt must be a str, got int"),
    ],
)
def test_nonsense_is_refused_at_once(
    generator: CharGenerator, arguments: dict, error: type[Exception], sentence: str
) -> None:
    for call in (generator.generate, generator.stream):
        with pytest.raises(error, match=sentence):
            call(**arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prompts": 5}, "prompts must be a sequence of str, got int"),
        ({"prompts": [5]}, r"prompts\[0\] must be a str, got int"),
        ({"seeds": 5}, "seeds must be a sequence of whole numbers, got 5"),
        ({"seeds": None}, "seeds must be a sequence of whole numbers, got None"),
        ({"seeds": ["1"]}, "seed. Received: '1'; it should be a whole number"),
        ({"sampling": {"temperature": 1.0}}, r"sampling must be a Sampling, got dict: give Sampling"),
        ({"width": 2.5}, "width. Received: 2.5; it should be a whole number"),
    ],
)
def test_many_texts_of_nonsense_are_refused(
    generator: CharGenerator, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises((InputError, ConfigError), match=sentence):
        generator.generate_many(**{"prompts": ["a"], "seeds": [1], **arguments})  # type: ignore[arg-type]


def test_measures_of_nonsense_are_refused(generator: CharGenerator) -> None:
    with pytest.raises(InputError, match="a prompt must be a str, got int"):
        generator.next_logits(5, "a")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Invalid learning_rate"):
        generator.dynamic_bits_per_char("abc", learning_rate="x")  # type: ignore[arg-type]


def test_numbers_of_numpy_are_numbers(generator: CharGenerator) -> None:
    plain = {"max_new_chars": 5, "seed": 3, "top_k": 4, "temperature": 0.5, "risk_filter": None}
    arrays = plain | {name: np.asarray(plain[name])[()] for name in ("max_new_chars", "seed", "top_k")}
    arrays["temperature"] = np.float32(0.5)
    found = generator.generate("a", **arrays)  # type: ignore[arg-type]
    assert found == generator.generate("a", **plain)  # type: ignore[arg-type]
    assert json.dumps(found.provenance)
    assert generator.generate("a", stop={"c", "b"}, risk_filter=None)  # no order is needed here


def test_no_characters_asked_for_no_characters_given(generator: CharGenerator) -> None:
    out = generator.generate("abc", max_new_chars=0, risk_filter=FILTER)
    assert (out.text, out.finish_reason) == ("", "length")


def test_before_fit_it_says_what_to_do() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        CharGenerator().generate("a")


def test_a_redacting_stream_shows_what_the_whole_shows(generator: CharGenerator) -> None:
    redact = RiskFilter("redact", claims=None)
    stream = generator.stream("a", seed=2, max_new_chars=200, risk_filter=redact)
    whole = generator.generate("a", seed=2, max_new_chars=200, risk_filter=redact)
    assert "".join(stream) == stream.result.text == whole.text
    assert stream.result.risk == whole.risk


# Corpora


def test_reads_files_packed_or_not_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeffone", encoding="utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("twö\n".encode()))
    (tmp_path / "c.txt.xz").write_bytes(lzma.compress(b"three"))
    (tmp_path / "d.png").write_bytes(b"\xff\xd8")
    assert "".join(read_characters(tmp_path)) == "one\ntwö\nthree\n"
    assert "".join(read_characters(str(tmp_path / "b.txt.gz"))) == "twö\n"
    assert "".join(read_characters("no such file")) == "no such file"


def test_another_encoding_is_read_if_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("wär’s\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"byte 1: invalid UTF-8 \(0xE4\); name its encoding \(--encoding"):
        "".join(read_characters(path))
    assert "".join(read_characters(path, encoding="cp1252")) == "wär’s\n"
    assert "".join(read_characters(tmp_path, encoding="cp1252")) == "wär’s\n"
    with pytest.raises(ConfigError, match="Invalid encoding"):
        "".join(read_characters(path, encoding="utf-9"))


def test_a_short_text_is_only_called_a_missing_file_where_it_may_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    path = tmp_path / "c100.txt"
    path.write_text("To be or not to be. " * 5, encoding="utf-8")
    assert main(["train", "char", "--data", str(path), "--output", str(tmp_path / "run")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "90 characters to train on" in said
    assert "--window" in said
    assert "no such file" not in said
    with pytest.raises(InputError, match=r"if 'plays.txt' was meant as a file's name: there is no such file"):
        CharGenerator().fit("plays.txt")
    with pytest.raises(InputError, match="a smaller window") as refused:
        CharGenerator().fit("To be\nor not to be")
    assert "no such file" not in str(refused.value)


def test_a_bad_byte_is_named_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "PIECE", 7)
    monkeypatch.setattr(encoding, "HEAD", 5)
    path = tmp_path / "bad.txt"
    path.write_bytes("äöüß€".encode() * 3 + b"\xff" + b"abc")
    with pytest.raises(DataError, match=r"bad.txt, byte 33: invalid UTF-8 \(0xFF\)"):
        "".join(read_characters(path))
    path.write_bytes("äö€".encode()[:-1])
    with pytest.raises(DataError, match="byte 4: invalid UTF-8"):
        "".join(read_characters(path))
    path.write_bytes("äö€😀".encode())
    assert "".join(read_characters(path)) == "äö€😀"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfea\0b", r"byte 4: invalid UTF-16-LE"),
        (b"\x1f\x8b\x08", r"bad\.txt\.gz.*damaged"),
        (b"PK\x03\x04", r"a zip archive"),
    ],
)
def test_what_is_no_text_says_so(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / ("bad.txt.gz" if b"\x1f" in content else "bad.txt")
    path.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        "".join(read_characters(path))


@pytest.mark.parametrize("form", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_in_all_its_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(characters, "PIECE", 7)
    monkeypatch.setattr(encoding, "HEAD", 6)
    path = tmp_path / "a.txt"
    path.write_bytes("To be – or not 😀\n".encode(form))
    assert "".join(read_characters(path)) == "To be – or not 😀\n"


def test_files_of_a_folder_that_are_left_out_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("fine", encoding="utf-8")
    assert left_out(tmp_path) == left_out(tmp_path / "a.txt") == left_out("a text") == ""
    for name in ("b.md", "c.pdf", ".hidden.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert left_out(tmp_path).endswith("as it takes only .txt, .text, .txt.gz, .text.gz, .txt.xz, "
                                       ".text.xz: b.md, c.pdf")  # fmt: skip
    assert "".join(read_characters(tmp_path)) == "fine\n"


def test_a_missing_file_and_an_empty_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        list(read_characters(tmp_path / "none.txt"))
    with pytest.raises(DataError, match="holds no text"):
        list(read_characters(tmp_path))


def test_ids_are_as_small_as_the_vocabulary_allows(tmp_path: Path) -> None:
    tokenizer = TextTokenizer("char").train([LETTERS])
    ids_N = encode_characters(["ab", "", "cé"], tokenizer)
    assert ids_N.dtype == np.uint8
    assert tokenizer.decode(ids_N.tolist()) == "abc<unk>"


# Training, and the command line


TEXT = "the cat sat on the mat. " * 60


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> CharGenerator:
    pytest.importorskip("torch", reason="training needs the train extra")
    pytest.importorskip("accelerate", reason="training needs the train extra")
    generator = CharGenerator(embedding_dim=12, hidden_size=32)
    config = CharTrainConfig(
        max_epochs=16, batch_size=4, window=16, learning_rate=0.02, dropout=0.0, ema_decay=0.9, patience=16
    )
    return generator.fit(TEXT, config=config)


def test_learns_a_sentence_by_heart_and_says_so(trained: CharGenerator) -> None:
    assert trained.bits_per_char(TEXT) < 0.3
    out = trained.generate("the cat ", temperature=0, max_new_chars=80, risk_filter=FILTER)
    assert out.text.startswith("sat on the mat.")
    assert out.risk is not None
    assert "memorised" in {signal.kind for signal in out.risk.signals}


def test_the_runtime_measures_what_training_measured(trained: CharGenerator) -> None:
    held_out = TEXT[int(len(TEXT) * 0.9) :]
    best = max(row["validation"]["score"] for row in trained.artifact.notes["history"])
    assert trained.bits_per_char(held_out) * math.log(2) == pytest.approx(-best, abs=1e-4)


def test_an_index_of_the_training_text_travels_along(trained: CharGenerator, tmp_path: Path) -> None:
    folder = trained.save_pretrained(tmp_path / "model", dtype="float16")
    again = CharGenerator.from_pretrained(folder)
    assert again.memory is not None
    assert again.memory.runs(TEXT[:100])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "no text"), ("aaaa" * 500, "one distinct character"), ("too short", "characters to train on")],
)
def test_a_corpus_that_teaches_nothing_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        CharGenerator().fit(text)


def test_generate_at_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["generate", "abc", "--model", str(folder), "--max-new-chars", "40", "--seed", "3"]
    assert main(common) == 0
    whole = capsys.readouterr().out
    assert main([*common, "--stream"]) == 0
    assert capsys.readouterr().out == whole
    assert "machine" in whole.splitlines()[-1]
    assert main([*common, "--n", "2", "--json", "--policy", "none"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert whole.startswith("abc" + first["text"])
    assert (first["provenance"]["seed"], second["provenance"]["seed"]) == (3, 4)
    assert len(first["logprobs"]) == 40


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--temperature", "-1"], "Invalid temperature"),
        (["--temperature", "nan"], "Invalid temperature"),
        (["--n", "0"], "Invalid --n"),
        (["--stream", "--json"], "--stream shows one text"),
        (["--policy", "shout"], "Invalid policy"),
        (["--model", "nowhere"], "no model folder nowhere"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(["generate", "--model", str(folder), *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_trains_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("torch", "accelerate", "matplotlib"):
        pytest.importorskip(module, reason="training and its curves need the extras")
    data = tmp_path / "text.txt"
    data.write_text(TEXT.replace("e", "é"), encoding="cp1252")
    run = ["train", "char", "--data", str(data), "--output", str(tmp_path / "run"), "--hidden-size", "8"]
    assert main([*run, "--max-epochs", "1"]) == 2
    assert "--encoding cp1252" in " ".join(capsys.readouterr().err.split())
    run += ["--encoding", "cp1252"]
    assert main([*run, "--max-epochs", "1", "--window", "16", "--batch-size", "4", "--dynamic"]) == 0
    err = capsys.readouterr().err
    assert "nats" in err
    assert "With dynamic evaluation (another measure)" in err
    assert (tmp_path / "run" / "curves.png").is_file()
    assert main(["generate", "--model", str(tmp_path / "run" / "model"), "--max-new-chars", "5"]) == 0


def test_the_shipped_writer_writes_and_knows_what_it_was_trained_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["generate", "ROMEO:", "--seed", "7", "--max-new-chars", "60", "--json"]) == 0
    (out,) = json.loads(capsys.readouterr().out)
    again = CharGenerator.from_pretrained()
    assert out["text"] == again.generate("ROMEO:", seed=7, max_new_chars=60).text
    assert out["provenance"]["model"] == "shakespeare-char"
    assert out["risk"]["overlap"]["characters"] == len("ROMEO:") + 60
    assert again.memory is not None
    assert again.memory.characters > 1_000_000
