"""Negation starts in the tokenizer, and every token must point at what the user typed."""

from __future__ import annotations

import importlib.util
import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp_rnn.errors import ArtifactError, ConfigError, InputError
from nlp_rnn.text.spelling import Speller
from nlp_rnn.text.tokenizer import KINDS, PAD, UNK, TextTokenizer, basic_english

CORPUS = [
    "It didn't work, and it wasn't cheap: I can't say I cannot forgive it.",
    "The film is not good; the acting is not bad at all!",
    "Nobody liked the ending :( but the music was great :) 9/10",
    "Soooo good, see https://example.org/a?b=1 or ask @someone <3",
]
NASTY = [
    "",
    " \t\n",
    "\0",
    "a\0b",
    "It’s “curly” — and ‘odd’",
    "한국어 정말 좋아요",
    "\u1112\u1161\u11ab",
    "cafe\u0301 e\u0301\u0323 1\u0308",
    "\u0301",
    "İSTANBUL İ CANNOT",
    "😂😂👍🏽👨‍👩‍👧🇩🇪🇫🇷1️⃣❤️",
    "<br /><br>&nbsp;&amp;&amp;&lt;br&gt;",
    "http://a.b/c) (www.x.org. @a@b @",
    "sooooo nooooo notttt ______",
    "did'nt didn 't DIDN T don;t cannotcannot CANNOT",
    "\ufeffg\xadood do\u200bn't",
    "<pad> <unk> <url> <user>",
    "\ud83d half \udc4d",
    "ﬁ ½ Ｇｏｏｄ 𝓰𝓸𝓸𝓭",  # noqa: RUF001
]


@pytest.fixture(scope="module")
def pipelines() -> dict[str, TextTokenizer]:
    return {kind: TextTokenizer(kind, vocab_size=400).train(CORPUS * 3) for kind in KINDS}


@pytest.fixture(scope="module")
def mending() -> TextTokenizer:
    return TextTokenizer("word", mend_typos=True).train(
        [*CORPUS, "a wonderful film, wonderful music, with warmth"]
    )


@pytest.fixture(scope="module")
def word(pipelines: dict[str, TextTokenizer]) -> TextTokenizer:
    return pipelines["word"]


def pointed_at(tokenizer: TextTokenizer, text: str) -> list[str]:
    return [text[start:end] for start, end in tokenizer.encode(text).spans]


_PIECES = """CANNOT did'nt didnt n't <br /> </p> &amp; &lt; br &gt; &nbsp; http://a.b/c www.x @bob soooo
nooo 👍🏽 👨‍👩‍👧 🇩🇪 1️⃣ e\u0301 İ \u1100 \u1161 \u11a8 \u0301 \xad \u200b <pad> <unk> <url>
:) <3 ... \ud83d &hellip; â€™""".split()
ANY_TEXT = st.one_of(
    st.text(alphabet=st.characters(codec=None)),
    st.lists(st.one_of(st.sampled_from([*_PIECES, " ", "\n", "\0"]), st.text(max_size=3))).map("".join),
)


# Any text at all


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150)
@given(text=ANY_TEXT)
@example(text="e\u0323\u0301n't &nbsp;<br/>CANNOT")
@example(text="<pad><unk>")
def test_spans_rise_inside_the_text_and_batches_agree(
    pipelines: dict[str, TextTokenizer], kind: str, text: str
):
    tokenizer = pipelines[kind]
    encoding = tokenizer.encode(text)
    assert len(encoding.ids) == len(encoding.tokens) == len(encoding.spans) >= 1
    reached = 0
    for start, end in encoding.spans:
        assert reached <= start <= end <= len(text)
        reached = end
    assert tokenizer.encode_batch([text, "", text]) == [encoding.ids, [tokenizer.unk_id], encoding.ids]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_neither_crash_nor_disagree(pipelines: dict[str, TextTokenizer], kind: str, text: str):
    tokenizer = pipelines[kind]
    encoding = tokenizer.encode(text)
    assert [encoding.ids] == tokenizer.encode_batch([text])
    assert max(encoding.ids) < tokenizer.vocab_size
    assert tokenizer.pad_id not in encoding.ids


