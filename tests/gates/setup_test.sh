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
    for tool in sh dirname mktemp rm cat awk env uname cc objcopy ninja readlink pkg-config python3 patch; do
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

machine "no languages"
with_meson
apt_get 'exit 0'
setup
expect 0 '!install' '!go 1.19'
for language in node=nodejs go=golang-go rust=rustc java=default-jdk-headless luajit=luajit; do
    setup --check "--${language%=*}"
    expect 2 "Debian package ${language#*=})" '!install -q' '!update'
done
setup --check --go --luajit
expect 2 "go 1.19 or newer (Debian package golang-go)" "luajit (Debian" \
    "apt-get install golang-go luajit" '!nodejs'

machine "old languages"
with_meson
script go 'echo go version go1.18.10 linux/amd64'
script node 'case $1 in -p) echo /no/such ;; *) echo v16.20.2 ;; esac'
script rustc 'echo "rustc 1.62.1 (e092d0b6b 2022-07-16)"'
script javac 'echo javac 11.0.20'
setup --check --go --node --rust --java
expect 2 golang-go nodejs libnode-dev rustc "javac 17 or newer"

machine "new languages"
with_meson
mkdir -p "$work/new languages/include"
: >"$work/new languages/include/node_api.h"
: >"$work/new languages/include/jni.h"
script go 'echo go version go1.19 linux/amd64'
script node "case \$1 in -p) echo '$work/new languages/include' ;; *) echo v18.19.0 ;; esac"
script rustc 'echo "rustc 1.63.0"'
script javac 'echo javac 17.0.15'
for tool in npm tsc cargo rustfmt cargo-clippy mvn luajit; do
    script $tool ':'
done
setup --check --go --node --rust --java --luajit
expect 0 '!Missing'
JAVA_HOME="$work/new languages" setup --check --java
expect 0 '!Missing'
rm "$work/new languages/include/node_api.h"
setup --check --node
expect 2 "node_api.h (Debian package libnode-dev)" '!nodejs'
JAVA_HOME=/no/such setup --check --java
expect 2 "jni.h of the JDK (Debian package default-jdk-headless)" '!javac 17'

machine "stubs of rustup"
with_meson
script rustc 'echo "rustc 1.95.0 (f2d3ce0bd 2026-03-21)"'
script cargo ':'
script rustfmt 'exit 1'
script cargo-clippy 'exit 1'
setup --check --rust
expect 2 "rustfmt (Debian package rustfmt)" "rust-clippy" '!rustc 1.63' '!cargo (Debian'

machine "a language is installed"
with_meson
apt_get "printf '#!/bin/sh\n' >'$bin/luajit'; PATH=$PATH chmod +x '$bin/luajit'"
setup --luajit
expect 0 "installing: luajit" '!Missing'

machine "unknown option"
setup --no-such
expect 2 "unknown option --no-such"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
