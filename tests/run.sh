#!/bin/sh
# SPDX-License-Identifier: MIT
# Sets up what is missing, builds, and runs the tests. The last line says `N passed, N failed`.
#
#   sh tests/run.sh [--quick | --all] [--offline] [-v] [NAME...]
#
#   --quick    without the tests that take long (suites slow and torture), and without the bindings
#   --all      the toolchains of all bindings are installed where they are missing, and the parts of
#              bindings that get something from a language's registry (OpenFeature) run too; as CI does
#   --offline  --all without these parts
#   -v         one line for each test program, not only for those that fail
#   NAME       only these test programs
#
# After the tests of the library come those of the bindings whose toolchain is here; a line says which
# were left out.
#
# The build folder is build/, or $ENVRES_BUILD.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${ENVRES_BUILD:-$root/build}
verbose=
quick=no
all=no
offline=no
names=0
for arg in "$@"; do
    shift
    case $arg in
    --quick) quick=yes ;;
    --all) all=yes ;;
    --offline) offline=yes ;;
    -v | --verbose) verbose=-v ;;
    -h | --help) sed -n '3,17s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "run.sh: unknown option $arg" >&2; exit 2 ;;
    *) set -- "$@" "$arg"; names=$((names + 1)) ;;
    esac
done

if [ "$all" = yes ]; then
    sh "$root/tests/setup.sh" --luajit "$build"
else
    sh "$root/tests/setup.sh" "$build"
fi

if [ "$quick" = yes ]; then
    set -- --no-suite slow --no-suite torture "$@"
fi
rm -f "$build/meson-logs/testlog.json"
status=0
meson test -C "$build" --no-rebuild --quiet "$@" >"$build/meson-logs/run.log" 2>&1 || status=$?
if [ ! -f "$build/meson-logs/testlog.json" ]; then
    cat "$build/meson-logs/run.log" >&2
    echo "0 passed, 1 failed"
    exit 1
fi
# shellcheck disable=SC2086
report=$(python3 "$root/tests/tally.py" $verbose --status "$status" "$build/meson-logs/testlog.json") ||
    :
tally=$(printf '%s\n' "$report" | tail -n 1)
if [ "$quick" = yes ] || [ "$names" -gt 0 ]; then
    printf '%s\n' "$report"
else
    printf '%s\n' "$report" | sed '$d'
    # Without --all nothing is downloaded: who has no registry at hand must not fail for it.
    set --
    [ "$all" = no ] || set -- --all
    if [ "$all" = no ] || [ "$offline" = yes ]; then
        set -- "$@" --offline
    fi
    log=$build/meson-logs/bindings.log
    sh "$root/tests/bindings.sh" --build "$build" "$@" 2>&1 | tee "$log" | sed '$d'
    more=$(tail -n 1 "$log")
    tally=$(printf '%s\n%s\n' "$tally" "$more" | awk '
        !/^[0-9]+ passed, [0-9]+ failed$/ { failed++; next }
        { passed += $1; failed += $3 }
        END { printf "%d passed, %d failed\n", passed, failed }')
    echo "$tally"
fi
case $tally in *', 0 failed') ;; *) exit 1 ;; esac
