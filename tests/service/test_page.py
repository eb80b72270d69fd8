"""The page in a real browser, against the service really started; no request leaves the machine."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

pytest.importorskip("prometheus_client", reason="the service needs the serve extra")
from tests.service.running import Running, until

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright (extra test)")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="needs axe-playwright-python (extra test)"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium")

expect = sync_api.expect
expect.set_options(timeout=20_000)  # a busy machine is no failure
WIDE = {"width": 1280, "height": 900}
TEXT = "I thought it would be good, but it was not."
RISKY = "I walked home. The study confirmed that eating glass is healthy. It rained."


@dataclass
class Watched:
    """A page, and what it did that it should not do.

    ``refused`` holds the status codes that the test provokes: the browser writes each to its console. A busy
    machine may provoke 429 by itself, which the page waits out.
    """

    page: Any
    url: str
    refused: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        provoked = any(
            f"the server responded with a status of {code}" in message.text for code in (429, *self.refused)
        )
        if message.type in ("error", "warning") and not provoked:
            self.complaints.append(message.text)

    def _on_request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("blob", "data") and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.complaints.append(f"a request to {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The browser; started once, because starting takes longer than any test."""
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def tab(browser: Any, server: Running) -> Watched:
    window = browser.new_context(viewport=WIDE)
    window.grant_permissions(["clipboard-read", "clipboard-write"])
    return Watched(window.new_page(), server.url)


@pytest.fixture
def watched(tab: Watched) -> Iterator[Watched]:
    """The tab as if new, with nothing opened yet."""
    tab.complaints.clear()
    tab.refused.clear()
    tab.page.set_viewport_size(WIDE)
    tab.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    yield tab
    tab.page.goto("about:blank")
    tab.page.unroute_all(behavior="ignoreErrors")
    assert tab.complaints == []


@pytest.fixture
def page(watched: Watched) -> Any:
    """The page, opened and with its first answer."""
    watched.page.goto(watched.url)
    expect(watched.page.locator(".token")).to_have_count(12)
    return watched.page


@pytest.fixture
def timed(browser: Any, server: Running) -> Iterator[Watched]:
    """A window of its own, whose clock the test turns."""
    tab = Watched(browser.new_context().new_page(), server.url)
    tab.page.clock.install(time=0)
    tab.page.goto(server.url)
    expect(tab.page.locator(".token")).to_have_count(12)
    yield tab
    tab.page.context.close()
    assert tab.complaints == []


def type_text(page: Any, text: str) -> None:
    page.locator("#type-text").fill(text)
    expect(page.locator("#type .reading").first).to_be_visible()


def verdict(page: Any, number: int = 0) -> Any:
    return page.locator("#readings .verdict strong").nth(number)


def clipboard(page: Any) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def label_file(page: Any, name: str, content: bytes) -> None:
    page.locator("#tab-label").click()
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
    expect(page.locator("#label-start")).to_be_enabled()


