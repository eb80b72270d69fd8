"""Translation: the search on known models, one model in two libraries, what a tiny one learns and refuses."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import SentimentClassifier, Translator
from nlp_rnn.artifact import TextArtifact
from nlp_rnn.batch import pad
from nlp_rnn.cli import main
from nlp_rnn.config import TranslationConfig, TranslationTrainConfig
from nlp_rnn.errors import ArtifactError, ConfigError, DataError, InputError, NotFittedError, TrainingWarning
from nlp_rnn.files.pairs import read_pairs
from nlp_rnn.runtime.seq2seq import Seq2Seq
from nlp_rnn.text.tokenizer import BEGIN, END, SPACE, TextTokenizer
from nlp_rnn.translation.beam import Hypothesis, beam_search, penalty
from nlp_rnn.translation.examples import _common, set_aside
from nlp_rnn.translation.result import Translation
from nlp_rnn.translation.scores import plot_by_length, score_by_length, score_translations

OLDER = Path(__file__).parent.parent / "older" / "translator"
ENGLISH = "one two three four five six seven eight nine ten".split()
FRENCH = "un deux trois quatre cinq six sept huit neuf dix".split()
SMALL = {"embedding_dim": 32, "hidden_size": 32, "vocab_size": 100}
PAD_ID, UNK_ID, BEGIN_ID, END_ID = 0, 1, 2, 3


def counting(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Rows of numbers in two languages."""
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, 10, rng.integers(1, 5)) for _ in range(count)]
    return [(" ".join(ENGLISH[i] for i in row), " ".join(FRENCH[i] for i in row)) for row in rows]


def settings(**changes: object) -> TranslationTrainConfig:
    values = {
        "max_epochs": 8,
        "batch_size": 16,
        "learning_rate": 1e-2,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "ema_decay": 0.0,
        "label_smoothing": 0.0,
        "copy_share": 0.0,
        "seed": 0,
    }
    return TranslationTrainConfig(**{**values, **changes})


@pytest.fixture(scope="module")
def fitted() -> Translator:
    """Five hundred steps; of 100 rows that it has not seen, 99 or all are right with seeds 0, 1 and 2."""
    pytest.importorskip("torch", reason="training needs the train extra")
    return Translator(**SMALL).fit(counting(1_000), config=settings())


