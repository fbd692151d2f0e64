"""Reads `cargo metadata` and fails for a library whose licence `deny.toml` does not allow.

    cargo metadata --format-version 1 | python3 tests/tools/licences.py deny.toml
"""

import json
import sys
import tomllib


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether one side of the SPDX expression can be kept: `OR` gives a choice, `AND` does not."""
    sides = [side.strip(" ()") for side in expression.replace("/", " OR ").split(" OR ")]
    return any(all(part.strip(" ()") in licences for part in side.split(" AND ")) for side in sides)


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        licences = set(tomllib.load(file)["licenses"]["allow"])
    packages = json.load(sys.stdin)["packages"]
    wrong = [
        f"{package['name']} {package['version']}: {package['license']}"
        for package in packages
        if not allowed(package["license"] or "", licences)
    ]
    if wrong:
        sys.exit("licences that deny.toml does not allow:\n" + "\n".join(wrong))
    print(f"{len(packages)} libraries, all under licences that deny.toml allows")


main()
