#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the Java binding as a host would get it: the library is installed into a folder of its own,
# the binding is built against that and nothing else, its documentation is checked, and the tests run,
# once more with AddressSanitizer and UBSan in the shim; then the example, and the package in a project
# that depends on it. The last line says `N passed, N failed`.
#
#   sh bindings/java/test.sh [--offline] [BUILD_FOLDER]
#
#   --offline      without what comes from Maven Central: the plugins of Maven for `mvn install`, and the
#                  OpenFeature SDK. The package is then proved as a module, without Maven
#   BUILD_FOLDER   of the library, brought up to date; without one, a folder is made and compiled
#
# What Maven downloads is kept in $ENVRES_MAVEN_CACHE, when that is set, for the next time.
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

work=$(mktemp -d "${TMPDIR:-/tmp}/envres-java.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

passed=0 failed=0
failed() {
    cat "$work/log" >&2
    echo "test.sh: $1" >&2
    echo "$passed passed, $((failed + 1)) failed"
    exit 1
}
quietly() {
    what=$1
    shift
    "$@" >"$work/log" 2>&1 || failed "$what failed"
}
# The same, as a test that is counted.
proves() {
    quietly "$@"
    passed=$((passed + 1))
    echo "ok      $1"
}

sh "$root/tests/setup.sh" --java --without-tests --packages-only
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

# A copy, so that nothing is written beside the sources.
source=$work/source
mkdir "$source"
cp -R "$here"/. "$source"
main=$(find "$source/src/main/java" -name '*.java')
# shellcheck disable=SC2086
proves "the binding compiles without a warning" javac -Xlint:all -Werror --release 17 -encoding UTF-8 \
    -d "$work/module" -h "$work/headers" $main
mkdir "$work/lib" "$work/checked"
proves "the shim compiles against the installed library" sh "$source/shim.sh" "$work/headers" \
    "$work/lib/libenvresjni.so"
quietly "the shim with sanitizers" sh "$source/shim.sh" "$work/headers" \
    "$work/checked/libenvresjni.so" -fsanitize=address,undefined -fno-sanitize-recover=undefined
# shellcheck disable=SC2086
proves "everything public is documented" javadoc -quiet -Xdoclint:all -Werror -encoding UTF-8 \
    -d "$work/javadoc" $main

# tests FOLDER_OF_THE_SHIM ARGUMENT...: from the class path, since tests look inside.
tests() {
    lib=$1
    shift
    status=0
    # A heap that is all there from the beginning, so that what grows is not Java's.
    java -Xcheck:jni -XX:+UseSerialGC -Xms128m -Xmx128m -XX:+AlwaysPreTouch -Denvres.tree="$root" -Djava.library.path="$lib" \
        -cp "$work/module:$work/tests" dev.envres.Tests "$@" >"$work/log" 2>&1 || status=$?
    cat "$work/log"
    if grep -q -e '^WARNING' -e 'FATAL ERROR in native' -e 'AddressSanitizer' -e 'runtime error:' \
        "$work/log"; then
        status=1
    fi
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/log")
    passed=$((passed + ${counts% *} + 0))
    [ "$status" = 0 ] || failed=$((failed + 1))
}
# shellcheck disable=SC2046
quietly "compiling the tests" javac -Xlint:all -Werror -encoding UTF-8 -cp "$work/module" \
    -d "$work/tests" $(find "$source/src/test/java" -name '*.java')
cd "$work"
all="SessionTest SafetyTest CallbacksTest QueriesTest VectorsTest SqlVectorsTest"
# shellcheck disable=SC2086
tests "$work/lib" $all StepVectorsTest ReleaseVectorsTest Drift
(
    # What a virtual machine keeps until its end is no leak, and its own signals are its own.
    LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)"
    export LD_PRELOAD UBSAN_OPTIONS=halt_on_error=1
    export ASAN_OPTIONS=handle_segv=0:detect_leaks=0:allocator_may_return_null=1
    passed=0 failed=0
    # shellcheck disable=SC2086
    tests "$work/checked" -Flat -Files $all
    echo "$passed $failed" >"$work/counts"
)
read -r more bad <"$work/counts"
passed=$((passed + more)) failed=$((failed + bad))

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
