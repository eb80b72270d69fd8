"""What commands write, on consoles and into files of any system: readable, and files always in UTF-8."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn.cli import main
from nlp_rnn.cli.output import print_json, print_table

OLDER = Path(__file__).parent.parent / "older"
ODD = "Ğ ▁ 😀 日本 é"
# Runs each command as a program would, in one process: what main() does to standard output happens each time.
COMMANDS = """
import json, sys
from nlp_rnn.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    code = main()
    print("\\f", flush=True)
    print("exit", code, words[0], file=sys.stderr, flush=True)
"""


def outcome(
    commands: list[list[str]], tmp_path: Path, **environment: str
) -> tuple[list[bytes], list[str], str]:
    """What each command writes to standard output, their exit codes, and what went to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "100", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("ascii", "replace")
    codes = [line.removeprefix("exit ") for line in said.splitlines() if line.startswith("exit ")]
    return done.stdout.split(b"\f")[:-1], codes, said


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.csv"
    path.write_text(f"text,Ğ\n{ODD} good,1\nbad {ODD},2\n", encoding="utf-8", newline="\n")
    return path


def test_every_command_shows_something_on_a_console_of_few_characters(
    tiny_model: Path, tmp_path: Path, odd: Path
) -> None:
    model, translator = ["--model", str(tiny_model)], ["--model", str(OLDER / "translator")]
    writer = ["--model", str(OLDER / "generator"), "--max-new-chars", "5"]
    shown = [
        ["classify", f"bad {ODD}", *model],
        ["explain", f"bad {ODD}", *model, "--html", "why.html"],
        ["generate", f"The {ODD}", *writer],
        ["generate", f"The {ODD}", *writer, "--stream"],
        ["review", f"Scientists say {ODD} is so."],
        ["translate", f"the {ODD}", *translator],
        ["info", *model],
        ["forecast", "--help"],
    ]
    written = [
        ["classify", "--file", str(odd), "--output", "out.csv", *model],
        ["classify", "--file", str(odd), "--output", "out.txt", *model],
        ["translate", "--file", str(odd), "--output", "hen.jsonl", *translator],
    ]
    refused = [["classify", "--file", f"{ODD}.csv", *model]]
    documents = [
        ["classify", f"bad {ODD}", "--json", *model],
        ["explain", f"bad {ODD}", "--json", *model],
        ["review", f"Scientists say {ODD} is so.", "--json"],
        ["translate", f"the {ODD}", "--json", *translator],
        ["generate", ODD, "--json", *writer],
    ]
    commands = [*shown, *written, *documents, *refused]
    outs, codes, said = outcome(commands, tmp_path, PYTHONIOENCODING="cp1252:strict")
    assert "Traceback" not in said, said
    assert codes == [f"{2 * (words in refused)} {words[0]}" for words in commands], said
    texts = [out.decode("cp1252") for out in outs]
    for words, text in zip(commands, texts, strict=True):
        assert text.strip() or words in (*written, *refused)
        if words in shown and any(ODD in word for word in words) and words[0] != "translate":
            assert "\\u65e5\\u672c" in text, words
        if words in documents:
            assert ("日本" in str(json.loads(text))) is (words[0] != "classify"), words
    # Files are UTF-8 whatever the console is.
    for name in ("why.html", "out.csv", "out.txt", "hen.jsonl"):
        content = (tmp_path / name).read_bytes()
        assert "日本" in content.decode("utf-8")
        assert b"\r" not in content


def test_what_is_sent_into_a_file_is_utf8_where_the_system_is_not(tiny_model: Path, tmp_path: Path) -> None:
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    told = COMMANDS.replace(
        "for words", "assert 'utf' not in sys.stdout.encoding.lower(), sys.stdout.encoding\nfor words"
    )
    explain = ["explain", f"bad {ODD}", "--model", str(tiny_model)]
    done = subprocess.run(
        [sys.executable, "-c", told, json.dumps([explain])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        check=False,
    )
    if b"AssertionError" in done.stderr and b"utf" in done.stderr.lower():
        pytest.skip("this system has no other encoding")
    assert ODD in done.stdout.decode("utf-8"), done.stderr


def test_brackets_in_names_are_no_markup(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a [b] c"
    folder.mkdir()
    for path in tiny_model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    assert main(["info", "--model", str(folder)]) == 0
    assert "[b]" in capsys.readouterr().out.replace("\n", "")
    print_table([["name"], ["a [red] b"]])
    assert "[red]" in capsys.readouterr().out


class Console(io.TextIOWrapper):
    """A console of an encoding, that keeps what was written."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_is_json_on_any_console(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(encoding)
    monkeypatch.setattr(sys, "stdout", console)
    print_json({"text": f"{ODD} \x81 \ud800"})
    written = console.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert json.loads(written) == {"text": f"{ODD} \x81 \ud800"}
    print_json({"text": ODD})
    *_, last = console.buffer.getvalue().decode(encoding).splitlines()  # type: ignore[attr-defined]
    assert json.loads(last) == {"text": ODD}
    assert (ODD in last) is (encoding == "utf-8")


@pytest.mark.parametrize("name", [r"C:\texts\mine", r"texts\mine.rst", "C:/texts/mine", r"..\mine"])
def test_a_windows_path_that_is_none_is_no_text_to_review(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", name]) == 2
    assert f"there is no file {name}" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["classify", "translate", "evaluate", "forecast"])
def test_drive_letters_are_paths(command: str, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No part of a command takes the colon of a path for a separator of its own."""
    path = r"C:\data\x.csv"
    words = {
        "classify": ["classify", "--file", path, "--model", str(tiny_model)],
        "translate": ["translate", "--file", path, "--model", str(OLDER / "translator")],
        "evaluate": ["evaluate", "--data", path, "--model", str(tiny_model)],
        "forecast": ["forecast", "--data", path],
    }[command]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert path in said
    assert len(said.strip().splitlines()) == 1


LINES = {
    "csv": 'text,n\ngood,1\n"bad\nfilm",2\n',
    "tsv": "text\tn\ngood\t1\nbad film\t2\n",
    "jsonl": '{"text": "good", "n": 1}\n\n{"text": "bad film", "n": 2}\n',
    "txt": "good\nbad film\n",
}


@pytest.mark.parametrize("kind", LINES)
def test_line_ends_that_come_in_do_not_go_out(kind: str, tiny_model: Path, tmp_path: Path) -> None:
    written = []
    for ends in ("\n", "\r\n"):
        source, target = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
        source.write_bytes(LINES[kind].replace("\n", ends).encode())
        words = ["classify", "--file", str(source), "--output", str(target), "--model", str(tiny_model)]
        assert main(words) == 0
        written.append(target.read_bytes())
    # A line end inside a cell is the user's own.
    assert written[1].replace(b'"bad\r\nfilm"', b'"bad\nfilm"') == written[0]
    assert b"\r" not in written[0]


def test_series_and_pairs_read_either_line_end(tmp_path: Path) -> None:
    from nlp_rnn.files import read_pairs, read_series

    found = []
    for number, ends in enumerate((b"\n", b"\r\n")):
        series, pairs = tmp_path / f"{number}.csv", tmp_path / f"pairs{number}.csv"
        series.write_bytes(b"time,value\n2024-01-01,1\n2024-01-02,2\n".replace(b"\n", ends))
        pairs.write_bytes(b"en,fr\none,un\ntwo,deux\n".replace(b"\n", ends))
        found.append((read_series(series).values_TF.tolist(), read_pairs(pairs, "en", "fr")))
    assert found[0] == found[1]
