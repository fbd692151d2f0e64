#!/usr/bin/env bash
# `scn run` killed at any instant, again and again: what has left at the end is what leaves undisturbed, each message
# once. SCN is the binary; SEED repeats a failure.
set -euo pipefail
SCN="${SCN:-target/release/scn}"
SCN="$(realpath "$SCN")"
SEED="${SEED:-$(date +%s)}"
CONTACTS=3000
KILLS=60
RANDOM=$((SEED % 32768))
echo "SEED=$SEED"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$SCN" init shop >/dev/null

# People who subscribe as the project is made: each gets one message at once.
python3 - shop/shop.db "$CONTACTS" <<'PY'
import sqlite3, sys
crm = sqlite3.connect(sys.argv[1])
(now,) = crm.execute("SELECT max(at) FROM subscribed").fetchone()
for number in range(1000, 1000 + int(sys.argv[2])):
    crm.execute("INSERT INTO contact(id, first_name, email) VALUES (?, 'Pat', ?)", (number, f"p{number}@example.com"))
    crm.execute("INSERT INTO subscribed(id, contact, at, list) VALUES (?, ?, ?, 'newsletter')", (number, number, now))
crm.commit()
PY
cp -r shop calm

(cd calm && "$SCN" run --once >/dev/null 2>&1)
expected=$(find calm/outbox -name '*.eml' | wc -l)
((expected == CONTACTS + 2)) || { echo "undisturbed, $expected messages left, not $((CONTACTS + 2))" >&2; exit 1; }

killed=0
for ((kill = 0; kill < KILLS; kill++)); do
    (cd shop && exec "$SCN" run --once >/dev/null 2>&1) &
    run=$!
    sleep "0.$(printf '%03d' $((RANDOM % 400)))"
    if kill -9 "$run" 2>/dev/null; then killed=$((killed + 1)); fi
    wait "$run" 2>/dev/null || true
done
((killed > 0)) || { echo "no run was killed: every one ended before" >&2; exit 1; }
(cd shop && "$SCN" run --once >/dev/null 2>&1)

names() { (cd "$1/outbox" && find . -type f | sort); }
diff <(names calm) <(names shop) >&2 || { echo "other messages left than undisturbed" >&2; exit 1; }
again=$(cd shop && "$SCN" run --once)
[[ "$again" == "0 messages sent"* ]] || { echo "started again, it says: $again" >&2; exit 1; }
integrity=$(python3 -c "
import sqlite3, sys
print(sqlite3.connect('shop/shop.state.db').execute('PRAGMA integrity_check').fetchone()[0])")
[[ "$integrity" == ok ]] || { echo "the state is damaged: $integrity" >&2; exit 1; }
echo "$killed of $KILLS runs killed, $expected messages, each once"