def downloaded(page: Any) -> bytes:
    expect(page.locator("#download")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#download").click()
    return Path(download.value.path()).read_bytes()


# ---- Type


def test_the_line_is_redrawn_at_each_key_and_says_where_the_answer_turns(page):
    field_ = page.locator("#type-text")
    field_.fill("")
    expect(page.locator("#readings .reading")).to_be_hidden()
    field_.press_sequentially("Movie was")
    expect(page.locator(".token")).to_have_count(2)
    field_.press_sequentially(" not good")
    expect(page.locator(".token .word")).to_have_text(["Movie", "was", "not", "good"])
    expect(verdict(page)).to_have_text("negative")
    expect(page.locator("#readings .turns")).to_contain_text("turns it negative")
    curves = page.locator(".staves > svg .curve")
    expect(curves).to_have_count(3)
    assert all(
        len(points.split()) == 4
        for points in curves.evaluate_all("all => all.map(c => c.getAttribute('points'))")
    )


def test_effects_differ_by_direction_and_sign_not_by_colour_alone(page):
    type_text(page, "The movie was not bad at all")
    token = page.locator(".token", has_text="not")
    expect(token.locator("i")).to_have_class("up")
    expect(token.locator(".amount")).to_have_text(re.compile(r"^\+\d\.\d\d$"))
    type_text(page, TEXT)
    token = page.locator(".token", has_text="good")
    expect(token.locator("i")).to_have_class("down")
    expect(token.locator(".amount")).to_have_text(re.compile("^\u22120\\.\\d\\d$"))


def test_pointing_at_a_token_shows_its_figures_until_the_pointer_leaves(page):
    reads = page.locator("#readings .at")
    page.locator(".token", has_text="good").hover()
    expect(reads).to_contain_text("After good, whose effect is \u22120.")
    before = page.locator("#readings .legend").inner_text()
    page.locator("h2").first.hover()
    expect(reads).to_have_text("At the end:")
    assert page.locator("#readings .legend").inner_text() != before


def test_the_figures_are_there_as_a_table(page):
    page.get_by_text("Figures", exact=True).click()
    expect(page.locator("#readings tbody tr")).to_have_count(12)
    expect(page.locator("#readings th").nth(1)).to_have_text("effect on polarity")


def test_the_latest_answer_wins_over_an_older_one_that_comes_late(page):
    held = []

    def hold_the_first(route):
        if "awful" in route.request.post_data_json["inputs"]:
            held.append(route)
        else:
            route.continue_()

    page.route("**/explain", hold_the_first)
    with page.expect_request("**/explain"):
        page.locator("#type-text").fill("It was awful")
    with page.expect_event("requestfailed") as failed:
        page.locator("#type-text").fill("It was good")
    assert "awful" in failed.value.post_data
    expect(verdict(page)).to_have_text("positive")
    assert len(held) == 1


def test_emoji_and_accents_keep_tokens_in_their_places(page):
    type_text(page, "😀 The café was 👩‍👩‍👧 good")
    words = page.locator(".token .word").all_inner_texts()
    assert "café" in words
    assert "good" in words


COUNTERPARTS = {
    TEXT: "I thought it would be good, but it was.",
    "It was dull.": "It was not dull.",
    "It wasn’t dull.": "It was dull.",
    "Not bad at all": "Bad at all",
    "They can't act": "They can act",
    "It's good": "It's not good",
    "I would never go again": "I would go again",
}


def test_negate_it_shows_the_counterpart_beside_the_text(page):
    page.get_by_role("button", name="Negate it").click()
    for text, other in COUNTERPARTS.items():
        type_text(page, text)
        expect(page.locator("#readings .text-shown")).to_have_text([text, other])
    expect(page.locator("#readings .verdict strong")).to_have_count(2)
    left, right = (page.locator("#readings .reading").nth(n).bounding_box() for n in (0, 1))
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]


def test_negate_it_follows_what_is_typed_and_says_when_there_is_nothing_to_turn(page):
    page.get_by_role("button", name="Negate it").click()
    expect(verdict(page, 1)).to_have_text("positive")
    type_text(page, "Movie was good")
    expect(page.locator("#readings .text-shown").nth(1)).to_have_text("Movie was not good")
    expect(verdict(page, 1)).to_have_text("negative")
    type_text(page, "A great film")
    expect(page.locator("#type .error")).to_contain_text("no verb here")
    expect(page.locator("#readings .reading")).to_have_count(1)


def test_a_shared_link_opens_with_its_text(page, watched):
    text = "100% “not” bad & #1 = fine? 😀"
    type_text(page, text)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = clipboard(page)
    assert link == f"{watched.url}/#type={quote(text, safe=chr(39) + '()*!~')}"
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#type-text")).to_have_value(text)
    expect(page.locator(".token", has_text="bad")).to_be_visible()


def test_text_is_never_markup(page):
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script> is not good"
    type_text(page, evil)
    expect(page.locator(".token", has_text="good")).to_be_visible()
    page.get_by_role("button", name="Negate it").click()
    expect(page.locator("#readings .text-shown")).to_have_count(2)
    page.locator("#tab-review").click()
    page.locator("#review-text").fill(f"{evil}. The study confirmed that <b>eating glass</b> is healthy.")
    page.locator("#review .sentence[role=button]").first.click()
    label_file(page, "a<b>.csv", f'<img src=x>,text\r\n<b>x</b>,"{evil}"\r\n'.encode())
    page.locator("#label-start").click()
    expect(page.locator("#download")).to_be_visible()
    assert page.locator("main img, main script").count() == 0


# ---- Write


def write(page: Any, **values: str) -> None:
    page.locator("#tab-write").click()
    for name, value in values.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#start").click()


