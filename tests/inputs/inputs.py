#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""App definitions as test inputs, in the shapes that low-code tools export.

inputs.py pack FOLDER OUT      the files of a folder
inputs.py medium OUT           about 200 kB: 60 components, 40 queries, scripts, nested templates
inputs.py large OUT            about 2 MB: more than 300 parts, minified scripts, hundreds of tags
inputs.py --self-test

The output is one file: for each part a line `PATH SIZE FLAGS` (FLAGS: `public` or `-`), its bytes,
and a line end. The same arguments give the same bytes on every machine.
"""
import json
import os
import sys

WORDS = ("order customer invoice refund ledger basket parcel driver route depot shift roster "
         "ticket comment upload preview archive filter column widget drawer modal toolbar chart "
         "axis legend series bucket window cursor batch digest token field label value total "
         "amount margin rebate coupon vendor buyer seller region branch locale").split()
PLAIN = ["API_BASE_URL", "APP_TITLE", "LOG_LEVEL", "DB_SCHEMA", "SUPPORT_MAIL"]
TYPED = ["MAX_ROWS", "SHOW_BETA"]
FIELDS = ["crm.host", "crm.port", "crm.database", "billing.base_url", "billing.timeout_ms",
          "mail.host", "mail.from"]


class Random:
    """A generator of our own, so that no release of Python changes what it gives."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        """A number from 0 to limit - 1."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self.state >> 33) % limit

    def pick(self, rows):
        """One of them."""
        return rows[self.below(len(rows))]

    def word(self):
        """A word."""
        return self.pick(WORDS)

    def words(self, count):
        """A sentence without a point."""
        return " ".join(self.word() for _ in range(count))

    def tag(self, extra=()):
        """A reference that every environment of the tests can answer."""
        which = self.below(10)
        if which < 5:
            return "<< environment.variables.%s >>" % self.pick(PLAIN + list(extra))
        if which < 7:
            return "<<environment.variables.%s>>" % self.pick(TYPED)
        if which < 9:
            return "<< resources.%s >>" % self.pick(FIELDS)
        return self.pick(["<< environment.name >>", "<< app.name >>", "<< environment.label >>",
                          "<< environment.variables.UNSET_HERE | default(0) >>"])


# ---- medium: pages of components, queries, scripts ----------------------------------------------

def component(r, number):
    """A component as such a tool writes it: many settings, few of them interesting."""
    nested = {"url": r.tag() + "/items", "body": json.dumps({"limit": r.tag(), "q": r.words(3)})}
    return {
        "id": "%08x-%04x" % (r.below(1 << 31), number),
        "name": "%s%d" % (r.word(), number),
        "component": r.pick(["Table", "Button", "TextInput", "Chart", "Modal", "Text"]),
        "layout": {"top": r.below(900), "left": r.below(43), "width": r.below(40) + 3,
                   "height": r.below(300) + 20},
        "properties": {
            "text": {"value": "%s %s" % (r.words(4).capitalize(), r.tag())},
            "visible": {"value": "{{globals.currentUser.groups.includes('%s')}}" % r.word()},
            "flags": {"value": "{{(components.%s.state << %d) | (1<<%d)}}" % (
                r.word(), r.below(9), r.below(30))},
            "loading": {"value": "{{queries.%s.isLoading}}" % r.word()},
            "help": {"value": "1 << 3 is the mask; values >> 2 are %s" % r.words(3)},
            "request": {"value": json.dumps(nested)},
            "fallback": {"value": '<< environment.variables.APP_TITLE | default("no title") >>'},
        },
        "styles": {"textColor": {"value": "#%06x" % r.below(1 << 24)},
                   "borderRadius": {"value": "{{%d}}" % r.below(12)},
                   "padding": {"value": "default"}},
        "events": [{"eventId": "onClick", "actionId": "run-query", "queryName": r.word(),
                    "debounce": r.below(500), "message": r.words(6)} for _ in range(2)],
        "notes": r.words(60),
    }


