#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes this machine and a build folder ready: installs the Debian packages that are missing,
# configures, compiles. Quiet when all goes well; the whole log when not.
#
#   sh tests/setup.sh [--gates] [--LANGUAGE...] [--without-tests] [--bench] [--packages-only]
#                     [--check] [BUILD_FOLDER]
#
#   --gates           also the tools of the strict gates (.ci/run)
#   --LANGUAGE        python, node, go, rust, java or luajit: also what that binding and its tests
#                     need; what the PATH has serves, where it is new enough
#   --without-tests   only the library and the command line; needs no cmocka
#   --bench           the benchmarks, in a release build, without tests; their peer too, where
#                     Debian has it
#   --packages-only   nothing is configured
#   --check           nothing is installed and nothing configured: says what is missing
#   BUILD_FOLDER      default: $ENVRES_BUILD, else build/ (build-product/ without tests)
#
# Exit: 0 ready, 1 the build failed (log on stderr), 2 something is missing that cannot be installed
# here (said exactly).
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
gates=no check=no languages=' ' tests=yes bench=no build_wanted=yes folder=
for arg in "$@"; do
    case $arg in
    --gates) gates=yes ;;
    --python | --node | --go | --rust | --java | --luajit) languages="$languages${arg#--} " ;;
    --without-tests) tests=no ;;
    --bench) bench=yes tests=no ;;
    --packages-only) build_wanted=no ;;
    --check) check=yes build_wanted=no ;;
    -*) echo "setup.sh: unknown option $arg" >&2; exit 2 ;;
    *) folder=$arg ;;
    esac
done
if [ -z "$folder" ]; then
    if [ "$tests" = yes ]; then
        folder=${ENVRES_BUILD:-$root/build}
    else
        folder=${ENVRES_BUILD:-$root/build-product}
    fi
fi

log=$(mktemp "${TMPDIR:-/tmp}/envres-setup.XXXXXX")
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

have() { command -v "$1" >/dev/null 2>&1; }
# Without a compiler or pkg-config, which are then missing themselves, the usual place must do.
header() {
    if have cc; then
        printf '#include <stddef.h>\n#include <%s>\n' "$1" | cc -E -xc - >/dev/null 2>&1
    else
        [ -e "/usr/include/$1" ]
    fi
}
module() {
    if have pkg-config; then
        pkg-config --exists "$1" 2>/dev/null
    else
        header "$2"
    fi
}
meson_fits() {
    have meson && [ "$(meson --version | awk -F. '{ print ($1 >= 1) }')" = 1 ]
}
clang_runtime() {
    have clang && [ -e "$(clang -print-file-name=libclang_rt.asan-x86_64.a)" ] ||
        [ -e "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.asan.a" ] ||
        [ -e "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.asan-$(uname -m).a" ]
}
postgres_server() {
    have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
# The layout is that of one release of clang-format; others differ in details.
format_fits() { have clang-format-14; }

# Packages of Debian serve Debian's Python, not one that comes before it in the PATH.
debian_python() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
debian_python_headers() {
    /usr/bin/python3 -c 'import os, sysconfig
raise SystemExit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))' 2>/dev/null
}

# at_least MAJOR MINOR VERSION: compares the first two numbers of a version.
at_least() {
    printf '%s\n' "$3" | awk -F '[^0-9]+' -v major="$1" -v minor="$2" \
        '{ exit !($1 > major || ($1 == major && $2 >= minor)) }'
}
# The tools say "go version go1.19.8 linux/amd64", "v18.19.0", "rustc 1.63.0 (...)", "javac 17.0.15".
go_fits() {
    have go && at_least 1 19 "$(go version 2>/dev/null | awk '{ sub("^go", "", $3); print $3 }')"
}
node_fits() {
    have node && at_least 18 0 "$(node --version 2>/dev/null | awk '{ sub("^v", ""); print }')"
}
# A node that brings its own headers has them beside itself; those of Debian lie where its own do.
node_headers() {
    have node && [ -e "$(node -p 'path.resolve(process.execPath, "../../include/node")')/node_api.h" ]
}
rustc_fits() {
    have rustc && at_least 1 63 "$(rustc --version 2>/dev/null | awk '{ print $2 }')"
}
# A stub of rustup is in the PATH whether or not its component is there.
rust_tool() { have "$1" && "$1" --version >/dev/null 2>&1; }
javac_fits() {
    have javac && at_least 17 0 "$(javac -version 2>&1 | awk '{ print $2 }')"
}
jdk_headers() {
    if [ -n "${JAVA_HOME:-}" ]; then
        [ -e "$JAVA_HOME/include/jni.h" ]
    else
        have javac && [ -e "$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")/include/jni.h" ]
    fi
}
wants() { case $languages in *" $1 "*) ;; *) return 1 ;; esac; }

# need PACKAGE WHAT CHECK...: notes what is not here, and the Debian package that has it.
need() {
    package=$1 what=$2
    shift 2
    if ! "$@"; then
        case "$packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
        missing="$missing
  $what (Debian package $package)"
    fi
}