def test_a_text_streams_in_and_the_same_seed_writes_it_again(page):
    write(page, seed="7", length="120", prompt="ROMEO:")
    expect(page.locator("#write-state")).to_have_text("120 characters · seed 7")
    written = page.locator("#written").inner_text()
    assert written.startswith("ROMEO:")
    assert len(written) > 100
    page.locator("#start").click()
    expect(page.locator("#write-state")).to_have_text("120 characters · seed 7")
    assert page.locator("#written").inner_text() == written


def test_the_disclaimer_is_in_view_and_is_copied_along(page):
    expect(page.locator("#write-disclaimer")).to_be_hidden()
    write(page, seed="7", length="1500")
    disclaimer = page.locator("#write-disclaimer")
    expect(disclaimer).to_be_in_viewport(ratio=1)
    expect(page.locator("#write-state")).to_contain_text("seed 7")
    expect(disclaimer).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Copy with this note").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(page).endswith(f"\n\n{disclaimer.inner_text()}")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#written'))")
    page.evaluate("navigator.clipboard.writeText('')")
    page.keyboard.press("Control+C")
    assert clipboard(page).endswith(f"\n\n{disclaimer.inner_text()}")


def test_sentences_are_marked_while_the_text_is_written(page):
    page.evaluate(
        """() => {
          const seen = window.seen = [0];
          new MutationObserver(() => {
            if (document.querySelector('#stop').disabled) return;
            seen.push(document.querySelectorAll('#written .sentence').length);
          }).observe(document.querySelector('#written'), { childList: true });
        }"""
    )
    write(page, seed="7", length="800", prompt="The study confirmed that eating glass is healthy. ROMEO:")
    expect(page.locator("#write-state")).to_contain_text("seed 7")
    assert page.evaluate("Math.max(...window.seen)") > 1
    sentence = page.locator("#written .sentence.high").first
    expect(sentence).to_contain_text("eating glass")
    sentence.click()
    expect(page.locator("#written .reasons")).to_contain_text("health")
    expect(page.locator("#write-disclaimer")).to_contain_text("Do not rely on it")


def test_stop_ends_the_writing_on_the_server_too(page, server):
    write(page, length="2000", seed="1")
    expect(page.locator("#write-state")).to_contain_text("characters")
    page.locator("#stop").click()
    expect(page.locator("#write-state")).to_contain_text("Stopped after")
    expect(page.locator("#start")).to_be_enabled()
    expect(page.locator("#write-disclaimer")).to_contain_text("Written by a machine")
    until(lambda: server.figure("nlp_rnn_cancelled_total") >= 1)


# ---- Review


def test_a_sentence_shows_its_reasons(page):
    page.locator("#tab-review").click()
    page.locator("#review-text").fill(RISKY)
    expect(page.locator("#reviewed .verdict")).to_contain_text("high risk")
    expect(page.locator("#reviewed .verdict")).to_contain_text("1 of 3 sentences stand out")
    sentence = page.locator("#review .sentence.high")
    expect(sentence).to_contain_text("The study confirmed that eating glass is healthy.")
    expect(sentence.locator("mark").first).to_contain_text("study confirmed that")
    sentence.click()
    expect(sentence).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#review .reasons")).to_contain_text("authority: leans on an authority")
    sentence.click()
    expect(page.locator("#review .reasons")).to_have_count(0)