@settings(max_examples=300)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
@example(text="")
@example(text="\0\r\n\x85\u2028 It’s 한국어 👨‍👩‍👧 e\u0301 <unk><pad>")
def test_bytes_come_back_exactly(pipelines: dict[str, TextTokenizer], text: str):
    tokenizer = pipelines["byte"]
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@pytest.mark.parametrize("text", [text for text in NASTY if "\ud83d" not in text])
def test_known_characters_come_back_exactly(text: str):
    tokenizer = TextTokenizer("char").train([*CORPUS, text])
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert len(tokenizer.encode(text).ids) == max(1, len(text))


def test_the_byte_pipeline_needs_no_training():
    text = "not – 좋아요"
    tokenizer = TextTokenizer("byte")
    assert tokenizer.vocab_size == 258
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert len(tokenizer.encode(text).ids) == len(text.encode())


# Negation


@pytest.mark.parametrize("kind", ["word", "subword"])
@pytest.mark.parametrize(
    "spelling",
    [
        "didn't", "didn’t", "didn´t", "didn`t", "didnʼt", "didnt", "did n't", "did n’t", "did'nt", "did’nt",
        "DIDN'T", "DIDNT", "Didn’t", "didn 't", "didn' t", "didn t", "did nt", "didn;t", "didn&#39;t",
        "didn&#8217;t", "didn&rsquo;t", "didn&apos;t", "didnâ€™t", "didn\u200b't",
    ],
)  # fmt: skip
def test_every_spelling_of_a_negation_reads_the_same(
    pipelines: dict[str, TextTokenizer], kind: str, spelling: str
):
    tokenizer = pipelines[kind]
    encoding = tokenizer.encode(spelling)
    assert encoding.ids == tokenizer.encode("didn't").ids
    assert encoding.tokens[-1] == "n't"
    start, end = encoding.spans[-1]
    assert spelling[start].lower() in "n'’"
    assert end == len(spelling)


@pytest.mark.parametrize("kind", ["word", "subword"])
@pytest.mark.parametrize(
    "text",
    "isnt arent wasnt werent dont doesnt hasnt havent hadnt wont wouldnt cant couldnt shouldnt shant mustnt"
    " neednt mightnt oughtnt darent aint".split(),
)
def test_a_negation_without_its_apostrophe_is_one(pipelines: dict[str, TextTokenizer], kind: str, text: str):
    tokenizer = pipelines[kind]
    assert tokenizer.encode(text).ids == tokenizer.encode(f"{text[:-1]}'t").ids
    assert tokenizer.encode(text).tokens[-1] == "n't"
    assert pointed_at(tokenizer, text)[-1] == "nt"


def test_cannot_is_can_and_not(word: TextTokenizer):
    assert word.encode("I cannot").ids == word.encode("I can not").ids


@pytest.mark.parametrize("text", ["want", "Kent", "giant", "donut", "wanton", "anti", "scant", "can, t"])
def test_words_that_end_alike_are_no_negation(pipelines: dict[str, TextTokenizer], text: str):
    assert "n't" not in pipelines["subword"].encode(text).tokens


def test_subwords_never_split_a_negation_even_unseen():
    tokenizer = TextTokenizer("subword", vocab_size=60).train(["a film about nothing and the end"])
    tokens = tokenizer.encode("it doesn’t end, see www.example.org @you").tokens
    assert tokens.count("n't") == 1
    assert {"<url>", "<user>"} <= set(tokens)


# What spans point at


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("I CANNOT go", ["I", "CAN", "NOT", "go"]),
        ("it did'nt", ["it", "did", "'nt"]),
        ("didn’t wasnt", ["did", "n’t", "was", "nt"]),
        ("don&#39;t", ["do", "n&#39;t"]),
        ("see https://a.b/c?d=e now", ["see", "https://a.b/c?d=e", "now"]),
        ("(www.example.org).", ["(", "www.example.org", ")", "."]),
        ("thanks @some_one!", ["thanks", "@some_one", "!"]),
        ("sooooo good", ["sooooo", "good"]),
        ("goooood!!!", ["goooood", "!!!"]),
        ("Tom &amp;&amp; Jerry", ["Tom", "&amp;", "&amp;", "Jerry"]),
        ("good<br /><br />film", ["good", "film"]),
        ("<p class='x'>good</p>", ["good"]),
        ("&lt;br&gt;good &lt;3", ["good", "&lt;3"]),
        ("good &nbsp; film", ["good", "film"]),
        ("cafe\u0301 \u1112\u1161\u11ab ok", ["cafe\u0301", "\u1112\u1161\u11ab", "ok"]),
        ("İstanbul CANNOT", ["İstanbul", "CAN", "NOT"]),
        ("g\xadood do\u200bn't", ["g\xadood", "do\u200b", "n't"]),
        ("👨‍👩‍👧🇩🇪🇫🇷 👍🏽👍 1️⃣❤️", ["👨‍👩‍👧", "🇩🇪", "🇫🇷", "👍🏽", "👍", "1️⃣", "❤️"]),
        ("nice:) :-( <3 xD :'(", ["nice", ":)", ":-(", "<3", "xD", ":'("]),
        ("9/10 or 8.5/10", ["9/10", "or", "8.5/10"]),
        ("It's fine...", ["It", "'s", "fine", "..."]),
    ],
)
def test_tokens_point_at_what_was_typed(word: TextTokenizer, text: str, parts: list[str]):
    assert pointed_at(word, text) == parts


