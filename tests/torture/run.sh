#!/bin/sh
# SPDX-License-Identifier: MIT
# Tortures, row by row: what, how many, found. The last line says `N passed, N failed`.
#
#   sh tests/torture/run.sh [--long] [--seed N] [ROW...]
#
#   cuts      power cuts and failing calls of the disk inside every change of the registry; after
#             the restart the store is as before or as after, and as after if the call said so
#   controls  the same disk under settings that must lose: a simulator that finds nothing is blind
#   oom       the n-th request for memory fails, for every n, in every scenario
#   bits      bits flipped in each column of blobs: never another answer
#   damage    bytes flipped, pages overwritten, the file cut: never a wrong value, never a crash
#   interleave  a second handle works inside each call that the first makes to the disk; the end must be
#             that of one after the other
#   kill      children that write are killed; what they said was done is there
#   model     random changes of the configuration, against a model as small as can be
#   linear    four processes release and roll back, four read: one order must explain all they saw
#
#   --long    what tests/run.sh has no time for: 1,000,000 cuts, every request for memory of longer
#             scenarios too, 100,000 flipped bytes, 200 bits of each column, 1,000,000 operations,
#             100,000 kills, all pairs, 1,000,000 sequences
#   --seed N  other random numbers; a finding names the seed that shows it again
#
# The build folder is build/, or $ENVRES_BUILD.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${ENVRES_BUILD:-$root/build}
trials=20000
every=
each=16
flips=1000
ops=10000
pairs='--pairs 10'
kills=2000
sequences=20000
seed=1
rows=
while [ $# -gt 0 ]; do
    case $1 in
    --long) trials=1000000; every=--every; each=200; flips=100000; ops=1000000; pairs=--all; kills=100000; sequences=1000000 ;;
    --seed) shift; seed=${1:?--seed takes a number} ;;
    -h | --help) sed -n '3,26s/^# \{0,1\}//p' "$0"; exit 0 ;;
    cuts | controls | oom | bits | damage | interleave | kill | model | linear) rows="$rows $1" ;;
    *) echo "torture/run.sh: unknown argument $1" >&2; exit 2 ;;
    esac
    shift
done
[ -n "$rows" ] || rows='cuts controls oom bits damage interleave kill model linear'

sh "$root/tests/setup.sh" "$build"
bin=$build/tests/torture
logs=$build/meson-logs
passed=0
failed=0

# row NAME COMMAND...: one line for it, the whole log when it failed.
row() {
    name=$1
    shift
    if "$@" >"$logs/torture-$name.log" 2>&1; then
        passed=$((passed + 1))
        verdict='nothing found'
    else
        failed=$((failed + 1))
        verdict=FAILED
    fi
    what=$(grep -aE '^(power cuts and faults|out of memory|bits|damaged files|interleavings|killed|against the model|linearizable):|tests?\) run|PASSED' \
        "$logs/torture-$name.log" | tail -n 1)
    printf '%-12s %-60s %s\n' "$name" "$what" "$verdict"
    [ "$verdict" != FAILED ] || tail -n 40 "$logs/torture-$name.log" | sed 's/^/    /'
}

for r in $rows; do
    case $r in
    cuts) row cuts "$bin/test_cuts" --trials "$trials" --seed "$seed" ;;
    bits) row bits "$bin/test_bits" --each "$each" ;;
    damage) row damage "$bin/test_damage" --flips "$flips" --seed "$seed" ;;
    # shellcheck disable=SC2086
    interleave) row interleave "$bin/test_interleave" $pairs --seed "$seed" ;;
    kill) row kill "$bin/test_kill" --kills "$kills" --seed "$seed" ;;
    model) row model "$bin/test_model" --sequences "$sequences" --seed "$seed" ;;
    linear) row linear "$bin/test_linear" --ops "$ops" --seed "$seed" ;;
    controls) row controls "$bin/test_cutvfs" ;;
    oom)
        # shellcheck disable=SC2086
        row oom-0 "$bin/test_oom" $every --shard 0 2
        # shellcheck disable=SC2086
        row oom-1 "$bin/test_oom" $every --shard 1 2
        ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
