"""Other systems: files as Windows has them, the encoding of every file, processes that are spawned.

What can only be seen on Windows is acted out here: a file that is open or mapped into memory can be neither
replaced nor deleted, a rename never overwrites, and only a file that may be written can be flushed.
"""

from __future__ import annotations

import ast
import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import CharGenerator
from nlp_rnn.distillation.cache import save_arrays
from nlp_rnn.errors import InputError
from nlp_rnn.files import characters as characters_module
from nlp_rnn.files import read_characters, read_texts, write_records
from nlp_rnn.files.texts import Record
from nlp_rnn.risk import OverlapIndex

ROOT = Path(__file__).parent.parent
OLDER = Path(__file__).parent / "older"


def in_use() -> set[str]:
    """Files that this process has open, or mapped into memory."""
    found = set()
    for handle in Path("/proc/self/fd").iterdir():
        try:
            found.add(os.readlink(handle))
        except OSError:
            continue
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    return found | {line.split(maxsplit=5)[5].strip() for line in maps.splitlines() if len(line.split()) > 5}


def refuse_in_use(path: Any) -> None:
    own = os.path.realpath(path)
    busy = [used for used in in_use() if used == own or used.startswith(own + os.sep)]
    if busy:
        raise PermissionError(13, "it is being used by another process", busy[0])


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files behave as on Windows."""
    if not Path("/proc/self/maps").is_file():
        pytest.skip("which files are open is asked of Linux")
    fcntl = pytest.importorskip("fcntl")
    real = {name: getattr(os, name) for name in ("rename", "replace", "unlink", "remove", "rmdir", "fsync")}

    def rename(source: Any, target: Any, **more: Any) -> None:
        if os.path.exists(target):
            raise FileExistsError(17, "cannot create a file when that file already exists", str(target))
        refuse_in_use(source)
        real["rename"](source, target, **more)

    def replace(source: Any, target: Any, **more: Any) -> None:
        refuse_in_use(source)
        refuse_in_use(target)
        real["replace"](source, target, **more)

    def checked(name: str) -> Callable[..., None]:
        def remove(path: Any, **more: Any) -> None:
            refuse_in_use(path)
            real[name](path, **more)

        return remove

    def fsync(number: int) -> None:
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(9, "Bad file descriptor")
        real["fsync"](number)

    acted = {"rename": rename, "replace": replace, "fsync": fsync}
    for name in real:
        monkeypatch.setattr(os, name, acted.get(name) or checked(name))
    monkeypatch.setattr(shutil, "_use_fd_functions", False, raising=False)


def test_the_acted_windows_is_one(windows: None, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("w", encoding="utf-8"), pytest.raises(PermissionError):
        path.unlink()
    with pytest.raises(FileExistsError):
        path.rename(path)
    path.unlink()


def test_a_model_in_use_is_saved_over_itself(windows: None, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(OLDER / "generator", folder)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    model = CharGenerator.from_pretrained(folder)
    model.save_pretrained(folder)
    model.save_pretrained(folder)
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_an_index_in_use_is_saved_over_itself(windows: None, tmp_path: Path) -> None:
    OverlapIndex.build("The cat sat on the mat. " * 9).save(tmp_path)
    index = OverlapIndex.load(tmp_path)
    index.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["overlap.safetensors"]


def test_checkpoints_replace_each_other_while_one_is_in_use(windows: None, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from nlp_rnn.training import checkpoint

    for step in (1, 2, 2):
        checkpoint.save(tmp_path, checkpoint.Checkpoint(step, {"a": torch.ones(500_000)}, {}))
    found = checkpoint.latest(tmp_path)
    assert found is not None
    checkpoint.save(tmp_path, checkpoint.Checkpoint(3, found.tensors, {}))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000000003"]
    assert (tmp_path / "checkpoint-000000003" / "state.json").read_bytes().count(b"\r") == 0


def test_arrays_replace_each_other(windows: None, tmp_path: Path) -> None:
    for _ in range(2):
        save_arrays(tmp_path / "a.npz", a=np.ones(3))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.txt.xz"])
def test_rows_that_cannot_get_their_name_are_kept(windows: None, tmp_path: Path, name: str) -> None:
    """A spreadsheet has the file open: hours of work must not go with it."""
    target = tmp_path / name

    def write() -> None:
        with write_records(target) as out:
            out.write(Record(1, "a", {"text": "a"}), label="neutral", score=1)

    write()
    write()  # it may be replaced
    with target.open("rb"), pytest.raises(InputError, match="close it elsewhere; the rows are in") as caught:
        write()
    kept = Path(str(caught.value).rpartition(" ")[2])
    assert "neutral" in read_rows(kept, name)
    assert "neutral" in read_rows(target, name)


def read_rows(path: Path, name: str) -> str:
    copy = path.with_name("copy-" + name)
    shutil.copy(path, copy)
    with read_texts(copy, column=None if ".txt" in name else "text") as reader:
        return " ".join(" ".join(map(str, record.fields.values())) for record in reader)


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 2**18])
def test_a_corpus_is_the_same_whatever_its_line_ends(
    piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characters_module, "PIECE", piece)
    text = "\nÉin\n\nzwei 日\nend\n"
    for number, ends in enumerate((b"\n", b"\r\n", b"\r")):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(text.encode().replace(b"\n", ends))
        assert "".join(read_characters(path)) == text


def test_a_spawned_process_does_not_run_the_command_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nlp-rnn", "--version"])
    with pytest.raises(SystemExit):
        runpy.run_module("nlp_rnn.__main__", run_name="__main__")
    runpy.run_module("nlp_rnn.__main__", run_name="__mp_main__")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """The calls in a file, with the name of what is called."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, node


