"""The suites: their data are well formed, and the runner fails what it should and no more."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import resources
from nlp_rnn.errors import DataError, InputError
from nlp_rnn.resources import data_folder
from nlp_rnn.sentiment import suite
from nlp_rnn.sentiment.suite import Case, load_suite, run_suite

CASES = load_suite()
EVERYDAY = load_suite(suite="everyday")
ROWS = {"negative": [0.9, 0.05, 0.05], "neutral": [0.05, 0.9, 0.05], "positive": [0.05, 0.05, 0.9]}
MEETS = {"not negative": "neutral", "not positive": "neutral", "same": "neutral"}


def table_model(answers: dict[str, list[float]]) -> suite.PredictProba:
    """A fake model that answers each text from a table."""
    return lambda texts: [answers[text] for text in texts]


def oracle(cases: list[Case]) -> suite.PredictProba:
    """A fake three-class model that knows every expectation."""
    answers: dict[str, list[float]] = {}
    for case in cases:
        wanted = [MEETS.get(case.expect, case.expect)] * len(case.texts)
        if case.type == "DIR":
            wanted = ["negative", "positive"] if case.expect == "higher" else ["positive", "negative"]
        answers |= {text: ROWS[label] for text, label in zip(case.texts, wanted, strict=True)}
    return table_model(answers)


def always(label: str) -> suite.PredictProba:
    """A fake model that gives every text the same label."""
    return lambda texts: np.tile(ROWS[label], (len(texts), 1))


def mft(expect: str, text: str = "one", phenomenon: str = "p") -> Case:
    """A minimum functionality test."""
    return Case(id=f"{phenomenon}-{text}", type="MFT", phenomenon=phenomenon, texts=(text,), expect=expect)


def pair(kind: str, expect: str, **fields: Any) -> Case:
    """A case of two texts, 'one' and 'two'."""
    return Case(id="pair", type=kind, phenomenon="p", texts=("one", "two"), expect=expect, **fields)


# The data


def test_the_suite_is_large_enough_and_even() -> None:
    counts = Counter(case.phenomenon for case in CASES)
    assert len(CASES) >= 560
    assert len(counts) >= 17
    assert min(counts.values()) >= 30


def test_ids_and_texts_are_unique() -> None:
    for values in ([case.id for case in CASES], [text for case in CASES for text in case.texts]):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_every_file_holds_its_own_phenomenon_and_the_readme_names_it() -> None:
    readme = (data_folder("negation") / "README.md").read_text(encoding="utf-8")
    for path in data_folder("negation").glob("*.jsonl"):
        cases = load_suite(path)
        assert {case.phenomenon for case in cases} == {path.stem}
        assert all(re.fullmatch(rf"{path.stem}-\d{{3}}", case.id) for case in cases)
        assert f"| `{path.stem}` |" in readme


def test_both_directions_are_asked_in_every_phenomenon() -> None:
    down = {"negative", "not positive", "lower"}
    up = {"positive", "not negative", "higher"}
    for phenomenon in {case.phenomenon for case in CASES} - {"negated_neutral"}:
        counts = Counter(case.expect for case in CASES if case.phenomenon == phenomenon)
        assert sum(counts[expect] for expect in down) >= 7, phenomenon
        assert sum(counts[expect] for expect in up) >= 7, phenomenon


def test_no_constant_answer_passes_the_suite() -> None:
    shares = {label: run_suite(always(label), CASES).pass_share for label in ROWS}
    assert max(shares.values()) < 0.5, shares


def test_the_sentences_every_model_is_judged_by_are_in_the_suite() -> None:
    expected = {case.texts[0]: case.expect for case in CASES if case.type == "MFT"}
    assert expected["Movie was not good"] == "negative"
    assert expected["Movie was good"] == "positive"
    assert expected["The movie was not bad at all"] == "not negative"
    assert expected["I thought it would be good, but it was not."] == "negative"
    assert expected["The flight leaves at nine."] == "neutral"
    assert expected["The store does not open on Sundays."] == "neutral"


def test_contractions_come_in_every_spelling() -> None:
    spellings = [case.texts for case in CASES if case.phenomenon == "contraction" and case.type == "INV"]
    assert len(spellings) >= 15
    for texts in spellings:
        assert len(texts) == 4
        assert ["'" in text for text in texts] == [True, False, False, False]
        assert ["’" in text for text in texts] == [False, True, False, False]
        assert "not" in texts[3].replace("cannot", "not").split()
        assert texts[0].replace("'", "") == texts[1].replace("’", "") == texts[2]


def test_every_word_a_lexicon_scores_is_a_declared_one() -> None:
    lexicon = pytest.importorskip("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer().lexicon
    vocabulary = json.loads((data_folder("negation") / "vocabulary.json").read_text(encoding="utf-8"))
    stems = tuple(re.sub("(e|y)$", "", word) for word in vocabulary["opinion"])
    used = {word for case in CASES for text in case.texts for word in re.findall(r"[a-z'’]+", text.lower())}
    scored = {word for word in used if word in lexicon} - set(vocabulary["frame_words"])
    assert [word for word in sorted(scored) if not word.removeprefix("un").startswith(stems)] == []
    assert len(scored) > 40


# The data of everyday English


def test_everyday_english_has_enough_kinds_and_cases_and_no_text_twice() -> None:
    counts = Counter(case.phenomenon for case in EVERYDAY)
    assert len(EVERYDAY) >= 800
    assert len(counts) >= 25
    assert min(counts.values()) >= 25
    for values in (
        [case.id for case in EVERYDAY],
        [text for case in (*CASES, *EVERYDAY) for text in case.texts],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_every_file_of_everyday_english_holds_its_own_kind_and_the_readme_names_it() -> None:
    readme = (data_folder("everyday") / "README.md").read_text(encoding="utf-8")
    for path in data_folder("everyday").glob("*.jsonl"):
        ids = [case.id for case in load_suite(path)]
        assert ids == [f"{path.stem}-{number:03}" for number in range(1, len(ids) + 1)]
        assert {case.phenomenon for case in load_suite(path)} == {path.stem}
        assert f"`{path.stem}`" in readme


def test_no_constant_answer_passes_everyday_english() -> None:
    shares = {label: run_suite(always(label), EVERYDAY).pass_share for label in ROWS}
    assert max(shares.values()) < 0.4, shares


def test_everyday_english_asks_for_doubt_about_other_languages_alone() -> None:
    assert {case.phenomenon for case in EVERYDAY if case.expect == "unsure"} == {"other_languages"}


# The runner


def test_a_model_that_says_it_does_not_know_passes_what_asks_for_that() -> None:
    cases = [mft("unsure", "foreign"), mft("positive", "praise"), mft("not negative", "so so")]
    report = run_suite(always("positive"), cases, unsure=lambda texts: [text == "foreign" for text in texts])
    assert report.pass_share == 1
    assert report.outcomes[0].labels == ("unsure",)
    doubtful = run_suite(always("positive"), cases, unsure=lambda texts: [True] * len(texts))
    assert [outcome.passed for outcome in doubtful.outcomes] == [True, False, True]
    assert run_suite(always("positive"), cases).failures[0].case.expect == "unsure"


def test_turned_round_counts_praise_for_blame_and_blame_for_praise_alone() -> None:
    cases = [mft("negative", "a"), mft("positive", "b"), mft("neutral", "c"), mft("not positive", "d")]
    report = run_suite(always("positive"), cases)
    assert (len(report.failures), report.turned_round) == (3, 0.25)
    assert report.to_dict()["turned_round"] == 0.25
    assert run_suite(always("neutral"), cases).turned_round == 0


def test_an_oracle_passes_everything() -> None:
    report = run_suite(oracle(CASES), CASES)
    assert report.pass_share == 1
    assert report.failures == ()


def test_an_always_positive_model_fails_exactly_what_forbids_it() -> None:
    report = run_suite(always("positive"), CASES)
    passing = {"positive", "not negative", "same"}
    assert {outcome.case.id for outcome in report.failures} == {
        c.id for c in CASES if c.expect not in passing
    }
    assert {tally.name for tally in report.expectations if tally.failures == 0} == passing


@pytest.mark.parametrize(
    ("expect", "passing"),
    [
        ("negative", {"negative"}),
        ("neutral", {"neutral"}),
        ("positive", {"positive"}),
        ("not negative", {"neutral", "positive"}),
        ("not positive", {"neutral", "negative"}),
    ],
)
def test_mft_asks_for_the_label(expect: str, passing: set[str]) -> None:
    assert {label for label in ROWS if run_suite(always(label), [mft(expect)]).pass_share == 1} == passing


def test_inv_asks_for_one_label_whatever_it_is() -> None:
    case = pair("INV", "same")
    same = table_model({"one": [0.4, 0.35, 0.25], "two": [0.9, 0.1, 0.0]})
    moved = table_model({"one": [0.4, 0.35, 0.25], "two": [0.35, 0.4, 0.25]})
    assert run_suite(same, [case]).pass_share == 1
    assert run_suite(moved, [case]).pass_share == 0


@pytest.mark.parametrize(
    ("step", "passed"), [(0.3, True), (0.2, True), (0.18, False), (0.0, False), (-0.3, False)]
)
@pytest.mark.parametrize("expect", ["higher", "lower"])
def test_dir_asks_for_a_move_of_at_least_the_margin(expect: str, step: float, passed: bool) -> None:
    shift = step / 2 if expect == "higher" else -step / 2
    model = table_model({"one": [0.3, 0.4, 0.3], "two": [0.3 - shift, 0.4, 0.3 + shift]})
    assert run_suite(model, [pair("DIR", expect, margin=0.2)]).pass_share == passed


def test_all_texts_are_scored_in_one_call_in_suite_order() -> None:
    calls: list[list[str]] = []

    def spy(texts: list[str]) -> Any:
        calls.append(list(texts))
        return always("neutral")(texts)

    run_suite(spy, CASES)
    assert calls == [[text for case in CASES for text in case.texts]]


def test_answers_belong_to_their_cases_in_any_order() -> None:
    shuffled = [CASES[index] for index in np.random.default_rng(3).permutation(len(CASES))]
    model = oracle(CASES)
    assert run_suite(model, shuffled).pass_share == 1
    wrong = [c if c.id != "local-001" else mft("positive", c.texts[0], "local") for c in shuffled]
    failing = run_suite(model, wrong).failures
    assert [(outcome.case.texts, outcome.labels) for outcome in failing] == [
        (("Movie was not good",), ("negative",))
    ]


def test_classes_name_the_columns() -> None:
    model = table_model({"one": [0.7, 0.1, 0.2]})
    classes = np.array(["positive", "negative", "neutral"])
    outcome = run_suite(model, [mft("positive")], classes=classes).outcomes[0]
    assert outcome.labels == ("positive",)
    assert outcome.polarities == pytest.approx((0.6,))


def test_a_two_class_model_fails_every_neutral_case_and_only_those() -> None:
    three = oracle(CASES)

    def two(texts: list[str]) -> Any:
        rows = np.asarray(three(texts))[:, [0, 2]] + 0.01
        return rows / rows.sum(axis=1, keepdims=True)

    hedged = {"not negative": "positive", "not positive": "negative"}
    cases = [c if c.expect not in hedged else mft(hedged[c.expect], c.texts[0], c.phenomenon) for c in CASES]
    three = oracle(cases)
    report = run_suite(two, cases, classes=("negative", "positive"))
    assert {outcome.case.expect for outcome in report.failures} == {"neutral"}
    assert len(report.failures) == sum(case.expect == "neutral" for case in cases)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([[0.5, 0.5]], r"shape \(1, 2\), expected \(1, 3\)"),
        ([0.2, 0.3, 0.5], r"shape \(3,\)"),
        ([[0.2, 0.3, 0.5]] * 2, r"shape \(2, 3\)"),
        ([[0.2, 0.3, 0.9]], "not probabilities"),
        ([[-0.5, 0.5, 1.0]], "not probabilities"),
        ([[np.nan, 0.5, 0.5]], "not probabilities"),
        ([["a", "b", "c"]], "not return an array of numbers"),
        (None, "shape"),
    ],
)
def test_a_wrong_answer_is_refused(answer: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        run_suite(lambda texts: answer, [mft("neutral")])


@pytest.mark.parametrize(
    "classes",
    [("negative", "neutral"), ("neg", "neu", "pos"), ("negative", "positive", "positive"), ()],
)
def test_unknown_classes_are_refused(classes: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="Invalid classes"):
        run_suite(always("neutral"), [mft("neutral")], classes=classes)


def test_no_cases_is_an_error() -> None:
    with pytest.raises(InputError, match="no cases"):
        run_suite(always("neutral"), [])


# The report


def small_report() -> suite.SuiteReport:
    """An always-positive model on four cases of two phenomena; three fail."""
    cases = [
        mft("positive", "a", "x"),
        mft("negative", "b", "x"),
        mft("neutral", "c", "y"),
        mft("negative", "d", "y"),
    ]
    return run_suite(always("positive"), cases, name="cheerful")


def test_rows_tally_each_phenomenon_and_end_with_all() -> None:
    report = small_report()
    assert report.rows() == [("x", 2, 1, 0.5), ("y", 2, 2, 1.0), ("all", 4, 3, 0.75)]
    assert report.pass_share == 0.25


def test_to_dict_is_json_and_shows_what_was_predicted() -> None:
    content = json.loads(json.dumps(small_report().to_dict()))
    totals = {"name": "cheerful", "cases": 4, "failures": 3, "pass_share": 0.25}
    assert {key: content[key] for key in totals} == totals
    assert content["phenomena"][0] == {"name": "x", "cases": 2, "failures": 1, "failure_rate": 0.5}
    assert [case["texts"] for case in content["failing_cases"]] == [["b"], ["c"], ["d"]]
    assert content["failing_cases"][0]["predicted"] == ["positive"]
    assert content["failing_cases"][0]["polarity"] == [0.85]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_plot_writes_a_picture(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    report = run_suite(always("positive"), CASES, name="cheerful")
    path = report.plot(tmp_path / f"rates{suffix}", compare=run_suite(oracle(CASES), CASES, name="oracle"))
    assert path.stat().st_size > 5000
    if suffix == ".svg":
        assert "<svg" in path.read_text(encoding="utf-8")


def test_plot_refuses_other_cases_and_unknown_formats(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = small_report()
    with pytest.raises(InputError, match="different phenomena"):
        report.plot(tmp_path / "rates.png", compare=run_suite(always("neutral"), [mft("neutral")]))
    with pytest.raises(InputError, match=r"Received: 'rates\.bmpx'.*png"):
        report.plot(tmp_path / "rates.bmpx")


# Reading files

GOOD = {"id": "a-1", "type": "MFT", "phenomenon": "a", "texts": ["It is not good."], "expect": "negative"}


def line(**changes: Any) -> bytes:
    """A good line with some fields changed; None takes a field out."""
    return json.dumps({key: value for key, value in (GOOD | changes).items() if value is not None}).encode()


def test_reading_a_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_bytes(line(id="b-1", phenomenon="b") + b"\n\n")
    directed = line(id="a-2", type="DIR", texts=["x", "y"], expect="lower", margin=0.3)
    (tmp_path / "a.jsonl").write_bytes(line() + b"\r\n" + directed)
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    assert [case.id for case in load_suite(tmp_path)] == ["a-1", "a-2", "b-1"]
    assert [case.margin for case in load_suite(str(tmp_path / "a.jsonl"))] == [0.1, 0.3]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe{}", "not valid UTF-8"),
        (b"[1]", "not a JSON object"),
        (line(expect=None), "missing fields: expect"),
        (line(text="x"), "unknown fields: text"),
        (line(type="XYZ"), "Invalid type"),
        (line(type=["MFT"]), "Invalid type"),
        (line(expect="good"), "Invalid expect for MFT"),
        (line(type="INV"), "Invalid expect for INV"),
        (line(texts="It is not good."), "Invalid texts"),
        (line(texts=[]), "number of texts"),
        (line(texts=["a", "b"]), "number of texts"),
        (line(texts=[" "]), "Invalid texts"),
        (line(texts=[3]), "Invalid texts"),
        (line(type="INV", expect="same"), "number of texts"),
        (line(type="DIR", expect="lower", texts=["a", "b", "c"]), "number of texts"),
        (line(type="DIR", expect="lower", texts=["a", "b"], margin=0), "Invalid margin"),
        (line(type="DIR", expect="lower", texts=["a", "b"], margin="much"), "Invalid margin"),
        (line(margin=0.1), "margin is only for"),
        (line(id=""), "Invalid id"),
        (line(id=7), "Invalid id"),
        (line(), r"id 'a-1' was already used in .*line 1"),
    ],
)
def test_a_malformed_line_names_file_line_and_reason(tmp_path: Path, bad: bytes, says: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(line() + b"\n\n" + bad + b"\n")
    with pytest.raises(DataError, match=says) as caught:
        load_suite(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert "\n" not in str(caught.value)


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cases found"):
        load_suite(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        load_suite(tmp_path / "missing.jsonl")


def test_the_suite_inside_the_package_comes_before_the_one_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "nlp_rnn")
    with pytest.raises(DataError, match="missing from this installation"):
        data_folder("negation")
    beside = tmp_path / "data" / "negation"
    beside.mkdir(parents=True)
    assert data_folder("negation") == beside
    inside = tmp_path / "nlp_rnn" / "data" / "negation"
    inside.mkdir(parents=True)
    assert data_folder("negation") == inside
