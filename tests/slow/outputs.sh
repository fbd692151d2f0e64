#!/usr/bin/env bash
# What `scn simulate` writes, read by others: Parquet and JSON by Arrow and DuckDB, row by row beside the CSV; and what it shows on
# a terminal. `SCN` names the binary; without it, one is built.
set -euo pipefail
cd "$(dirname "$0")/../.."

PYTHON_PACKAGES=(pyarrow==26.0.1 duckdb==2.0.0)
WORK="$PWD/target/outputs"
PYTHON="$PWD/target/tools/python-outputs"

fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

# Installs the Debian package $2 unless there is a command $1.
need() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || fail "$1 is missing, and there is no apt-get to install $2"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$2"; } \
        >/dev/null 2>&1 || fail "$1 is missing, and $2 could not be installed"
}
need python3 python3

if [[ -z "${SCN:-}" ]]; then
    cargo build --locked --quiet
    SCN="${CARGO_TARGET_DIR:-target}/debug/scn"
fi
SCN="$(realpath "$SCN")"

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
