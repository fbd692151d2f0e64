# What the suites of tests/slow have in common; each reads it with `source`.

fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

# Installs the Debian package $2 unless there is a command $1.
need() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || fail "$1 is missing, and there is no apt-get to install $2"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$2"; } \
        >/dev/null 2>&1 || fail "$1 is missing, and $2 could not be installed"
}

# `SCN` names the binary; without it, one is built.
find_scn() {
    if [[ -z "${SCN:-}" ]]; then
        cargo build --locked --quiet
        SCN="${CARGO_TARGET_DIR:-target}/debug/scn"
    fi
    SCN="$(realpath "$SCN")"
}
