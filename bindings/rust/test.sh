#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the Rust binding as a host would get it: the library is installed into a folder of its own, the
# crates are built against that, formatted, linted, documented and tested, tested once more against a
# library with AddressSanitizer and UBSan, and used from a package in a clean folder. The last line says
# `N passed, N failed`.
#
#   sh bindings/rust/test.sh [--offline] [BUILD_FOLDER]
#
#   --offline      changes nothing: nothing here comes from a registry
#   BUILD_FOLDER   of the library, brought up to date; without one, a folder is made and compiled
#
# ENVRES_RUST_TARGET   folder for what cargo compiles, kept for the next time
# ENVRES_RUST_CHECKED  folder of the library with sanitizers, likewise
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
build=
while [ $# -gt 0 ]; do
    case $1 in
    --offline) ;;
    -*) echo "test.sh: unknown option $1" >&2; exit 2 ;;
    *) build=$1 ;;
    esac
    shift
done

work=$(mktemp -d "${TMPDIR:-/tmp}/envres-rust.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$work/results"

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
# step NAME COMMAND...: counts as one test.
step() {
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok $name" | tee -a "$work/results"
    else
        cat "$work/log"
        echo "failed $name" | tee -a "$work/results"
    fi
}

sh "$root/tests/setup.sh" --rust --without-tests --packages-only
configured() {
    [ -f "$1/build.ninja" ] || meson setup "$@" -Dtests=false -Dcli=false -Ddefault_library=shared
}
if [ -z "$build" ]; then
    build=$work/build
    quietly "configuring the library" configured "$build" "$root"
    quietly "compiling the library" ninja -C "$build"
fi
quietly "installing the library" env DESTDIR="$work/stage" meson install -C "$build"
libdir=$(dirname "$(find "$work/stage" -name libenvres.so)")
sed -i "s|^prefix=|prefix=$work/stage|" "$libdir/pkgconfig/envres.pc"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
checked=${ENVRES_RUST_CHECKED:-$work/checked}
quietly "configuring with sanitizers" configured "$checked" "$root" \
    -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Ddebug=true
checked=$(CDPATH='' cd -- "$checked" && pwd)
# The library alone, and the name that programs load.
shared=$(ninja -C "$checked" -t targets all | sed -n 's/^\(lib\/libenvres\.so[.0-9]*\):.*/\1/p' | head -1)
quietly "compiling with sanitizers" ninja -C "$checked" "$shared"
sanitized=$work/sanitized
mkdir "$sanitized"
ln -s "$checked/$shared" "$sanitized/libenvres.so.0"

# cargo writes beside the sources (a lock file): it gets a copy.
mkdir "$work/tree"
(cd "$root" && tar -cf - bindings/rust bindings/README.md bindings/api.json tests/vectors \
    include examples/rust) | (cd "$work/tree" && tar -xf -)
export ENVRES_TREE="$work/tree" CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never
export CARGO_TARGET_DIR="${ENVRES_RUST_TARGET:-$work/target}"
# What is compiled once needs neither to be compiled a little nor to be debugged.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=1
export LD_LIBRARY_PATH="$libdir"
cd "$work/tree/bindings/rust"

example=$ENVRES_TREE/examples/rust/Cargo.toml
step "cargo fmt" cargo fmt --check
step "cargo fmt, the example" cargo fmt --check --manifest-path "$example"
step "cargo clippy" cargo clippy --quiet --all-targets -- -D warnings \
    -D clippy::undocumented_unsafe_blocks
step "cargo clippy, the example" cargo clippy --quiet --manifest-path "$example" --all-targets -- \
    -D warnings
RUSTDOCFLAGS='-D warnings' step "cargo doc" cargo doc --quiet --no-deps

# tests NAME COMMAND...: cargo says "test result: ok. N passed; N failed; N ignored; ..." for each program.
tests() {
    name=$1
    shift
    status=0
    "$@" >"$work/log" 2>&1 || status=$?
    grep -E '^(test result|cases: |---- |test .* FAILED)' "$work/log" || true
    [ "$status" = 0 ] || cat "$work/log"
    sed -n 's/^test result: .*\. \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored.*/\1 \2 \3/p' \
        "$work/log" | while read -r passed bad ignored; do
        echo "counted $passed $((bad + ignored))" >>"$work/results"
    done
    if [ "$status" = 0 ]; then echo "ok $name"; else echo "failed $name"; fi | tee -a "$work/results"
}
tests "cargo test" cargo test --quiet --no-fail-fast -- --nocapture

tests "the example host" cargo test --quiet --manifest-path "$example"

# The programs of the safe crate against the library with sanitizers. The C library's leaks are looked for too; what
# the memory tests measure is not what the sanitizer's allocator does.
cargo test --quiet -p envres --no-run --tests --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | sort -u >"$work/programs"
(
    unset LD_LIBRARY_PATH
    preload="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)"
    while read -r program; do
        tests "$(basename "$program") with sanitizers" env LD_PRELOAD="$preload" \
            LD_LIBRARY_PATH="$sanitized" UBSAN_OPTIONS=halt_on_error=1 \
            ASAN_OPTIONS=detect_leaks="${ENVRES_LEAKS:-1}" ENVRES_SANITIZED=1 \
            "$program" --test-threads=2
    done <"$work/programs"
)

# A program in a clean folder that was given nothing but the path of the crate.
packaged() {
    rm -rf "$work/clean"
    cargo new --quiet --vcs none "$work/clean/host" && cd "$work/clean/host" &&
        cargo add --quiet --offline --path "$ENVRES_TREE/bindings/rust/envres" || return 1
    cat >src/main.rs <<'RUST'
use envres::{Change, Context, Credential, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let owner = Credential::raw_key(&envres::generate_key()?);
    let session = Store::in_memory(&owner)?.session(&owner, None)?;
    session.variables().put("development", "HOST", "db.dev", &Change::none())?;
    let scope = session.scope("development")?;
    println!("{}", scope.expand("https://<< environment.variables.HOST >>/", Context::Text, false)?);
    Ok(())
}
RUST
    [ "$(cargo run --quiet --offline)" = "https://db.dev/" ]
}
step "cargo add --path, from a clean folder" packaged

awk '/^ok /{passed++} /^failed /{failed++} /^counted /{passed += $2; failed += $3}
     END{printf "%d passed, %d failed\n", passed, failed; exit failed > 0}' "$work/results"
