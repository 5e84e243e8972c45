#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the Go binding as a host would get it: the library is installed into a folder of its own, the
# module is built against that, formatted, vetted, tested, tested again with the race detector and
# with sanitizers, and used by the example and by a module elsewhere. The last line says `N passed, N failed`.
#
#   sh bindings/go/test.sh [--offline] [BUILD_FOLDER] [-- GO_TEST_ARGUMENT...]
#
#   --offline      without the OpenFeature provider, whose SDK comes from the Go module proxy
#   BUILD_FOLDER   of the library, brought up to date; without one, a folder is made and compiled
#
# Go is the one in the path, or $ENVRES_GO.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
go=${ENVRES_GO:-go}
offline=no build=
while [ $# -gt 0 ]; do
    case $1 in
    --offline) offline=yes ;;
    --) shift; break ;;
    -*) echo "test.sh: unknown option $1" >&2; exit 2 ;;
    *) build=$1 ;;
    esac
    shift
done

work=$(mktemp -d "${TMPDIR:-/tmp}/envres-go.XXXXXX")
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

if grep -q -e --go "$root/tests/setup.sh"; then
    sh "$root/tests/setup.sh" --go --without-tests --packages-only
fi
if [ -z "$build" ]; then
    build=$work/build
    quietly "configuring the library" meson setup "$build" "$root" -Dtests=false -Dcli=false \
        -Ddefault_library=shared
    quietly "compiling the library" ninja -C "$build"
fi
quietly "installing the library" env DESTDIR="$work/stage" meson install -C "$build"
libdir=$(dirname "$(find "$work/stage" -name libenvres.so)")
sed -i "s|^prefix=|prefix=$work/stage|" "$libdir/pkgconfig/envres.pc"
export PKG_CONFIG_PATH="$libdir/pkgconfig" LD_LIBRARY_PATH="$libdir"

# The binding needs no module but itself, and nothing of the network.
export GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off ENVRES_TREE="$root"
# A pointer into memory of Go that C would keep ends the tests.
export GODEBUG=cgocheck=1
mkdir "$work/source"
cp -R "$here"/. "$work/source"
cd "$work/source"
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
    echo "test.sh: gofmt -l: $unformatted" >&2
    echo "0 passed, 1 failed"
    exit 1
fi
quietly "go vet" "$go" vet ./...

# tests LOG ARGUMENT...: go test; leaves its status in $status.
tests() {
    log=$1
    shift
    status=0
    "$go" test -count=1 -v "$@" >"$log" 2>&1 || status=$?
    grep -v -e '^=== ' -e '^ *--- PASS' "$log" || true
}
logs=
run() {
    name=$1
    shift
    tests "$work/$name.log" "$@"
    echo "$status" >"$work/$name.status"
    logs="$logs $name"
}
run plain "$@" .
# Memory that is watched is not flat: the tag leaves out what measures it.
run race -race -tags sanitized -run '^Test[^V]|^TestVa|^TestVersions|^Example' .
(
    # The shim with AddressSanitizer and UBSan; the library's own memory is watched by the first.
    export CGO_CFLAGS="-g -O1 -fsanitize=undefined -fno-sanitize-recover=undefined"
    export CGO_LDFLAGS="-fsanitize=undefined" ASAN_OPTIONS=detect_leaks=0
    tests "$work/asan.log" -asan -tags sanitized \
        -run '^Test[^V]|^TestVa|^TestVersions|^TestVectorsOf(Templates|Statements|Resources)' .
    exit "$status"
) && status=0 || status=$?
echo "$status" >"$work/asan.status"
logs="$logs asan"

# The example, and a module elsewhere that uses the binding by its path, as the README says.
mkdir "$work/example" "$work/elsewhere"
cp "$root"/examples/go/* "$work/example"
cd "$work/example"
quietly "go mod edit" "$go" mod edit -replace=envres.dev/go="$work/source"
quietly "go vet of the example" "$go" vet .
run example .
cd "$work/elsewhere"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"

	envres "envres.dev/go"
)

func main() {
	key, err := envres.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	store, err := envres.CreateStore("app.envres", envres.RawKey(key))
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(envres.Version())
}
GO
status=0
{
    "$go" mod init example.com/elsewhere &&
        "$go" mod edit -require=envres.dev/go@v0.0.0 -replace=envres.dev/go="$work/source" &&
        "$go" build -o elsewhere . && said=$(./elsewhere) && [ "$said" = "$(pkg-config --modversion envres)" ]
} >"$work/log" 2>&1 || status=1
if [ "$status" -eq 0 ]; then
    echo "--- PASS: a module elsewhere" >"$work/elsewhere.log"
else
    { echo "--- FAIL: a module elsewhere"; cat "$work/log"; } | tee "$work/elsewhere.log"
fi
echo "$status" >"$work/elsewhere.status"
logs="$logs elsewhere"

# The provider for OpenFeature: a module of its own, whose SDK comes from the Go module proxy.
if [ "$offline" = no ]; then
    unset GOPROXY
    export GOFLAGS=-mod=readonly
    cd "$work/source/openfeature"
    quietly "getting the OpenFeature SDK (it needs Go 1.21)" "$go" mod download
    quietly "go vet of openfeature" "$go" vet .
    if [ -n "${ENVRES_OPENFEATURE:-}" ]; then
        run openfeature .
    else
        echo "test.sh: without the official suite: \$ENVRES_OPENFEATURE names no folder"
        run openfeature -run 'Test[^T]|TestTy|TestTheC|Example' .
    fi
    run openfeature-race -race -run 'Test[^T]|TestTy|TestTheC|Example' .
fi

# counts: what is skipped is not tested.
passed=0 bad=0
for name in $logs; do
    passed=$((passed + $(grep -c '^--- PASS' "$work/$name.log" || true)))
    wrong=$(grep -c -e '^--- FAIL' -e '^--- SKIP' "$work/$name.log" || true)
    if [ "$wrong" -eq 0 ] && [ "$(cat "$work/$name.status")" -ne 0 ]; then
        wrong=1
    fi
    bad=$((bad + wrong))
done
echo "$passed passed, $bad failed"
[ "$bad" -eq 0 ]