def test_a_span_does_not_depend_on_what_stands_before(word: TextTokenizer):
    text = "I CANNOT say: sooo good, http://a.b &amp; did'nt"
    prefix = "<br />&quot;Ünïcode e\u0301👍🏽&quot; "
    alone = pointed_at(word, text)
    assert pointed_at(word, prefix + text)[-len(alone) :] == alone


def test_a_character_read_as_several_tokens_belongs_to_the_first(pipelines: dict[str, TextTokenizer]):
    assert pipelines["byte"].encode("é!").spans == [(0, 1), (1, 1), (1, 2)]


def test_a_text_of_markup_alone_is_one_unknown_token(word: TextTokenizer):
    encoding = word.encode("<br />")
    assert (encoding.tokens, encoding.spans) == ([UNK], [(0, 6)])


def test_elongations_end_alike(word: TextTokenizer):
    assert word.encode("sooo").ids == word.encode("sooooooo").ids
    tokenizer = TextTokenizer("word").train(["no not"])
    assert tokenizer.encode("Nooooo NOTTTT").ids == tokenizer.encode("no not").ids
    assert word.encode("good").tokens == ["good"]


def test_an_emoji_is_one_token_with_or_without_its_selector():
    tokenizer = TextTokenizer("word").train(["❤️ 👍🏽 👨‍👩‍👧"])
    assert {"👍🏽", "👨‍👩‍👧"} < set(tokenizer.vocab)
    assert tokenizer.encode("❤").ids == tokenizer.encode("❤️").ids
    assert tokenizer.vocab_size == 5


def test_a_text_that_says_pad_is_no_padding(word: TextTokenizer):
    assert word.token_to_id(PAD) not in word.encode("<pad> good").ids


# Long texts


@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_keep_head_and_tail(pipelines: dict[str, TextTokenizer], kind: str):
    saved = pipelines[kind].to_json()
    short = TextTokenizer.from_json(saved, kind=kind, max_tokens=7)
    text = "the film is good " * 400 + "it did not work"
    whole = pipelines[kind].encode(text)
    kept = short.encode(text)
    assert kept.ids == whole.ids[:4] + whole.ids[-3:]
    assert kept.spans == whole.spans[:4] + whole.spans[-3:]
    assert short.encode_batch([text, "good", text]) == [kept.ids, short.encode("good").ids, kept.ids]


def test_a_text_of_just_the_limit_is_whole(word: TextTokenizer):
    short = TextTokenizer.from_json(word.to_json(), kind="word", max_tokens=4)
    assert len(short.encode("the film is good").ids) == 4
    assert short.encode("the film is good").ids == word.encode("the film is good").ids


# Bad input


def test_half_a_surrogate_pair_reads_as_the_replacement_character(pipelines: dict[str, TextTokenizer]):
    tokenizer = pipelines["byte"]
    assert tokenizer.decode(tokenizer.encode("ok \ud83d").ids) == "ok \ufffd"
    assert tokenizer.encode_batch(["ok \ud83d"]) == [tokenizer.encode("ok \ufffd").ids]
    TextTokenizer("word").train(["ok \ud83d"])


@pytest.mark.parametrize("value", [None, 3, 2.5, b"bytes", ["list"]])
def test_what_is_no_text_is_refused(word: TextTokenizer, value: object):
    with pytest.raises(InputError, match=f"must be a str, got {type(value).__name__}"):
        word.encode(value)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be a str"):
        word.encode_batch(["fine", value])  # type: ignore[list-item]
    with pytest.raises(InputError, match="must be a str"):
        TextTokenizer("word").train(["fine", value])  # type: ignore[list-item]


