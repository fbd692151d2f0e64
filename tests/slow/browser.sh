#!/usr/bin/env bash
# The page of `scn simulate --report` in a real browser, Debian's Chromium without a network: at the width of a phone and of a
# desk, light and dark. It says no error, asks for nothing, does not scroll sideways, sorts its tables by mouse and keyboard, and
# breaks no rule of WCAG; no text of a CRM runs. Pictures are left under target/browser. `SCN` names the binary; without it, one is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/suite.sh

WORK="$PWD/target/browser"

need chromium chromium
need node nodejs
need npm npm
need python3 python3

find_scn

echo "-- tools"
rm -rf "$WORK"
mkdir -p "$WORK/node" "$WORK/pictures"
cp tests/tools/browser/* "$WORK/node/"
(cd "$WORK/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)

echo "-- pages"
# $1: the page's name; the rest: what is simulated.
page() {
    local name="$1" status=0
    shift
    "$SCN" simulate "$@" --report "$WORK/$name.html" >"$WORK/$name.txt" 2>&1 || status=$?
    ((status <= 1)) || { cat "$WORK/$name.txt"; fail "scn simulate $*: exit code $status"; }
}
page sample scenarios
# A title and a CRM whose names would run, a scenario whose name is as long as names get, and another that cannot be simulated.
mkdir -p "$WORK/hostile"
cp -r scenarios/welcome/. scenarios/scn.toml "$WORK/hostile/"
rm -f "$WORK/hostile"/*.test.scn
sed -i "s|^scenario welcome .*|scenario welcome_$(printf 'a%.0s' {1..60}) \"</script><img src=x onerror='window.ran=1'>\" {|" "$WORK/hostile/welcome.scn"
sed -i '/^\[sample\]/,/^$/d; /^crm/d' "$WORK/hostile/scn.toml"
cat >"$WORK/hostile/other.scn" <<'SCN'
event quarrelled {}
scenario reconcile { when quarrelled wait 1 day send email peace }
SCN
CRM="$WORK/hostile/<img src=x onerror='window.ran=1'>\"&amp;.db"
cp scenarios/sample/crm.db "$CRM"
page hostile "$WORK/hostile" --crm "$CRM"
grep -q 'not simulated: reconcile' "$WORK/hostile.txt" || { cat "$WORK/hostile.txt"; fail "a scenario without its table is simulated"; }
grep -q 'onerror' "$WORK/hostile.html" || fail "the title is not on the page"
# A span without a message.
page empty scenarios/welcome --crm scenarios/sample/crm.db --from 1999-01-01 --to 1999-12-31

echo "-- chromium"
node "$WORK/node/look.mjs" "$(command -v chromium)" "$WORK/pictures" "$WORK/sample.html" "$WORK/hostile.html" "$WORK/empty.html"
