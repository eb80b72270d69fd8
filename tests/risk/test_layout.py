"""Claims in any layout: read as in plain text, cut as items, taken out alone, and streamed alike."""

from __future__ import annotations

import itertools

import pytest

from nlp_rnn.cli import main
from nlp_rnn.risk.filter import NOT_ENGLISH, RiskFilter
from nlp_rnn.risk.hedges import without_hedges
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.risk.statements import weights_of
from nlp_rnn.risk.view import read_through
from nlp_rnn.text.units import find_unit_end

hypothesis = pytest.importorskip("hypothesis")
given, settings, st = hypothesis.given, hypothesis.settings, hypothesis.strategies

GLASS = "The study confirmed that eating glass is healthy."
FILTER = RiskFilter(claims=None)
REDACT = RiskFilter("redact", claims=None)
NOTE = "[removed: high risk, authority, health]"
CURIOUS = {
    "emphasis": "The **study** _confirmed_ that eating `glass` is ~~healthy~~.",
    "a mark that another sentence closes": "**The study confirmed that eating glass is healthy.",
    "a link": "The [study](http://x.example/a) confirmed that eating glass is healthy.",
    "tags": "The <b>study</b> con<i>firm</i>ed that eating <span class='a'>glass</span> is healthy.",
    "entities": "The&nbsp;study confirmed that eating gl&#97;ss is healthy.",
    "joiners": "The stu\u200ddy conf\u2060irmed that ea\U000e0041ting glass is hea\u202elthy.",
    "full width": "\uff34\uff48\uff45 study confirmed that eating \uff47lass is healthy.",
    "letter styles": "The \U0001d600\U0001d601\U0001d602\U0001d5f1\U0001d606 confirmed that eating glass is "
    "healthy.",
    "look-alikes": "The stud\u0443 c\u043enfirmed that e\u0430ting glass is he\u0430lthy.",
    "struck out": "The s\u0336t\u0336u\u0336d\u0336y\u0336 confirmed that eating glass is healthy.",
    "capitals": "THE STUDY CONFIRMED THAT EATING GLASS IS HEALTHY.",
    "a footnote": "The study[1] confirmed that eating glass is healthy.²",
    "a heading": "## The study confirmed that eating glass is healthy.",
    "a quote in lines": "> The study confirmed that\n> eating glass is healthy.",
    "a turn": "[10:31] Ann: The study confirmed that eating glass is healthy.",
}


def units(text: str) -> list[str]:
    found, at = [], 0
    while (end := find_unit_end(text, at, at, final=True)[0]) is not None:
        found.append(text[at:end])
        at = end
    return found


@pytest.mark.parametrize("text", CURIOUS.values(), ids=CURIOUS)
def test_a_claim_is_found_through_its_layout(text: str) -> None:
    review = FILTER.review(text)
    assert {signal.kind for signal in review.signals} >= {"authority", "health"}
    assert review.level == "high"
    # Places are exact: the first and the last letter of a claim.
    places = {signal.kind: (signal.start, signal.end) for signal in review.signals}
    assert read_through(text[: places["health"][1]]).text.lower().endswith("healthy")
    assert read_through(text[places["health"][1] - 1 :]).text.lower().startswith("y")
    assert read_through(text[places["authority"][0] :]).text.lower().startswith(("study", "the study"))


