#!/bin/sh
# SPDX-License-Identifier: MIT
# Every proof there is, one row each: what ran and how much, what was found, how many planted faults
# were caught, how long it took. The last line says `N passed, N failed`.
#
#   sh tests/torture/run.sh [--long] [--seed N] [ROW...]
#
#   tortures of the store
#     cuts        the power goes in each disk call of each change, and each call fails; the store is
#                 then as before or as after, and as after if the call said so
#     migrations  the same inside opening, migrations and backups
#     controls    the same disk under settings that must lose: a simulator that finds nothing is blind
#     oom         the n-th request for memory fails, for every n, in every scenario
#     dbfail      calls of the database layer fail, one of each chain of calls, in every scenario
#     interleave  a second handle works inside each disk call of the first: as one after the other
#     kill        processes that write are killed; what they said was done is there
#     linear      four processes release and roll back, four read: one order explains all they saw
#     threads     eight threads resolve while two handles release, under ThreadSanitizer
#     soak        six processes on one file: memory, descriptors and journal stay as they are
#   damage
#     bits        bits flipped in each column of blobs
#     cells       cells and rows that break what the schema says
#     damage      bytes flipped, pages overwritten, the file cut
#     salvage     what is taken out of such files
#     residue     secrets looked for in files, messages and memory
#     golden      a store of each format: read, verified, written; of a newer one: left alone
#   inputs and models
#     fuzz        each parser, and the content of a store changed through SQL, with new inputs
#     resolve     templates against a second resolver, written differently
#     json        the whole of JSONTestSuite
#     model       random changes of the configuration, against a model as small as can be
#     spin        promote, release, roll back with two operators, in every order
#   the tests themselves (each builds the library anew)
#     coverage    branches that the tests reach
#     mutation    conditions made always true, always false: of files that differ from main
#     sanitizers  the suite under AddressSanitizer, UBSan and LeakSanitizer
#     valgrind    the unit tests under valgrind
#     warnings    two compilers, clang-format, cppcheck, clang-tidy
#
#   ROW         these rows; `tortures`: all but the last group; without any: all
#   --long      what nobody waits for: 1,000,000 cuts, all pairs, 100,000,000 inputs of each parser, two
#               hours of soak, the whole library mutated, ... (the figures are in docs/reliability.md)
#   --seed N    other random numbers; a finding names the seed that shows it again
#
# The logs are in build/meson-logs/torture-ROW.log. A tool or data that is missing fails its row, and
# the line says which. The build folder is build/, or $ENVRES_BUILD. $ENVRES_JSON_SUITE is the folder
# test_parsing of JSONTestSuite.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${ENVRES_BUILD:-$root/build}
tortures='cuts migrations controls oom dbfail interleave kill linear threads soak bits cells damage salvage
    residue golden fuzz resolve json model spin'
all="$tortures coverage mutation sanitizers valgrind warnings"
long=no
seed=1
rows=
while [ $# -gt 0 ]; do
    case $1 in
    --long) long=yes ;;
    --seed) shift; seed=${1:?--seed takes a number} ;;
    -h | --help) sed -n '3,50s/^# \{0,1\}//p' "$0"; exit 0 ;;
    tortures) rows="$rows $tortures" ;;
    all) rows="$rows $all" ;;
    *)
        case " $(echo $all) " in
        *" $1 "*) rows="$rows $1" ;;
        *) echo "torture/run.sh: unknown argument $1; --help names the rows" >&2; exit 2 ;;
        esac
        ;;
    esac
    shift
done
[ -n "$rows" ] || rows=$all
case $seed in *[!0-9]* | '') echo "torture/run.sh: --seed takes a number" >&2; exit 2 ;; esac

sh "$root/tests/setup.sh" "$build"
cd "$root"
bin=$build/tests/torture
logs=$build/meson-logs
passed=0
failed=0
missing=

# pick SHORT LONG: what --long makes of a number.
pick() { if [ "$long" = yes ]; then echo "$2"; else echo "$1"; fi; }

