#!/usr/bin/env bash
# The editors' grammars, read by the tools of the editors themselves: tree-sitter's own, the tokeniser of VS Code, and
# Mermaid's parser for what `scn graph` draws. Every file of `stdlib` and `scenarios`, and every example of the
# documents that `scn` itself reads, is parsed and coloured. `SCN` names the binary; without it, one is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/suite.sh

TREE_SITTER_VERSION=0.27.1
GRAMMAR=editors/tree-sitter-scn
WORK=target/editors
TOOLS=target/tools

need node nodejs
need npm npm
need cc gcc

find_scn

echo "-- tools"
if [[ "$("$TOOLS/bin/tree-sitter" --version 2>/dev/null)" != "tree-sitter $TREE_SITTER_VERSION"* ]]; then
    cargo install --quiet --locked tree-sitter-cli --version "=$TREE_SITTER_VERSION" --no-default-features \
        --root "$TOOLS" --target-dir "$TOOLS/build"
fi
ROOT="$PWD"
mkdir -p "$WORK"
# In the grammar's folder, with a configuration and a cache of its own.
tree_sitter() {
    (cd "$GRAMMAR" && XDG_CACHE_HOME="$ROOT/$WORK/cache" XDG_CONFIG_HOME="$ROOT/$WORK/config" \
        "$ROOT/$TOOLS/bin/tree-sitter" "$@")
}
mkdir -p "$WORK/config/tree-sitter"
printf '{ "parser-directories": ["%s/editors"] }\n' "$ROOT" >"$WORK/config/tree-sitter/config.json"
cp tests/tools/editors/* "$WORK/"
(cd "$WORK" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)

echo "-- the parser is the grammar's"
rm -rf "$WORK/src"
tree_sitter generate --output "$ROOT/$WORK/src"
diff -rq "$WORK/src" "$GRAMMAR/src" || fail "$GRAMMAR/src is out of date: run \`tree-sitter generate\` in $GRAMMAR"

echo "-- corpus and highlights"
tree_sitter test >"$WORK/corpus.log" 2>&1 || { cat "$WORK/corpus.log"; fail "the corpus of $GRAMMAR"; }

# Absolute names, since tree-sitter runs in the grammar's folder.
mapfile -t sources < <(find "$ROOT/stdlib" "$ROOT/scenarios" -name '*.scn' | LC_ALL=C sort)
((${#sources[@]} > 0)) || fail "there is no file to read"
for file in "${sources[@]}"; do
    "$SCN" fmt - <"$file" >/dev/null || fail "scn itself does not read $file"
done

# Of examples that are wrong on purpose, those with an error of syntax are left out: scn is asked. `tests/data/check` holds
# what scn reads so that it can refuse it by name; the editors need not.
rm -rf "$WORK/examples"
mkdir -p "$WORK/examples"
mapfile -t documents < <(find README.md docs -name '*.md' | LC_ALL=C sort)
node "$WORK/extract.mjs" "$WORK/examples" "${documents[@]}"
mapfile -t examples < <(find "$ROOT/$WORK/examples" "$ROOT/tests/data" -name '*.scn' \
    -not -path '*/tests/data/check/*' | LC_ALL=C sort)
readable=0
for file in "${examples[@]}"; do
    if "$SCN" fmt - <"$file" >/dev/null 2>&1; then
        sources+=("$file")
        readable=$((readable + 1))
    fi
done
((readable > 100)) || fail "only $readable examples are readable"

echo "-- tree-sitter reads ${#sources[@]} files"
tree_sitter parse --quiet "${sources[@]}" || fail "these files have an error for tree-sitter"
for query in folds indents highlights; do
    tree_sitter query "queries/$query.scm" "${sources[@]}" >"$WORK/$query.log" || fail "queries/$query.scm"
done
node "$WORK/tree_sitter.mjs" "${sources[@]}" <"$WORK/highlights.log"

echo "-- VS Code colours them"
node "$WORK/textmate.mjs" "${sources[@]}"

echo "-- Mermaid and XML read what \`scn graph\` draws"
rm -rf "$WORK/pictures"
for path in scenarios tests/data/graph; do
    for format in mermaid svg; do
        "$SCN" graph "$path" --format "$format" --out "$WORK/pictures/${path//\//_}"
    done
done
node "$WORK/pictures.mjs" "$WORK"/pictures/*/*