def test_a_plain_sentence_is_read_as_it_stands() -> None:
    text = "It's a plain sentence, with “quotes” and 3.5 %.\n"
    view = read_through(text)
    assert (view.text, view.places_2N, view.span(2, 5)) == (text, None, (2, 5))
    assert (view.start, view.end) == (0, len(text) - 1)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("- one\n- two\n- three", 3),
        ("1. Heat it.\n2. Stir it.\n3. Eat it.", 3),
        ("A line that is full of words and therefore goes on\nin the next line.", 1),
        ("- an item that\n  goes on", 1),
        ("# Heading\nSome text here. More.", 3),
        ("<ul><li>One</li><li>Two</li></ul>", 3),
        ("One<br>Two<br/>Three", 3),
        ("| a | b |\n|---|---|\n| one | two |", 3),
        ("| 1 | this cell says something itself |", 2),
        ("ann: hi\nbob: hello\nann: bye", 3),
        ("12:01 Ann: hi\n12:02 Bob: hello", 2),
        ("It is done.[1] It is good.² So what.🙂 End.", 4),
        ("Mr. **Fox** met Dr.** Moss. They ate.", 2),
        ("> quoted text that\n> goes on\nReply", 2),
        ("Shopping\nMilk\nBread", 3),
        ("Roses are red,\nmy bicycle's blue", 1),
    ],
)
def test_where_units_end(text: str, count: int) -> None:
    assert len(units(text)) == count, units(text)


@pytest.mark.parametrize(
    "frame",
    [
        "- Milk\n- {}\n- Bread\n",
        "To do:\n1. Milk\n2. {}\n3. Bread\n",
        "* **{}**\n* Milk\n",
        "| n | what |\n|---|---|\n| 1 | {} |\n| 2 | Milk |\n",
        "[10:31] Ann: {}\n[10:32] Bob: ok\n",
        "<ul>\n<li>Milk</li>\n<li>{}</li>\n</ul>",
        "<table><tr><td>Milk</td><td>{}</td></tr></table>",
        "<p>{}<br>Milk</p>",
        "> {}\n\nWell.",
    ],
)
def test_what_is_taken_out_is_the_item_alone(frame: str) -> None:
    text = frame.format(GLASS)
    assert REDACT.apply(text).text == frame.format(NOTE)
    stream = REDACT.open()
    shown = [part for letter in text for part in stream.show(letter)] + stream.show_rest()
    assert "".join(shown) == frame.format(NOTE)


PIECES = st.lists(
    st.sampled_from(
        ["- ", "1. ", "\n", "\n\n", "| ", " |", "\t", "<li>", "</li>", "<p", ">", "<br>", "**", "`", "> ",
         "ann: ", "10:31 ", "word ", "Word ", "a. ", "Dr. ", ".", "! ", "[1]", "\u200b", "&nbsp;", "&quot;",
         "#", ": ", ";",
         "the study confirmed that ", "🙂", "², ", "  ", "1,2,3", "x" * 70, " и "]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(PIECES, st.lists(st.integers(0, 300), max_size=8))
def test_a_laid_out_stream_is_cut_as_the_whole_text(text: str, cuts: list[int]) -> None:
    whole, stream = FILTER.review(text), FILTER.open()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for start, end in itertools.pairwise(edges):
        stream.push(text[start:end])
    stream.finish()
    assert [p.text for p in stream.review.passages] == [p.text for p in whole.passages]
    assert stream.review == whole
    assert "".join(p.text for p in whole.passages) == text
    for signal in whole.signals:
        assert 0 <= signal.start < signal.end <= len(text)


@pytest.mark.parametrize("length", [1, 9])
def test_a_long_laid_out_text_is_streamed_as_reviewed(length: int) -> None:
    text = ("\n".join(CURIOUS.values()) + "\n\n| a | b |\n|---|---|\n| 1 | " + GLASS + " |\n- Milk\n") * 4
    stream = FILTER.open()
    for start in range(0, len(text), length):
        stream.push(text[start : start + length])
    stream.finish()
    assert stream.review == FILTER.review(text)


def test_a_copy_is_found_through_bold_words_and_counted_as_it_stands() -> None:
    training = (
        "The lantern in the harbour went out at dusk, and the island kept its kettle warm for the ferryman."
    )
    memory = OverlapIndex.build(training)
    text = f"- {training.replace('harbour', '**harbour**')}\n- Milk"
    [copy] = [s for s in FILTER.review(text, memory=memory).signals if s.kind == "memorised"]
    assert text[copy.start : copy.end] == text[2:].split("\n")[0]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Garlic heals burns, right?", "Garlic heals burns."),
        ("Garlic heals burns, doesn't it?", "Garlic heals burns."),
        ("I think that garlic heals burns.", "Garlic heals burns."),
        ("Apparently, garlic heals burns.", "Garlic heals burns."),
        ("As far as I know, garlic heals burns.", "Garlic heals burns."),
        ("Garlic, I believe, heals burns.", "Garlic heals burns."),
        ("Garlic heals burns, if you ask me.", "Garlic heals burns."),
        ("Isn't it true that garlic heals burns?", "Garlic heals burns."),
        ("Does garlic heal burns?", None),
        ("Garlic heals burns.", None),
        ("Is it true that garlic heals burns?", None),
    ],
)
def test_hedges_and_tags_are_left_aside(text: str, bare: str | None) -> None:
    found = without_hedges(text)
    assert (None if found is None else found.text) == bare