def test_one_str_is_not_a_sequence_of_texts(word: TextTokenizer):
    with pytest.raises(InputError, match="put it in a list"):
        word.encode_batch("good")
    with pytest.raises(InputError, match="put it in a list"):
        TextTokenizer("word").train("good")


def test_ids_outside_the_vocabulary_are_refused(word: TextTokenizer):
    with pytest.raises(InputError, match="outside the vocabulary"):
        word.decode([word.vocab_size])
    with pytest.raises(InputError, match="outside the vocabulary"):
        word.decode([-1])


@pytest.mark.parametrize(
    "settings_",
    [
        {"kind": "letters"},
        {"vocab_size": 2},
        {"kind": "byte", "vocab_size": 100},
        {"min_count": 0},
        {"max_tokens": 1},
    ],
)
def test_settings_out_of_range_are_refused(settings_: dict[str, object]):
    with pytest.raises(ConfigError):
        TextTokenizer(**settings_)  # type: ignore[arg-type]


# Training, saving


def test_training_keeps_to_the_size_and_the_count():
    texts = ["good good bad", "good bad odd"]
    assert TextTokenizer("word").train(texts).vocab == [PAD, UNK, "good", "bad", "odd"]
    assert TextTokenizer("word", min_count=2).train(texts).vocab == [PAD, UNK, "good", "bad"]
    assert TextTokenizer("word", vocab_size=3).train(texts).vocab == [PAD, UNK, "good"]


def test_training_again_forgets_the_first_time():
    tokenizer = TextTokenizer("word").train(["good film"])
    assert tokenizer.train(["bad film"]).vocab == TextTokenizer("word").train(["bad film"]).vocab


def test_a_failed_training_leaves_the_tokenizer_as_it_was():
    tokenizer = TextTokenizer("word").train(["good film"])
    with pytest.raises(InputError):
        tokenizer.train(["fine", None])  # type: ignore[list-item]
    assert tokenizer.encode("good").tokens == ["good"]


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_read_again_it_answers_alike(pipelines: dict[str, TextTokenizer], kind: str):
    tokenizer = pipelines[kind]
    again = TextTokenizer.from_json(tokenizer.to_json(), kind=kind)
    assert again.vocab == tokenizer.vocab
    assert (again.pad_id, again.unk_id) == (tokenizer.pad_id, tokenizer.unk_id)
    for text in [*CORPUS, *NASTY]:
        assert again.encode(text) == tokenizer.encode(text)


def test_a_saved_tokenizer_carries_its_own_rules(word: TextTokenizer):
    """A model saved before a rule was added must be read by the rules it was trained with."""
    saved = json.loads(word.to_json())
    saved["normalizer"]["normalizers"] = saved["normalizer"]["normalizers"][:2]
    old = TextTokenizer.from_json(json.dumps(saved), kind="word")
    assert pointed_at(old, "CANNOT e\u0301") == ["CANNOT", "e\u0301"]
    assert [old.encode("wasn’t").ids] == old.encode_batch(["wasn’t"])


@pytest.mark.parametrize(
    "rule",
    [{"type": "Prepend", "prepend": ">"}, {"type": "Strip", "strip_left": True, "strip_right": True}],
)
def test_steps_of_another_maker_keep_spans_inside_the_text(word: TextTokenizer, rule: dict[str, object]):
    saved = json.loads(word.to_json())
    saved["normalizer"]["normalizers"].insert(0, rule)
    tokenizer = TextTokenizer.from_json(json.dumps(saved), kind="word")
    encoding = tokenizer.encode(" good film ")
    assert [encoding.ids] == tokenizer.encode_batch([" good film "])
    assert all(0 <= start <= end <= 11 for start, end in encoding.spans)


@pytest.mark.parametrize("text", ["", "{}", "not json", "[1, 2]", '{"version": "1.0"}'])
def test_a_broken_file_is_named_as_such(text: str):
    with pytest.raises(ArtifactError, match=r"tokenizer\.json"):
        TextTokenizer.from_json(text, kind="word")


def test_a_truncated_file_is_named_as_such(word: TextTokenizer):
    with pytest.raises(ArtifactError, match=r"tokenizer\.json"):
        TextTokenizer.from_json(word.to_json()[:-40], kind="word")


def test_a_file_without_padding_is_refused(word: TextTokenizer):
    with pytest.raises(ArtifactError, match=PAD):
        TextTokenizer.from_json(word.to_json().replace(PAD, "<none>"), kind="word")