def test_the_redacted_form_has_the_sentence_no_more_and_is_copied_with_its_note(page):
    page.locator("#tab-review").click()
    page.locator("#review-text").fill(RISKY)
    page.get_by_label("Redacted").check()
    shown = page.locator("#review .marked")
    expect(shown).to_contain_text("[removed: high risk")
    expect(shown).not_to_contain_text("eating glass")
    page.locator("#review-copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "eating glass" not in clipboard(page)
    assert "nobody has checked it" in clipboard(page)


# ---- Label a file

SMALL_PIECES = """() => {
  // Files come in pieces of three bytes: every border between pieces is met.
  const whole = Blob.prototype.stream;
  File.prototype.stream = function () {
    return whole.call(this).pipeThrough(new TransformStream({
      transform(piece, out) {
        for (let at = 0; at < piece.length; at += 3) out.enqueue(piece.slice(at, at + 3));
      },
    }));
  };
}"""
ROWS = [
    ["id", "text", "note"],
    ["1", 'He said ""good"", twice, and\r\nmeant it: "It was good."', "-5"],
    ["2", '=HYPERLINK("http://evil.example";"It was awful")', "+1 (555) 0100"],
    ["3", "Das café war „gut“ 😀\n\nbut it was bad", "@SUM(A1)"],
    ["4", "", " =1+1"],
    ["5", "It was good", "1.5e3"],
]

FORMULAS = [ROWS[2][1], ROWS[2][2], ROWS[3][2], ROWS[4][2]]


def as_csv(rows: list[list[str]], **options: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("name", "mark", "end"), [("a.csv", ",", "\r\n"), ("a.csv", ";", "\n"), ("a.tsv", "\t", "\r\n")]
)
def test_a_table_is_labelled_whatever_its_cells_and_pieces_are(page, name, mark, end):
    page.evaluate(SMALL_PIECES)
    label_file(page, name, b"\xef\xbb\xbf" + as_csv(ROWS, delimiter=mark, lineterminator=end))
    expect(page.locator("#column")).to_have_value("1")
    page.locator("#label-start").click()
    content = downloaded(page)
    head, *rows = csv.reader(
        io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=mark, strict=True
    )
    assert content.startswith(b"\xef\xbb\xbf")
    assert head == ["id", "text", "note", "label", "score"]
    for row, given in zip(rows, ROWS[1:], strict=True):
        assert row[:3] == [f"'{cell}" if cell in FORMULAS else cell for cell in given]
    assert [row[3] for row in rows][1:] == ["negative", rows[2][3], "", "positive"]
    assert all(0.33 < float(row[4]) <= 1 for row in rows if row[4])
    expect(page.locator("#run-counts")).to_contain_text("4 cells that a spreadsheet would run")
    expect(page.locator("#run-counts")).to_contain_text("without a label: 1")


def test_lines_of_json_stay_as_they_are_and_get_two_members(page):
    lines = [
        '{"id": 12345678901234567890, "body": "It was good"}',
        '{"body":"It was bad","x":{"y":[1.10]}}',
        "",
        "",
    ]
    label_file(page, "a.jsonl", "\n".join(lines).encode())
    page.locator("#label-start").click()
    first, second = downloaded(page).decode().splitlines()
    assert first.startswith(
        '{"id": 12345678901234567890, "body": "It was good", "label": "positive", "score": 0.'
    )
    assert '"x":{"y":[1.10]}' in second
    assert json.loads(second)["label"] == "negative"


BAD_FILES = {
    b'id,text\n1,"It was good\n2,bad\n': "Line 2: a cell in quotes is not closed",
    b'id,text\n1,"It was" good\n': "Line 2: there is more after the closing quote",
    b"id,text\n1,good\n2,bad,worse\n": "Line 3 has 3 cells where the first row has 2",
    b"id,text\n1,caf\xe9\n": "This is not UTF-8: choose another encoding",
    b"label,predicted_label,text\n1,2,good\n": "has columns label and predicted_label already",
    b"": "has no rows",
}


def test_a_file_that_cannot_be_read_says_where_and_why(page):
    page.locator("#tab-label").click()
    complaint = page.locator("#label .error:visible")
    for content, problem in BAD_FILES.items():
        page.locator("#file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": content})
        expect(complaint.or_(page.locator("#label-start:enabled"))).to_be_visible()
        if complaint.count() == 0:
            page.locator("#label-start").click()
        expect(complaint).to_contain_text(problem)


def test_another_encoding_and_a_table_without_header_can_be_chosen(page):
    page.locator("#tab-label").click()
    page.locator("#file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"1,caf\xe9 was good\n"}
    )
    page.locator("#encoding").select_option("windows-1252")
    page.locator("#has-header").uncheck()
    expect(page.locator("#preview tbody td").nth(1)).to_have_text("café was good")
    page.locator("#label-start").click()
    assert re.fullmatch("1,café was good,positive,0\\.\\d+\r\n", downloaded(page).decode())


def rows_of(number: int, width: int = 0) -> bytes:
    return as_csv([["id", "text"], *([str(n), f"It was good {'x' * width}"] for n in range(number))])


