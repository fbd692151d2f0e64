"""The cases of tests/diagnostics, as projects that can be checked.

    cases.py CASE FOLDER    puts the project of a case into FOLDER, with its CRM as shop.db where it has one
"""

import pathlib
import shutil
import sqlite3
import sys

CASES = pathlib.Path(__file__).resolve().parents[1] / "diagnostics"
SHOPS = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "shops"


def copied(case: pathlib.Path, folder: pathlib.Path) -> None:
    """The project of a case, without what tells the answer, its CRM built."""
    folder.mkdir(parents=True)
    if case.is_dir():
        begin(case, folder)
        shutil.copytree(case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected", "from"))
        build(folder)
    else:
        lines = case.read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.startswith("#! ")).rstrip()
        (folder / "case.scn").write_text(text + "\n", encoding="utf-8")


def begin(case: pathlib.Path, folder: pathlib.Path) -> None:
    """What the case is put in the place of, as tests/diagnostics.rs copies it too."""
    if not (case / "from").exists():
        return
    shop, *lines = (case / "from").read_text(encoding="utf-8").splitlines()
    shutil.copytree(SHOPS / shop, folder, dirs_exist_ok=True)
    for line in lines:
        what, name = line.split(" ", 1)
        if what == "with":
            shutil.copytree(SHOPS / name, folder, dirs_exist_ok=True)
        else:
            (folder / name).unlink()


def build(folder: pathlib.Path) -> None:
    """A repair of a CRM is a repair of its SQL."""
    script = folder / "crm.sql"
    if script.exists():
        (folder / "shop.db").unlink(missing_ok=True)
        crm = sqlite3.connect(folder / "shop.db")
        crm.executescript(script.read_text(encoding="utf-8"))
        crm.close()


if __name__ == "__main__":
    copied(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
