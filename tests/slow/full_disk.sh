#!/usr/bin/env bash
# `scn run` on a disk that gets full: it says so with exit code 74 and sends nothing twice; with room again, everything
# that was to leave has left, each message once. Needs root, for a small file system of its own.
set -euo pipefail
SCN="${SCN:-target/release/scn}"
SCN="$(realpath "$SCN")"
CONTACTS=3000

((EUID == 0)) || { echo "a small file system needs root" >&2; exit 1; }
work=$(mktemp -d)
mount -t tmpfs -o size=24m tmpfs "$work" || { rmdir "$work"; echo "tmpfs cannot be mounted" >&2; exit 1; }
trap 'cd /; umount "$work"; rmdir "$work"' EXIT
cd "$work"
"$SCN" init shop >/dev/null

python3 - shop/shop.db "$CONTACTS" <<'PY'
import sqlite3, sys
crm = sqlite3.connect(sys.argv[1])
(now,) = crm.execute("SELECT max(at) FROM subscribed").fetchone()
for number in range(1000, 1000 + int(sys.argv[2])):
    crm.execute("INSERT INTO contact(id, first_name, email) VALUES (?, 'Pat', ?)", (number, f"p{number}@example.com"))
    crm.execute("INSERT INTO subscribed(id, contact, at, list) VALUES (?, ?, ?, 'newsletter')", (number, number, now))
crm.commit()
PY

# Room for ever more: each run goes on from where the last one stopped.
full=0
for room in 100 600 1500 3000 5000; do
    rm -f ballast
    free=$(df -k --output=avail . | tail -1)
    ((free > room)) && head -c "$(((free - room) * 1024))" /dev/zero >ballast
    code=0
    said=$(cd shop && "$SCN" run --once 2>&1) || code=$?
    if ((code == 74)); then
        full=$((full + 1))
        grep -qiE "full|no space" <<<"$said" || { echo "74 without a word of the disk: $said" >&2; exit 1; }
    elif ((code != 0)); then
        echo "exit code $code on a full disk: $said" >&2
        exit 1
    fi
done
((full > 0)) || { echo "the disk was never full" >&2; exit 1; }

rm -f ballast
(cd shop && "$SCN" run --once >/dev/null 2>&1)
sent=$(find shop/outbox -name '*.eml' -size +0 | wc -l)
others=$(find shop/outbox -type f ! -name '*.eml' | wc -l)
((sent == CONTACTS + 2 && others == 0)) || { echo "$sent messages and $others other files at the end" >&2; exit 1; }
again=$(cd shop && "$SCN" run --once 2>/dev/null)
[[ "$again" == "0 messages sent"* ]] || { echo "started again, it says: $again" >&2; exit 1; }
echo "the disk was full $full times, and $sent messages left, each once"
