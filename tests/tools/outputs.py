"""Compares the effects in Parquet and JSON with those in CSV, row by row, as Arrow and DuckDB read them.

Usage: outputs.py FOLDER, which holds effects.csv, effects.parquet, effects.json and effects.jsonl.
"""

import csv
import json
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet

FOLDER = Path(sys.argv[1])
INSTANTS = {"at", "entered_at"}
MAY_BE_ABSENT = {"channel", "message", "reason"}


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def told(name, text):
    """What a field of the CSV says."""
    if name in INSTANTS:
        return instant(text)
    if name == "step":
        return int(text)
    return None if text == "" and name in MAY_BE_ABSENT else text


with open(FOLDER / "effects.csv", newline="", encoding="utf-8") as file:
    reader = csv.reader(file)
    columns = next(reader)
    expected = [tuple(told(name, text) for name, text in zip(columns, row, strict=True)) for row in reader]
assert len(expected) > 20_000, len(expected)


def same(name, rows):
    assert len(rows) == len(expected), f"{name}: {len(rows)} rows, not {len(expected)}"
    for number, (row, wanted) in enumerate(zip(rows, expected)):
        assert row == wanted, f"{name}, row {number}: {row}, not {wanted}"
    print(f"{name}: {len(rows)} rows, as in the CSV and in its order")


file = parquet.ParquetFile(FOLDER / "effects.parquet")
assert file.schema_arrow.names == columns, file.schema_arrow
for field in file.schema_arrow:
    wanted = "timestamp[us, tz=UTC]" if field.name in INSTANTS else "uint16" if field.name == "step" else "string"
    assert str(field.type) == wanted, field
    assert field.nullable == (field.name in MAY_BE_ABSENT), field
for place in range(file.metadata.num_columns):
    column = file.metadata.row_group(0).column(place)
    if column.path_in_schema not in INSTANTS:
        assert "RLE_DICTIONARY" in column.encodings, column
table = file.read()
same("Arrow", list(zip(*(table.column(name).to_pylist() for name in columns), strict=True)))

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
path = FOLDER / "effects.parquet"
# DuckDB gives zoned instants to Python with the help of another package: microseconds need none.
shown = ", ".join(f'epoch_us("{name}")' if name in INSTANTS else f'"{name}"' for name in columns)


def from_duckdb(row):
    return tuple(micros(value) if name in INSTANTS else value for name, value in zip(columns, row, strict=True))


def micros(value):
    return instant("1970-01-01T00:00:00Z").fromtimestamp(value // 1_000_000, tz=instant("1970-01-01T00:00:00Z").tzinfo).replace(
        microsecond=value % 1_000_000
    )


same("DuckDB", [from_duckdb(row) for row in connection.execute(f"SELECT {shown} FROM '{path}'").fetchall()])


def from_json(rows):
    return [
        tuple(instant(row[name]) if name in INSTANTS else str(row[name]) if name == "contact" else row[name] for name in columns)
        for row in rows
    ]


same("JSON", from_json(json.loads((FOLDER / "effects.json").read_text(encoding="utf-8"))))
lines = (FOLDER / "effects.jsonl").read_text(encoding="utf-8").splitlines()
same("JSON lines", from_json(json.loads(line) for line in lines))
for name in ["json", "jsonl"]:
    count = connection.execute(f"SELECT count(*) FROM read_json('{FOLDER / 'effects'}.{name}')").fetchone()[0]
    assert count == len(expected), f"DuckDB reads {count} rows of {name}"
