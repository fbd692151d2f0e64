#!/usr/bin/env bash
# What `scn check` prints and what stands ready for CI, judged by others: Microsoft's validator of SARIF, a validator of JSON
# schemas, git and pre-commit; then every mutant of the library and every slip. `SCN` names the binary; without it, one is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/suite.sh

PYTHON_PACKAGES=(jsonschema==4.26.0 PyYAML==6.0.3 pre-commit==4.7.0)
WORK="$PWD/target/check"
PYTHON="$PWD/target/tools/python"

need node nodejs
need npm npm
need git git
need python3 python3

find_scn
PATH="$(dirname "$SCN"):$PATH"
export PATH

echo "-- tools"
rm -rf "$WORK"
mkdir -p "$WORK/reports" "$WORK/node"
if ! "$PYTHON/bin/python" -c 'import jsonschema, yaml, pre_commit' 2>/dev/null; then
    rm -rf "$PYTHON"
    python3 -m venv "$PYTHON" 2>/dev/null || { rm -rf "$PYTHON"; need virtualenv python3-virtualenv; virtualenv --quiet "$PYTHON"; }
    "$PYTHON/bin/python" -m pip install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
fi
cp tests/tools/check/package*.json "$WORK/node/"
(cd "$WORK/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
SARIF="$(find "$WORK/node/node_modules/@microsoft" -type f -name Sarif.Multitool | head -1)"
[[ -n "$SARIF" ]] || fail "the package holds no Sarif.Multitool"
chmod +x "$SARIF"
judge() { "$PYTHON/bin/python" tests/tools/check/judge.py "$@"; }

echo "-- reports"
# $1: the report's name; the rest: what is checked. Findings are no failure here.
report() {
    local name="$1" status
    shift
    for format in json sarif; do
        status=0
        "$SCN" check "$@" --format "$format" >"$WORK/reports/$name.$format" 2>/dev/null || status=$?
        ((status <= 1 || status == 78)) || fail "scn check $* --format $format: exit code $status"
    done
}
report library scenarios
report standard stdlib
for folder in tests/diagnostics/*/; do
    name="$(basename "$folder")"
    # Cases in files are projects by themselves; cases in folders may bring a CRM.
    for case in "$folder"*; do
        project="$WORK/cases/$name/$(basename "$case")"
        "$PYTHON/bin/python" tests/tools/cases.py "$case" "$project"
        arguments=("$project")
        [[ ! -e "$project/shop.db" ]] || arguments+=(--crm "$project/shop.db")
        report "$name.$(basename "$case")" "${arguments[@]}"
    done
done
judge findings docs/schema/findings.json "$WORK"/reports/*.json
# One validation for many reports: the validator takes a second to start. It says nothing of a report that it cannot read, so each
# has one defect that it must see.
# $1: the folder of reports, $2: the log.
validated() {
    (cd "$1" && DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$SARIF" validate ./*.sarif --output "$2" --log ForceOverwrite) \
        >"$WORK/sarif.log" 2>&1 || true
    [[ -s "$2" ]] || { tail -20 "$WORK/sarif.log"; fail "the validator wrote no log"; }
    judge sarif "$2" "$1"/*.sarif
}
mkdir -p "$WORK/marked" "$WORK/broken"
judge marked "$WORK/marked" "$WORK"/reports/*.sarif
validated "$WORK/marked" "$WORK/marked.log"
# Judges who refuse nothing are no judges.
for broken in 's/"level": "[a-z]*"/"level": "grave"/' 's/"startLine": [0-9]*/"startLine": 0/'; do
    sed "$broken" "$WORK/marked/library.sarif" >"$WORK/broken/library.sarif"
    (validated "$WORK/broken" "$WORK/broken.log") >/dev/null 2>&1 && fail "a report of SARIF is valid after $broken"
done
sed 's/"level": "[a-z]*"/"level": "grave"/' "$WORK/reports/library.json" >"$WORK/broken/library.json"
judge findings docs/schema/findings.json "$WORK/broken/library.json" >/dev/null 2>&1 && fail "a broken report of JSON is valid"

echo "-- jobs"
judge jobs "$SCN" docs/ci/github.yml docs/ci/gitlab.yml docs/ci/pre-commit.sh .pre-commit-hooks.yaml

echo "-- the hook of git"
# A repository of its own, with nobody's settings.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
repository() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -r scenarios/welcome/. "$1/"
    git -C "$1" init -q -b main
    git -C "$1" config user.name tester
    git -C "$1" config user.email tester@example.com
}
# Commits what changed in $1; for what it is, $2.
commits() { (cd "$1" && git add -A && git commit -q -m "$2") >"$WORK/git.log" 2>&1; }
# Goes through a first commit, a bad one and its repair.
tries() {
    local folder="$1"
    commits "$folder" first || { cat "$WORK/git.log"; fail "a good first commit is refused"; }
    sed -i 's/list is "newsletter"/list is newsletter/' "$folder/welcome.scn"
    commits "$folder" bad && fail "a bad commit is taken"
    grep -q 'welcome.scn:' "$WORK/git.log" || { cat "$WORK/git.log"; fail "a refused commit does not say where it is wrong"; }
    git -C "$folder" checkout -q HEAD -- welcome.scn
    echo "notes" >"$folder/notes.txt"
    commits "$folder" other || { cat "$WORK/git.log"; fail "a commit that touches no scenario is refused"; }
    sed -i 's/wait up to 3 days/wait up to 4 days/' "$folder/welcome.scn"
    commits "$folder" good || { cat "$WORK/git.log"; fail "a good commit is refused"; }
    sed -i 's/wait up to 4 days/wait   up to 4 days/' "$folder/welcome.scn"
    commits "$folder" unformatted && fail "a commit that is not formatted is taken"
    [[ "$(git -C "$folder" rev-list --count HEAD)" == 3 ]] || fail "three commits are good"
}
repository "$WORK/git"
install -m 755 docs/ci/pre-commit.sh "$WORK/git/.git/hooks/pre-commit"
tries "$WORK/git"
echo "docs/ci/pre-commit.sh takes what is good, and refuses what is not"

echo "-- pre-commit"
# The hooks as they stand, but run with this binary: `language: rust` would build the crate.
export PRE_COMMIT_HOME="$WORK/pre-commit"
repository "$WORK/hooked"
"$PYTHON/bin/python" - "$WORK/hooked/.pre-commit-config.yaml" <<'PYTHON'
import sys

import yaml

with open(".pre-commit-hooks.yaml", encoding="utf-8") as file:
    hooks = yaml.safe_load(file)
local = {"repo": "local", "hooks": [hook | {"language": "system"} for hook in hooks]}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    yaml.safe_dump({"repos": [local]}, file)
PYTHON
"$PYTHON/bin/pre-commit" validate-manifest .pre-commit-hooks.yaml
(cd "$WORK/hooked" && "$PYTHON/bin/pre-commit" install >/dev/null)
tries "$WORK/hooked"
echo ".pre-commit-hooks.yaml takes what is good, and refuses what is not"

echo "-- mutants and slips"
cargo test --release --locked --test mutation -- --ignored --nocapture --test-threads 1
