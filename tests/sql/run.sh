#!/bin/bash
# SPDX-License-Identifier: MIT
# Statements against real databases: SQLite, and a private PostgreSQL and MariaDB that this script
# starts on sockets in a folder of its own and stops again. No port, no account, nothing that is
# installed or running is touched. The last line says `N passed, N failed`.
#
#   tests/sql/run.sh BUILD_FOLDER [postgres|mysql|sqlite]...
set -u
build=${1:?tests/sql/run.sh BUILD_FOLDER}
build=$(cd "$build" && pwd) || exit 2
shift
[ $# -gt 0 ] || set -- sqlite postgres mysql
work=$(mktemp -d "${TMPDIR:-/tmp}/envres-sql.XXXXXX") || exit 2
servers=()

# A database server does not run as root.
as_server=()
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id -u "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$work"
    as_server=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups
        env "HOME=$work")
fi

# stop PID: asks once, and takes it after a while.
stop() {
    local left=100
    kill -TERM "$1" 2>/dev/null
    while [ $left -gt 0 ] && kill -0 "$1" 2>/dev/null; do
        sleep 0.1
        left=$((left - 1))
    done
    kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

finish() {
    local pid
    for pid in ${servers[@]+"${servers[@]}"}; do
        stop "$pid"
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# started LOG PID COMMAND...: waits until the command succeeds, which tells that the server answers.
started() {
    local log=$1 pid=$2 left=300
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $left = 0 ] || ! kill -0 "$pid" 2>/dev/null; then
            cat "$log" >&2
            return 1
        fi
        sleep 0.1
        left=$((left - 1))
    done
}

# The tools of the newest release that is installed; they are not in PATH on Debian.
postgres_bin() {
    local dir found=
    for dir in /usr/lib/postgresql/*/bin; do
        [ -x "$dir/initdb" ] && found=$dir
    done
    [ -n "$found" ] || found=$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")
    echo "$found"
}

start_postgres() {
    local bin data=$work/postgres log=$work/postgres.log
    bin=$(postgres_bin)
    [ -x "$bin/initdb" ] || { echo "PostgreSQL is missing (Debian package postgresql)"; return 1; }
    "${as_server[@]}" mkdir "$data" &&
        "${as_server[@]}" "$bin/initdb" -D "$data/data" -U envres -A trust -E UTF8 \
            --locale=C --no-sync >"$log" 2>&1 || { cat "$log"; return 1; }
    "${as_server[@]}" "$bin/postgres" -D "$data/data" -k "$data" -h '' -F >>"$log" 2>&1 &
    servers+=($!)
    started "$log" $! "$bin/pg_isready" -q -h "$data" -U envres
}

start_mysql() {
    local data=$work/mysql log=$work/mysql.log
    local options=(--no-defaults "--datadir=$data/data" "--tmpdir=$data")
    command -v mariadb-install-db >/dev/null && PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null ||
        { echo "MariaDB is missing (Debian package mariadb-server-core)"; return 1; }
    "${as_server[@]}" mkdir "$data" &&
        "${as_server[@]}" env "PATH=$PATH:/usr/sbin" mariadb-install-db "${options[@]}" \
            --auth-root-authentication-method=normal --skip-test-db >"$log" 2>&1 ||
        { cat "$log"; return 1; }
    "${as_server[@]}" env "PATH=$PATH:/usr/sbin" mariadbd "${options[@]}" --skip-networking \
        "--socket=$data/mysql.sock" "--pid-file=$data/pid" --innodb-flush-log-at-trx-commit=0 \
        --innodb-buffer-pool-size=16M >>"$log" 2>&1 &
    servers+=($!)
    started "$log" $! test -S "$data/mysql.sock"
}

passed=0 failed=0
for name in "$@"; do
    program=$build/tests/sql/engine_$name status=0
    if [ ! -x "$program" ]; then
        echo "$name: not built (Debian packages libpq-dev, libmariadb-dev)"
        status=1
    elif [ "$name" != sqlite ]; then
        "start_$name" || status=1
    fi
    if [ $status = 0 ]; then
        "$program" "$work/$name" >"$work/$name.out" 2>&1 || status=$?
        cat "$work/$name.out"
    fi
    tally=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$work/$name.out" 2>/dev/null | tail -n 1)
    if [ -n "$tally" ]; then
        p=${tally%% *} f=${tally#*, }
        passed=$((passed + p)) failed=$((failed + ${f%% *}))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
