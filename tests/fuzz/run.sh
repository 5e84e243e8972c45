#!/bin/sh
# SPDX-License-Identifier: MIT
# Fuzzes, one target after the other, and prints a line for each: target, runs, seconds, runs per
# second, inputs kept, what was found. The last line says `N passed, N failed`.
#
#   sh tests/fuzz/run.sh [--runs N] [--seconds N] [--sanitize] [--replay] [--minimize] [TARGET...]
#
#   TARGET      json, template, ...: the folders of tests/fuzz/corpus; without any: all of them
#   --runs N    ends a target after N executions; one that is stopped before says how many it made
#   --seconds N ends a target after N seconds; 20 where neither is given
#   --sanitize  with AddressSanitizer and UBSan over the whole library; a tenth as fast, or less
#   --replay    runs what is kept, and nothing new, with the sanitizers
#   --minimize  takes from all that is kept the fewest small inputs that go the same ways, and puts
#               them into tests/fuzz/corpus, beside those that have a name and not a hash
#
# The build folder is build-fuzz/, or $ENVRES_FUZZ_BUILD (it needs clang). New inputs are kept below it,
# in corpus/TARGET; an input that fails is in found/TARGET: `fuzz_TARGET FILE` shows it again.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
here=$root/tests/fuzz
build=${ENVRES_FUZZ_BUILD:-$root/build-fuzz}
runs=-1
seconds=0
kind=fast
act=fuzz
targets=
while [ $# -gt 0 ]; do
    case $1 in
    --runs) shift; runs=${1:?--runs takes a number} ;;
    --seconds) shift; seconds=${1:?--seconds takes a number} ;;
    --sanitize) kind=fuzz ;;
    --replay) kind=fuzz act=replay runs=0 ;;
    --minimize) act=minimize ;;
    -h | --help) sed -n '3,19s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *)
        [ -d "$here/corpus/$1" ] || { echo "fuzz/run.sh: unknown argument $1" >&2; exit 2; }
        targets="$targets $1"
        ;;
    esac
    shift
done
[ -n "$targets" ] || targets=$(cd "$here/corpus" && echo *)
[ "$runs" -ge 0 ] || [ "$seconds" -gt 0 ] || seconds=20

sh "$root/tests/setup.sh" --packages-only
if ! command -v clang >/dev/null; then
    echo "fuzz/run.sh: clang is needed (Debian packages clang, libclang-rt-14-dev)" >&2
    exit 2
fi
[ -f "$build/build.ninja" ] || CC=clang meson setup -Dfuzz=true "$build" "$root" >/dev/null
wanted=
for t in $targets; do wanted="$wanted tests/fuzz/${kind}_$t"; done
log=$(mktemp "${TMPDIR:-/tmp}/envres-fuzz.XXXXXX")
trap 'rm -f "$log"' EXIT
# What runs is stopped, and what it has done is counted.
child=
stopped=no
trap 'stopped=yes; [ -z "$child" ] || kill -TERM "$child"' INT TERM
# shellcheck disable=SC2086
ninja -C "$build" $wanted >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

# Longest input of a target: what is longer costs time and shows nothing new.
longest() {
    case $1 in
    cli) echo 128 ;;
    json) echo 96 ;;
    redact | store) echo 512 ;;
    records | resolve) echo 256 ;;
    *) echo 160 ;;
    esac
}

passed=0
failed=0

# fuzz TARGET: executions, or the replay of what is kept. libFuzzer's counting of how often a way is
# gone costs more than most targets do; it is left to --sanitize. Time is told by the clock: an input
# of a busy machine takes long, and the first one of `store` makes a store.
fuzz() {
    t=$1
    kept=$build/corpus/$t
    export ENVRES_FUZZ_KEEP="$build/found/$t"
    mkdir -p "$kept" "$build/found/$t"
    set -- "-max_len=$(longest "$t")" -timeout=120 -rss_limit_mb=2048 "-artifact_prefix=$build/found/$t/"
    [ "$kind" = fuzz ] || set -- "$@" -entropic=0 -use_counters=0 -reduce_inputs=0
    set -- "$@" -print_final_stats=1
    [ "$runs" -lt 0 ] || set -- "$@" "-runs=$runs"
    [ "$seconds" -eq 0 ] || set -- "$@" "-max_total_time=$seconds"
    for dict in "$here/$t.dict"; do [ ! -f "$dict" ] || set -- "$@" "-dict=$dict"; done
    begin=$(date +%s)
    verdict='nothing found'
    "$build/tests/fuzz/${kind}_$t" "$@" "$kept" "$here/corpus/$t" >"$log" 2>&1 &
    child=$!
    status=0
    wait "$child" || status=$?
    while kill -0 "$child" 2>/dev/null; do
        status=0
        wait "$child" || status=$? # the first ended with the signal that stops it
    done
    child=
    if [ "$status" -eq 0 ] || { [ "$stopped" = yes ] && grep -q 'run interrupted; exiting' "$log"; }; then
        passed=$((passed + 1))
        [ "$stopped" = no ] || verdict='nothing found, stopped'
    else
        failed=$((failed + 1))
        verdict=FOUND
    fi
    took=$(($(date +%s) - begin))
    done_runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    done_runs=${done_runs:-0}
    printf '%-10s %12s runs %7s s %8s/s %6s inputs   %s\n' "$t" "$done_runs" "$took" \
        $((done_runs / (took > 0 ? took : 1))) "$(find "$kept" "$here/corpus/$t" -type f | wc -l)" "$verdict"
    [ "$verdict" != FOUND ] || tail -n 40 "$log" | sed 's/^/    /'
}

minimize() {
    t=$1
    mkdir -p "$build/corpus/$t"
    rm -rf "$build/minimal"
    mkdir -p "$build/minimal"
    if ! "$build/tests/fuzz/fast_$t" -merge=1 -use_counters=0 "-max_len=$(longest "$t")" "$build/minimal" \
        "$here/corpus/$t" "$build/corpus/$t" >"$log" 2>&1; then
        failed=$((failed + 1))
        cat "$log"
        return
    fi
    passed=$((passed + 1))
    for input in "$here/corpus/$t"/*; do
        # libFuzzer names inputs by their SHA-1.
        case ${input##*/} in
        *[!0-9a-f]*)
            rm -f "$build/minimal/$(sha1sum <"$input" | cut -c1-40)"
            cp "$input" "$build/minimal"
            ;;
        esac
    done
    rm -rf "${here:?}/corpus/$t"
    mv "$build/minimal" "$here/corpus/$t"
    printf '%-10s %6s inputs, %s bytes\n' "$t" "$(find "$here/corpus/$t" -type f | wc -l)" \
        "$(cat "$here/corpus/$t"/* | wc -c)"
}

for t in $targets; do
    [ "$stopped" = no ] || break
    if [ "$act" = minimize ]; then minimize "$t"; else fuzz "$t"; fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$stopped" = no ]
