#!/usr/bin/env bash
# Runs all tests in two halves that take about as long as each other, so that each has a processor:
# Keras's with those that need no framework and are quick, and all others. The output of the first
# comes after that of the second, and what has failed in either comes last.
set -euo pipefail
cd "$(dirname "$0")/.."

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

test_half() {
    python -m pytest --durations=15 -m "($1) and not exhaustive"
}

test_half "keras or not (torch or onnx or slow or node)" > "$logs/first" 2>&1 &
first=$!
failed=0
test_half "not keras and (torch or onnx or slow or node)" 2>&1 | tee "$logs/second" || failed=1
wait "$first" || failed=1
cat "$logs/first"
if [ "$failed" = 1 ]; then
    printf '\n== failed\n'
    grep -hE '^(FAILED|ERROR)' "$logs/second" "$logs/first" || true
fi
exit "$failed"
