#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the tests of the language bindings, two at a time: every bindings/*/test.sh whose toolchain is
# here. One line says which were left out and why. The last line says `N passed, N failed`.
#
#   sh tests/bindings.sh [--all] [--offline] [--build FOLDER] [NAME...]
#
#   --all            installs toolchains that are missing; a binding that cannot be tested fails
#   --offline        without the parts that get something from a language's registry (OpenFeature)
#   --build FOLDER   of the library, brought up to date; each binding makes its own without one
#   NAME             only these bindings
#
# Logs are in FOLDER/meson-logs/binding-NAME.log, without a folder in a temporary one, kept when
# something failed.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# A binding that takes longer hangs.
seconds_max=1500

# one NAME: runs one binding, with what the rest of this script left in the environment; prints its line,
# and the end of its log when it failed. The counts go into the file NAME.counts.
one() {
    name=$1
    log=$ENVRES_BINDING_LOGS/binding-$name.log
    began=$(date +%s)
    status=0
    # shellcheck disable=SC2086
    $ENVRES_BINDING_LIMIT sh "$root/bindings/$name/test.sh" $ENVRES_BINDING_OPTIONS \
        ${ENVRES_BINDING_BUILD:+"$ENVRES_BINDING_BUILD"} >"$log" 2>&1 </dev/null || status=$?
    tally=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    passed=${tally%% *} failed=${tally#*, }
    passed=${passed:-0} failed=${failed%% *}
    failed=${failed:-1}
    # Nothing that ran is no success, and neither is an exit status that the counts do not explain.
    if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then
        failed=1
    fi
    echo "$passed $failed" >"$ENVRES_BINDING_LOGS/binding-$name.counts"
    verdict=ok
    [ "$failed" = 0 ] || verdict=FAILED
    report=$(printf '%-7s binding %-12s %5d passed, %d failed, %d s' "$verdict" "$name" "$passed" \
        "$failed" $(($(date +%s) - began)))
    if [ "$failed" != 0 ]; then
        report="$report (exit status $status; $log)
$(tail -n 60 "$log" | sed 's/^/    /')"
    fi
    # One write, since the other lane prints too.
    printf '%s\n' "$report"
}

if [ "${1-}" = --one ]; then
    one "$2"
    exit 0
fi

all=no build='' options='' names=''
while [ $# -gt 0 ]; do
    case $1 in
    --all) all=yes ;;
    --offline) options=--offline ;;
    --build) shift; build=${1:?--build takes a folder} ;;
    -h | --help) sed -n '3,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "bindings.sh: unknown option $1" >&2; exit 2 ;;
    *)
        if [ ! -f "$root/bindings/$1/test.sh" ]; then
            echo "bindings.sh: there is no binding $1" >&2
            exit 2
        fi
        names="$names $1"
        ;;
    esac
    shift
done
if [ -z "$names" ]; then
    for script in "$root"/bindings/*/test.sh; do
        name=${script%/test.sh}
        names="$names ${name##*/}"
    done
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/envres-bindings.XXXXXX")
keep=no
clean() { [ "$keep" = yes ] || rm -rf "$scratch"; }
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What is missing, in a few words: "go 1.19 or newer, maven".
lacks() {
    sh "$root/tests/setup.sh" --check --without-tests "--$1" 2>&1 >/dev/null | awk '
        / \(Debian package .*\)$/ {
            sub(/^ +/, ""); sub(/ \(Debian package .*/, "")
            text = text (text == "" ? "" : ", ") $0
        }
        { last = $0 }
        END { print text == "" ? last : text }'
}

failed=0 passed=0 run='' out=''
for name in $names; do
    if [ "$all" = yes ]; then
        if sh "$root/tests/setup.sh" "--$name" --without-tests --packages-only; then
            run="$run $name"
        else
            echo "FAILED  binding $name: its toolchain cannot be installed"
            failed=$((failed + 1))
        fi
    elif sh "$root/tests/setup.sh" "--$name" --without-tests --check 2>/dev/null; then
        run="$run $name"
    else
        out="$out${out:+; }$name (missing: $(lacks "$name"))"
    fi
done

ENVRES_BINDING_LOGS=$scratch
if [ -n "$build" ]; then
    ENVRES_BINDING_LOGS=$build/meson-logs
    mkdir -p "$ENVRES_BINDING_LOGS"
    rm -f "$ENVRES_BINDING_LOGS"/binding-*
    # Each binding brings it up to date before it installs from it; two at once must find nothing to do.
    if ! ninja -C "$build" >"$ENVRES_BINDING_LOGS/bindings-build.log" 2>&1; then
        tail -n 40 "$ENVRES_BINDING_LOGS/bindings-build.log"
        echo "bindings.sh: the library in $build cannot be built"
        echo "$passed passed, $((failed + 1)) failed"
        exit 1
    fi
fi
ENVRES_BINDING_OPTIONS=$options
ENVRES_BINDING_BUILD=$build
ENVRES_BINDING_LIMIT=
if command -v timeout >/dev/null 2>&1; then
    ENVRES_BINDING_LIMIT="timeout -k 10 $seconds_max"
fi
export ENVRES_BINDING_LOGS ENVRES_BINDING_OPTIONS ENVRES_BINDING_BUILD ENVRES_BINDING_LIMIT
if [ -n "$run" ]; then
    # shellcheck disable=SC2086
    printf '%s\n' $run | xargs -P 2 -n 1 sh "$0" --one
fi
for name in $run; do
    counts='0 1'
    read -r counts <"$ENVRES_BINDING_LOGS/binding-$name.counts" || :
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
done
if [ -n "$out" ]; then
    echo "bindings left out: $out"
fi
echo "$passed passed, $failed failed"
if [ "$failed" -ne 0 ]; then
    keep=yes
    exit 1
fi