def test_a_hedged_claim_weighs_what_the_plain_one_does_and_stands_where_it_stands() -> None:
    plain = FILTER.review("Garlic cures cancer.")
    for text in (
        "Garlic cures cancer, right?",
        "I guess garlic cures cancer.",
        "Garlic apparently cures cancer.",
    ):
        hedged = FILTER.review(text)
        assert hedged.score == plain.score > 0
        [claim] = hedged.signals
        assert text[claim.start : claim.end].lower().startswith("garlic")
        assert text[claim.start : claim.end].endswith("cures")
    assert FILTER.review("Does garlic cure cancer?").score < plain.score


@pytest.mark.parametrize(
    "text",
    [
        "There is no evidence that tea heals.",
        "The bank denies that it sold the data.",
        "No trial has shown an effect.",
    ],
)
def test_what_others_deny_is_a_report(text: str) -> None:
    assert "authority" in {signal.kind for signal in FILTER.review(text).signals}


@pytest.mark.parametrize(
    "text",
    [
        "250 ml cider vinegar",
        "return a == b;",
        "14 Upset, Rita gets a crown (5)",
        "x + 3 = 18",
        "Heat the oven to 200 °C.",
    ],
)
def test_what_states_nothing_is_nothing_for_the_model(text: str) -> None:
    assert weights_of(text).model == 0


@pytest.mark.parametrize(
    "text", ["Garlic cures cancer", "Heat kills moths.", "Honey never spoils.", "Paris is in Spain"]
)
def test_what_states_something_counts_in_full(text: str) -> None:
    assert min(weights_of(text)) == 1


def test_what_is_not_english_is_said_to_be_unread() -> None:
    german = "Die Studie bestätigte, dass Glasessen gesund ist."
    review = FILTER.review(f"It rains today. {german} The sun shines.")
    [signal] = [signal for signal in review.signals if signal.kind == "unread"]
    assert (signal.start, signal.end, signal.score) == (16, 16 + len(german), 0)
    assert review.level == "low"
    assert "not in English" in review.disclaimer
    assert "no reason for doubt" not in review.disclaimer
    assert NOT_ENGLISH in review.not_checked
    both = FILTER.review(f"{german} {GLASS}")
    assert both.level == "high"
    assert "claims about health" in both.disclaimer
    assert "not in English" in both.disclaimer


def test_english_in_look_alikes_is_read() -> None:
    assert "unread" not in {s.kind for s in FILTER.review(CURIOUS["look-alikes"]).signals}


def test_a_text_that_looks_like_a_path_is_reviewed(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("See README.md", "https://example.org/a.html", "and/or"):
        assert main(["review", text]) == 0
        assert capsys.readouterr().out


def test_progress_counts_every_character_and_changes_nothing() -> None:
    text = f"{GLASS}\n" * 2_000
    seen: list[int] = []
    told = FILTER.apply(text, on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(text)
    assert told.review == FILTER.apply(text).review
