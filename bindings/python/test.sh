#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the Python binding as a host would get it: the library is installed into a folder of its own,
# the package is built and installed with pip into a virtual environment, its types are checked, and
# the tests run against that. The last line says `N passed, N failed`.
#
#   sh bindings/python/test.sh [--offline] [BUILD_FOLDER] [-- PYTEST_ARGUMENT...]
#
#   --offline      without the OpenFeature provider, whose SDK comes from the Python package index
#   BUILD_FOLDER   of the library, brought up to date; without one, a folder is made and compiled
#
# Python is Debian's, /usr/bin/python3, or $ENVRES_PYTHON.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
python=${ENVRES_PYTHON:-/usr/bin/python3}
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

work=$(mktemp -d "${TMPDIR:-/tmp}/envres-python.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export PYTHONDONTWRITEBYTECODE=1

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

sh "$root/tests/setup.sh" --python --without-tests --packages-only
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

quietly "a virtual environment" "$python" -m venv --system-site-packages "$work/venv"
pip="$work/venv/bin/python -m pip --quiet --disable-pip-version-check --no-cache-dir"
# What pip writes beside the sources must not stay there: it gets a copy.
mkdir "$work/source"
cp -R "$here"/envres "$here"/native "$here"/meson.build "$here"/pyproject.toml "$here"/README.md \
    "$work/source"
rm -f "$work"/source/envres/*.so
# shellcheck disable=SC2086
quietly "building the package" $pip install --no-index --no-build-isolation --no-deps "$work/source"
# The same once more with AddressSanitizer and UBSan in the extension.
PATH=/usr/bin:$PATH quietly "configuring with sanitizers" meson setup "$work/sanitized" "$work/source" \
    -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
    -Dpython.platlibdir="$work/checked" -Dpython.purelibdir="$work/checked"
quietly "building with sanitizers" meson install -C "$work/sanitized"
unset PKG_CONFIG_PATH
if [ "$offline" = no ]; then
    # shellcheck disable=SC2086
    quietly "getting openfeature-sdk" $pip install 'openfeature-sdk>=0.8'
fi

cd "$work"
# Without the SDK its types are unknown.
unknown=
[ "$offline" = no ] || unknown='--ignore-missing-imports --allow-subclassing-any'
# shellcheck disable=SC2086
quietly "checking types" "$work/venv/bin/python" -m mypy --strict $unknown --cache-dir "$work/mypy" \
    --config-file "$here/pyproject.toml" -p envres
export ENVRES_TREE="$root" ENVRES_OFFLINE="$offline"
# tests LOG ARGUMENT...: pytest from outside of the sources; leaves its status in $status.
tests() {
    log=$1
    shift
    status=0
    "$work/venv/bin/python" -m pytest -q --rootdir "$here" -c "$here/pyproject.toml" "$@" \
        >"$log" 2>&1 || status=$?
    cat "$log"
}
tests "$work/plain" "$@" "$here/tests"
plain=$status
(
    # Memory that an interpreter keeps until its end is no leak; the allocator of the sanitizer is not
    # flat either.
    LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)"
    export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1
    export PYTHONPATH="$work/checked"
    tests "$work/checked.log" -k 'not flat and not files' "$here/tests/test_queries.py" \
        "$here/tests/test_safety.py" "$here/tests/test_vectors.py"
    exit "$status"
) || sanitized=$?
# pytest says "N failed, N passed, N skipped in ..."; what is skipped is not tested.
"$python" - "$plain" "$work/plain" "${sanitized:-0}" "$work/checked.log" <<'PYTHON'
import re
import sys
passed = failed = 0
for status, log in zip(sys.argv[1::2], sys.argv[2::2]):
    last = open(log, encoding="utf-8").read().strip().rsplit("\n", 1)[-1]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", last)}
    bad = counts.get("failed", 0) + counts.get("errors", 0) + counts.get("error", 0)
    passed += counts.get("passed", 0)
    failed += bad or (status != "0")
print("%d passed, %d failed" % (passed, failed))
sys.exit(1 if failed else 0)
PYTHON
