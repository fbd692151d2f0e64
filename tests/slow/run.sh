#!/bin/sh
# The suites that need root, Debian's servers and Python: sending over a real Postfix, a full disk, a process killed at
# exactly the n-th system call. About ten minutes. `SCN` names the binary; without it, the release binary is built.
set -eu
cd "$(dirname "$0")/../.."

if [ "$(id -u)" != 0 ]; then
    echo "these suites mount a file system and run a mail server: they need root" >&2
    exit 1
fi

# Debian's packages: the programs wanted, and whose they are.
need() {
    if command -v "$1" >/dev/null 2>&1; then return; fi
    if [ -z "${updated:-}" ]; then apt-get -qq update && updated=yes; fi
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$2" >/dev/null
    command -v "$1" >/dev/null 2>&1 || { echo "\`$1\` is missing, and package $2 does not bring it" >&2; exit 1; }
}
need postfix postfix
need smtp-sink postfix
need strace strace
need sqlite3 sqlite3
need python3 python3

if [ -z "${SCN:-}" ]; then
    cargo build --release --quiet
    SCN="${CARGO_TARGET_DIR:-target}/release/scn"
fi
SCN="$(realpath "$SCN")"
export SCN

for suite in postfix disk_full system_calls; do
    echo "== $suite"
    python3 "tests/slow/$suite.py"
done
