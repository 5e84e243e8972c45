#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job, played with a real case: the definition of one app, three environments, and every
# environment gets its own answers. Does all its set-up by itself (tests/setup.sh).
#
#   sh examples/quickstart.sh [--built FOLDER] [--keep FOLDER]
#
#   --built FOLDER   use this build folder as it is, and set nothing up
#   --keep FOLDER    work in this new folder and leave it there, to look around or go on
#
# Exit: 0 all went as it says, 1 something did not, 2 something is missing that cannot be installed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
app=$here/dashboard/app
built=
work=
kept=no
while [ $# -gt 0 ]; do
    case $1 in
    --built) built=$(CDPATH='' cd -- "$2" && pwd); shift 2 ;;
    --keep) mkdir -- "$2"; work=$(CDPATH='' cd -- "$2" && pwd); kept=yes; shift 2 ;;
    -h | --help) sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "quickstart.sh: unknown option $1" >&2; exit 2 ;;
    esac
done

bold='' normal=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') normal=$(printf '\033[0m')
fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$normal"; }
say() { printf '  %s\n' "$*"; }
indent() { sed 's/^./  &/'; }
fail() { echo "quickstart.sh: $*" >&2; exit 1; }

# Shows a command, runs it, and shows what it says.
show() {
    line='$'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./:=,@%+-]*) line="$line '$word'" ;;
        *) line="$line $word" ;;
        esac
    done
    say "$line"
    "$@" >shown 2>&1 || { cat shown >&2; fail "it failed"; }
    indent <shown
}

echo "libenvres: a Customer Support Dashboard in development, staging and production"
started=$(date +%s)
if [ -z "$built" ]; then
    built=${ENVRES_BUILD:-$root/build-product}
    sh "$root/tests/setup.sh" --without-tests "$built"
    echo "(library, command line and host program built in $(($(date +%s) - started)) s)"
fi
PATH=$built/bindings/cli:$built/examples:$PATH
export PATH

host=
clean_up() {
    [ -z "$host" ] || kill "$host" 2>/dev/null || :
    [ "$kept" = yes ] || rm -rf "$work"
}
if [ -z "$work" ]; then
    work=$(mktemp -d "${TMPDIR:-/tmp}/envres-quickstart.XXXXXX")
fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
unset ENVRES_KEY_FILE ENVRES_ENV ENVRES_WORKSPACE
ENVRES_STORE=$work/support.db
export ENVRES_STORE
cd "$work"
environments="development staging production"

# The databases of the CRM, which in real life are there already.
make_database() { # FILE SQL...
    python3 - "$@" <<'PYTHON'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for name in sys.argv[2:]:
    db.executescript(open(name, encoding="utf-8").read())
db.close()
PYTHON
}
plain() { # TYPE NAME DEVELOPMENT STAGING PRODUCTION
    envres set "$2=$3" -e development --type "$1"
    envres set "$2=$4" -e staging --type "$1"
    envres set "$2=$5" -e production --type "$1"
}
# Each secret is noted, to be looked for in the store's files at the end.
secret() { # NAME ENVIRONMENT VALUE
    printf '%s\n' "$3" >>secrets
    printf '%s' "$3" | envres set "$1" -e "$2" --secret
}
configure() { # ENVIRONMENT HOST PASSWORD
    make_database "crm-$1.db" "$here/dashboard/data/schema.sql" "$here/dashboard/data/$1.sql"
    envres resource set crm -e "$1" "path=$work/crm-$1.db" mode=ro
    printf '%s\n' "$3" >>secrets
    printf '%s' "$3" | envres resource set warehouse -e "$1" "host=$2" database=support \
        user=support sslmode=require --secret password
}

# ------------------------------------------------------------------------------------------------
title "1. A store: one SQLite file, every value in it encrypted, and the key that opens it"
say '$ envres init'
envres init -q
ls -l support.db support.db.key | awk '{ printf "  %s %s", $1, $NF } END { print "" }'

# ------------------------------------------------------------------------------------------------
title "2. Variables: a name, and a value for each environment"
say '$ envres set SHOW_BETA=true -e development --type boolean'
say '$ envres set STRIPE_SECRET_KEY -e production --secret <key.txt      never as an argument; and so on:'
plain string API_CRM_BASE_URL http://localhost:8080 https://crm.staging.example.com \
    https://crm.example.com