def wrongs(path: Path) -> Iterator[str]:
    """Calls that read or write text in the system's own encoding, or write its own line ends."""
    for name, call in calls(path):
        given = {keyword.arg for keyword in call.keywords}
        modes = [str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)]
        mode = next((word for word in modes if word and not word.strip("rwxabt+")), "")
        opens = name == "open" and "b" not in mode and (isinstance(call.func, ast.Name) or bool(mode))
        runs = name in ("run", "Popen", "check_output") and "text" in given
        reads = name == "read_text" and not call.args
        wraps = name == "TextIOWrapper" and len(call.args) < 2
        if (opens or runs or reads or wraps or name == "write_text") and not {"encoding", None} & given:
            if name != "write_text" or isinstance(call.func, ast.Attribute):  # not our own of that name
                yield f"{path.name}:{call.lineno}: {name} without encoding"
        writes = (opens and set(mode) & set("wax")) or (name == "write_text" and "encoding" in given)
        if writes and "nlp_rnn" in path.relative_to(ROOT).parts and "newline" not in given:
            yield f"{path.name}:{call.lineno}: {name} without newline"


@pytest.mark.parametrize("folder", ["nlp_rnn", "scripts", "tests"])
def test_every_text_file_is_opened_in_a_named_encoding(folder: str) -> None:
    if not (ROOT / folder).is_dir():
        pytest.skip("the source is not beside these tests")
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    assert [wrong for path in files for wrong in wrongs(path)] == []


def test_the_workflow_names_three_systems_and_says_that_it_has_not_run() -> None:
    path = ROOT / ".github" / "workflows" / "tests.yml"
    if not path.is_file():
        if (ROOT / ".git").exists():
            pytest.fail("the workflow is missing")
        pytest.skip("the workflow is not beside these tests")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Not yet run.")
    yaml = pytest.importorskip("yaml", reason="comes with huggingface_hub, extra train")
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs["tests"]["strategy"]["matrix"]["os"] == ["ubuntu-latest", "windows-latest", "macos-latest"]
    assert jobs["tests"]["env"]["PYTHONWARNDEFAULTENCODING"] == "1"
    assert jobs["tests"]["steps"][-1]["run"] == "python -m pytest"