LONG_FILE = """() => {
  // 200,000 rows, made here: sending them to the browser would take longer than the test.
  const file = new File(["id,text\\n", ("1,It was good " + "x".repeat(90) + "\\n").repeat(200_000)], "a.csv");
  const whole = Blob.prototype.stream;
  window.read = 0;
  File.prototype.stream = function () {
    return whole.call(this).pipeThrough(new TransformStream({
      transform(piece, out) { window.read += piece.length; out.enqueue(piece); },
    }));
  };
  const held = new DataTransfer();
  held.items.add(file);
  const dropped = new DragEvent("drop", { dataTransfer: held, cancelable: true });
  document.querySelector("#drop").dispatchEvent(dropped);
  return file.size;
}"""


def test_a_long_file_is_read_only_as_fast_as_it_is_labelled(page):
    asked = []
    page.route("**/predict", lambda route: asked.append(route))  # no answer ever comes
    page.locator("#tab-label").click()
    size = page.evaluate(LONG_FILE)
    expect(page.locator("#label-start")).to_be_enabled()
    with page.expect_request("**/predict"):
        page.locator("#label-start").click()
    expect(page.locator("#label-cancel")).to_be_enabled()
    assert size > 20_000_000
    assert 0 < page.evaluate("window.read") < size / 2
    page.locator("#label-cancel").click()
    expect(page.locator("#run-state")).to_have_text("Stopped after 0 rows.")
    assert len(asked) <= 2


def test_cancel_keeps_what_is_labelled(page):
    asked = []

    def answer_two(route):
        asked.append(route)
        if len(asked) <= 2:
            route.continue_()

    page.route("**/predict", answer_two)
    label_file(page, "a.csv", rows_of(1000))
    page.locator("#label-start").click()
    expect(page.locator("#run-state")).to_contain_text("128 rows · ")
    expect(page.locator("#run-state")).to_contain_text(
        re.compile(r"rows a second · (about \d+ \w+ left|nearly done)")
    )
    page.locator("#label-cancel").click()
    expect(page.locator("#run-state")).to_have_text("Stopped after 128 rows.")
    expect(page.locator("#label .error")).to_be_hidden()
    assert len(downloaded(page).splitlines()) == 129


def test_a_busy_service_is_waited_for_as_long_as_it_asks(timed):
    timed.refused.append(429)
    page, asked = timed.page, []
    page.clock.pause_at(1_000_000)

    def busy_once(route):
        asked.append(route)
        if len(asked) == 1:
            answer = {"error": "too busy", "error_type": "overloaded"}
            route.fulfill(status=429, headers={"Retry-After": "30"}, json=answer)
        else:
            route.continue_()

    page.route("**/predict", busy_once)
    label_file(page, "a.csv", rows_of(3))
    page.locator("#label-start").click()
    expect(page.locator("#run-state")).to_have_text("The service is busy: trying again in 30 seconds")
    page.clock.run_for(29_000)
    expect(page.locator("#label-cancel")).to_be_enabled()
    assert len(asked) == 1
    page.clock.run_for(2_000)
    expect(page.locator("#run-state")).to_contain_text("Labelled 3 rows")


def test_a_text_that_is_refused_alone_stays_without_label(page, watched):
    watched.refused.append(422)

    def refuse_long(route):
        if any(len(text) > 100 for text in route.request.post_data_json["inputs"]):
            route.fulfill(status=422, json={"error": "a text is too long", "error_type": "validation"})
        else:
            route.continue_()

    page.route("**/predict", refuse_long)
    label_file(page, "a.csv", as_csv([["text"], *[["It was good"]] * 9, ["x" * 101], ["It was bad"]]))
    page.locator("#label-start").click()
    rows = list(csv.reader(io.StringIO(downloaded(page).decode(), newline="")))
    assert [row[1] for row in rows[1:]] == [*["positive"] * 9, "", "negative"]
    expect(page.locator("#run-counts")).to_contain_text("without a label: 1 (a text is too long)")


# ---- Everywhere


def test_a_service_with_a_key_is_asked_with_it(watched):
    watched.refused.append(401)
    page = watched.page

    def locked(route):
        if route.request.headers.get("authorization") == "Bearer secret":
            route.continue_()
        else:
            route.fulfill(status=401, json={"error": "a key is needed", "error_type": "unauthorized"})

    page.route("**/explain", locked)
    page.goto(watched.url)
    page.get_by_label("This service asks for a key").fill("secret")
    page.get_by_role("button", name="Use it").click()
    expect(verdict(page)).to_have_text("negative")
    expect(page.locator("#key")).to_be_hidden()


