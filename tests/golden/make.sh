#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the golden file of today's format, format-N.db, and its dump, format-N.txt.
#
#   sh tests/golden/make.sh           where there is none of this format yet
#   sh tests/golden/make.sh --anew    in place of one: only while no release has that format
#   sh tests/golden/make.sh --text    the dumps alone, of all files: when what is dumped has changed.
#                                     Read what git says of it: no value may differ
#
# Once a release has made stores of a format, its file is never made again. After DB_FORMAT was
# raised: run this, and add rows to the table in test_golden.c.
# The build folder is build/, or $ENVRES_BUILD.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
here=$root/tests/golden
build=${ENVRES_BUILD:-$root/build}
case ${1:-} in
'' | --anew | --text) ;;
-h | --help) sed -n '3,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) echo "make.sh: unknown argument $1" >&2; exit 2 ;;
esac
sh "$root/tests/setup.sh" "$build" >&2
golden=$build/tests/golden/test_golden
umask 077

if [ "${1:-}" = --text ]; then
    for file in "$here"/format-*.db; do
        "$golden" --dump "$file" >"${file%.db}.txt"
        rm -f "$file-journal"
    done
    exit 0
fi
format=$("$golden" --format)
file=$here/format-$format.db
if [ -e "$file" ] && [ "${1:-}" != --anew ]; then
    echo "make.sh: $file is there; --anew makes it again, if no release has format $format" >&2
    exit 1
fi
rm -f "$file"
"$golden" --make "$file"
rm -f "$file-journal"
"$golden" --dump "$file" >"${file%.db}.txt"
rm -f "$file-journal"
ls -l "$file" "${file%.db}.txt"