look() {
    packages='' missing=''
    need gcc "a C compiler named cc" have cc
    need libc6-dev "the C library's headers" header stdlib.h
    need binutils "ar and objcopy" have objcopy
    need meson "meson 1.0 or newer" meson_fits
    need ninja-build "ninja" have ninja
    need pkg-config "pkg-config" have pkg-config
    need python3 "python3" have python3
    need libsqlite3-dev "sqlite3 with headers" module sqlite3 sqlite3.h
    need libsodium-dev "libsodium with headers" module libsodium sodium.h
    need libjsmn-dev "the header jsmn.h" header jsmn.h
    if [ "$tests" = yes ]; then
        need libcmocka-dev "cmocka with headers" module cmocka cmocka.h
        need patch "patch" have patch
    fi
    if [ "$gates" = yes ]; then
        need git "git" have git
        need gcc "gcc" have gcc
        need g++ "g++" have g++
        need clang "clang" have clang
        need libclang-rt-14-dev "clang's sanitizer libraries" clang_runtime
        need clang-format-14 "clang-format-14" format_fits
        need clang-tidy "clang-tidy" have clang-tidy
        need cppcheck "cppcheck" have cppcheck
        need gcovr "gcovr" have gcovr
        need valgrind "valgrind" have valgrind
        need spin "spin" have spin
        need cmake "cmake" have cmake
        need sqlite3 "the sqlite3 shell" have sqlite3
        need zsh "zsh" have zsh
        need fish "fish" have fish
        need groff-base "groff" have groff
        need postgresql "the PostgreSQL server" postgres_server
        need libpq-dev "libpq with headers" module libpq libpq-fe.h
        need mariadb-server-core "the MariaDB server" have mariadb-install-db
        need libmariadb-dev "MariaDB's library with headers" module libmariadb mysql.h
    fi
    if wants python; then
        need python3-dev "the headers of Debian's Python" debian_python_headers
        need python3-cffi "cffi" debian_python cffi
        need python3-mesonpy "meson-python" debian_python mesonpy
        need python3-pytest "pytest" debian_python pytest
        need python3-venv "venv" debian_python ensurepip
        need mypy "mypy" have mypy
    fi
    if wants node; then
        need nodejs "node 18 or newer" node_fits
        need npm "npm" have npm
        need libnode-dev "node's header node_api.h" node_headers
        need node-typescript "tsc" have tsc
    fi
    if wants go; then
        need golang-go "go 1.19 or newer" go_fits
    fi
    if wants rust; then
        need rustc "rustc 1.63 or newer" rustc_fits
        need cargo "cargo" rust_tool cargo
        need rustfmt "rustfmt" rust_tool rustfmt
        need rust-clippy "clippy" rust_tool cargo-clippy
    fi
    if wants java; then
        need default-jdk-headless "javac 17 or newer" javac_fits
        need default-jdk-headless "jni.h of the JDK" jdk_headers
        need maven "maven" have mvn
    fi
    if wants luajit; then
        need luajit "luajit" have luajit
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

install_packages() {
    have apt-get || return 1
    [ "$(id -u)" = 0 ] || have sudo || return 1
    echo "installing:$packages" >&2
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update \
        >"$log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
            install --no-install-recommends $packages >>"$log" 2>&1
}

# A benchmark without its peer is one all the same: that column stays empty.
install_peer() {
    pkg-config --exists libctemplate && have c++ && return
    packages=' g++ libctemplate-dev'
    install_packages || echo "setup.sh: no libctemplate-dev here: no peer" >&2
}

look
if [ -n "$packages" ]; then
    if [ "$check" = no ] && ! install_packages; then
        cat "$log" >&2
    fi
    look
    if [ -n "$packages" ]; then
        {
            echo "libenvres cannot be built here. Missing:$missing"
            echo "On Debian 12 or newer, or Ubuntu 24.04 or newer, as root:" \
                "apt-get install$packages"
        } >&2
        exit 2
    fi
fi
[ "$bench" = no ] || [ "$check" = yes ] || install_peer
[ "$build_wanted" = yes ] || exit 0

# The mark says for which tree, and how, a folder was configured. One without a mark was configured by
# hand and is kept; one of another place is configured anew.
options=
[ "$bench" = no ] || options='-Dbuildtype=release -Dbench=true'
mark="$root tests=$tests $options"
# $options holds words without blanks.
# shellcheck disable=SC2086
configure() {
    if [ -f "$folder/build.ninja" ] && [ -f "$folder/envres-mark" ]; then
        [ "$(cat "$folder/envres-mark")" = "$mark" ] && return 0
        meson setup --wipe "$folder" "$root" "-Dtests=$1" $options >"$log" 2>&1 || return 1
    elif [ -f "$folder/build.ninja" ]; then
        meson configure "-Dtests=$1" $options "$folder" >"$log" 2>&1 || return 1
    else
        meson setup "$folder" "$root" "-Dtests=$1" $options >"$log" 2>&1 || return 1
    fi
    printf '%s\n' "$mark" >"$folder/envres-mark"
}

fail() {
    cat "$log" >&2
    echo "libenvres: $1" >&2
    exit 1
}

if [ "$tests" = yes ]; then value=true; else value=false; fi
configure "$value" || fail "configuring failed (build folder $folder)"
ninja -C "$folder" >"$log" 2>&1 || fail "compiling failed (build folder $folder)"
