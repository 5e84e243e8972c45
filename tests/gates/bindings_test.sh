#!/bin/sh
# SPDX-License-Identifier: MIT
# How tests/bindings.sh counts and what it leaves out, on a tree of its own with bindings that pass,
# fail, crash and say nothing, and a setup.sh that knows what is missing.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/envres-bindings-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tests" "$work/build"
cp "$root/tests/bindings.sh" "$work/tests"
passed=0 failed=0

cat >"$work/tests/setup.sh" <<'SETUP'
case " $* " in
*' --absent '*) ;;
*) exit 0 ;;
esac
case " $* " in
*' --check '*) printf 'Missing:\n  absent 2 or newer (Debian package absent)\n  its header (Debian package absent-dev)\nOn Debian\n' >&2; exit 2 ;;
*' --packages-only '*) [ -f "$0.can-install" ] || exit 2 ;;
esac
SETUP

# What brings a build folder up to date.
printf '#!/bin/sh\n[ ! -f "$2/broken" ] || { echo the compiler; exit 1; }\n' >"$work/ninja"
chmod +x "$work/ninja"
PATH=$work:$PATH

# binding NAME TEXT: its test.sh.
binding() {
    mkdir -p "$work/bindings/$1"
    printf '%s\n' "$2" >"$work/bindings/$1/test.sh"
}

# run NAME ARGUMENT...: the script, whose output is left in $said and whose status in $status.
run() {
    case=$1 status=0
    shift
    said=$(sh "$work/tests/bindings.sh" "$@" 2>&1) || status=$?
}

# expect STATUS LAST_LINE TEXT...
expect() {
    bad=
    [ "$status" = "$1" ] || bad="exit status $status, not $1"
    [ "$(printf '%s\n' "$said" | tail -n 1)" = "$2" ] || bad="$bad; the last line is not: $2"
    shift 2
    for text in "$@"; do
        case $text in
        !*) case "$said" in *"${text#!}"*) bad="$bad; has: ${text#!}" ;; esac ;;
        *) case "$said" in *"$text"*) ;; *) bad="$bad; lacks: $text" ;; esac ;;
        esac
    done
    if [ -z "$bad" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s: %s\n%s\n' "$case" "$bad" "$said"
    fi
}

binding good 'echo "$*" >"$(dirname "$0")/called"; echo "12 passed, 0 failed"'
binding other 'echo "3 passed, 0 failed"'
run "all pass"
expect 0 '15 passed, 0 failed' '!left out'
run "one is asked for" other
expect 0 '3 passed, 0 failed' '!good'
run "a name that is none" no-such
expect 2 'bindings.sh: there is no binding no-such'
run "what they are called with" --offline --build "$work/build" good
expect 0 '12 passed, 0 failed'
case=$(cat "$work/bindings/good/called")
status=0 said=$case
expect 0 "--offline $work/build"
: >"$work/build/broken"
run "a library that cannot be built" --build "$work/build" good
expect 1 '0 passed, 1 failed' 'the compiler' 'cannot be built'

binding absent 'echo "100 passed, 0 failed"'
run "a toolchain is missing"
expect 0 '15 passed, 0 failed' 'bindings left out: absent (missing: absent 2 or newer, its header)'
run "a toolchain cannot be installed" --all
expect 1 '15 passed, 1 failed' 'FAILED  binding absent'
: >"$work/tests/setup.sh.can-install"
run "a toolchain is installed" --all
expect 0 '115 passed, 0 failed' '!left out'
rm -r "$work/bindings/absent"

binding bad 'echo the reason; echo "7 passed, 2 failed"; exit 1'
run "two cases fail"
expect 1 '22 passed, 2 failed' 'FAILED  binding bad' 'the reason'
binding bad 'echo "7 passed, 0 failed"; exit 3'
run "an exit status that no count explains"
expect 1 '22 passed, 1 failed' 'exit status 3'
binding bad 'echo "all is well"'
run "nothing is counted"
expect 1 '15 passed, 1 failed' 'all is well'
binding bad 'echo "0 passed, 0 failed"'
run "nothing ran"
expect 1 '15 passed, 1 failed'
binding bad 'kill -SEGV $$'
run "a crash"
expect 1 '15 passed, 1 failed'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