def fill_all_panels(page: Any) -> Iterator[str]:
    """Bring each panel to its fullest, and yield its name."""
    page.get_by_role("button", name="Negate it").click()
    expect(page.locator("#readings .reading")).to_have_count(2)
    page.get_by_text("Figures", exact=True).first.click()
    yield "type"
    write(page, seed="7", length="300", prompt=RISKY)
    expect(page.locator("#write-state")).to_contain_text("seed 7")
    page.locator("#written .sentence.high").first.click()
    yield "write"
    page.locator("#tab-review").click()
    page.locator("#review-text").fill(f"{RISKY} See www.example.org/{'very-long-' * 30}proof.")
    page.locator("#review .sentence.high").first.click()
    yield "review"
    label_file(
        page, f"{'long-' * 20}.csv", as_csv([["id", "text", "more"], ["1", "It was good " * 20, "x" * 200]])
    )
    page.locator("#label-start").click()
    expect(page.locator("#download")).to_be_visible()
    yield "label"


def test_no_panel_has_a_barrier_that_axe_knows(page):
    page.emulate_media(reduced_motion="reduce")  # else a colour may be met half way to another
    page.evaluate(axe.Axe().axe_script)
    for name in fill_all_panels(page):
        # What a scheme changes is colours.
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=scheme)
            run = page.evaluate("rules => axe.run(document, rules ? { runOnly: rules } : {})", rules)
            found = [(each["id"], each["nodes"][0]["html"]) for each in run["violations"]]
            assert (name, scheme, found) == (name, scheme, [])
            assert run["passes"]


def test_nothing_scrolls_sideways_on_a_narrow_screen(page):
    page.set_viewport_size({"width": 360, "height": 640})
    for name in fill_all_panels(page):
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert (name, wide) == (name, 360)


def test_dark_mode_is_dark(page):
    page.emulate_media(color_scheme="dark")

    def brightness(name: str) -> int:
        colour = page.evaluate(f"getComputedStyle(document.body).{name}")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert brightness("backgroundColor") < 120 < 600 < brightness("color")
    page.emulate_media(color_scheme="light")
    assert brightness("color") < 120 < 600 < brightness("backgroundColor")


def test_everything_can_be_done_with_the_keyboard(page):
    press = page.keyboard.press
    press("Tab")
    expect(page.locator("#tab-type")).to_be_focused()
    press("Tab")
    press("Control+A")
    page.keyboard.type("Movie was not good")
    expect(verdict(page)).to_have_text("negative")
    press("Tab")
    press("Space")
    expect(page.locator("#readings .text-shown").nth(1)).to_have_text("Movie was good")
    while not page.evaluate("document.activeElement.matches('.token')"):
        press("Tab")
    press("ArrowRight")
    press("ArrowRight")
    expect(page.locator("#readings .at").first).to_contain_text("After not")
    page.locator("#tab-type").focus()
    press("ArrowRight")
    expect(page.locator("#tab-write")).to_be_focused()
    page.locator("#length").fill("2000")
    page.locator("#start").press("Enter")
    expect(page.locator("#stop")).to_be_focused()
    press("Escape")
    expect(page.locator("#write-state")).to_contain_text("Stopped after")
    expect(page.locator("#start")).to_be_focused()
    page.locator("#tab-write").focus()
    press("ArrowRight")
    press("Tab")
    page.keyboard.type(RISKY)
    expect(page.locator("#review .sentence.high")).to_be_visible()
    while not page.evaluate("document.activeElement.matches('.sentence')"):
        press("Tab")
    press("Enter")
    expect(page.locator("#review .reasons")).to_contain_text("health")


def test_a_screen_reader_hears_of_an_answer_once_typing_has_stopped(timed):
    page = timed.page
    page.clock.pause_at(1_000_000)
    page.evaluate(
        """() => {
          const [said, news] = [window.said = [], document.querySelector('#news')];
          new MutationObserver(() => said.push(news.textContent)).observe(news, { childList: true });
        }"""
    )
    for text in ("It was", "It was not", "It was not good"):
        type_text(page, text)
        expect(page.locator(".token .word").last).to_have_text(text.split()[-1])
    assert page.evaluate("window.said") == []
    page.clock.run_for(2_000)
    said = page.evaluate("window.said")
    assert len(said) == 1
    assert said[0].startswith("negative 0.")
