# Sourced by the other scripts, from any folder: `environment EXTRA` makes .venv beside pyproject.toml (once), installs
# this project with that extra into it (again only when pyproject.toml has changed) and puts it first on PATH.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    echo "Error: $*" >&2
    exit 2
}

# Prints the first Python >= 3.10 found; $PYTHON, if set, is the only one tried.
find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    fail "this needs Python 3.10 or newer, and found none (tried: ${PYTHON:-python3, python}); install one, or name it: PYTHON=/path/to/python3 $0"
}

# make_venv FOLDER: an empty virtual environment, whatever was there before.
make_venv() {
    local python
    python="$(find_python)" || exit 2
    "$python" -m venv --clear "$1" ||
        fail "$python could not make a virtual environment in $1; on Debian and Ubuntu: apt-get install python3-venv"
}

environment() {
    local extra="$1" stamp sum
    sum="$(cksum <"$ROOT/pyproject.toml")"
    stamp="$VENV/.installed-$extra"
    # Its programs name the folder they were made in, so an environment that was moved along is made anew.
    if ! grep -qF "$VENV/" "$VENV/bin/pip" 2>/dev/null || ! "$VENV/bin/python" -c '' >/dev/null 2>&1; then
        echo "Making $VENV" >&2
        make_venv "$VENV"
    fi
    if [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ]; then
        echo "Installing nlp-rnn[$extra] into it (only the first time takes a while)" >&2
        "$VENV/bin/python" -m pip install --quiet --editable "$ROOT[$extra]" ||
            fail "pip could not install nlp-rnn[$extra]; its last lines above say why"
        echo "$sum" >"$stamp"
    fi
    PATH="$VENV/bin:$PATH"
}