# torchtext


@pytest.mark.skipif(
    importlib.util.find_spec("torchtext") is None, reason='needs pip install "nlp-rnn[torchtext]"'
)
def test_basic_english_takes_negation_apart(word: TextTokenizer):
    """Why it is here to compare with, not to train on."""
    assert basic_english("It wasn't good.") == ["it", "wasn", "'", "t", "good", "."]
    assert basic_english("It wasn’t good.") == ["it", "wasn’t", "good", "."]
    assert word.encode("It wasn't good.").ids == word.encode("It wasn’t good.").ids


@pytest.mark.parametrize(
    "typed",
    [
        "wonderfull",
        "wondrful",
        "wonderflu",
        "wonderdul",
        "wodnerful",
        "wonderfuul",
        "wonderfl",
        "onderful",
        "wonderxul",
    ],
)
def test_one_slip_is_mended(mending: TextTokenizer, typed: str) -> None:
    text = f"it was {typed}, really"
    encoding = mending.encode(text)
    assert encoding.tokens[2] == "wonderful"
    assert pointed_at(mending, text)[2] == typed
    assert mending.encode_batch([text]) == [encoding.ids]


@pytest.mark.parametrize(
    "typed",
    ["nderful", "wondful", "Wonderfull", "wonderful2", "wpnderfyl", "fxl", "fim2", "flim2", "fm", "qqq"],
)
def test_what_is_no_slip_stays_unknown(mending: TextTokenizer, typed: str) -> None:
    """Two letters gone, a name, a number, two wrong letters, short words, nonsense."""
    assert UNK in mending.encode(f"it was {typed}").tokens


def test_in_a_short_word_letters_may_be_swapped_or_left_out_but_not_wrong(mending: TextTokenizer) -> None:
    assert mending.encode("it was a flm").tokens[-1] == "film"
    speller = Speller(lambda: {"the": 2, "bad": 3, "hate": 4, "film": 5})
    assert [speller(word) for word in ("hte", "teh", "abd", "flm")] == [2, 2, 3, 5]
    assert [speller(word) for word in ("bxd", "baad", "badx", "bd", "xad")] == [None, 3, 3, None, None]


@pytest.mark.parametrize(
    ("before", "mended"),
    [
        ("", True),
        ("It rained. ", True),
        ("'What? ' \"", True),
        ("<br />", True),
        ("a title\n\n", True),
        ("a title\r\n \r\n", True),
        ("“Great cast.” ", True),
        ("(I loved it.) ", True),
        ("\ufeff", True),
        ("it was" + " " * 50, False),
        ("it was ", False),
        ("by Mr. ", False),
        ("first, ", False),
        ("a line\n", False),
    ],
)
def test_a_word_with_a_capital_is_mended_only_where_a_sentence_begins(
    mending: TextTokenizer, before: str, mended: bool
) -> None:
    text = f"{before}Wonderfull music"
    encoding = mending.encode(text)
    assert encoding.tokens[-2] == ("wonderful" if mended else UNK)
    assert mending.encode_batch([text]) == [encoding.ids]


def test_a_capital_inside_a_word_is_a_slip_too(mending: TextTokenizer) -> None:
    assert mending.encode("it was oWnderful").tokens[-1] == "wonderful"


def test_words_in_capitals_stay_as_they_are(mending: TextTokenizer) -> None:
    assert mending.encode("WONDERFULL music").tokens[0] == UNK


def test_a_long_word_is_no_slip() -> None:
    assert Speller(lambda: {"a" * 40: 2, "a" * 42: 3})("a" * 41) is None


def test_the_beginning_of_the_end_of_a_long_text_is_read_alike() -> None:
    tokenizer = TextTokenizer("word", mend_typos=True, max_tokens=8).train(["a wonderful film"])
    text = "film " * 100 + "a wonderfull flim"
    assert tokenizer.encode(text).tokens[-3:] == ["a", "wonderful", "film"]
    assert tokenizer.encode_batch([text]) == [tokenizer.encode(text).ids]


