#!/usr/bin/env bash
# Runs all tests: Keras's, which take about as long as all others, beside these, so that each half
# has a processor. Their output comes last, after that of the others.
set -euo pipefail
cd "$(dirname "$0")/.."

keras_log=$(mktemp)
trap 'rm -f "$keras_log"' EXIT
python -m pytest --durations=15 -m "keras and not exhaustive" > "$keras_log" 2>&1 &
keras=$!
failed=0
python -m pytest --durations=15 -m "not keras and not exhaustive" || failed=1
wait "$keras" || failed=1
cat "$keras_log"
exit "$failed"
