#!/bin/sh
# Checks what is about to be committed: put it into `.git/hooks/pre-commit`, and make it executable.
# It looks at the files as they are in the working tree.
set -eu
git diff --cached --quiet -- '*.scn' ':(glob)**/templates/**' ':(glob)**/scn.toml' && exit 0
if git rev-parse --verify --quiet HEAD >/dev/null; then
    scn check . --changed-since HEAD --format line
else
    scn check . --format line
fi
scn fmt --check .
