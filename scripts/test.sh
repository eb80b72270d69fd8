#!/usr/bin/env bash
# Makes .venv with the test extra and runs the tests; arguments go to pytest: scripts/test.sh -k negation
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
environment test
cd "$ROOT"
exec python -m pytest "$@"
