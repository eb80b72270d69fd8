"""``nlp-rnn classify`` into a folder: real processes, really killed; what the command says and refuses."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nlp_rnn.bulk.journal import JOURNAL
from nlp_rnn.cli.progress import rows_bar

Run = Callable[..., Any]
TEXTS = ("a good film", "a bad,\nbad film", "", "the film", "it was good")
ROWS, BLOCK = 300, 25
PATIENCE = 600.0  # seconds after which processes that outlive their parent are given up

# The command, with something that happens when a unit is about to be written into the journal.
HOOKED = """
import os, signal, sys
from nlp_rnn.bulk.journal import Journal

add, seen = Journal.add, []

def hooked(self, entry):
    seen.append(entry)
    {hook}
    add(self, entry)

Journal.add = hooked
from nlp_rnn.cli import main
sys.exit(main(sys.argv[1:]))
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
HOOKS = {
    # Its part has its name, and nobody knows.
    "before the line": f"len(seen) == 5 and {KILL}",
    "in the line": f"len(seen) == 5 and (self._file.write(b'half'), self._file.flush(), {KILL})",
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "text"), *((n, TEXTS[n % 5]) for n in range(ROWS))])
    return path


def rows(*paths: Path) -> list[list[str]]:
    """The rows of tables, without their headers."""
    found = []
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            found += [*csv.reader(file)][1:]
    return found


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*"))


