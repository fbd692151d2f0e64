#!/usr/bin/env bash
# What `scn simulate` writes, read by others: Parquet and JSON by Arrow and DuckDB, row by row beside the CSV; and what it shows on
# a terminal. `SCN` names the binary; without it, one is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/suite.sh

PYTHON_PACKAGES=(pyarrow==26.0.1 duckdb==2.0.0)
WORK="$PWD/target/outputs"
PYTHON="$PWD/target/tools/python-outputs"

need python3 python3

find_scn

echo "-- tools"
if ! "$PYTHON/bin/python" -c 'import pyarrow, duckdb' 2>/dev/null; then
    rm -rf "$PYTHON"
    python3 -m venv "$PYTHON" 2>/dev/null || { rm -rf "$PYTHON"; need virtualenv python3-virtualenv; virtualenv --quiet "$PYTHON"; }
    "$PYTHON/bin/python" -m pip install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
fi

echo "-- files"
rm -rf "$WORK"
mkdir -p "$WORK"
for ending in csv parquet json jsonl; do
    "$SCN" simulate scenarios --effects "$WORK/effects.$ending" >/dev/null 2>"$WORK/err" || { cat "$WORK/err"; fail "$ending"; }
done
"$PYTHON/bin/python" tests/tools/outputs.py "$WORK"

echo "-- terminal"
"$PYTHON/bin/python" tests/tools/terminal.py "$SCN" scenarios
