#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the Java binding as a host would get it: the library is installed into a folder of its own,
# the binding is built against that and nothing else, its documentation is checked, and the tests run,
# once more with AddressSanitizer and UBSan in the shim; then the example, and the package in a project
# that depends on it. The last line says `N passed, N failed`.
#
#   sh bindings/java/test.sh [--offline] [--bench] [BUILD_FOLDER]
#
#   --offline      without what comes from Maven Central: the plugins of Maven for `mvn install`, and the
#                  OpenFeature SDK. The package is then proved as a module, without Maven
#   --bench        says what calls cost instead (bench.sh)
#   BUILD_FOLDER   of the library, brought up to date; without one, a folder is made and compiled
#
# What Maven downloads is kept in $ENVRES_MAVEN_CACHE, when that is set, for the next time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
offline=no bench=no build=
while [ $# -gt 0 ]; do
    case $1 in
    --offline) offline=yes ;;
    --bench) bench=yes ;;
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
if [ "$bench" = yes ]; then
    jdk=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
    javac -cp "$work/module" -d "$work/bench" -h "$work/bench" "$source"/src/bench/java/dev/envres/*.java
    cc -O2 -fPIC -shared -I"$work/bench" -I"$jdk/include" -I"$jdk/include/linux" \
        -o "$work/lib/libenvresbare.so" "$source/src/bench/c/bare.c"
    java -Djava.library.path="$work/lib" -cp "$work/module:$work/bench" dev.envres.Bench
    exit 0
fi
quietly "the shim with sanitizers" sh "$source/shim.sh" "$work/headers" \
    "$work/checked/libenvresjni.so" -fsanitize=address,undefined -fno-sanitize-recover=undefined
# shellcheck disable=SC2086
proves "everything public is documented" javadoc -quiet -Xdoclint:all -Werror -encoding UTF-8 \
    -d "$work/javadoc" $main

more=
# tests FOLDER_OF_THE_SHIM ARGUMENT...: from the class path, since tests look inside.
tests() {
    lib=$1
    shift
    status=0
    # A heap that is all there from the beginning, so that what grows is not Java's.
    java -Xcheck:jni -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms512m -Xmx512m -XX:+AlwaysPreTouch -Denvres.tree="$root" -Djava.library.path="$lib" \
        -cp "$work/module:$work/tests:$more" dev.envres.Tests "$@" >"$work/log" 2>&1 || status=$?
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
all="SessionTest SafetyTest CallbacksTest QueriesTest VectorsTest SqlVectorsTest QueryVectorsTest"
# shellcheck disable=SC2086
tests "$work/lib" $all StepVectorsTest ReleaseVectorsTest PagesTest Drift
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
read -r good bad <"$work/counts"
passed=$((passed + good)) failed=$((failed + bad))

# The package, in a project of its own in a clean folder. consume JAR...: runs it from there.
consume() {
    (
        cd "$work/consumer"
        said=$(java -p "$1:$2" -m consumer/consumer.Main 2>&1) || true
        echo "$said" >"$work/log"
        [ "$said" = "at db.dev" ]
    )
}
cp -R "$source/src/consumer" "$work/consumer"
if [ "$offline" = yes ]; then
    mkdir -p "$work/module/dev/envres/native/linux-$(uname -m | sed 's/x86_64/amd64/')"
    cp "$work/lib/libenvresjni.so" "$work"/module/dev/envres/native/*/
    quietly "the jar" jar --create --file "$work/envres.jar" -C "$work/module" .
    proves "a module compiles against the jar" javac -Xlint:all -Werror --release 17 -p "$work/envres.jar" \
        -d "$work/consumed" "$work"/consumer/src/main/java/*.java "$work"/consumer/src/main/java/*/*.java
    proves "and runs with it" consume "$work/envres.jar" "$work/consumed"
else
    repository=${ENVRES_MAVEN_CACHE:-$work/m2}
    # shellcheck disable=SC2086
    maven="mvn -B -q -Dmaven.repo.local=$repository"
    proves "mvn install" $maven -f "$source/pom.xml" install
    proves "a project depends on it" $maven -f "$work/consumer/pom.xml" package
    proves "and runs with it" consume "$repository/dev/envres/envres/0.1.0/envres-0.1.0.jar" \
        "$work/consumer/target/consumer-1.jar"
    # The OpenFeature provider, an artifact of its own.
    proves "mvn install of the OpenFeature provider" $maven -f "$source/openfeature/pom.xml" install
    more=$(find "$repository/dev/openfeature" "$repository/org/slf4j/slf4j-api" -name '*.jar' | tr '\n' ':')
    more="$more$repository/dev/envres/envres-openfeature/0.1.0/envres-openfeature-0.1.0.jar"
    # shellcheck disable=SC2046
    proves "everything public of it is documented" javadoc -quiet -Xdoclint:all -Werror -encoding UTF-8 \
        -cp "$work/module:$more" -d "$work/javadoc-openfeature" \
        $(find "$source/openfeature/src/main/java" -name '*.java')
    quietly "compiling its tests" javac -Xlint:all,-classfile -Werror -encoding UTF-8 \
        -cp "$work/module:$work/tests:$more" -d "$work/flags" "$source"/openfeature/src/test/java/dev/envres/*.java
    more="$more:$work/flags"
    tests "$work/lib" FlagsTest OfficialSuiteTest
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