@pytest.fixture(scope="module")
def folder(fitted: Translator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.save_pretrained(tmp_path_factory.mktemp("models") / "numbers")


def random_weights(config: TranslationConfig, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.shapes().items()}


# The search


class Table:
    """A model that knows, for each text, the log-probability of the next id after each id."""

    def __init__(self, tables: list[list[list[float]]]) -> None:
        self.log_probs_BVV = np.log(np.array(tables, np.float32) + 1e-9)
        self.text_n = np.arange(len(tables))

    def advance(self, ids_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits_nV = self.log_probs_BVV[self.text_n, ids_n] + 7.0  # any constant: logits are no probabilities
        return logits_nV.astype(np.float32), np.full((len(ids_n), 2), 0.5, np.float32)

    def keep(self, rows_n: np.ndarray) -> None:
        self.text_n = self.text_n[rows_n]


def random_table(seed: int) -> list[list[list[float]]]:
    return [np.random.default_rng(seed).dirichlet(np.full(6, 0.4), 6).tolist()]


def written(
    tables: list[list[list[float]]], beam: int, alpha: float = 0.0, limit: int = 6
) -> list[Hypothesis]:
    return beam_search(
        Table(tables),
        [limit] * len(tables),
        begin_id=BEGIN_ID,
        end_id=END_ID,
        never=(PAD_ID, BEGIN_ID),
        beam=beam,
        alpha=alpha,
    )


def every_row(table: list[list[float]], limit: int, alpha: float) -> dict[tuple[int, ...], float]:
    """Score of each row of at most ``limit`` ids (the end's mark is one), by trying them all."""
    log_probs_VV = np.log(np.array(table, np.float32) + 1e-9)
    log_probs_VV -= np.log(np.exp(log_probs_VV).sum(axis=1, keepdims=True))
    found = {}
    for length in range(limit + 1):
        for ids in itertools.product((UNK_ID, 4, 5), repeat=length):
            path = [BEGIN_ID, *ids, *([END_ID] if length < limit else [])]
            score = sum(float(log_probs_VV[a, b]) for a, b in itertools.pairwise(path))
            found[ids] = score / penalty(len(path) - 1, alpha)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_beam_wide_enough_finds_the_best_row_of_all(seed: int, alpha: float) -> None:
    (table,) = random_table(seed)
    (found,) = written([table], beam=200, alpha=alpha, limit=4)
    rows = every_row(table, 4, alpha)
    assert tuple(found.ids) == max(rows, key=lambda ids: rows[ids])
    assert found.score == pytest.approx(max(rows.values()), abs=1e-4)


def test_a_beam_sees_past_the_step_that_greedy_search_falls_for() -> None:
    table = [[0.0] * 6 for _ in range(6)]
    table[BEGIN_ID] = [0, 0, 0, 0, 0.6, 0.4]  # 4 looks better at first ...
    table[4] = [0, 0.35, 0, 0.3, 0.35, 0]  # ... and leads nowhere sure
    table[5] = [0, 0, 0, 1.0, 0, 0]
    table[1] = [0, 0, 0, 1.0, 0, 0]
    assert written([table], beam=1)[0].ids[0] == 4
    assert written([table], beam=4)[0].ids == [5]


def test_without_a_length_penalty_short_rows_win() -> None:
    table = [[0.0] * 6 for _ in range(6)]
    table[BEGIN_ID] = [0, 0, 0, 0.4, 0.6, 0]
    table[4] = [0, 0, 0, 0.0, 0, 1.0]
    table[5] = [0, 0, 0, 0.6, 0.4, 0]
    assert written([table], beam=3, alpha=0.0)[0].ids == []
    assert written([table], beam=3, alpha=1.0)[0].ids == [4, 5]


def test_a_text_is_written_alike_whatever_stands_beside_it() -> None:
    tables = [random_table(seed)[0] for seed in range(6)]
    alone = [written([table], beam=3)[0] for table in tables]
    together = written(tables, beam=3)
    assert [one.ids for one in together] == [one.ids for one in alone]
    assert [one.score for one in together] == pytest.approx([one.score for one in alone])


def test_marks_are_never_written_and_no_row_outgrows_its_limit() -> None:
    endless = [[0.3, 0.2, 0.3, 0.0, 0.2, 0.0]] * 6
    for beam in (1, 2, 5):
        (found,) = written([endless], beam=beam, limit=7)
        assert len(found.ids) == 7
        assert not {PAD_ID, BEGIN_ID, END_ID} & set(found.ids)
        assert found.attention_TS.shape == (7, 2)


# One model in two libraries


def test_rows_that_change_places_take_their_state_with_them() -> None:
    config = TranslationConfig(vocab_size=9, embedding_dim=4, hidden_size=5)
    network = Seq2Seq(config, random_weights(config))
    batch = pad([[4, 5], [6, 7, 8]], pad_id=PAD_ID)
    straight, turned = (network.decoder(network.encode(batch)) for _ in range(2))
    for writing in (straight, turned):
        writing.advance(np.array([BEGIN_ID, BEGIN_ID]))
    turned.keep(np.array([1, 1, 0]))
    expected_nV, _ = straight.advance(np.array([4, 5]))
    found_nV, _ = turned.advance(np.array([5, 5, 4]))
    np.testing.assert_allclose(found_nV, expected_nV[[1, 1, 0]], atol=1e-6)


def test_what_is_behind_a_row_s_end_is_not_read() -> None:
    torch = pytest.importorskip("torch")
    from nlp_rnn.translation.fitting import build

    config = TranslationConfig(vocab_size=11, embedding_dim=5, hidden_size=6)
    model = build(config, random_weights(config))
    target = pad([[BEGIN_ID, 4, 5, END_ID]], pad_id=PAD_ID)
    with torch.inference_mode():
        alone = model(pad([[6, 7]], pad_id=PAD_ID), target)
        beside = model(
            pad([[6, 7], [8, 9, 10, 4, 5]], pad_id=PAD_ID), pad([[BEGIN_ID, 4, 5, END_ID]] * 2, pad_id=PAD_ID)
        )
    torch.testing.assert_close(beside[: len(alone)], alone)


def test_the_two_forms_differ_in_the_attention_alone() -> None:
    shapes = [
        TranslationConfig(vocab_size=9, embedding_dim=4, hidden_size=5, attention=attention).shapes()
        for attention in (True, False)
    ]
    assert {name for name in shapes[0] if name not in shapes[1]} == {
        "attention.query.weight",
        "attention.query.bias",
        "attention.key.weight",
        "attention.score.weight",
    }
    assert all(shapes[0][name] == shape for name, shape in shapes[1].items())


def test_the_plain_form_sees_one_vector_and_attention_the_whole_row() -> None:
    """Words in the middle, both ends alike: only what a model keeps of them can tell the two apart."""
    for attention in (True, False):
        config = TranslationConfig(vocab_size=11, embedding_dim=5, hidden_size=6, attention=attention)
        weights = random_weights(config)
        for name in weights:
            if "weight_hh" in name and name.startswith("encoder"):
                weights[name] *= 0  # an encoder that forgets at once
                for direction in ("fwd", "bwd"):
                    weights[f"encoder.layers.0.{direction}.bias_ih_l0"][6:12] = -50  # and keeps no cell
        network = Seq2Seq(config, weights)
        first, second = (
            network.decoder(network.encode(pad([row], pad_id=PAD_ID))).advance(np.array([BEGIN_ID]))[0]
            for row in ([4, 5, 6], [4, 9, 6])
        )
        assert np.allclose(first, second, atol=1e-6) is not attention


# The pieces


def test_pieces_give_the_text_back() -> None:
    tokenizer = TextTokenizer("piece", vocab_size=200).train(
        [" ".join(pair) for pair in counting(20)]
        + ["Où est-il ? N'y va-t-il pas, d'ailleurs ?", "Don't you know? It is 10 o'clock."]
    )
    for text in ["Où est-il ?", "N'y va-t-il pas ?", "Don't. It is 10 o'clock.", "one two", "1 0 10"]:
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.decode(tokenizer.encode("  It  is\u00a0you ").ids) == "It is you"
    assert tokenizer.decode(tokenizer.encode("d’ailleurs").ids) == "d'ailleurs"


def test_what_no_piece_can_spell_is_one_unknown_token() -> None:
    tokenizer = TextTokenizer("piece", vocab_size=60).train(["abc abd abe."])
    encoding = tokenizer.encode("abc жук.")
    assert encoding.ids.count(tokenizer.unk_id) == 1
    for text in ("abc жук.", "жук abc", " жук"):
        encoding = tokenizer.encode(text)
        start, end = encoding.spans[encoding.ids.index(tokenizer.unk_id)]
        assert text[start:end] == "жук"


def test_marks_in_a_text_are_text() -> None:
    tokenizer = TextTokenizer("piece", vocab_size=60).train(["a <s> b </s>"])
    assert not {tokenizer.token_to_id(mark) for mark in (BEGIN, END)} & set(
        tokenizer.encode("a <s> b </s>").ids
    )


def test_common_words_are_names_and_numbers_that_stand_once_in_both() -> None:
    vocab = ["▁Tom", "▁saw", "▁An", "na", ".", "▁1", "9", "▁me", "▁a"]
    assert _common([0, 1, 2, 3, 4], [2, 3, 8, 0], vocab) == (slice(0, 1), slice(3, 4))
    assert _common([1, 2, 3, 4], [2, 3, 4], vocab) == (slice(1, 3), slice(0, 2))
    assert _common([5, 6], [1, 5, 6], vocab) == (slice(0, 2), slice(1, 3))
    assert _common([7, 1], [7, 8], vocab) is None  # an everyday word
    assert _common([0, 1, 0], [0], vocab) is None  # which of the two?


# What a tiny one learns


def test_it_learns_to_count(fitted: Translator) -> None:
    unseen = counting(40, seed=1)
    right = [target for _, target in unseen]
    found = fitted.translate([*(source for source, _ in unseen), ""])
    assert sum(map(str.__eq__, found, right)) >= 38
    assert found[-1] == ""


def test_attention_looks_at_the_word_it_writes(fitted: Translator) -> None:
    (found,) = fitted.translations(["seven two nine"])
    assert found.attention is not None
    assert found.attention.argmax(axis=1)[:3].tolist() == [0, 1, 2]
    assert found.attention.shape == (len(found.pieces), len(found.source_pieces))
    np.testing.assert_allclose(found.attention.sum(axis=1), 1, atol=1e-5)
    assert found.pieces[-1] == END


def test_answers_depend_neither_on_batch_nor_on_order(fitted: Translator) -> None:
    texts = [source for source, _ in counting(12, seed=3)]
    together = fitted.translate(texts)
    assert fitted.translate(texts[::-1])[::-1] == together
    assert [fitted.translate([text])[0] for text in texts] == together


def test_greedy_is_a_beam_of_one(fitted: Translator) -> None:
    assert fitted.translate(["six ten"], beam=1) == ["six dix"]


def test_saved_and_read_again_it_translates_alike(fitted: Translator, folder: Path) -> None:
    again = Translator.from_pretrained(folder)
    texts = [source for source, _ in counting(5, seed=4)]
    assert again.translate(texts) == fitted.translate(texts)
    assert again.artifact.notes["pairs"] == fitted.artifact.notes["pairs"]


def test_an_unknown_word_is_copied_from_where_the_attention_is() -> None:
    tokenizer = TextTokenizer("piece", vocab_size=60).train(["ab abc ab"])
    config = TranslationConfig(vocab_size=tokenizer.vocab_size, embedding_dim=4, hidden_size=5)
    translator = Translator()
    translator._use(
        TextArtifact(task="translation", config=config, tokenizer=tokenizer, weights=random_weights(config))
    )
    text = "ab жук ab цап"
    encoding = tokenizer.encode(text)
    unknown = [s for s, piece_id in enumerate(encoding.ids) if piece_id == tokenizer.unk_id]
    attention_TS = np.zeros((3, len(encoding.ids) + 3), np.float32)  # wider: the batch had a longer row
    attention_TS[1, 0], attention_TS[1, unknown[1]] = 0.7, 0.3  # a known word is no candidate
    space_id = tokenizer.token_to_id(SPACE)
    told = translator._translation(text, Hypothesis([space_id, tokenizer.unk_id], -1.0, attention_TS))
    assert (told.text, told.pieces) == ("цап", [SPACE, "цап", END])


def test_a_model_that_never_ends_is_cut_in_its_answer_and_at_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer = TextTokenizer("piece", vocab_size=60).train(["abc abc abd"])
    config = TranslationConfig(vocab_size=tokenizer.vocab_size, embedding_dim=4, hidden_size=5)
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.shapes().items()}
    weights["output.bias"][tokenizer.encode("abc").ids[0]] = 9  # whatever it reads, it writes this
    translator = Translator()
    translator._use(TextArtifact(task="translation", config=config, tokenizer=tokenizer, weights=weights))
    (found,) = translator.translations(["abd"])
    assert (found.text, found.cut, found.to_dict()["cut"]) == ("abc […]", "repetition", "repetition")
    assert len(found.pieces) > 3
    assert found.attention is not None
    assert len(found.attention) == len(found.pieces)
    folder = translator.save_pretrained(tmp_path / "endless")
    assert main(["translate", "--model", str(folder), "abd", "abd"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "abc […]\n" * 2
    assert "2 cut at […], as they repeated themselves or found no end: 1, 2" in captured.err


def test_hidden_names_teach_it_to_copy() -> None:
    pairs = [(f"{name} is here", f"{name} est ici") for name in ("Anna", "Bruno", "Clara", "David") * 40]
    config = settings(copy_share=0.5, max_epochs=20)
    translator = Translator(**SMALL).fit(pairs, validation=pairs[:8], config=config)
    assert translator.translate(["Жанна is here"]) == ["Жанна est ici"]


def test_a_translator_that_learned_nothing_says_so() -> None:
    pytest.importorskip("accelerate", reason="training needs the train extra")
    still, pairs = settings(max_epochs=1, learning_rate=1e-8), counting(40)
    with pytest.warns(TrainingWarning) as said:
        translator = Translator(**SMALL).fit(pairs, validation=pairs[:2], config=still)
    leaked, lost = translator.artifact.notes["remarks"]
    assert [str(each.message) for each in said] == [leaked, lost]
    assert leaked.startswith("2 of the 2 held-out pairs are learned from, too")
    assert lost.startswith("the translator predicts no better than the share of each word")


def test_a_killed_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    pairs, config = counting(60), settings(max_epochs=2, checkpoint_every=2, dropout=0.2, copy_share=0.2)
    whole = Translator(**SMALL).fit(pairs, config=config)

    def kill(now: object) -> None:
        if now.step == 5:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Translator(**SMALL).fit(pairs, config=config, output=tmp_path, progress=kill)
    resumed = Translator(**SMALL).fit(pairs, config=config, output=tmp_path, resume=True)
    for name, expected in whole.artifact.weights.items():
        np.testing.assert_array_equal(resumed.artifact.weights[name], expected, err_msg=name)


def test_held_out_pairs_share_no_source_with_the_rest() -> None:
    pairs = [(f"text {i % 40}", f"texte {i}") for i in range(120)]
    train, held_out = set_aside(pairs, seed=0)
    assert held_out
    assert not {source for source, _ in train} & {source for source, _ in held_out}
    assert sorted(train + held_out) == sorted(pairs)


# What it refuses


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("one", "got one str"),
        ([], "holds no pair"),
        ([("one", "un"), ("two",)], r"pairs\[1\] should be"),
        ([("one", "un"), ("two", 2)], r"pairs\[1\] should be"),
        ([("one", "un"), ("two", " ")], r"pairs\[1\] has an empty text"),
        ([("one", "un"), ("one", "une")], "two or more"),
    ],
)
def test_pairs_that_are_none(pairs: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Translator(**SMALL).fit(pairs)  # type: ignore[arg-type]


def test_other_refusals(fitted: Translator, folder: Path, tiny_model: Path) -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        Translator().translate(["one"])
    with pytest.raises(InputError, match="one str"):
        fitted.translate("one")
    with pytest.raises(InputError, match="sentence by sentence"):
        fitted.translate(["one " * 300])
    with pytest.raises(ConfigError, match="beam"):
        fitted.translate(["one"], beam=0)
    with pytest.raises(ConfigError, match="reads both ways"):
        TranslationConfig(vocab_size=9, bidirectional=False)
    with pytest.raises(ArtifactError, match="'sentiment'"):
        Translator.from_pretrained(tiny_model)
    with pytest.raises(ArtifactError, match="'translation'"):
        SentimentClassifier.from_pretrained(folder)
    with pytest.raises(InputError, match="without attention"):
        Translation("a", "b", 0.0, ["a"], ["b"], None).plot("a.png")


# How good it is


def test_a_translation_that_is_the_reference_has_all_the_points() -> None:
    texts = [f"a row of words that ends with {i}" for i in ENGLISH]
    perfect = score_translations(texts, texts, [[text] for text in texts])
    assert (perfect.bleu, perfect.chrf) == pytest.approx((100, 100))
    wrong = score_translations(texts, texts[::-1], [[text] for text in texts])
    assert wrong.bleu < 100
    either = score_translations(
        texts, texts, [["nothing of this", text] for text in texts[:5]] + [[text] for text in texts[5:]]
    )
    assert either.bleu == pytest.approx(100)
    assert all("version:" in signature for signature in perfect.signatures)


def test_groups_go_from_short_to_long_and_leave_nothing_out() -> None:
    texts = ["word " * n + "end" for n in (9, 1, 5, 3, 7, 2, 8, 4)]
    groups = score_by_length(texts, texts, [[text] for text in texts], groups=4)
    assert [(group.shortest, group.longest) for group in groups] == [(2, 3), (4, 5), (6, 8), (9, 10)]
    assert sum(group.n for group in groups) == len(texts)
    with pytest.raises(InputError, match="cannot be divided"):
        score_by_length(texts, texts, [[text] for text in texts], groups=9)
    with pytest.raises(InputError, match="as many of each"):
        score_translations(texts, texts[1:], [[text] for text in texts])


def test_pictures(fitted: Translator, tmp_path: Path) -> None:
    heat_map = fitted.translations(["one two"])[0].plot(tmp_path / "heat.png")
    texts = ["word " * n + "end" for n in range(1, 9)]
    groups = score_by_length(texts, texts, [[text] for text in texts])
    lines = plot_by_length({"with": groups, "without": groups}, tmp_path / "lines.png")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (heat_map, lines))


# Files and the command line


def test_pairs_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("en,fr,note\none,un,\ntwo, ,\n,,\nthree,trois,x\n,dix,\n", encoding="utf-8")
    found = read_pairs(path, "en", "fr")
    assert found == [("one", "un"), ("three", "trois")]
    assert (found.one_sided, found.first_one_sided, found.empty) == (2, 2, 1)
    with pytest.raises(DataError, match="no column 'de'; this row has en, fr, note"):
        read_pairs(path, "en", "de")
    path.write_text("en,fr\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no pair of texts in the columns 'en' and 'fr'"):
        read_pairs(path, "en", "fr")


def test_missing_sides_in_json_are_empty_and_other_values_are_bad(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = ['{"en": "one", "fr": null}', '{"en": NaN, "fr": "un"}', '{"en": "two", "fr": "deux"}']
    path.write_text("\n".join([*rows, '{"en": 3, "fr": "trois"}']), encoding="utf-8")
    with pytest.raises(DataError, match="row 4: the text in 'en' is a number"):
        read_pairs(path, "en", "fr")
    found = read_pairs(path, "en", "fr", on_error="skip")
    assert (found, found.one_sided, found.skipped) == ([("two", "deux")], 2, 1)
    path.write_text("\n".join(rows[:2]), encoding="utf-8")
    with pytest.raises(DataError, match=r"holds no pair .* \(rows left out: 2 with one text of the two"):
        read_pairs(path, "en", "fr")


def test_one_long_line_does_not_stop_a_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind the first 256 rows, where its place among those translated at once is not its row."""
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = ["one"] * 300
    rows[280] = "one " * 300
    file.write_text("text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    command = [
        "translate",
        "--model",
        str(folder),
        "--beam",
        "1",
        "--file",
        str(file),
        "--output",
        str(output),
    ]
    assert main(command) == 2
    message = capsys.readouterr().err
    assert f"{file}, row 281: the text has " in message
    assert "texts[" not in message
    assert not output.exists()
    assert main([*command, "--on-error", "skip"]) == 0
    assert "Skipped 1 bad row: " in capsys.readouterr().err
    assert output.read_text(encoding="utf-8").splitlines() == ["text,translation", *["one,un"] * 299]


def test_one_long_text_on_the_command_line_is_skipped_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["translate", "--model", str(folder), "two", "one " * 300, "ten"]
    assert main(command) == 2
    assert "text 2: the text has " in capsys.readouterr().err
    assert main([*command, "--on-error", "skip"]) == 0
    assert capsys.readouterr().out.splitlines() == ["deux", "dix"]


def test_pairs_left_out_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sacrebleu", reason="needs the translate extra")
    (tmp_path / "pairs.csv").write_text("en,fr\none,un\ntwo,\n", encoding="utf-8")
    columns = ["--source", "en", "--target", "fr", "--model", str(OLDER)]
    assert main(["study", "bleu", "--test", str(tmp_path / "pairs.csv"), *columns]) == 2  # too few pairs
    assert (
        "1 pairs; rows left out: 1 with one text of the two (the first is row 2)" in capsys.readouterr().err
    )


def test_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--model", str(folder)]
    assert main(["translate", *model, "two three", "ten"]) == 0
    assert capsys.readouterr().out.splitlines() == ["deux trois", "dix"]
    assert main(["translate", *model, "two", "--json", "--plot", str(tmp_path / "a.png")]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["text"] == "deux"
    assert len(answer["attention"]) == len(answer["pieces"])
    (tmp_path / "in.csv").write_text("id,text\n7,one\n8,nine\n", encoding="utf-8")
    args = ["--file", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv")]
    assert main(["translate", *model, *args]) == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines() == [
        "id,text,translation",
        "7,one,un",
        "8,nine,neuf",
    ]


def test_trained_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("torch", "accelerate"):
        pytest.importorskip(module, reason="training needs the train extra")
    pairs = "\n".join(f"{source},{target}" for source, target in counting(60))
    (tmp_path / "pairs.csv").write_text(f"en,fr\n{pairs}\n", encoding="utf-8")
    run = tmp_path / "run"
    args = ["--data", str(tmp_path / "pairs.csv"), "--source", "en", "--target", "fr", "--output", str(run)]
    small = ["--embedding-dim", "8", "--hidden-size", "8", "--vocab-size", "60", "--no-attention"]
    assert main(["train", "translator", *args, *small, "--max-epochs", "1"]) == 0
    assert main(["info", "--model", str(run / "model")]) == 0
    assert "A plain lstm encoder-decoder of 8 units" in capsys.readouterr().out
    assert main(["train", "translator", *args, *small, "--max-epochs", "1"]) == 2
    assert "resume it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["one", "--file", "x.csv"], "not both"),
        (["one " * 300], "sentence by sentence"),
        (["--file", "missing.csv"], "no file"),
        (["one", "two", "--plot", "a.png"], "a single text"),
        (["one", "--json", "--output", "a.csv"], "leave out --output"),
        (["--file", "x.csv", "--json"], "leave out --file"),
        (["one", "--beam", "0"], "beam"),
    ],
)
def test_command_refuses(
    folder: Path, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["translate", "--model", str(folder), *args]) == 2
    assert message in capsys.readouterr().err
