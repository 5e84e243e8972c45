#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles the JNI shim against the installed library: headers and libenvres come through pkg-config.
#
#   sh shim.sh HEADERS OUTPUT [COMPILER_OPTION...]
#
#   HEADERS  what `javac -h` wrote for the sources
#   OUTPUT   libenvresjni.so
#
# The C files are compiled with those headers, so that each native method has the type that Java says,
# and every one that Java declares must be there in the end. The JDK is $JAVA_HOME, or that of javac.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
headers=$1
output=$2
shift 2
mkdir -p "$(dirname "$output")"
jdk=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
cflags=$(pkg-config --cflags envres)
libs=$(pkg-config --libs envres)

# shellcheck disable=SC2086
"${CC:-cc}" -std=c11 -O2 -g -fPIC -shared -fvisibility=hidden -Wall -Wextra -Wpedantic -Wconversion \
    -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror \
    -Wl,-z,defs -Wl,-z,relro,-z,now -I"$headers" -isystem "$jdk/include" -isystem "$jdk/include/linux" \
    $cflags -pthread "$@" -o "$output" "$here"/src/main/c/*.c $libs

declared=$(sed -n 's/.*\(Java_[A-Za-z0-9_]*\).*/\1/p' "$headers"/*.h | sort)
defined=$(nm -D --defined-only "$output" | sed -n 's/.* T \(Java_.*\)/\1/p' | sort)
if [ "$declared" != "$defined" ]; then
    echo "shim.sh: what Java declares and what C defines differ" >&2
    exit 1
fi