QUERY = """-- %(title)s
WITH recent AS (
    SELECT id::int, total::numeric(12,2) AS total, (flags >> %(a)d) & 1 AS open,
           payload::jsonb->>'%(w)s' AS %(w)s
      FROM "<< environment.variables.DB_SCHEMA >>".%(name)s_%(n)d
     WHERE created_at > now() - interval '%(a)d days'
       AND flags & (1<<%(b)d) <> 0
       AND during << '[2024-01-01,2024-06-01)'::tstzrange
       AND tags <@ ARRAY['%(w)s','%(w2)s']::text[]
       AND customer = << params.customer >>
)
SELECT r.*, $q$it's $1 and << not a tag >> here$q$::text AS note, E'\\\\x3c3c'::bytea
  FROM recent r
 WHERE r.open = 1 AND r.total::int %% 2 = 0
 LIMIT << environment.variables.MAX_ROWS >>;
DO $body%(n)d$
BEGIN
    PERFORM set_config('app.level', '<< environment.variables.LOG_LEVEL >>', true);
    IF inet '10.%(a)d.0.1' << inet '10.0.0.0/8' THEN RAISE NOTICE '%%', 1 << %(b)d; END IF;
END
$body%(n)d$;
"""


def query(r, number):
    """SQL with what must not be taken for tags: casts, dollar quotes, shifts, ranges."""
    return QUERY % {"title": r.words(8), "a": r.below(20) + 1, "b": r.below(15), "w": r.word(),
                    "w2": r.word(), "name": r.word(), "n": number}


SCRIPT = """#!/bin/sh
# %(title)s
set -eu
host='<< resources.crm.host >>'
psql -h "$host" -d << resources.crm.database >> <<'SQL'
SELECT count(*)::int FROM %(w)s WHERE flags & (1<<%(a)d) = 0;
SQL
\tpsql <<-'SQL'
\tSELECT '%(w)s'::text;
\tSQL
cat <<EOF >/tmp/report.%(n)d
level=<< environment.variables.LOG_LEVEL >>
rows=$(( 1 << %(a)d )) half=$((%(b)d>>1))
EOF
cat <<-END_%(n)d | sed 's/^/  /'
\t%(text)s
\tEND_%(n)d
cat <<"QUOTED" && tr a-z A-Z <<<"%(w)s"
%(text)s << two signs >> more
QUOTED
"""


def script(r, number):
    """Shell with here-documents of every form."""
    return SCRIPT % {"title": r.words(9), "w": r.word(), "a": r.below(20), "b": r.below(90),
                     "n": number, "text": r.words(12)}


