#!/bin/sh
# SPDX-License-Identifier: MIT
# Nightly export; runs with what the host puts into its environment.
set -eu
psql "$CRM_URL" <<'SQL' > orders.csv
COPY (SELECT id, cents::numeric / 100 FROM orders WHERE (flags & (1<<3)) = 0) TO STDOUT WITH CSV;
SQL
cat <<EOF2 >> export.log
$(date -u) exported for << environment.name >> (<< environment.variables.LOG_LEVEL >>)
EOF2
tr a-z A-Z <<< "done"
echo $(( 1 << 4 )) $((2>>1))