plain string SEGMENT_WRITE_KEY seg-dev-0000 seg-stg-4f1c seg-prd-9ab7
plain boolean FEATURE_NEW_FLOW_ENABLED true true false
plain boolean SHOW_BETA true false false
secret API_KEY_CRM development crm_dev_nothing-worth-stealing
secret API_KEY_CRM staging crm_stg_Vq8mZ2sK7tYd
secret API_KEY_CRM production crm_prd_R4nWx9LbE6uH
secret STRIPE_SECRET_KEY development stripe_test_devJm3Xc8Qw1
secret STRIPE_SECRET_KEY staging stripe_test_stgPa5Ty7Lk2
secret STRIPE_SECRET_KEY production stripe_live_Zx0Nb6Gh9Fd4
show envres list

# ------------------------------------------------------------------------------------------------
title "3. Resources: a handle (crm, warehouse), and settings for each environment; connection strings are ready"
envres resource add crm --kind sqlite
envres resource add warehouse --kind postgres
configure development localhost 'wh-dev:letmein'
configure staging wh.staging.example.com 'wh-stg:p@ss/7Kd2'
configure production wh.example.com 'wh-prd:Qy5%Ht8&Lm'
say '$ envres resource show warehouse -e ...            its url, as it may go into a log:'
for env in $environments; do
    envres resource show warehouse -e "$env" | awk '$1 == "url" { print "  " $2 }'
done
show envres resource show warehouse -e staging --url --reveal
# One text for all three: what it refers to is looked up in the environment where it is used.
url='postgresql://support:<< resources.warehouse.password | url >>@<< resources.warehouse.host >>/support'
plain template DATABASE_URL "$url" "$url" "$url"
say "\$ envres set DATABASE_URL='postgresql://support:<< resources.warehouse.password | url >>@...' -e ..."
show envres run -e staging -- printenv DATABASE_URL

# ------------------------------------------------------------------------------------------------
title "4. One definition, app/dashboard.json, for each environment (its lines that hold << ... >>)"
for env in $environments; do
    say "\$ envres render app/dashboard.json --context json --no-secrets -e $env"
    envres render "$app/dashboard.json" --context json --no-secrets -e "$env" -o "dashboard-$env.json"
    python3 -m json.tool "dashboard-$env.json" >/dev/null || fail "not JSON: dashboard-$env.json"
    awk 'NR == FNR { if (/<</) tagged[FNR] = 1; next } FNR in tagged' \
        "$app/dashboard.json" "dashboard-$env.json" | sed 's/^ */      /'
done

# ------------------------------------------------------------------------------------------------
title "5. Its REST request, app/find-customer.http, with the secret that only the server may see"
for env in $environments; do
    envres render "$app/find-customer.http" -e "$env" -o "request-$env.http"
    sed -n '1,2p' "request-$env.http" | indent
done
say '$ envres render app/find-customer.http -e staging --no-secrets      for a browser:'
if (cd "$app/.." && envres render app/find-customer.http -e staging --no-secrets) >out 2>refused ||
    [ -s out ]; then
    fail "a secret went where none is allowed"
fi
indent <refused

# ------------------------------------------------------------------------------------------------
title "6. What is missing is an error: never blank text, never another environment's value"
envres set SENTRY_DSN=https://k1@sentry.example.com/7 -e development
say "\$ echo 'dsn=<< environment.variables.SENTRY_DSN >>' | envres render - -e production"
status=0
echo 'dsn=<< environment.variables.SENTRY_DSN >>' | envres render - -e production >out 2>refused ||
    status=$?
[ ! -s out ] || fail "a render that failed wrote something"
[ "$status" = 4 ] || fail "exit status $status, not 4"
indent <refused
say "(exit status 4, nothing on stdout)"

# ------------------------------------------------------------------------------------------------
title "7. Which value, from which environment, and why"
show envres explain DATABASE_URL -e production

# ------------------------------------------------------------------------------------------------
title "8. The files of app/ as an app: a version of it moves on only where it would work"
show envres app create support
say '$ envres part import support app'
envres part import support "$app" 2>&1 | indent
say '$ envres promote support v1 --to staging'
status=0
envres promote support v1 --to staging >out 2>refused || status=$?
[ "$status" = 6 ] || fail "exit status $status, not 6"
indent <refused
say "(exit status 6, and v1 is where it was)"
for env in staging production; do
    show envres set SENTRY_DSN=https://k2@sentry.example.com/8 -e "$env"
done
show envres promote support v1 --to staging
show envres promote support v1 --to production
show envres version list support

# ------------------------------------------------------------------------------------------------
title "9. Release 1.2.0, and a host program in C (examples/dashboard/main.c) that serves what is live"
show envres release support v1 --tag v1.2.0 -m 'first release'
for env in $environments; do
    say "\$ echo /tickets | dashboard $env"
    echo /tickets | dashboard "$env" | sed '/^$/d' | indent
