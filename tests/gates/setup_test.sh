#!/bin/sh
# SPDX-License-Identifier: MIT
# What tests/setup.sh does on machines where things are missing: each case gets a PATH of its own with
# few real tools, and an apt-get and sudo that only note how they are called.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/envres-setup-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# machine NAME: a PATH with what a build needs, except meson; no apt-get, no sudo; the user is root.
machine() {
    name=$1
    bin=$work/$name/bin
    mkdir -p "$bin"
    for tool in sh dirname mktemp rm cat awk env uname cc objcopy ninja pkg-config python3 patch; do
        printf '#!/bin/sh\nPATH=%s exec %s "$@"\n' "'$PATH'" "$(command -v $tool)" >"$bin/$tool"
    done
    # These look tools up in the PATH they are given, so they must not be wrapped.
    for tool in sh env; do
        ln -sf "$(command -v $tool)" "$bin/$tool"
    done
    script id 'echo 0'
    : >"$work/$name/calls"
}

# script TOOL TEXT: a tool of the machine's own.
script() {
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/"*
}

with_meson() { script meson 'echo 1.0.1'; }

# apt_get TEXT: an apt-get that notes its last arguments and then does TEXT.
apt_get() {
    script apt-get "for last in \"\$@\"; do :; done
case \" \$* \" in
*' update '*) echo update >>'$work/$name/calls' ;;
*) echo \"install \$*\" >>'$work/$name/calls'; $1 ;;
esac"
}

# setup ARGUMENTS...: runs it there; leaves $status, $said and $called.
setup() {
    status=0
    PATH=$bin sh "$root/tests/setup.sh" --packages-only "$@" >"$work/said" 2>&1 </dev/null ||
        status=$?
    said=$(cat "$work/said")
    called=$(cat "$work/$name/calls")
}

# expect STATUS TEXT...: the status, and texts in what was said or called; `!TEXT` must not be there.
expect() {
    bad=
    [ "$status" = "$1" ] || bad="exit status $status, not $1"
    shift
    for text in "$@"; do
        case $text in
        !*) case "$said $called" in *"${text#!}"*) bad="$bad; has: ${text#!}" ;; esac ;;
        *) case "$said $called" in *"$text"*) ;; *) bad="$bad; lacks: $text" ;; esac ;;
        esac
    done
    if [ -z "$bad" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s: %s\n%s\n%s\n' "$name" "$bad" "$said" "$called"
    fi
}

machine "all is there"
with_meson
apt_get 'exit 1'
setup
expect 0 '!install' '!update' '!Missing'

machine "no meson, no apt-get"
setup
expect 2 "meson 1.0 or newer (Debian package meson)" "apt-get install meson" '!libsqlite3-dev' \
    '!ninja-build' '!installing'

machine "no meson, not root, no sudo"
script id 'echo 1000'
apt_get 'exit 0'
setup
expect 2 "Missing:" "Debian package meson" '!install -q'

machine "no meson, root"
apt_get "printf '#!/bin/sh\necho 1.0.1\n' >'$bin/meson'; PATH=$PATH chmod +x '$bin/meson'"
setup
expect 0 "installing: meson" "update" "--no-install-recommends meson" '!Missing' '!libsodium-dev'

machine "no meson, not root, sudo without a password"
script id 'echo 1000'
script sudo "[ \"\$1\" = -n ] || exit 1; shift; echo sudo >>'$work/$name/calls'; exec \"\$@\""
apt_get "printf '#!/bin/sh\necho 1.0.1\n' >'$bin/meson'; PATH=$PATH chmod +x '$bin/meson'"
setup
expect 0 "sudo" "--no-install-recommends meson"

machine "apt-get fails"
apt_get "echo 'E: no such package'; exit 100"
setup
expect 2 "E: no such package" "Missing:"

machine "apt-get installs something too old"
apt_get "printf '#!/bin/sh\necho 0.61.2\n' >'$bin/meson'; PATH=$PATH chmod +x '$bin/meson'"
setup
expect 2 "meson 1.0 or newer"

machine "no cmocka"
with_meson
script pkg-config '[ "$2" != cmocka ]'
setup
expect 2 "cmocka with headers (Debian package libcmocka-dev)"

machine "no patch"
with_meson
rm "$bin/patch"
setup
expect 2 "patch (Debian package patch)" '!cmocka'

machine "no cmocka and no patch, and no tests wanted"
with_meson
script pkg-config '[ "$2" != cmocka ]'
rm "$bin/patch"
setup --without-tests
expect 0 '!Missing'

machine "no libraries"
with_meson
script pkg-config 'exit 1'
setup
expect 2 libsqlite3-dev libsodium-dev libcmocka-dev '!libjsmn-dev'

machine "no compiler and no pkg-config"
with_meson
rm "$bin/cc" "$bin/pkg-config"
setup
expect 2 "a C compiler named cc" "Debian package pkg-config" '!jsmn' '!sqlite3' '!cmocka'

machine "no tools of the gates"
with_meson
setup --gates
expect 2 "clang-format-14" "cppcheck" "clang-tidy" "valgrind" '!libsqlite3-dev'

machine "unknown option"
setup --no-such
expect 2 "unknown option --no-such"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
