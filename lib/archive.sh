#!/bin/sh
# SPDX-License-Identifier: MIT
# archive.sh CORE.a OUT.a WORKDIR OBJCOPY CC...: joins the core's objects into one, makes what is
# hidden local to it, and archives that.
set -eu
core=$1 out=$2 work=$3 objcopy=$4
shift 4
mkdir -p "$work"
"$@" -r -nostdlib -Wl,--whole-archive "$core" -Wl,--no-whole-archive -o "$work/envres.o"
"$objcopy" --localize-hidden "$work/envres.o"
rm -f "$out"
ar rcs "$out" "$work/envres.o"
