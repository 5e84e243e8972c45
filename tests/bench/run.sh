#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library as it is released, and measures it: one table on standard output.
#
#   sh tests/bench/run.sh [--quick] [--cpu-time] [--only TEXT]
#   sh tests/bench/run.sh --growth [--quick] [--long] [--only TEXT]
#
#   --quick      times nothing; only asserts that outputs are equal
#   --cpu-time   for a machine with other load: computing is timed by the time on a CPU
#   --only TEXT  lines whose name holds TEXT; with --growth: tables whose title does
#   --growth     how time and memory grow with what there is: from a thousand to 100,000
#   --long       to a million: a quarter of an hour, 4 GB
#
# The build folder is $ENVRES_BUILD, else build-bench/. Exit: 0 measured, 1 outputs differ, something
# grows more than it may or the build failed, 2 something is missing that cannot be installed here.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
folder=${ENVRES_BUILD:-$root/build-bench}
sh "$root/tests/setup.sh" --bench "$folder"
if [ "${1-}" = --growth ]; then
  shift
  exec "$folder/tests/bench/growth" "$@"
fi
exec "$folder/tests/bench/bench" "$@" "$folder"