# gate NAME...: gates of .ci/run, and what they say.
gate() {
    bash .ci/run "$@" || status=1
    for name in "$@"; do
        [ ! -f "build-ci/logs/$name" ] || cat "build-ci/logs/$name"
    done
    return "${status:-0}"
}

need() {
    command -v "$1" >/dev/null && return 0
    echo "missing: $1"
    return 1
}

json_suite() {
    suite=${ENVRES_JSON_SUITE:-}
    if [ ! -d "$suite" ]; then
        echo "missing: JSONTestSuite; set ENVRES_JSON_SUITE, see --help"
        return 1
    fi
    test=$build/tests/unit/test_json_suite
    # The control: a good text that claims to be a bad one.
    copy=$(mktemp -d "${TMPDIR:-/tmp}/envres-json.XXXXXX")
    cp "$suite"/* "$copy"
    victim=$(find "$copy" -name 'n_*' | sort | head -n 1)
    printf '[1]' >"$victim"
    caught=1
    ENVRES_JSON_SUITE=$copy "$test" >/dev/null 2>&1 && caught=0
    rm -rf "$copy"
    echo "control: $caught of 1 caught"
    ENVRES_JSON_SUITE=$suite "$test"
}

spin_model() {
    need spin || return 1
    bash tests/models/run.sh $(pick '' --long) || status=1
    return "${status:-0}"
}

mutate() {
    if [ "$long" = yes ]; then
        python3 tests/torture/mutate.py --results "$build/mutation.results"
    else
        base=$(git rev-parse -q --verify origin/main || git rev-parse -q --verify main) || base=HEAD
        [ "$base" != "$(git rev-parse HEAD)" ] || base=HEAD~1
        python3 tests/torture/mutate.py --changed "$base" --seconds 600
    fi
}

resolve_alone() {
    "$build/tests/fuzz/control_resolve" tests/fuzz/corpus/resolve && echo 'control: 1 of 1 caught'
    sh tests/fuzz/run.sh $(pick '--seconds 20' '--runs 100000000') resolve
}

parsers() {
    targets=
    for folder in tests/fuzz/corpus/*; do
        [ "${folder##*/}" = resolve ] || targets="$targets ${folder##*/}"
    done
    sh tests/fuzz/run.sh $(pick '--seconds 20' '--runs 100000000') $targets
}

# prove ROW: what runs. Each prints what it did, and `control: N of N caught` where it has one.
prove() {
    case $1 in
    cuts) "$bin/test_cuts" --trials "$(pick 20000 1000000)" --seed "$seed" ;;
    migrations) "$bin/test_store_cuts" "$seed" ;;
    controls) "$bin/test_cutvfs" "$seed" ;;
    oom) "$bin/test_oom" $(pick '' --every) ;;
    dbfail) "$bin/test_dbfail" ;;
    interleave) "$bin/test_interleave" $(pick '--pairs 10' --all) --seed "$seed" ;;
    kill) "$bin/test_kill" --kills "$(pick 2000 100000)" --seed "$seed" ;;
    linear) "$bin/test_linear" --ops "$(pick 100000 10000000)" --seed "$seed" ;;
    threads) gate threads ;;
    soak) "$bin/test_soak" --seconds "$(pick 30 7200)" ;;
    bits) "$bin/test_bits" --each "$(pick 16 200)" ;;
    cells) "$bin/test_cells" $(pick '' '--rows 4') ;;
    damage) "$bin/test_damage" --flips "$(pick 1000 100000)" --seed "$seed" ;;
    salvage) "$bin/test_salvage" --trials "$(pick 10 1000)" --step "$(pick 2 1)" --seed "$seed" ;;
    residue) "$bin/test_residue" ;;
    golden) "$build/tests/golden/test_golden" tests/golden ;;
    fuzz) parsers ;;
    resolve) resolve_alone ;;
    json) json_suite ;;
    model) "$bin/test_model" --sequences "$(pick 20000 1000000)" --seed "$seed" ;;
    spin) spin_model ;;
    coverage) gate coverage ;;
    mutation) mutate ;;
    sanitizers) gate sanitizers ;;
    valgrind) gate valgrind ;;
    warnings) gate warnings_gcc warnings_clang format cppcheck "$(pick tidy tidy_deep)" ;;
    esac
}

