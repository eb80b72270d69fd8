"""The second reading: text as people type it is read as what they meant; tokens point at what they typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp_rnn.errors import ArtifactError, ConfigError, InputError
from nlp_rnn.resources import SENTIMENT_MODEL
from nlp_rnn.text.known import KnownWords, everyday_words
from nlp_rnn.text.symbols import EMOTICONS
from nlp_rnn.text.tokenizer import UNK, TextTokenizer

HERE = Path(__file__).parent
CORPUS = [
    "so nice, too cool to be good; love it and wait soon for the best worst airline ever made",
    "how am i supposed to",
    "it did n't do what can be, so no soup for you and off of it all yes hmm son see we be go",
    "<url> <user> # ! !! ? ?? ... / - : ( ) N A 10 5 3 / 7 8 30 a the film of my day get to work again never",
    *(f"{number}/5 {number}/10" for number in range(11)),
    "👍 🤷 👨‍👩‍👧 🇩🇪 1⃣ ❤ 🧑‍💻 😂 😍 😡 🎉",
    *EMOTICONS,
    "iii viii wonderful tape kindly",
]


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return TextTokenizer("word", reading=2, mend_typos=True).train(
        [*CORPUS, "so so so to to to to too too no good good cool"], known_words=["vape", "kindle", "taper"]
    )


def read(tokenizer: TextTokenizer, text: str) -> list[str]:
    return tokenizer.encode(text).tokens


def pointed_at(tokenizer: TextTokenizer, text: str) -> list[str]:
    return [text[start:end] for start, end in tokenizer.encode(text).spans]


_PIECES = """<b> </b> <br> &amp; &#39; **good** `so` [x](http://a.b) http://a.b/c). >\xa0no #worstdayever
#GoodDay # @bob 👍🏽 👩🏾‍💻 👨‍👩‍👧 🇩🇪 1️⃣ ❤️ 😂 ♀️ \u200d :-) (: XD <3 ^^ T_T ★★★☆☆ ⭐⭐ *** 4/5 4\xa0/\xa05
10\xa0out\xa0of\xa010 sooooo niceee wonderfull İ e\u0301 \ufffd didn\ufffdt didn't !!!! ???
\xad N/A -- \nSent\xa0from\xa0my\xa0iPhone
\n--\xa0\nJo""".split(" ")
ANY_TEXT = st.lists(
    st.sampled_from([*(piece.replace("\xa0", " ") for piece in _PIECES), " ", "\n", "good"])
    | st.text(max_size=3),
    max_size=12,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=ANY_TEXT)
@example("#GoodDay\u0130")  # a letter that is two in lower case
@example("#\u0130\u0130worstdayever \u0130\u0130teh #\ufb03day")
def test_spans_rise_inside_the_text_and_batches_agree(tokenizer: TextTokenizer, text: str) -> None:
    encoding = tokenizer.encode(text)
    assert len(encoding.ids) == len(encoding.tokens) == len(encoding.spans) >= 1
    reached = 0
    for start, end in encoding.spans:
        assert reached <= start <= end <= len(text)
        reached = end
    assert tokenizer.encode_batch([text, "", text]) == [encoding.ids, [tokenizer.unk_id], encoding.ids]


# Emoji, emoticons, ratings


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("👍🏿👍🏻", ["👍", "👍"]),
        ("🤷🏼‍♂️ 🤷‍♀️", ["🤷", "🤷"]),
        ("👨🏽‍💻 👩‍💻", ["🧑‍💻", "🧑‍💻"]),
        ("👨‍👩‍👧 🇩🇪 1️⃣ ❤️ ♥", ["👨‍👩‍👧", "🇩🇪", "1⃣", "❤", "❤"]),
        ("😂😂😂😂😂😂", ["😂"] * 3),
        ("good😍day", ["good", "😍", "day"]),
        ("¯\\_(ツ)_/¯", ["🤷"]),
    ],
)
def test_an_emoji_is_one_token(tokenizer: TextTokenizer, text: str, tokens: list[str]) -> None:
    assert read(tokenizer, text) == tokens


@pytest.mark.parametrize(
    ("meaning", "spellings"),
    [
        (":)", ":) :-) =) :] (: (-: :)))) :} :-3"),
        (":(", ":( :-( =( :[ ): :(((( :-<"),
        (":'(", ":'( :'-( ;( T_T T.T ;_; :,("),
        (">:(", ">:( >:-( >=( :@ >:["),
        (":d", ":D :-D =D XD xD xDDD xd :DDD"),
        (":/", ":/ :-/ :-\\ =/ :-S >.<"),
        (";)", ";) ;-) (; ;] *D"),
        (":p", ":P :-P :p =P xP"),
        (":|", ":| :-| =|"),
        (":o", ":o :O :-O o_O O.o"),
        ("<3", "<3 <33 &lt;3"),
        ("</3", "</3 <\\3"),
        ("^_^", "^^ ^_^ ^.^ ^-^"),
        ("-_-", "-_- -.- -__-"),
    ],
)
def test_an_emoticon_has_one_spelling(tokenizer: TextTokenizer, meaning: str, spellings: str) -> None:
    for spelling in spellings.split():
        text = f"good {spelling} day"
        assert read(tokenizer, text) == ["good", meaning, "day"], spelling
        assert pointed_at(tokenizer, text) == ["good", spelling, "day"]


@pytest.mark.parametrize("face", [":)", ":-(", ":'(", ";)", "<3", ":-/"])
def test_an_emoticon_may_be_glued_to_a_word(tokenizer: TextTokenizer, face: str) -> None:
    assert pointed_at(tokenizer, f"so good{face}") == ["so", "good", face]


@pytest.mark.parametrize(
    "text",
    [
        "at 8:30",
        "C:/films",
        "a): the film",
        "(the day:)",
        "re:Pay",
        "f(x=3)",
        "go(:a)",
        "wait(s);)",
        "http://a.b/:)c",
        "10:3",
        "b:[1]",
        "of:(a) it",
        "<3 minutes",
        "<30",
        "x<3%",
        "xDR",
        "T_TEST",
        "8)",
        "a^^b",
    ],
)
def test_times_paths_lists_and_code_are_no_emoticons(tokenizer: TextTokenizer, text: str) -> None:
    assert not set(read(tokenizer, text)) & set(EMOTICONS)


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("4/5", "4/5"),
        ("2 / 5", "2/5"),
        ("1 out of 5", "1/5"),
        ("7.5/10", "8/10"),
        ("7,4/10", "7/10"),
        ("9 out of 10", "9/10"),
        ("ten out of ten", "10/10"),
        ("Three Out Of Five", "3/5"),
        ("3½/5", "4/5"),
        ("2 stars out of 5", "2/5"),
        ("★★☆☆☆", "2/5"),
        ("⭐⭐⭐⭐", "4/5"),
        ("⭐️⭐️", "2/5"),
        ("★★★½", "4/5"),
        ("★ ★ ★ ☆ ☆", "3/5"),
        ("★★★★★★★☆☆☆", "7/10"),
        ("**/5", "2/5"),
        ("rating: ***", "3/5"),
        ("*****", "5/5"),
        ("3/10 at the day", "3/10"),
        ("<b>4/5</b>", "4/5"),
        ("**4/5**", "4/5"),
        ("0/10", "0/10"),
    ],
)
def test_a_rating_is_one_token(tokenizer: TextTokenizer, text: str, rating: str) -> None:
    assert rating in read(tokenizer, text)
    assert sum("/" in token for token in read(tokenizer, text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "24/7",
        "1/2 cup",
        "5/5/2020",
        "2020/5/10",
        "4/50",
        "v1.4/5",
        "85/100",
        "damn ***",
        "★",
        "*** SO ***",
    ],
)
def test_what_is_no_rating_stays(tokenizer: TextTokenizer, text: str) -> None:
    assert not [token for token in read(tokenizer, text) if token[-2:] == "/5" or token[-3:] == "/10"]


# Words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("niceeee", "nice"),
        ("NIIIICE", "nice"),
        ("soooooo", "so"),
        ("sooo", "so"),
        ("looooove", "love"),
        ("loooovee", "love"),
        ("nooooooo", "no"),
        ("yesss", "yes"),
        ("hmmmmm", "hmm"),
        ("goood", "good"),
        ("gooooood", "good"),
        ("coool", "cool"),
        ("tooo", "too"),
        ("offff", "off"),
        ("weeee", "we"),
        ("III", "iii"),
        ("good", "good"),
        ("soon", "soon"),
        ("cooooool", "cool"),
        ("beeeest", "best"),
    ],
)
def test_a_stretched_word_is_the_word(tokenizer: TextTokenizer, typed: str, meant: str) -> None:
    assert read(tokenizer, f"it {typed} day") == ["it", meant, "day"]
    assert pointed_at(tokenizer, f"it {typed} day")[1] == typed


def test_a_stretched_word_never_enters_the_vocabulary() -> None:
    trained = TextTokenizer("word", reading=2).train(["it was sooo soooo sooooo nice, part III www xxx"] * 3)
    assert {"so", "soo", "sooo"}.isdisjoint(trained.vocab)
    assert {"iii", "www", "xxx", "nice"} <= set(trained.vocab)


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("wonderfull", "wonderful"),
        ("airlin", "airline"),
        ("Wonderfull", UNK),
        ("teh", "the"),
        ("nto", UNK),
        ("vape", UNK),
        ("vapes", UNK),
        ("kindle", UNK),
        ("tapr", "tape"),
        ("wonderFull", UNK),
        ("WONDERFULL", UNK),
        ("airlin3", UNK),
        ("flm", UNK),
    ],
)
def test_a_word_that_is_one_is_not_mended(tokenizer: TextTokenizer, typed: str, read_as: str) -> None:
    assert read(tokenizer, f"so {typed} good")[1] == read_as


def test_a_word_behind_a_sign_is_a_name(tokenizer: TextTokenizer) -> None:
    assert read(tokenizer, "#wonderfull") == ["#", UNK]
    assert read(tokenizer, "@wonderfull") == ["<user>"]


@pytest.mark.parametrize(
    ("hashtag", "words"),
    [
        ("#worstairlineever", ["worst", "airline", "ever"]),
        ("#BestDayEver", ["best", "day", "ever"]),
        ("#neveragain", ["never", "again"]),
        ("#howamisupposedtogettowork", "how am i supposed to get to work".split()),
        ("#good", ["good"]),
        ("#vape", [UNK]),
        ("#10day", ["10", "day"]),
        ("#worst_day", ["worst", "day"]),
        ("#BESTDAY", ["best", "day"]),
        ("#qzxvkj", [UNK]),
    ],
)
def test_a_hashtag_is_its_words(tokenizer: TextTokenizer, hashtag: str, words: list[str]) -> None:
    text = f"so {hashtag}, good"
    assert read(tokenizer, text) == ["so", "#", *words, ",", "good"]
    assert "".join(pointed_at(tokenizer, text)[1:-2]) == hashtag.replace("_", "")


@pytest.mark.parametrize(
    "text",
    ["\ufffd", "\ufffd\ufffd.", "N/A", "n/a", "-", "--", "none", "None.", ".", "nil", " — ", "* * *", "n.a."],
)
def test_a_text_without_content_is_read_as_the_empty_text_is(tokenizer: TextTokenizer, text: str) -> None:
    assert tokenizer.encode(text).ids == tokenizer.encode("").ids == [tokenizer.unk_id]
    assert tokenizer.encode(text).spans == [(0, len(text))]


@pytest.mark.parametrize("text", ["none of it", "no", "!", "?", "5", "👍", ":)"])
def test_a_short_text_with_content_is_read(tokenizer: TextTokenizer, text: str) -> None:
    assert read(tokenizer, text) != [UNK] or len(read(tokenizer, text)) > 1 or text == "none of it"


def test_long_runs_of_marks_are_of_two_kinds(tokenizer: TextTokenizer) -> None:
    assert read(tokenizer, "good! good!! good!!!!!! good????") == [
        "good",
        "!",
        "good",
        "!!",
        "good",
        "!!",
        "good",
        "??",
    ]


def test_a_lost_apostrophe_is_read_and_a_lost_letter_left_out(tokenizer: TextTokenizer) -> None:
    assert read(tokenizer, "it didn\ufffdt do \ufffd good") == ["it", "did", "n't", "do", "good"]


# Markup and mails, through the tokenizer


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('<a href="http://x.example/a">Good day.</a>', ["Good", "day", "."]),
        ("see http://x.example/a), so", ["see", "http://x.example/a", ")", ",", "so"]),
        ("it did&rsquo;nt **work**", ["it", "did", "&rsquo;nt", "work"]),
        ("> so good\nno", ["no"]),
        ("> so good", ["so", "good"]),
        ("no<br/><br/>Sent from my phone", ["no"]),
        ("no\n\nKind regards,\nJoy Best", ["no"]),
    ],
)
def test_tokens_point_through_the_markup(tokenizer: TextTokenizer, text: str, parts: list[str]) -> None:
    assert pointed_at(tokenizer, text) == parts


# Settings, and what is saved


def test_only_words_have_a_second_reading() -> None:
    with pytest.raises(ConfigError, match="newer version"):
        TextTokenizer("word", reading=3)
    with pytest.raises(ConfigError, match="Invalid reading"):
        TextTokenizer("char", reading=2)
    with pytest.raises(InputError, match="second reading"):
        TextTokenizer("word").train(["good"], known_words=["vape"])
    with pytest.raises(InputError, match="put it in a list"):
        TextTokenizer("word", reading=2).train(["good"], known_words="vape")


def test_known_words_forget_nothing_and_are_refused_when_broken() -> None:
    words = KnownWords.of([f"word{number}" for number in range(3_000)])
    again = KnownWords.from_bytes(words.to_bytes())
    assert all(f"WORD{number}" in again for number in range(3_000))
    assert sum(f"other{number}" in again for number in range(3_000)) < 90
    assert len(again) == 3_000
    with pytest.raises(ArtifactError, match="known words cannot be read"):
        KnownWords.from_bytes(words.to_bytes()[:-9])


def test_everyday_words_are_mended_less_often_and_typos_as_well_as_before() -> None:
    """Figures of the shipped vocabulary: the first reading mends 73 of 440 everyday words wrongly."""
    pytest.importorskip("wordfreq", reason="needs the words extra")
    saved = (SENTIMENT_MODEL / "tokenizer.json").read_text(encoding="utf-8")
    known = KnownWords.of(everyday_words(50_000))
    readings = [
        TextTokenizer.from_json(saved, kind="word", mend_typos=True),
        TextTokenizer.from_json(saved, kind="word", mend_typos=True, reading=2, known_words=known),
    ]
    everyday = (HERE / "everyday_words.txt").read_text(encoding="utf-8").split()
    typos = [line.split() for line in (HERE / "typos.txt").read_text(encoding="utf-8").splitlines()]
    assert len(set(everyday)) >= 350
    assert len(typos) >= 150
    vocabulary = set(readings[0].vocab)
    wrong = [
        sum(word not in vocabulary and read(each, f"the {word} here")[1] != UNK for word in everyday)
        for each in readings
    ]
    mended = [
        sum(read(each, f"it is {typo} too")[2:3] == [meant] for typo, meant in typos) for each in readings
    ]
    assert wrong[0] >= 70
    assert wrong[1] <= 15
    assert mended[0] == 162
    assert mended[1] >= 160
