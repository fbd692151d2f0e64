#!/bin/sh
# Makes a Python environment with the rivals of `benches/simulate.rs`: rivals.sh FOLDER
# What cannot be had is not an error here: the bench says which rival is missing and goes on without it.
set -e
python3 -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check \
    duckdb==1.5.5 duckdb-extension-sqlite-scanner==1.5.5 pyarrow polars
