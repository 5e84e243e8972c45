#!/bin/sh
# SPDX-License-Identifier: MIT
# Sets up what is missing, builds, and runs the tests. The last line says `N passed, N failed`.
#
#   sh tests/run.sh [--quick] [-v] [NAME...]
#
#   --quick   without the tests that take long (suites slow and torture)
#   -v        one line for each test program, not only for those that fail
#   NAME      only these test programs
#
# The build folder is build/, or $ENVRES_BUILD.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${ENVRES_BUILD:-$root/build}
verbose=
quick=no
names=0
for arg in "$@"; do
    shift
    case $arg in
    --quick) quick=yes ;;
    -v | --verbose) verbose=-v ;;
    -h | --help) sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "run.sh: unknown option $arg" >&2; exit 2 ;;
    *) set -- "$@" "$arg"; names=$((names + 1)) ;;
    esac
done

sh "$root/tests/setup.sh" "$build"

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
python3 "$root/tests/tally.py" $verbose --status "$status" "$build/meson-logs/testlog.json"
