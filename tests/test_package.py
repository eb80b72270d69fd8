"""The package as a whole: what importing it costs, what it needs, and that its files keep their order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nlp_rnn

ROOT = Path(__file__).parent.parent
# Everything a command may use beyond the core install.
OPTIONAL = (
    "torch", "accelerate", "datasets", "matplotlib", "sklearn", "pyarrow", "pandas", "torchtext",
    "vaderSentiment", "scipy", "huggingface_hub", "keras", "statsmodels", "sacrebleu", "bm25s",
    "snowballstemmer", "starlette", "uvicorn", "httptools", "msgspec", "prometheus_client",
    "spacy", "narwhals",
    "onnx", "onnxruntime", "llm", "mcp", "soundfile", "soxr", "sounddevice",
)  # fmt: skip
FORBID = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def python(code: str) -> str:
    """Output of a program in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, nlp_rnn; nlp_rnn.__version__; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in python(code).split()}
    assert not loaded & {*OPTIONAL, "numpy", "tokenizers", "typer", "rich"}


def test_public_names_are_found_when_used_and_only_those() -> None:
    code = "import sys, nlp_rnn; nlp_rnn.SentimentClassifier; print('torch' in sys.modules)"
    assert python(code).strip() == "False"
    assert sorted(nlp_rnn.__all__) == dir(nlp_rnn)
    with pytest.raises(AttributeError, match="SentimentClassifier"):
        nlp_rnn.__getattr__("SentimentClasifier")


def test_using_a_model_needs_only_the_core(tiny_model: Path) -> None:
    code = f"""{FORBID}
from nlp_rnn.cli import main
model = ["--model", {str(tiny_model)!r}]
codes = [
    main(["classify", *model, "bad"]), main(["explain", *model, "bad"]), main(["info", *model]),
    main(["negation", *model]), main(["review", "Scientists say so."]),
    main(["train", "--data", "x.csv", "--output", "x"]),
]
print("codes", *codes)
"""
    assert python(code).splitlines()[-1] == "codes 0 0 0 0 0 2"


def test_a_mistyped_folder_is_said_before_the_extra_that_a_repository_needs() -> None:
    code = f"""{FORBID}
from nlp_rnn.cli import main
sys.stderr = sys.stdout
print("code", main(["classify", "bad", "--model", "runs/mymodle"]))
"""
    said, ended = python(code).splitlines()
    assert ended == "code 2"
    assert said.startswith("Error: there is no folder runs/mymodle; ")
    assert 'pip install "nlp-rnn[hub]"' in said


@pytest.mark.parametrize(
    ("args", "extra"),
    [
        (["explain", "bad", "--plot", "x.png"], "plot"),
        (["classify", "bad", "--engine", "torch"], "train"),
        (["negation", "--vader"], "bench"),
        (["serve", "--port", "0"], "serve"),
        (["classify", "bad", "--engine", "onnx"], "onnx"),
        (["export", "--onnx", "new"], "export"),
        (["mcp"], "mcp"),
    ],
)
def test_a_missing_extra_is_answered_with_the_line_to_type(
    tiny_model: Path, args: list[str], extra: str
) -> None:
    code = f"""{FORBID}
from nlp_rnn.cli import main
sys.stderr = sys.stdout
print("code", main({args!r} + ["--model", {str(tiny_model)!r}]))
"""
    *_, said, ended = python(code).splitlines()
    assert ended == "code 2"
    assert f'pip install "nlp-rnn[{extra}]"' in said


def test_version_is_the_installed_one() -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("nlp-rnn")
    except PackageNotFoundError:
        pytest.skip("the package is on the path, but not installed")
    assert installed == nlp_rnn.__version__


def test_package_is_typed() -> None:
    assert (Path(nlp_rnn.__file__).parent / "py.typed").is_file()


def test_a_script_refuses_in_one_sentence() -> None:
    path = ROOT / "scripts" / "examples" / "classify.py"
    if not path.is_file():
        pytest.skip("the scripts are not beside these tests")
    done = subprocess.run([sys.executable, path], input=b"a\xffb\n", capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "Error: standard input, row 1: invalid UTF-8 (byte 0xFF); name the file's encoding "
        "(--encoding cp1252, for example), or save the file as UTF-8"
    ]


def test_imports_keep_to_the_layers() -> None:
    cli = pytest.importorskip("importlinter.cli", reason="needs the test extra")
    if not (ROOT / "nlp_rnn").is_dir():
        pytest.skip("the source is not beside these tests")
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert cli is not None
    assert done.returncode == 0, done.stdout
