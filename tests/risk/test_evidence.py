"""Evidence: passages of a user's own texts beside a claim, what differs in them, and bad sources."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from pathlib import Path

import pytest

from nlp_rnn.errors import ConfigError, DataError, InputError, MissingExtraError
from nlp_rnn.risk import sources as reading
from nlp_rnn.risk.claims import load_rules
from nlp_rnn.risk.evidence import EvidenceIndex
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.sources import cut_passages
from scripts.reports.evidence import count

pytest.importorskip("bm25s", reason="needs the extra evidence")

FOLDER = Path(__file__).parent / "evidence"
SOURCES = FOLDER / "sources"
RULES = load_rules()
INDEX = EvidenceIndex.build([SOURCES])
FIREWOOD = "Firewood is sold at the office for £8 a bag."
RISKY = f"It rains. The minister said that {FIREWOOD[0].lower()}{FIREWOOD[1:]} Who knows?"


def write(folder: Path, **files: str | bytes) -> Path:
    """A folder of files; in their names, a double underscore stands for the dot."""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def differences(claim: str, source: str, folder: Path) -> list[tuple[str, str | None, str | None]]:
    """What differs between a claim and a source of one sentence, and one about something else."""
    write(folder, a__txt=source, b__txt="Nobody knows where the swallows went.")
    found = EvidenceIndex.build([folder]).find(claim)
    assert found.status in ("stated in", "differs")
    return [(d.kind, d.claim, d.source) for d in found.differences]


def test_development_claims_find_their_passages() -> None:
    cases = [json.loads(line) for line in (FOLDER / "claims.jsonl").read_text(encoding="utf-8").splitlines()]
    found = count([(case, INDEX.find(case["claim"])) for case in cases])
    share = {name: right / total for name, (right, total) in found.items()}
    assert share["right passage first"] >= 0.95
    assert share["changed number or name marked"] >= 0.9
    assert share["agreeing claims said to differ"] <= 0.05
    assert share["claims without a source said to be stated or to differ"] == 0


def test_places_are_those_of_the_file_and_of_the_text() -> None:
    text = f"So what? \n{FIREWOOD}"
    found = INDEX.find(f"\n{FIREWOOD} ", start=9)
    [difference] = found.differences
    first = found.passages[0]
    content = Path(first.file).read_text(encoding="utf-8")
    assert found.status == "differs"
    assert text[found.start : found.end] == FIREWOOD
    assert content[first.start : first.end] == first.text == "Firewood is sold at the office for £6 a bag."
    assert content.splitlines()[first.line - 1].endswith(first.text)
    assert text[difference.start : difference.end] == difference.claim == "£8"
    assert content[difference.source_start : difference.source_end] == difference.source == "£6"


def test_what_is_in_no_source_is_not_found() -> None:
    found = INDEX.find("Penguins have a gland that takes salt out of their blood.")
    assert (found.status, found.differences) == ("not found in", ())
    assert INDEX.find("").passages == INDEX.find("?!").passages == INDEX.find("qwxyz").passages == ()


@pytest.mark.parametrize(
    ("claim", "source", "expected"),
    [
        ("The shop opens at 9 am.", "The shop opens at nine.", []),
        ("The shop opens at 8 am.", "The shop opens at nine.", [("number", "8 am", "nine")]),
        ("The lead is 3 m long.", "The lead is two metres long.", [("number", "3 m", "two metres")]),
        ("The fair is on 3 May.", "The fair is on May 4th, 2024.", [("number", "3 May", "May 4th, 2024")]),
        ("The shop shuts on Wednesday.", "The shop is open Monday to Friday and shuts at noon.", []),
        ("The shop is open on Sunday.", "The shop is open on Monday.", [("name", "Sunday", "Monday")]),
        ("The pond belongs to Ann Lee.", "The pond belongs to Ann Ray.", [("name", "Lee", "Ray")]),
        ("Mr Lee feeds the ducks daily.", "Mrs Lee feeds the ducks each day.", []),
        (
            "Zadie Orme feeds all the ducks.",
            "Tom Kerr feeds the ducks.",
            [("name", "Zadie Orme", "Tom Kerr")],
        ),
        ("The ducks live in Bern.", "The ducks live on bread.", [("name", "Bern", None)]),
        ("Ducks are fed by Tom.", "Each day the ducks are fed by Tom.", []),
        ("The DUCKS are fed by Tom every DAY.", "The ducks are fed by Tom daily.", []),
        ("THE DUCKS ARE FED BY TOM EVERY DAY.", "The ducks are fed by Tom daily.", []),
        ("The José bridge is closed to lorries.", "The Jose bridge is closed to lorries.", []),
        ("Dogs may not swim in the pond.", "Dogs may swim in the pond.", [("negation", "not", None)]),
        ("Dogs may swim in the pond.", "Dogs can't swim in the pond.", [("negation", None, "n't")]),
        ("No more than two dogs swim.", "At most two dogs swim.", []),
    ],
)
def test_numbers_names_and_nots_are_compared(
    claim: str, source: str, expected: list[tuple[str, str | None, str | None]], tmp_path: Path
) -> None:
    assert differences(claim, source, tmp_path) == expected


def test_a_name_in_the_heading_is_no_difference_and_a_neighbours_number_is_none(tmp_path: Path) -> None:
    text = "# Rules of Holm Pond\n\nThe pond is two metres deep. Dogs may swim in it on Mondays."
    assert differences("Dogs may swim in Holm Pond on Mondays.", text, tmp_path) == []
    assert differences("Dogs may swim in the pond, two metres deep.", text, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("One line\nwraps here. Two", ["One line\nwraps here.", "Two"]),
        ("Bread\nMilk\nEggs", ["Bread", "Milk", "Eggs"]),
        ("- bread\n- milk\r\n3. eggs", ["bread", "milk", "eggs"]),
        ("| a | b |\n|---|---|\n| c | d |", ["| a | b |", "| c | d |"]),
        ("> > quoted. Twice", ["quoted.", "Twice"]),
        ("Title\n=====\nText.", ["Title", "Text."]),
        ("***\n\n \n", []),
        ("", []),
    ],
)
def test_texts_are_cut_at_sentences_items_and_rows(text: str, passages: list[str]) -> None:
    spans = list(cut_passages(text))
    assert [text[span.start : span.end] for span in spans] == passages


def test_what_lies_below_a_heading_knows_it() -> None:
    text = "Notes for guests\nDogs stay out.\n\nIn the water\n\nNo rings."
    headings = [text[span.heading_start : span.heading_end] for span in cut_passages(text)]
    assert headings == ["", "Notes for guests", "", "In the water"]


def test_a_review_has_evidence_for_flagged_sentences_or_every_one() -> None:
    plain = RiskFilter(claims=None, rules=RULES).review(RISKY)
    flagged = RiskFilter(claims=None, rules=RULES, sources=INDEX).review(RISKY)
    every = RiskFilter(claims=None, rules=RULES, sources=INDEX, look_up="every").review(RISKY)
    assert plain.evidence is None
    assert "evidence" not in plain.to_dict()
    assert flagged.evidence is not None
    [found] = flagged.evidence
    assert (found.status, RISKY[found.start : found.end]) == ("differs", flagged.passages[1].text.strip())
    assert every.evidence is not None
    assert [e.status for e in every.evidence] == ["not found in", "differs", "not found in"]
    as_json = json.loads(json.dumps(flagged.to_dict()))
    assert as_json["evidence"][0]["differences"][0]["claim"] == "£8"
    assert {**as_json, "evidence": None} == {**plain.to_dict(), "evidence": None}


def test_a_changed_review_does_not_quote_the_claim() -> None:
    review = RiskFilter("redact", claims=None, rules=RULES, sources=INDEX).apply(RISKY * 2).review
    assert review.changed == (review.level == "high")
    review = RiskFilter(lambda _: "", claims=None, rules=RULES, sources=INDEX).apply(RISKY).review
    assert review.evidence is not None
    assert review.evidence[0].differences[0].claim == "£8"
    assert review.to_dict()["evidence"][0]["differences"][0]["claim"] is None


def test_a_policy_may_look_at_the_evidence() -> None:
    def policy(passage: object) -> str:
        evidence = passage.evidence  # type: ignore[attr-defined]
        return f"[{evidence.status}] " if evidence else passage.text  # type: ignore[attr-defined]

    assert (
        RiskFilter(policy, claims=None, rules=RULES, sources=INDEX).apply(RISKY).text
        == "It rains. [differs] Who knows?"
    )


@pytest.mark.parametrize("size", [1, 7])
def test_a_stream_finds_the_same_evidence(size: int) -> None:
    risk = RiskFilter(claims=None, rules=RULES, sources=INDEX)
    stream = risk.open()
    for start in range(0, len(RISKY), size):
        stream.push(RISKY[start : start + size])
    stream.finish()
    assert stream.review.evidence == risk.review(RISKY).evidence


def test_a_filter_with_sources_is_pickled_and_copied() -> None:
    risk = RiskFilter(claims=None, rules=RULES, sources=[SOURCES])
    expected = risk.review(RISKY).evidence
    assert pickle.loads(pickle.dumps(risk)).review(RISKY).evidence == expected
    assert copy.deepcopy(risk).review(RISKY).evidence == expected


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no reference text"),
        ({"a__pdf": "x"}, "it takes only .txt, .text, .md, .markdown"),
        ({"a__txt": ""}, "there is not one word in the sources"),
        ({"a__txt": "*** \n"}, "there is not one word in the sources"),
        ({"a__txt": b"\x89PNG\r\n\x1a\n\x00\x00"}, "NUL bytes"),
        ({"a__txt": b"all good \x00 but this"}, "NUL bytes"),
        ({"a__txt": b"caf\xe9"}, "--sources-encoding cp1252"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused(
    files: dict[str, str | bytes], said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=said):
        RiskFilter(rules=RULES, claims=None, sources=[write(tmp_path, **files)])


@pytest.mark.parametrize(
    ("sources", "kind", "said"),
    [
        (["nowhere"], DataError, "there is no file or folder nowhere"),
        (["-"], DataError, "there is no file or folder -"),
        ([], InputError, "sources is empty"),
        ("notes.txt", InputError, "must be a list of files and folders, got str"),
        ([3], InputError, "a source is a path, got int"),
    ],
)
def test_bad_sources_are_refused(sources: object, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        RiskFilter(rules=RULES, claims=None, sources=sources)  # type: ignore[arg-type]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="it should be one of flagged, every"):
        RiskFilter(look_up="all")
    with pytest.raises(InputError, match="a claim is str, got int"):
        INDEX.find(3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="most"):
        INDEX.find("x", most=0)


def test_too_much_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CHARACTERS", 20)
    write(tmp_path, a__txt="twelve chars", b__txt="twelve chars")
    with pytest.raises(DataError, match=r"more than 20 characters \(at .*b.txt\)"):
        EvidenceIndex.build([tmp_path])


def test_hidden_files_are_skipped_and_others_named(tmp_path: Path) -> None:
    write(tmp_path, a__txt="Dogs bark.", __hidden__txt=b"\xff", c__png=b"\xff", d__MD="Cats purr.")
    index = EvidenceIndex.build([tmp_path, tmp_path / "a.txt"])
    assert [Path(file).name for file in index.files] == ["a.txt", "d.MD"]
    assert index.notes == (
        f"{tmp_path}: left out 1 of its files, as it takes only .txt, .text, .md, .markdown: c.png",
    )


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, a__txt="The café closes at ten.".encode("cp1252"))
    index = EvidenceIndex.build([tmp_path], encoding="cp1252")
    assert index.find("The café closes at ten.").status == "stated in"
    with pytest.raises(ConfigError, match="Invalid encoding"):
        EvidenceIndex.build([tmp_path], encoding="klingon")


def test_a_missing_library_is_answered_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(MissingExtraError, match=r'pip install "nlp-rnn\[evidence\]"'):
        RiskFilter(rules=RULES, claims=None, sources=[SOURCES])
