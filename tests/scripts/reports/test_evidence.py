"""The report on evidence counts what it says it counts."""

from __future__ import annotations

from nlp_rnn.risk import Difference, Evidence, SourcePassage
from scripts.reports.evidence import count, failure

CLAIM = "The bag costs £8."
CASE = {
    "claim": CLAIM,
    "source": "a.txt",
    "passage": "It is £6.",
    "differs": [{"claim": "£8", "source": "£6"}],
}


def evidence(status: str, file: str = "x/a.txt", marked: str | None = None) -> Evidence:
    """Evidence with one passage, and a difference if something is marked."""
    passage = SourcePassage(file=file, line=1, start=0, end=9, text="It is\n£6.", heading="", closeness=0.5)
    differences = []
    if marked is not None:
        start = CLAIM.index(marked)
        differences.append(
            Difference(
                kind="number", claim=marked, start=start, end=start + len(marked),
                source="£6", source_start=6, source_end=8,
            )
        )  # fmt: skip
    return Evidence(start=0, end=17, status=status, passages=(passage,), differences=tuple(differences))


def test_what_is_right_is_counted() -> None:
    found = count(
        [
            (CASE, evidence("differs", marked="£8")),
            (CASE, evidence("differs", file="b.txt", marked="bag")),
            (CASE | {"differs": []}, evidence("differs", marked="bag")),
            (CASE | {"source": None, "differs": []}, evidence("stated in")),
        ]
    )
    assert found["right passage first"] == (2, 3)
    assert found["changed number or name marked"] == (1, 2)
    assert found["... and set beside what the source has"] == (1, 2)
    assert found["agreeing claims said to differ"] == (1, 1)
    assert found["claims without a source said to be stated or to differ"] == (1, 1)


def test_a_failure_is_named() -> None:
    assert failure(CASE, evidence("differs", marked="£8")) == ""
    assert failure(CASE, evidence("differs", marked="bag")) == "not marked"
    assert failure(CASE, evidence("stated in")) == "stated in"
    assert failure(CASE, evidence("differs", file="b.txt")) == "another passage first (differs)"
