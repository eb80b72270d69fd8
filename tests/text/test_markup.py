"""Markup is taken off, what only looks like it stays, and every character knows where it came from."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp_rnn.text.mail import mail_parts
from nlp_rnn.text.markup import plain_text

_PIECES = """<b> </b> <br/> <p> </p> <ul> <li> <a\xa0href="x"> &lt; &gt; &amp; &amp;lt; &#42; &nbsp
&hearts; <!-- --> <script> </script> <![CDATA[ ]]> ** * _ __ ~~ ` `` [ ] ]( ](http://a.b) ) ![ # ## > - +
1. 2) | |-|-| --- *** ``` http://a.b/c_d www.x.org <3 :( >:( T_T word good A 5 , .""".split()
MARKED = st.lists(st.sampled_from([*_PIECES, " ", "\n", "\n\n"]) | st.text(max_size=3), max_size=14).map(
    "".join
)
PLAIN_WORDS = st.lists(
    st.sampled_from("it was, not good! (really) 5 out of 10; $3 \N{GRINNING FACE} é".split())
)


def bare(text: str) -> str:
    return " ".join(plain_text(text)[0].split())


@settings(max_examples=400, deadline=None)
@given(text=MARKED)
@example(text="&amp;amp;lt;b&amp;gt;x")
@example(text="<<b>br>x **a*b**c*")
def test_places_rise_inside_the_text_and_plain_text_stays_as_it_is(text: str) -> None:
    plain, places_2N = plain_text(text)
    assert places_2N.shape == (2, len(plain))
    starts, ends = places_2N.tolist()
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    again = plain_text(plain)[0]
    assert plain_text(again)[0] == again
    if "&" not in text and "<" not in text:
        assert again == plain


