"""The reader experiment: who sees only the messages of `scn check` repairs what they are about.

    draw.py draw SCN SEED COUNT FOLDER    draws COUNT cases of tests/diagnostics by SEED: in FOLDER/NUMBER lie the bad file, or the
                                          bad project, and messages.txt, what people read; nothing of it tells the repair
    draw.py judge SCN SEED COUNT FOLDER   judges what lies there now: clean where no error and no warning is left, and the same as the
                                          repaired twin where both compile to the same meaning

Seeds and the names of the cases decide what is drawn, and nothing else.
"""

import hashlib
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

from cases import CASES, build, copied


def is_twin(path: pathlib.Path) -> bool:
    return path.name.endswith((".fixed", ".fixed.scn"))


def twin(case: pathlib.Path) -> pathlib.Path:
    return case.with_name(case.name + ".fixed") if case.is_dir() else case.with_suffix(".fixed.scn")


def drawn(seed: str, count: int) -> list[pathlib.Path]:
    """Rule after rule in an order that the seed gives, one case of each, so that no rule is drawn twice before all were."""

    def order(path: pathlib.Path) -> str:
        return hashlib.sha256(f"{seed}/{path.relative_to(CASES)}".encode()).hexdigest()

    rules = sorted((path for path in CASES.iterdir() if path.is_dir()), key=order)
    by_rule = [sorted((case for case in rule.iterdir() if not is_twin(case)), key=order) for rule in rules]
    rounds = range(max(map(len, by_rule), default=0))
    every = [cases[turn] for turn in rounds for cases in by_rule if turn < len(cases)]
    if len(every) < count:
        sys.exit(f"there are only {len(every)} cases")
    return every[:count]


def is_file(folder: pathlib.Path) -> bool:
    return (folder / "case.scn").exists()


def checked(scn: str, folder: pathlib.Path, form: str) -> str:
    crm = ["--crm", "shop.db"] if (folder / "shop.db").exists() else []
    command = [scn, "check", "case.scn" if is_file(folder) else ".", "--format", form, *crm]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def with_templates(scn: str, folder: pathlib.Path) -> None:
    """A case in one file has no templates beside it: gives it some, about which nothing is said."""
    for found in json.loads(checked(scn, folder, "json")) if is_file(folder) else []:
        for name in re.findall(r"`(templates/[^`]+)`", found["help"] or "") if found["code"] == "M001" else []:
            template = folder / name
            template.parent.mkdir(exist_ok=True)
            head = "---\nsubject: A word\n---\n" if ".email." in name else ""
            template.write_text(f"{head}Hello.\n", encoding="utf-8")


def messages(scn: str, folder: pathlib.Path) -> str:
    """What people read, but of templates that are not the case's own."""
    blocks = re.split(r"(?m)^(?=(?:error|warning|note)\[)", checked(scn, folder, "human"))
    return "".join(block for block in blocks if not (is_file(folder) and re.match(r"[a-z]+\[M", block)))


def left(scn: str, folder: pathlib.Path) -> list[dict]:
    found = json.loads(checked(scn, folder, "json"))
    return [each for each in found if each["level"] != "note" and not (is_file(folder) and each["code"][0] == "M")]


def meaning(scn: str, folder: pathlib.Path) -> str:
    path = "case.scn" if is_file(folder) else "."
    told = subprocess.run([scn, "compile", path], cwd=folder, capture_output=True, text=True, check=False)
    return json.loads(told.stdout)["hash"] if told.returncode == 0 else "none"


def rows_in_order(folder: pathlib.Path) -> None:
    """The SQL of a case makes a good shop and then damages it: who repairs sees the rows as they are instead."""
    script = folder / "crm.sql"
    if script.exists():
        crm = sqlite3.connect(folder / "shop.db")
        script.write_text("\n".join(crm.iterdump()) + "\n", encoding="utf-8")
        crm.close()


def draw(scn: str, seed: str, count: int, folder: pathlib.Path) -> None:
    for number, case in enumerate(drawn(seed, count), 1):
        place = folder / f"{number:02}"
        copied(case, place)
        rows_in_order(place)
        with_templates(scn, place)
        (place / "messages.txt").write_text(messages(scn, place), encoding="utf-8")
    print(f"{count} cases lie in {folder}: mend each until you believe it is right, and look at nothing else")


def judge(scn: str, seed: str, count: int, folder: pathlib.Path) -> None:
    clean = same = 0
    for number, case in enumerate(drawn(seed, count), 1):
        place, model = folder / f"{number:02}", folder / f"{number:02}.twin"
        shutil.rmtree(model, ignore_errors=True)
        copied(twin(case), model)
        build(place)
        # A repair may send what the case did not.
        with_templates(scn, place)
        with_templates(scn, model)
        wrong = left(scn, place)
        is_same = not wrong and meaning(scn, place) == meaning(scn, model)
        verdict = "same meaning" if is_same else "clean, another meaning" if not wrong else "not clean"
        print(f"{number:02} {case.relative_to(CASES)}: {verdict}")
        for found in wrong:
            print(f"    {found['code']} {found['file']}:{found['line']} {found['message']}")
        clean += not wrong
        same += is_same
        shutil.rmtree(model)
    print(f"{clean} of {count} are clean; {same} of them mean what their twins mean")


def main() -> None:
    what, scn, seed, count, folder = sys.argv[1:]
    scn = str(pathlib.Path(scn).resolve())
    {"draw": draw, "judge": judge}[what](scn, seed, int(count), pathlib.Path(folder))


main()