# summary ROW LOG: what ran and how much, from what it said.
summary() {
    case $1 in
    migrations) grep -a 'cuts in .* calls' "$2" | awk '{ n += $1 } END { if (n) print n, "cuts" }' ;;
    controls) grep -ac 'cuts lost an acknowledged' "$2" | sed 's/$/ settings of a disk/' ;;
    salvage)
        awk '/ values kept/ { k += $(NF - 4); of += $(NF - 2) }
            / trials, / { for (i = 2; i <= NF; i++) if ($i == "trials,") t += $(i - 1) }
            END { if (t) printf "%d files, %d of %d values kept\n", t, k, of }' "$2"
        ;;
    fuzz | resolve)
        awk '/ runs / && / s / { n += $2; t++ } END { if (t) printf "%d targets, %d runs\n", t, n }' "$2"
        ;;
    json) sed -n 's/^\([0-9]*\) good, \([0-9]*\) bad, \([0-9]*\) open$/\1 good texts, \2 bad, \3 left open/p' "$2" ;;
    spin) awk '/ states / { n++ } END { if (n) print n, "searches to the end" }' "$2" ;;
    coverage) sed -n 's/^\(branches: .*\)/\1/p' "$2" | tail -n 1 ;;
    mutation)
        awk '/^all / { printf "%d of %d mutants tried, %d killed, %d equivalent\n", $3, $2, $4, $5 }' "$2"
        ;;
    threads | sanitizers | valgrind | warnings)
        grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$2" | sort -n | tail -n 1
        ;;
    *)
        grep -aE '^(power cuts and faults|out of memory|failing calls of the database|interleavings|killed|linearizable|soak|bits|cells|damaged files|residue|golden files|against the model):' \
            "$2" | tail -n 1 | sed 's/^[a-z ]*: //'
        ;;
    esac
}

# caught ROW LOG: how many of the planted faults; a dash for a row without any.
caught() {
    case $1 in
    spin)
        awk '/broken:/ { n++; good += $1 == "ok" } END { if (n) print good " of " n " caught" }' "$2"
        ;;
    coverage | mutation | migrations | fuzz | salvage | valgrind) echo - ;;
    *)
        sed -n 's/.*control: \([0-9]* of [0-9]* caught\).*/\1/p' "$2" |
            awk '{ n += $1; of += $3 } END { if (of) print n " of " of " caught" }'
        ;;
    esac
}

run_row() {
    log=$logs/torture-$1.log
    begin=$(date +%s)
    verdict=nothing
    (set +e; prove "$1"; exit $?) >"$log" 2>&1 || verdict=FAILED
    what=$(summary "$1" "$log")
    control=$(caught "$1" "$log")
    missing=$(sed -n 's/^missing: //p' "$log" | head -n 1)
    [ -n "$what" ] || { what='it did not come to its end'; verdict=FAILED; }
    [ -z "$missing" ] || what="missing: $missing"
    case $control in
    '') control='no control'; verdict=FAILED ;;
    -) ;;
    *) [ "${control%% *}" = "$(echo "$control" | cut -d' ' -f3)" ] || verdict=FAILED ;;
    esac
    printf '%-11s %-62.62s %-8s %-15s %5d s\n' "$1" "$what" "$verdict" "$control" \
        $(($(date +%s) - begin))
    if [ "$verdict" = FAILED ]; then
        failed=$((failed + 1))
        [ -n "$missing" ] || tail -n 40 "$log" | sed 's/^/    /'
    else
        passed=$((passed + 1))
    fi
}

printf '%-11s %-62s %-8s %-15s %7s\n' row 'what, and how much' found control time
for r in $rows; do
    run_row "$r"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