@given(words=PLAIN_WORDS)
def test_a_text_without_marks_comes_back_as_it_is(words: list[str]) -> None:
    text = " ".join(words)
    plain, places_2N = plain_text(text)
    assert plain == text
    assert places_2N.tolist() == [list(range(len(text))), list(range(1, len(text) + 1))]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('<a href="https://shop.example/x?y=1">Rude staff.</a> Never again', "Rude staff. Never again"),
        ("<section><h3>Late</h3><article>by a week</article></section>", "Late by a week"),
        ("<td>cold</td><td>wet</td>", "cold wet"),
        ("un<i>bear</i>able", "unbearable"),
        ("<span>cold</span><span>wet</span>", "cold wet"),
        ("<input disabled><option selected value=3>ok", "ok"),
        ("<img alt='a > b' src=x>late", "late"),
        ("<IMG SRC=x.png/>late", "late"),
        ("so <my-widget size='2'>slow</my-widget>", "so slow"),
        ("ok<!-- great <b> great -->ay", "ok ay"),
        ("<style>p {color: red}</style>late<script>if (a < b) {}</script>", "late"),
        ("<![CDATA[too late]]>", "too late"),
        ("<!DOCTYPE html><?xml version='1'?>late", "late"),
        ("fish &amp; chips &#8211; 5&euro; &lt;3 &hellip;", "fish & chips – 5€ <3 …"),
        ("&copy 2024, R&D, AT&T, &nbspcold&ampwet", "© 2024, R&D, AT&T, cold&wet"),
        ("&amp;amp;quot;fine&amp;quot;", '"fine"'),
        ("the text ends in <a href=\"http://x.example/", "the text ends in"),
        ("# Title #\n## More\ntext", "Title More text"),
        ("**Never** *ever* __buy__ _this_ ~~fine~~ `thing` ***ok***", "Never ever buy this fine thing ok"),
        ("un**bear**able", "unbearable"),
        ("- [x] slow\n* cold\n+ wet\n• old", "slow cold wet old"),
        ("1. slow\n2. cold", "slow cold"),
        ("| slow | cold |\n|:---|---:|\n| old | wet |", "slow cold old wet"),
        ("slow | cold\n--- | ---\nold | wet", "slow cold old wet"),
        ("Title\n=====\ntext\n\n* * *\n\nmore", "Title text more"),
        ("```js\nbroken()\n```", "broken()"),
        ("[the bill](http://x.example/a_(b) \"why\") and ![a cat](cat.png)", "the bill and a cat"),
        ("[the bill][1] came\n\n[1]: http://x.example/bill", "the bill came"),
        ("> slow\n>> cold", "slow cold"),
    ],
)  # fmt: skip
def test_marks_are_taken_off(text: str, plain: str) -> None:
    assert bare(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d", "x <y and z> w", "I <3 it", "it broke </3", "<user> said", "see <url>", "5 *"
        " 3 * 2 = 30",
        "2*3*4", "f**k this s**t", "snake_case_name", "don`t, can`t", "-_- hey -_-", "^_^ hey ^_^", "T_T"
        " oh T_T",
        "*_*", ">:( no", ">_< no", "array[0](1", "5 stars*", "#1 in town", "-5 degrees", "http://x.example/a_b_c*d*",
        "http://x.example/?a=1&copy=2", "1. is what I say", "+ light\n- heavy", "one "
        "| two", "&notanentity", "R&D;",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    assert plain_text(text)[0] == text


def test_a_character_of_an_entity_has_the_place_of_the_entity() -> None:
    plain, places_2N = plain_text("<b>it&rsquo;s</b> ok")
    assert plain == "it’s ok"
    assert places_2N[:, 2].tolist() == [5, 12]
    assert places_2N[:, 3].tolist() == [12, 13]


_REPEATED = """< ** * [ & <!-- ` <a\xa0 <a\xa0b=" <a\xa0b=c\xa0 ]( ](a [a]( &amp; &lt; &#38; <b> <<b> </
http://a) http://(( | |- *a a* \xa0*a* x*a\xa0b*)\xa0 ~~ [a]:\xa0b <script> <![CDATA[ <?xml\xa0 ( ) - > #
1.\xa0""".split()


@pytest.mark.parametrize("piece", [piece.replace("\xa0", " ") for piece in _REPEATED])
def test_any_repetition_is_read_in_one_pass(piece: str) -> None:
    """With a pattern that goes back, each of these took minutes: the suite would not end."""
    text = (piece * 30_000)[:30_000]
    assert len(plain_text(text)[0]) <= len(text)
    assert len(plain_text(f'<a b="{text}')[0]) <= len(text) + 6


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("> Lovely, thanks\nIt does not work.", "It does not work."),
        ("On Fri, 3 May Bob Ray <b@x.example> wrote:\n> Lovely!\n\nStill broken.", "Still broken."),
        ("Still broken.\n\nOn 3 May 2024 at 10:00, Bob\nwrote:\nLovely!\nThanks!", "Still broken."),
        ("Still broken.\n\n-----Original Message-----\nLovely!", "Still broken."),
        ("Still broken.\n\nFrom: Bob\nSent: Friday\nTo: me\nLovely!", "Still broken."),
        ("Am 3. Mai schrieb Bob:\n> Wunderbar\nStill broken.", "Still broken."),
        ("Still broken.\n\nWarm regards,\nJoy Loveday\nHead of Happiness", "Still broken."),
        ("Still broken.\n\nCheers,\njo", "Still broken."),
        ("Still broken.\n\nYours faithfully", "Still broken."),
        ("Still broken.\n\nMany thanks and have a great day,\nPriya", "Still broken."),
        ("Still broken.\n\n-- \nGrace Smile\n+44 1234 567890", "Still broken."),
        ("Still broken.\nSent from my wonderful iPad", "Still broken."),
        ("Still broken.\n\nGet Outlook for Android", "Still broken."),
        ("Still broken. Sent from my iPhone", "Still broken."),
        ("Still broken.\n\nThis e-mail and any attachments are confidential.", "Still broken."),
    ],
)
def test_the_furniture_of_a_mail_is_known(text: str, own: str) -> None:
    parts = mail_parts(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert "".join(text[part.start : part.end] for part in parts if part.kind == "own").strip() == own


@pytest.mark.parametrize(
    "text",
    [
        "Great service!\nThanks\nfor nothing", "Cheers mate.\nYou broke it\nagain", "It is broken -- \nagain",
        ">:( it broke\n>_< again", "He wrote:\nit is broken", "Sent from my hotel room, furious\nand cold",
        "Best,\nthe worst of all hotels I know", "From: nowhere", "Love\nit so much, will buy again",
    ],
)  # fmt: skip
def test_what_only_looks_like_furniture_is_the_writers_own(text: str) -> None:
    assert {part.kind for part in mail_parts(text)} == {"own"}
