#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the Node binding as a host would get it: the library is installed into a folder of its own, the
# package is installed by npm into a clean folder, its types are checked, and the tests run against that;
# then once more with AddressSanitizer and UBSan in the addon. The last line says `N passed, N failed`.
#
#   sh bindings/node/test.sh [--offline] [BUILD_FOLDER]
#
#   --offline      without the OpenFeature provider, whose SDK comes from the npm registry
#   BUILD_FOLDER   of the library, brought up to date; without one, a folder is made and compiled
#
# $ENVRES_OPENFEATURE is the folder of OpenFeature's official Gherkin suite; without it a run that is not
# --offline leaves that suite out, and says so.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
offline=no build=
while [ $# -gt 0 ]; do
    case $1 in
    --offline) offline=yes ;;
    -*) echo "test.sh: unknown option $1" >&2; exit 2 ;;
    *) build=$1 ;;
    esac
    shift
done

work=$(mktemp -d "${TMPDIR:-/tmp}/envres-node.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

failed() {
    cat "$work/log" >&2
    echo "test.sh: $1" >&2
    echo "0 passed, 1 failed"
    exit 1
}
quietly() {
    what=$1
    shift
    "$@" >"$work/log" 2>&1 || failed "$what failed"
}

sh "$root/tests/setup.sh" --node --without-tests --packages-only
if [ -z "$build" ]; then
    build=$work/build
    quietly "configuring the library" meson setup "$build" "$root" -Dtests=false -Dcli=false \
        -Ddefault_library=shared
    quietly "compiling the library" ninja -C "$build"
fi
quietly "installing the library" env DESTDIR="$work/stage" meson install -C "$build"
libdir=$(dirname "$(find "$work/stage" -name libenvres.so)")
sed -i "s|^prefix=|prefix=$work/stage|" "$libdir/pkgconfig/envres.pc"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
export LD_LIBRARY_PATH="$libdir"

# What npm and the compiler write beside the sources must not stay there: they get a copy.
mkdir "$work/source"
cp -R "$here"/* "$work/source"
rm -rf "$work/source/build" "$work/source/node_modules" "$work/source/tests"
export npm_config_cache="${npm_config_cache:-$work/npm}" npm_config_update_notifier=false \
    npm_config_audit=false npm_config_fund=false
export CFLAGS="-O2 -Wconversion -Wpedantic -Werror"

# As a host does it: from a clean folder, then a program of each kind of module.
mkdir "$work/app"
cd "$work/app"
echo '{"private": true}' >package.json
quietly "npm install of the package" npm install --offline --install-links "$work/source"
if [ "$offline" = no ]; then
    quietly "npm install of @openfeature/server-sdk" npm install --install-links \
        '@openfeature/server-sdk@^1.17.0'
fi
cat >program.mjs <<'MODULE'
import { Credential, Store, generateKey } from 'envres';
const owner = Credential.rawKey(generateKey());
const store = await Store.create(null, owner);
const session = await store.session(owner);
await session.variables.put('development', 'HOST', 'db.dev');
const scope = await session.scope('development');
console.log(scope.expand('postgres://<< environment.variables.HOST >>/crm'));
MODULE
quietly "a program in a clean folder" node program.mjs
[ "$(cat "$work/log")" = "postgres://db.dev/crm" ] || failed "a program in a clean folder"
export ENVRES_TREE="$root" ENVRES_OFFLINE="$offline"

cp "$here"/tests/*.ts "$work/app"
left=none
[ "$offline" = no ] || left=openfeature
# types FILE LIBRARIES: the SDK's own types want those of Node, which nobody here needs else.
types() {
    cat >tsconfig.json <<JSON
{"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "lib": ["es2022"], "skipLibCheck": $2,
  "module": "node16", "moduleResolution": "node16", "types": []}, "files": ["$1"]}
JSON
    quietly "checking types of $1" tsc -p .
}
types types.ts false
[ "$offline" = yes ] || types openfeature.ts true

passed=0 failures=0
# tests WHAT FILE...: adds what node's runner says; what it skips has failed.
tests() {
    what=$1
    shift
    status=0
    node --expose-gc --test-reporter=tap --test "$@" >"$work/log" 2>&1 || status=$?
    count() { sed -n "s/^# $1 \([0-9]*\)$/\1/p" "$work/log" | tail -1; }
    grep -E '^(# [0-9]+ (cases|examples)|# skipped [0-9]+ of|# the official)' "$work/log" || :
    bad=$(($(count fail) + $(count cancelled) + $(count skipped) + $(count todo)))
    if [ "$bad" -ne 0 ] || [ "$status" -ne 0 ]; then
        cat "$work/log"
        [ "$bad" -ne 0 ] || bad=1
    fi
    echo "$what: $(count pass) passed, $bad failed"
    passed=$((passed + $(count pass)))
    failures=$((failures + bad))
}
all() {
    for one in "$here"/tests/*.test.js; do
        case $one in
        */"$left".test.js) ;;
        *) echo "$one" ;;
        esac
    done
}
# shellcheck disable=SC2046
tests "node $(node --version)" $(all)

# The same with sanitizers in the addon. Memory that Node keeps until its end is no leak, and the allocator
# of the sanitizer is not flat.
sanitizers="-fsanitize=address,undefined -fno-omit-frame-pointer -g"
(cd node_modules/envres && CFLAGS="$CFLAGS $sanitizers" quietly "compiling with sanitizers" node build.js)
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)"
export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 ENVRES_SANITIZED=yes
tests "with sanitizers" "$here"/tests/queries.test.js "$here"/tests/safety.test.js \
    "$here"/tests/session.test.js "$here"/tests/vectors.test.js "$here"/tests/workers.test.js
unset LD_PRELOAD

echo "$passed passed, $failures failed"
[ "$failures" -eq 0 ]