done

# ------------------------------------------------------------------------------------------------
title "10. Release 1.3.0 has a wrong title: back to 1.2.0, and the host runs on"
# The host reads requests from one pipe and answers into another, until the first is closed.
mkfifo requests answers
dashboard production <requests >answers 2>host.err &
host=$!
exec 3>requests 4<answers
# The first two lines of an answer; an empty line ends it.
ask() { # PAGE
    kill -0 "$host" 2>/dev/null || fail "the host is gone: $(cat host.err)"
    say "\$ echo $1 >requests            the running host, process $host, answers:"
    echo "$1" >&3
    count=0
    while IFS= read -r line <&4 && [ -n "$line" ]; do
        count=$((count + 1))
        [ "$count" -gt 2 ] || say "$line"
    done
    [ "$count" -gt 2 ] || fail "no answer: $(cat host.err)"
}
now() { date +%s%N; }
ask /tickets
show envres version create support
say '$ envres part get support dashboard.json >dashboard.json       and edit it, with a slip'
envres part get support dashboard.json | sed 's/Open tickets/Closed tickets/' >dashboard.json
show envres part put support dashboard.json dashboard.json
say '$ envres version diff support v1 v2'
status=0
envres version diff support v1 v2 >out || status=$? # 1: they differ
[ "$status" = 1 ] || fail "exit status $status, not 1"
grep '^[-+@]' out | cut -c 1-120 | indent
show envres promote support v2 --to production --through
show envres release support v2 --minor -m 'a better title'
ask /tickets
before=$(now)
show envres rollback support -m 'wrong title'
say "(done in $((($(now) - before) / 1000000)) ms: the whole command, as the shell measures it)"
ask /tickets
show envres status support
show envres releases support
exec 3>&- 4<&-
wait "$host" || fail "the host: $(cat host.err)"
host=

# ------------------------------------------------------------------------------------------------
title "11. No secret is in the store's files, not even one that was replaced"
secret STRIPE_SECRET_KEY production stripe_live_Ue7Kp2Wa5Sj8
hex() { od -An -v -tx1 | tr -d ' \n'; }
# The forms that a secret could have in a file, as hex: its bytes, UTF-16 in both byte orders, hex
# digits in both cases, and base64 at each of the three places where it can stand in a longer text
# (without the characters at its ends, which also hold bits of what stands beside it).
forms() { # SECRET
    bytes=$(printf '%s' "$1" | hex)
    echo "$bytes"
    echo "$bytes" | sed 's/../&00/g'
    echo "$bytes" | sed 's/../00&/g'
    printf '%s' "$bytes" | hex && echo
    printf '%s' "$bytes" | tr a-f A-F | hex && echo
    for before in '' x xx; do
        printf '%s%s' "$before" "$1" | base64 | tr -d '\n=' | sed 's/^....//; s/..$//' | hex && echo
    done
}
while IFS= read -r value; do forms "$value"; done <secrets >forms
holds_secret() { hex <"$1" | grep -qF -f forms; } # FILE
# First the search must find one that is there, in each of the forms, written by other means.
python3 - "$(tail -n 1 secrets)" <<'PYTHON'
import base64, sys
text = sys.argv[1].encode()
shifted = [base64.b64encode(b"\x81" * n + text + b"\x9f\x80") for n in range(3)]
planted = [text, text.decode().encode("utf-16-le"), text.decode().encode("utf-16-be"),
           text.hex().encode(), text.hex().upper().encode()] + shifted
for number, form in enumerate(planted):
    open("planted-%d" % number, "wb").write(b"\x00\xff" + form + b"\xfe")
PYTHON
for file in planted-*; do
    holds_secret "$file" || fail "the search is blind: $file"
done
looked=
for file in support.db*; do
    [ "$file" != support.db.key ] || continue
    if holds_secret "$file"; then fail "a secret is in $file"; fi
    looked="$looked $file ($(wc -c <"$file") bytes)"
done
say "Looked in:$looked"
say "for $(wc -l <secrets) secrets as plain text, UTF-16 LE and BE, hex, HEX, and base64 at three offsets: none found."
say "(The same search finds a planted one in each of these $(ls planted-* | wc -l) forms.)"
show envres verify

title "All as promised, in $(($(date +%s) - started)) s. To look around: sh examples/quickstart.sh --keep /tmp/demo"
if [ "$kept" = yes ]; then
    say "cd $work && export ENVRES_STORE=$ENVRES_STORE PATH=$built/bindings/cli:\$PATH"
fi