def test_a_word_with_a_capital_is_meant_to_be_a_common_one() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    many = ["".join(each) for each in itertools.product(letters, repeat=3)][:2_100]
    tokenizer = TextTokenizer("word", mend_typos=True).train([*many * 3, "seldom", *["often"] * 4])
    assert tokenizer.encode("oftten seldomm").tokens == ["often", "seldom"]
    assert [tokenizer.encode(word).tokens for word in ("Oftten", "Seldomm")] == [["often"], [UNK]]
    known = {"commonest": 2, "common": 1_999, "seldom": 2_000}
    speller = Speller(lambda: known)
    assert [speller(word, common=True) for word in ("comon", "seldon", "comonest")] == [1_999, None, 2]
    assert speller("seldon") == 2_000


@pytest.mark.parametrize(("corpus", "meant"), [("lead lead load", "lead"), ("lead load load", "load")])
def test_of_several_words_the_commonest_is_meant(corpus: str, meant: str) -> None:
    tokenizer = TextTokenizer("word", mend_typos=True).train([corpus])
    assert tokenizer.encode("leoad").tokens == [meant]
    assert tokenizer.encode("lead load").tokens == ["lead", "load"]


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("cuet", {"duet": 10, "cute": 20}, "cute"),  # swapped
        ("scle", {"sale": 10, "scale": 20}, "scale"),  # left out
        ("scalle", {"scalpe": 10, "scale": 20}, "scale"),  # doubled
        ("scaple", {"scalle": 10, "scale": 11}, "scalle"),  # added: as unlikely as changed
        ("scaple", {"scalle": 11, "scale": 10}, "scale"),
        ("scaple", {"scapple": 249, "scale": 10}, "scapple"),  # left out against added
        ("scaple", {"scapple": 251, "scale": 10}, "scale"),
        ("scle", {"sale": 3, "scale": 80}, "sale"),  # more than 25 times as common
    ],
)
def test_the_likelier_slip_is_mended(typed: str, known: dict[str, int], meant: str) -> None:
    assert Speller(lambda: known)(typed) == known[meant]


@given(
    st.lists(
        st.sampled_from([*_PIECES, "wonderfull", "musc", "filmm", "Musc", ". ", " "]) | st.text(max_size=4),
        max_size=12,
    )
)
@settings(max_examples=60)
def test_mending_gives_one_text_and_many_the_same_ids(pieces: list[str]) -> None:
    tokenizer = TextTokenizer("word", mend_typos=True).train(["a wonderful film, not bad music"])
    for text in (" ".join(pieces), "".join(pieces)):
        assert tokenizer.encode_batch([text]) == [tokenizer.encode(text).ids]


@pytest.mark.parametrize(
    "typed", ["filmm\u200b", "wonderfull\u0301", "Wonderfull\u200b", "filmm\xad", "wonderfulll"]
)
def test_a_mark_behind_a_typo_is_read_alike_alone_and_among_many(mending: TextTokenizer, typed: str) -> None:
    assert mending.encode_batch([f"it was {typed}"]) == [mending.encode(f"it was {typed}").ids]


def test_only_words_are_mended() -> None:
    with pytest.raises(ConfigError, match="mend_typos"):
        TextTokenizer("char", mend_typos=True)
    with pytest.raises(ConfigError, match="mend_typos"):
        TextTokenizer("word", mend_typos="yes")  # type: ignore[arg-type]


# What a text may cost


def slow(word: TextTokenizer) -> str:
    """Return ``tokenizer.json`` as models saved earlier have it."""
    from nlp_rnn.text import tokenizer

    new, old = (json.dumps(pattern)[1:-1] for pattern in (tokenizer._BREAK, tokenizer._SLOW_BREAK))
    assert new in word.to_json()
    return word.to_json().replace(new, old)


def test_a_saved_model_reads_breaks_by_the_pattern_that_never_goes_back(word: TextTokenizer) -> None:
    # "<br" before 20,000 spaces took seconds: each of them was given back, one by one, and read again.
    loaded = TextTokenizer.from_json(slow(word), kind="word")
    assert "<br\\\\s*/?" not in loaded.to_json()
    assert loaded.to_json() == word.to_json()
    assert len(loaded.encode("good<br" + " " * 20_000).ids) == 3


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<br", "<BR", "/", ">", " ", "\n", "\u00a0", "\u200b", "&nbsp;", "good", "&lt;br"]),
        max_size=12,
    ).map("".join)
)
def test_the_two_patterns_of_a_break_read_any_text_alike(word: TextTokenizer, text: str) -> None:
    from tokenizers import Tokenizer

    old = Tokenizer.from_str(slow(word)).normalizer.normalize_str(text)
    assert old == word._backend.normalizer.normalize_str(text)