def hooked(
    hook: str, *args: str, limit: int | None = None, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, until no process is left that could write to its output.

    Args:
        hook: What happens before a line of the journal is written.
        args: What follows ``classify``.
        limit: How long a file may be.
        path: Another folder for Python's path.
    """
    folders = [str(path)] if path is not None else []

    def lower_limit() -> None:
        import resource

        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-c", HOOKED.format(hook=hook), "classify", *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*folders, *filter(None, sys.path)])},
        preexec_fn=lower_limit,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        text=True,
        check=False,
        encoding="utf-8",
    )


@pytest.fixture
def options(table: Path, tiny_model: Path, tmp_path: Path) -> list[str]:
    """The options of a run."""
    named = ["--file", str(table), "--output", f"{tmp_path / 'out'}/", "--model", str(tiny_model)]
    return [*named, "--workers", "2", "--block-rows", str(BLOCK)]


@pytest.fixture
def expected(run: Run, table: Path, tmp_path: Path) -> list[list[str]]:
    """The rows as the command writes them into one file."""
    assert run("classify", "--file", str(table), "--output", str(tmp_path / "whole.csv")).code == 0
    return rows(tmp_path / "whole.csv")


needs_signals = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")


@needs_signals
@pytest.mark.parametrize("moment", HOOKS)
def test_a_killed_run_is_gone_on_with_and_no_row_is_twice_or_lost(
    run: Run, options: list[str], expected: list[list[str]], tmp_path: Path, moment: str
) -> None:
    killed = hooked(HOOKS[moment], *options)  # returns when the workers have ended, too
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    out = tmp_path / "out"
    known = sum(b'"unit":' in line for line in (out / JOURNAL).read_bytes().splitlines())
    assert known == 3  # and the first line says what was begun
    assert known <= len(parts(out)) <= known + 2  # a unit for each worker
    again = run("classify", *options, "--resume", model=None)
    assert again.code == 0, again.err
    assert f"Labelled 240 texts: {out}/ (12 parts" in again.err
    assert "3 of them there before" in again.err
    assert rows(*parts(out)) == expected
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@needs_signals
def test_a_worker_that_is_killed_is_named_with_its_rows(
    run: Run, options: list[str], expected: list[list[str]], table: Path, tmp_path: Path
) -> None:
    # Every Python reads this file as it starts: the process that writes row 110 kills itself.
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nfrom nlp_rnn.files.texts import RecordWriter\nadd = RecordWriter.add\n"
        "def killed(self, record, added):\n"
        "    record.row == 110 and os.kill(os.getpid(), 9)\n"
        "    add(self, record, added)\n"
        "RecordWriter.add = killed\n",
        encoding="utf-8",
    )
    broken = hooked("pass", *options, path=tmp_path)
    assert broken.returncode == 2, broken.stderr
    [said] = broken.stderr.splitlines()
    assert said.startswith(f"Error: a process was killed (signal 9) at {table}, rows 101 to 125, as a system")
    assert said.endswith("go on with --resume, and with fewer --workers if need be")
    assert run("classify", *options, "--resume", model=None).code == 0
    assert rows(*parts(tmp_path / "out")) == expected


@needs_signals
def test_a_full_disk_is_one_sentence_and_what_is_done_is_kept(
    run: Run, options: list[str], expected: list[list[str]], tmp_path: Path
) -> None:
    # No file may be longer: the first line of the journal is shorter, a part is not.
    full = hooked("pass", *options, "--block-rows", "150", limit=1500)
    assert full.returncode == 2, full.stderr
    [said] = full.stderr.splitlines()
    assert (
        f"{tmp_path / 'out'} cannot be written to (File too large): mend that; what is done is kept" in said
    )
    assert run("classify", *options, "--block-rows", "150", "--resume", model=None).code == 0
    assert rows(*parts(tmp_path / "out")) == expected


def test_a_folder_of_parquet_files_is_labelled_by_a_pattern(
    run: Run, tmp_path: Path, expected: list[list[str]]
) -> None:
    pa = pytest.importorskip("pyarrow", reason='needs pip install "nlp-rnn[parquet]"')
    from pyarrow import parquet

    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        here = range(number * 100, number * 100 + 100)
        texts = [TEXTS[n % 5] for n in here]
        rows_here = pa.table({"id": [*here], "text": texts})
        parquet.write_table(rows_here, folder / f"{number}.parquet", row_group_size=40)
    out = tmp_path / "labelled"
    result = run("classify", "--file", f"{folder}/*.parquet", "--output", f"{out}/", "--workers", "1")
    assert result.code == 0, result.err
    assert "(9 parts)" in result.err
    found = parquet.read_table(out).to_pylist()
    written = [["" if value is None else str(value) for value in row.values()] for row in found]
    assert written == expected


def test_what_a_folder_cannot_take_is_refused(run: Run, table: Path, tmp_path: Path) -> None:
    out = f"{tmp_path / 'out'}/"
    several = ["--file", str(tmp_path / "*.csv")]

    def refusal(*args: str) -> str:
        said = run("classify", *args).refusal
        assert not (tmp_path / "out").exists()
        return said

    assert "parts have the format of the files" in refusal(*several, "--output", out, "--format", "jsonl")
    assert "each process has one thread" in refusal(*several, "--output", out, "--threads", "2")
    assert "name them with --file" in refusal("good", "--output", out)
    assert "name them with --file" in refusal("--file", "-", "--output", out)
    assert "no file fits" in refusal("--file", str(tmp_path / "*.parquet"), "--output", out)
    assert "is several files: name a folder" in refusal(*several, "--output", str(tmp_path / "out.csv"))
    assert "is several files: name a folder" in refusal("--file", str(tmp_path))
    for option in (["--workers", "2"], ["--resume"], ["--block-rows", "9"]):
        said = refusal("--file", str(table), *option)
        assert f"{option[0]} has no effect here, so leave it out: it is for a folder of parts" in said
    for option in ("--workers", "--block-rows"):
        said = refusal(*several, "--output", out, option, "0")
        assert "Received: 0; it should be a whole number" in said
    assert "there is no file" in refusal("--file", str(tmp_path / "absent.csv"), "--output", out)


def test_parts_are_no_input_of_their_own_run(run: Run, options: list[str], tmp_path: Path) -> None:
    (tmp_path / "in.csv").rename(tmp_path / "data.csv")
    named = ["--file", f"{tmp_path}/**/*.csv", *options[2:], "--block-rows", "300", "--workers", "1"]
    assert run("classify", *named, model=None).code == 0
    again = run("classify", *named, "--resume", model=None)
    assert "(1 part, 1 of them there before)" in again.err
    journal = [
        json.loads(line) for line in (tmp_path / "out" / JOURNAL).read_text(encoding="utf-8").splitlines()
    ]
    assert [Path(state["path"]).name for state in journal[0]["inputs"]] == ["data.csv"]


def test_a_long_run_without_a_terminal_says_where_it_is_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = SimpleNamespace(rows=1500, share=0.25, rows_per_second=50.0, seconds_left=300.0)
    clock = [0.0]
    monkeypatch.setattr("nlp_rnn.cli.progress.time.monotonic", lambda: clock[0])
    with rows_bar(6000) as show:
        for clock[0] in (1.0, 59.0, 60.5, 61.0, 119.0, 121.0):
            show(now)
    line = "1,500 of 6,000 rows (25%), 50 rows/s, 5 minutes left\n"
    assert capsys.readouterr().err == 2 * line
