#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the model of promotions and releases: every state that its bounds allow must keep every
# invariant, and each broken variant must break one. The last line says `N passed, N failed`.
#
#   tests/models/run.sh          under a minute
#   tests/models/run.sh --long   also with larger bounds and a third operator: minutes, 4 GB
set -u
cd "$(dirname "$0")" || exit 2
model=$PWD/release.pml
work=$(mktemp -d "${TMPDIR:-/tmp}/envres-model.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
# Compiling takes longer than most searches.
optimise=-O1

# explore OPTION...: leaves what the verifier said in $work/said; false when there was none.
explore() {
    local options=() option
    for option in "$@"; do
        options+=("-D$option")
    done
    rm -f "$work"/pan* "$work"/*.trail
    (cd "$work" && cp "$model" . && spin -a "${options[@]}" release.pml &&
        # shellcheck disable=SC2086
        ${CC:-cc} -w $optimise -DSAFETY -DMEMLIM=4096 -o pan pan.c &&
        ./pan -m2000000 -w22) >"$work/said" 2>&1
    grep -q '^State-vector' "$work/said"
}

count() { sed -n "s/^ *\([0-9.e+]*\) $1.*/\1/p" "$work/said" | head -n 1; }

# report VERDICT NAME OPTION...: one line, and all that was said when it is bad.
report() {
    local verdict=$1 name=$2
    shift 2
    printf '%-7s %-42s %9s states %9s steps  %s\n' "$verdict" "$name" "$(count 'states, stored')" \
        "$(count 'transitions')" "$*"
    if [ "$verdict" = ok ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    sed 's/^/    /' "$work/said"
    if [ -f "$work/release.pml.trail" ]; then
        (cd "$work" && spin -t -p -g "${@/#/-D}" release.pml | tail -n 80 | sed 's/^/    /')
    fi
}

# holds NAME OPTION...: searched to the end, and nothing found.
holds() {
    local name=$1 verdict=FAILED
    shift
    if explore "$@" && grep -q 'errors: 0$' "$work/said" &&
        ! grep -qE 'not completed|too small|out of memory' "$work/said"; then
        verdict=ok
    fi
    report $verdict "$name" "$@"
}

# breaks NAME TEXT OPTION...: an assertion with this text fails.
breaks() {
    local name=$1 text=$2 verdict=FAILED
    shift 2
    if explore "$@" && grep 'assertion violated' "$work/said" | grep -qF "$text"; then
        verdict=ok
    fi
    report $verdict "$name" "$@"
}

# Whatever the model can say must be reached: an act that never happens proves nothing.
reaches_all() {
    local verdict=ok
    if sed -n '/^unreached in proctype/,/^unreached in init/p' "$work/said" |
        grep 'line\|state' | grep -v -- '"-end-"' | grep -q '"'; then
        verdict=FAILED
    fi
    report $verdict "$1"
}

command -v spin >/dev/null || { echo "spin is missing"; echo "0 passed, 1 failed"; exit 1; }

holds "two operators, from the first draft" VERSIONS=2 RECORDS=3 EDITS=1
reaches_all "everything in the model happens"
holds "the line of releases" VERSIONS=3 RECORDS=4 EDITS=0 FROZEN
holds "a longer line of two versions" VERSIONS=2 RECORDS=6 EDITS=0 FROZEN
optimise=-O0
breaks "broken: no expectation is checked" saw_ VERSIONS=2 RECORDS=3 BROKEN_EXPECT
breaks "broken: record and pointer apart" 'live==' VERSIONS=2 RECORDS=3 BROKEN_POINTER
breaks "broken: the number drawn before" 'newest==made' VERSIONS=2 RECORDS=3 BROKEN_SEQUENCE
breaks "broken: back to what a rollback left" previous VERSIONS=2 RECORDS=3 BROKEN_LINE
breaks "broken: edits behind a promotion" frozen_content VERSIONS=2 RECORDS=3 BROKEN_FREEZE
if [ "${1:-}" = --long ]; then
    optimise='-O2 -DCOLLAPSE'
    holds "three versions from their drafts" VERSIONS=3 RECORDS=3 EDITS=1
    holds "a longer line of three versions" VERSIONS=3 RECORDS=6 EDITS=0 FROZEN
    holds "more edits, a longer line" VERSIONS=2 RECORDS=4 EDITS=2
    holds "three operators" OPERATORS=3 VERSIONS=2 RECORDS=3 EDITS=1
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
