#!/bin/sh
# SPDX-License-Identifier: MIT
# What calls cost from Java beside the bare native call (src/bench): installs and builds as test.sh does.
#
#   sh bindings/java/bench.sh [BUILD_FOLDER]
#
# BUILD_FOLDER: of the library, -Dbuildtype=release for figures to compare; without one, one is made.
exec sh "$(dirname -- "$0")/test.sh" --offline --bench "$@"
