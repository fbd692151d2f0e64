"""Judges what `scn check` prints, and what stands ready for CI, by means that are not ours.

    judge.py findings SCHEMA FILE...     each FILE, printed by `--format json`, is valid under the schema
    judge.py marked FOLDER FILE...       copies each FILE, printed by `--format sarif`, so that its reading can be seen
    judge.py sarif LOG FILE...           the LOG of Microsoft's validator holds no error, and shows that each FILE was read
    judge.py jobs SCN FILE...            each FILE is YAML, and names only commands and options that SCN has
"""

import json
import os
import re
import subprocess
import sys
from urllib.parse import unquote

import jsonschema
import yaml


def findings(schema_path: str, *files: str) -> None:
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = 0
    for name in files:
        with open(name, encoding="utf-8") as file:
            report = json.load(file)
        count += len(report)
        for wrong in validator.iter_errors(report):
            sys.exit(f"{name}: {wrong.json_path}: {wrong.message}")
    if count == 0:
        sys.exit("there is no finding to judge")
    print(f"{len(files)} reports of {count} findings are valid under {schema_path}")


def marked(folder: str, *files: str) -> None:
    """Copies SARIF reports without `informationUri`, of which the validator warns: so it is seen that it read each."""
    for name in files:
        with open(name, encoding="utf-8") as file:
            report = json.load(file)
        for run in report["runs"]:
            run["tool"]["driver"].pop("informationUri", None)
        with open(os.path.join(folder, os.path.basename(name)), "w", encoding="utf-8") as file:
            json.dump(report, file, ensure_ascii=False, indent=1)


def sarif(log_path: str, *files: str) -> None:
    with open(log_path, encoding="utf-8-sig") as file:
        log = json.load(file)
    results = [result for run in log["runs"] for result in run.get("results", [])]
    for result in results:
        if result.get("level", "warning") == "error":
            sys.exit(f"{log_path}: {json.dumps(result, indent=1)}")

    def read(result: dict) -> str:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        uri = place.get("uri") or log["runs"][0]["artifacts"][place["index"]]["location"]["uri"]
        return unquote(os.path.basename(uri))

    seen = {read(result) for result in results if result["ruleId"] == "SARIF2005"}
    unread = {os.path.basename(name) for name in files} - seen
    if unread:
        sys.exit(f"{log_path}: the validator cannot read {sorted(unread)}")
    rest = {result["ruleId"] for result in results} - {"SARIF2005"}
    print(f"{len(files)} SARIF reports hold no error; less than errors: {sorted(rest) or 'nothing'}")


def jobs(scn: str, *files: str) -> None:
    """Every `scn COMMAND --option` of a job is one that the help of COMMAND lists."""
    told: dict[str, set[str]] = {}
    for name in files:
        with open(name, encoding="utf-8") as file:
            text = file.read()
        if name.endswith((".yml", ".yaml")):
            yaml.safe_load(text)
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        calls = [call for line in lines for call in re.findall(r"(?:^|[\s:-])scn ([a-z]+)((?: [^|>&;]+)?)", line)]
        if not calls:
            sys.exit(f"{name} never calls scn")
        for command, rest in calls:
            if command not in told:
                shown = subprocess.run([scn, command, "--help"], capture_output=True, text=True, check=False)
                if shown.returncode != 0:
                    sys.exit(f"{name}: there is no `scn {command}`")
                told[command] = set(re.findall(r"--[a-z-]+", shown.stdout))
                formats = re.search(r"--format [\s\S]*?(?=\n\s+--|\Z)", shown.stdout)
                told[command] |= set(re.findall(r"[a-z]+", formats.group())) if formats else set()
            wanted = re.findall(r"--[a-z-]+", rest) + re.findall(r"--format ([a-z]+)", rest)
            for option in wanted:
                if option not in told[command]:
                    sys.exit(f"{name}: `scn {command}` has no `{option}`")
    print(f"{len(files)} jobs name only what scn has")


def main() -> None:
    {"findings": findings, "marked": marked, "sarif": sarif, "jobs": jobs}[sys.argv[1]](*sys.argv[2:])


main()
