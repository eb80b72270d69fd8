#!/usr/bin/env bash
# Everything that must hold before a change lands. Names of steps run just those: scripts/check.sh style types
#   style    ruff, both as linter and as formatter
#   types    mypy, strict, on the package, the recipes of its models and the reports
#   imports  imports point one way (the layers are in pyproject.toml)
#   wheel    builds the wheel, installs it without any extra, and tests it from outside the source tree
#   tests    the quick suite, the README's examples included
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
[ "$#" -gt 0 ] || set -- style types imports wheel tests
for name in "$@"; do
    case "$name" in
        style | types | imports | wheel | tests) ;;
        *) fail "there is no check named $name; the checks are style, types, imports, wheel and tests" ;;
    esac
done
environment test
cd "$ROOT"

style() {
    ruff check --output-format concise .
    ruff format --check .
}

types() {
    mypy
}

imports() {
    lint-imports
}

wheel() {
    place="$(mktemp -d)"
    trap 'rm -rf "$place"' EXIT
    python -m build --wheel --outdir "$place/dist" . >"$place/build.log" 2>&1 || { cat "$place/build.log"; return 1; }
    make_venv "$place/core"
    local before after
    before="$(du -sk "$place/core" | cut -f1)"
    "$place/core/bin/python" -m pip install --quiet "$place"/dist/*.whl
    after="$(du -sk "$place/core" | cut -f1)"
    echo "The core install adds $(((after - before + 1023) / 1024)) MB"
    mkdir "$place/outside"
    cp -R tests data scripts docs deploy ./*.md pyproject.toml "$place/outside"
    (
        cd "$place/outside"
        "$place/core/bin/nlp-rnn" classify "Movie was not good" --json
        "$place/core/bin/python" -m pip install --quiet pytest hypothesis
        # What the core install alone is used through; all tests run on the source tree.
        "$place/core/bin/python" -m pytest -q -p no:cacheprovider \
            tests/test_{package,artifact,model,faces}.py tests/cli/test_cli.py tests/classification
    )
}

tests() {
    python -m pytest
}

if [ "$#" -eq 1 ]; then
    "$1"
    exit
fi
failed=()
for name in "$@"; do # each as a process of its own, so that one that fails hides none of the others
    echo "== $name"
    bash "${BASH_SOURCE[0]}" "$name" || failed+=("$name")
done
[ "${#failed[@]}" -eq 0 ] || fail "these checks failed: ${failed[*]}"
