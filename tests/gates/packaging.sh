#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs the library into a folder and uses it in each way that is promised: pkg-config shared and
# static, CMake shared and static, meson subproject. The host program is the same everywhere.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/envres-packaging.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

meson setup "$work/build" "$root" --prefix "$prefix" -Dtests=false -Dbuildtype=release
ninja -C "$work/build" -j2
meson install -C "$work/build" --no-rebuild
# Installed trees are moved: packages are built in one place and used in another.
mv "$prefix" "$work/moved"
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name libenvres.so)")
[ -f "$libdir/libenvres.a" ] && [ -L "$libdir/libenvres.so.0" ]
export PKG_CONFIG_PATH=$libdir/pkgconfig
pc="pkg-config --define-variable=prefix=$prefix"

mkdir "$work/host"
cat >"$work/host/host.c" <<'END'
#include <envres/envres.h>
#include <string.h>

/* Names that the library uses inside; a host may have its own. */
int mem_free(void);
int err_set(void);
int
mem_free(void)
{
    return 3;
}
int
err_set(void)
{
    return 4;
}

int
main(void)
{
    envres_error *err = envres_error_new(NULL);
    int good = err != NULL && strcmp(envres_status_name(envres_error_code(err)), "ENVRES_OK") == 0;
    envres_error_free(err);
    return good && mem_free() + err_set() == 7 ? 0 : 1;
}
END

cd "$work/host"
cc -Wall -Werror host.c -o shared $($pc --cflags --libs envres)
LD_LIBRARY_PATH=$libdir ./shared
readelf -d shared | grep -q 'NEEDED.*libenvres\.so\.0\]'
cc -Wall -Werror host.c -o static $($pc --cflags envres) "$libdir/libenvres.a" \
    $($pc --static --libs-only-l envres | sed 's/-lenvres//')
./static
if readelf -d static | grep -q libenvres; then
    echo "the static host needs the shared library"
    exit 1
fi
# What is private stays out of the names that a linker sees.
if nm -g --defined-only "$libdir/libenvres.a" | awk 'NF == 3 { print $3 }' | grep -v '^envres_'; then
    echo "the static library has private names"
    exit 1
fi

cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(host C)
find_package(envres 0.1 REQUIRED)
add_executable(with_shared host.c)
target_link_libraries(with_shared PRIVATE envres::envres)
add_executable(with_static host.c)
target_link_libraries(with_static PRIVATE envres::envres_static)
add_executable(host_test HOST_TEST_SOURCES)
target_link_libraries(host_test PRIVATE envres::testing cmocka)
find_package(envres 0.2 QUIET)
if(envres_FOUND)
  message(FATAL_ERROR "0.1 was taken for 0.2")
endif()
END
sed -i "s|HOST_TEST_SOURCES|$root/examples/host-test/pool.c $root/examples/host-test/test_pool.c|" \
    CMakeLists.txt
cmake -S . -B cmake "-DCMAKE_PREFIX_PATH=$prefix" -DCMAKE_BUILD_TYPE=Release
cmake --build cmake
./cmake/with_shared
./cmake/with_static
./cmake/host_test

mkdir -p "$work/parent/subprojects"
cp host.c "$work/parent/"
ln -s "$root" "$work/parent/subprojects/envres"
cat >"$work/parent/meson.build" <<'END'
project('host', 'c')
envres = dependency('envres', fallback: 'envres',
  default_options: ['tests=false', 'cli=false'])
test('host', executable('host', 'host.c', dependencies: envres))
END
for kind in shared static; do
    env -u PKG_CONFIG_PATH meson setup "$work/parent/$kind" "$work/parent" \
        --force-fallback-for=envres -Ddefault_library=$kind
    meson test -C "$work/parent/$kind"
done

# The examples as they would be copied: against the installed library, and against a subproject. They
# are built with meson, which asks pkg-config, whose files must know where the tree was moved to.
sed -i "s|^prefix=.*|prefix=$prefix|" "$libdir"/pkgconfig/*.pc
for example in dashboard host-test; do
    cp -r "$root/examples/$example" "$work/$example"
    meson setup "$work/$example/installed" "$work/$example"
    meson compile -C "$work/$example/installed"
done
mkdir "$work/host-test/subprojects"
ln -s "$root" "$work/host-test/subprojects/envres"
for kind in shared static; do
    env -u PKG_CONFIG_PATH meson setup "$work/host-test/$kind" "$work/host-test" \
        --force-fallback-for=envres,envres-testing -Ddefault_library=$kind
    meson compile -C "$work/host-test/$kind"
done
LD_LIBRARY_PATH=$libdir meson test -C "$work/host-test/installed"
meson test -C "$work/host-test/shared" pool
meson test -C "$work/host-test/static" pool
cc "$root"/examples/host-test/*.c -o hosttest $(pkg-config --cflags --libs envres-testing envres cmocka)
LD_LIBRARY_PATH=$libdir ./hosttest
