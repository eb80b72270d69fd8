"""Draw the pictures of the service's page in ``docs/images``, from a service really started.

Needs the extra ``test`` and a browser (``apt-get install chromium``). With ``--all FOLDER`` it draws each
panel in two widths, light and dark, to look at.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
PANELS = ("type", "write", "review", "label")
WIDTHS = {1280: 900, 360: 740}
SCHEMES = ("light", "dark")
COMMITTED = (("type", 1280, "light"), ("review", 1280, "dark"), ("write", 360, "dark"))

_RISKY = (
    "We walked home in the rain. The study confirmed that eating glass is healthy. In 2019, four in ten "
    "doctors said so. See www.example.org/proof for more. Nobody was surprised."
)
_ROWS = "id,text\n1,It was good\n2,It was not good\n3,It was not bad at all\n4,The flight leaves at nine\n"


@contextmanager
def running_service() -> Iterator[str]:
    """Start a service on a free port, and give its address."""
    command = [sys.executable, "-m", "nlp_rnn", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if found := re.search(r" at (http://\S+)", line):
                    yield found[1]
                    break
            else:
                raise SystemExit(f"Error: the service did not start: {said}")
        finally:
            process.terminate()


def draw(page: Any, address: str, panel: str, width: int, scheme: str, path: Path) -> None:
    """Draw one panel, filled in."""
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("about:blank")
    page.goto(f"{address}/#{panel}")
    {"type": _fill_type, "write": _fill_write, "review": _fill_review, "label": _fill_label}[panel](page)
    page.mouse.move(0, 0)
    page.screenshot(path=path, full_page=panel != "write")


def _fill_type(page: Any) -> None:
    page.locator("#negate").click()
    page.locator("#readings.two").wait_for()
    page.locator("#negate").blur()


def _fill_write(page: Any) -> None:
    page.locator("#seed").fill("4")
    page.locator("#length").fill("320")
    page.locator("#prompt").fill("It is said that bread is healthy.\n\nROMEO:")
    page.locator("#start").click()
    page.get_by_text("320 characters · seed 4").wait_for()
    page.locator("#written .sentence[role=button]").first.click()
    page.locator("#write .sheet").scroll_into_view_if_needed()


def _fill_review(page: Any) -> None:
    page.locator("#review-text").fill(_RISKY)
    page.locator("#review .sentence.high").first.click()
    page.locator("#review .reasons").wait_for()


def _fill_label(page: Any) -> None:
    page.locator("#file").set_input_files(
        {"name": "opinions.csv", "mimeType": "text/csv", "buffer": _ROWS.encode()}
    )
    page.locator("#label-start").click()
    page.locator("#download").wait_for()


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="draw each panel, width and scheme there")
    folder = parser.parse_args().all
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise SystemExit("Error: this needs the package playwright: pip install 'nlp-rnn[test]'") from None
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Error: this needs a browser: apt-get install chromium")
    every = [(panel, width, scheme) for panel in PANELS for width in WIDTHS for scheme in SCHEMES]
    target = folder or IMAGES
    target.mkdir(parents=True, exist_ok=True)
    with running_service() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for panel, width, scheme in every if folder else COMMITTED:
            path = target / f"page-{panel}-{width}-{scheme}.png"
            draw(page, address, panel, width, scheme, path)
            print(f"{path.name}: {path.stat().st_size // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