def medium():
    """Parts like those of a ToolJet application."""
    r = Random(11)
    parts = []
    app = {"name": "Depot", "schema": 12, "homePage": "page-1",
           "options": {"apiUrl": "<< environment.variables.API_BASE_URL >>",
                       "rows": "<< environment.variables.MAX_ROWS >>",
                       "beta": "<< environment.variables.SHOW_BETA >>",
                       "mail": {"host": "<< resources.mail.host >>",
                                "from": "<< resources.mail.from >>"}}}
    parts.append(("definition.json", json.dumps(app, indent=2), False))
    for page in range(8):
        components = [component(r, page * 9 + n) for n in range(9)]
        text = json.dumps({"page": page, "components": components}, indent=1)
        parts.append(("pages/page-%d.json" % page, text, False))
    for number in range(40):
        parts.append(("queries/%02d-%s.sql" % (number, r.word()), query(r, number), False))
    for number in range(12):
        parts.append(("scripts/job-%02d.sh" % number, script(r, number), False))
    parts.append(("assets/logo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, True))
    parts.append(("public/strings.json", json.dumps({w: w.capitalize() for w in WORDS}), True))
    return parts


# ---- large: an export with modules, minified scripts and public bundles -------------------------

def statement(r, number):
    """One statement as a minifier leaves it."""
    a, b, c = (r.pick("abcdefghijkmnqrstuvwxyz") for _ in range(3))
    return r.pick([
        "var %s=1<<%d|%s>>>%d;" % (a, r.below(31), b, r.below(31)),
        "%s<<=%d,%s>>=1;" % (a, r.below(9), b),
        "function %s%d(e,t){return e<<t.%s|e>>>32-t.%s}" % (a, number, r.word(), r.word()),
        "for(var %s=0;%s<1<<%d;%s++)%s[%s]^=%s<<5;" % (a, a, r.below(12), a, b, a, c),
        "%s=(%s<<16|%s<<8|255)>>>0;" % (a, b, c),
        "if(t.%s<<2>%s>>1){%s()}" % (r.word(), a, b),
        "e.%s=\"%s\";" % (r.word(), r.words(3)),
        "%s=1<<e.env,%s=1<<env.bits|%d;" % (a, b, r.below(9)),
        "console.log(`${%s<<1}<<${%s}>>`);" % (a, b),
        "%s=JSON.parse('{\"%s\":%d}');" % (a, r.word(), r.below(999)),
    ])


def minified(r, statements, has_tags):
    """One line of JavaScript."""
    out = ["!function(e,t){\"use strict\";"]
    for number in range(statements):
        out.append(statement(r, number))
        if has_tags and number % 12 == 0:
            out.append("e.base=\"<< environment.variables.API_BASE_URL >>/%s\";" % r.word())
    out.append("}(this,{});")
    return "".join(out)


def large_page(r, number, extra):
    """A page with a list of plugins in it, each with JSON inside JSON."""
    plugins = []
    for n in range(9):
        template = {"ordered": [{"type": r.word(), "value": r.words(8)} for _ in range(4)],
                    "title": r.tag(extra), "mask": "{{ %s.selected << %d }}" % (r.word(), n)}
        plugins.append({"id": "%s%d" % (r.word(), n), "type": "widget", "subtype": "TableWidget2",
                        "namespace": None, "template": json.dumps(template),
                        "position": {"row": r.below(99), "col": r.below(12)},
                        "style": {"ordered": []}, "help": r.words(20)})
    return {"uuid": "%012x" % r.below(1 << 31), "page": {"number": number, "plugins": plugins,
            "version": "3.%d.0" % r.below(40), "urlFragment": r.tag(extra)}}


def large():
    """Parts like those of a Retool export."""
    r = Random(29)
    extra = ["VAR_%03d" % n for n in range(190)]
    parts = []
    for number in range(120):
        parts.append(("pages/%03d.json" % number, json.dumps(large_page(r, number, extra)), False))
    for number in range(60):
        parts.append(("modules/%03d.min.js" % number, minified(r, 260, True), False))
    for number in range(20):
        parts.append(("public/chunk-%02d.js" % number, minified(r, 900, False), True))
    for number in range(90):
        parts.append(("lib/%03d-%s.sql" % (number, r.word()), query(r, number), False))
    for number in range(30):
        parts.append(("jobs/%02d.sh" % number, script(r, number), False))
    return parts


# ---- files --------------------------------------------------------------------------------------

def folder(root):
    """The files of a folder as parts."""
    parts = []
    for where, folders, names in os.walk(root):
        folders.sort()
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                parts.append((os.path.relpath(path, root), file.read(), False))
    return parts


def packed(parts):
    """The bytes of an input."""
    out = []
    for path, data, is_public in sorted(parts):
        data = data if isinstance(data, bytes) else data.encode()
        out.append(b"%s %d %s\n" % (path.encode(), len(data), b"public" if is_public else b"-"))
        out.append(data + b"\n")
    return b"".join(out)


def self_test():
    """The inputs are what their descriptions say."""
    for parts, low, high, count in ((medium(), 180000, 280000, 60),
                                    (large(), 1800000, 2400000, 300)):
        data = packed(parts)
        assert low < len(data) < high, len(data)
        assert len(parts) >= count, len(parts)
        for path, text, _ in parts:
            if path.endswith(".json"):
                json.loads(text)
    assert packed(large()) == packed(large())
    assert packed(large()).count(b"<< environment.") > 500
    return 0


def main(arguments):
    """One of the four."""
    if arguments == ["--self-test"]:
        return self_test()
    makers = {"pack": lambda: folder(arguments[1]), "medium": medium, "large": large}
    if len(arguments) < 2 or arguments[0] not in makers:
        sys.stderr.write(__doc__)
        return 2
    with open(arguments[-1], "wb") as file:
        file.write(packed(makers[arguments[0]]()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
