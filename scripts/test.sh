#!/usr/bin/env bash
# Makes .venv with the test extra and runs the tests in two processes (TEST_PROCESSES names another number); arguments
# go to pytest: scripts/test.sh -k negation
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
environment test
cd "$ROOT"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" # the processes have the cores: more threads wait for each other
exec python -m pytest -n "${TEST_PROCESSES:-2}" --dist loadfile "$@"
