#!/usr/bin/env bash
# Fuzzes what reads texts: `parse`, `check` and `fmt` (`fuzz/fuzz_targets/`), with cargo-fuzz on the toolchain of the house.
# The seeds are every `.scn` of the repository, the words of the language its dictionary.
#
#     tests/tools/fuzz.sh [SECONDS [TARGET...]]        ten minutes each, one after the other
#
# The code forbids `unsafe`, so that no sanitizer is asked for; overflows and assertions are checked. What is found lies in
# `target/fuzz/artifacts/TARGET`, the corpus, which grows from run to run, in `target/fuzz/corpus/TARGET`. A run ends with
# its figures in one line, and fails at the first finding.
set -euo pipefail
cd "$(dirname "$0")/../.."

CARGO_FUZZ_VERSION=0.13.2
SECONDS_EACH="${1:-600}"
shift || true
(($# > 0)) || set -- parse check fmt
TOOLS="$PWD/target/tools"
WORK="$PWD/target/fuzz"
export CARGO_TARGET_DIR="$WORK/build"

if [[ "$("$TOOLS/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $CARGO_FUZZ_VERSION" ]]; then
    cargo install --quiet --locked cargo-fuzz --version "=$CARGO_FUZZ_VERSION" --root "$TOOLS" --target-dir "$TOOLS/build"
fi
mkdir -p "$WORK"
{ sed -n 's/^| `\([a-z]*\)`.*/"\1"/p' docs/reference/keywords.md; printf '"%s"\n' '{' '}' '->' '>=' 'is' '2020-01-10 10:00'; } |
    LC_ALL=C sort -u >"$WORK/words.dict"

for target in "$@"; do
    corpus="$WORK/corpus/$target" artifacts="$WORK/artifacts/$target"
    mkdir -p "$corpus" "$artifacts"
    while IFS= read -r -d '' file; do
        cp "$file" "$corpus/$(sha1sum <"$file" | cut -d' ' -f1)"
    done < <(find scenarios stdlib tests/data tests/diagnostics -name '*.scn' -print0)
    log="$WORK/$target.log"
    status=0
    "$TOOLS/bin/cargo-fuzz" run --sanitizer none "$target" "$corpus" -- -max_total_time="$SECONDS_EACH" -timeout=10 \
        -rss_limit_mb=4096 -dict="$WORK/words.dict" -artifact_prefix="$artifacts/" -print_final_stats=1 \
        >"$log" 2>&1 || status=$?
    seen="$(grep -Eo 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$log" | tail -1)"
    runs="$(sed -n 's/^stat::number_of_executed_units: //p' "$log")"
    slowest="$(sed -n 's/^stat::slowest_unit_time_sec: //p' "$log")"
    printf '%s: %s executions in %s s, %s, slowest %s s, %s\n' "$target" "${runs:-no}" "$SECONDS_EACH" "${seen:-nothing}" \
        "${slowest:-?}" "$([[ $status == 0 ]] && echo clean || echo "FOUND, see $log")"
    ((status == 0)) || { tail -30 "$log"; exit 1; }
done
