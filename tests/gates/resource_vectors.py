#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/vectors/resources.json is sound by itself: counted, spelled as its README says, complete (each
kind, each field, set and not set), and its strings mean what they should.

resource_vectors.py [ROOT] | --self-test

The expected URLs and keyword strings are taken apart by Python's URL parser and shell-like rules
that share nothing with the library, and must give the fields back.
"""
import json
import re
import sys
import urllib.parse

import gate
import kinds_doc

VECTORS, ERRORS = "tests/vectors/resources.json", "include/envres/error.h"
CASE_KEYS = {"name", "kind", "fields", "secret", "environment", "elsewhere", "fallback", "variables",
             "expect", "error"}
EXPECT_KEYS = {"fields", "secret_fields", "url", "url_secret", "redacted_url", "dsn", "dsn_secret"}
EXPECT_MAY = {"environment", "fallback"}
ERROR_AT = {"define", "configure", "fallback", "resolve"}
# Kinds whose URL is made of host and fields, and the parameter that each other field becomes.
SERVERS = {
    "postgres": {"sslmode": "sslmode"},
    "mysql": {"socket": "socket"},
    "mongodb": {"replica_set": "replicaSet", "tls": "tls"},
    "redis": {},
    "smtp": {},
}
DSN_WORDS = {"postgres": {"dbname": "database"}, "mysql": {}}
PART = r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*"
STRICT_URL = re.compile(r"[a-z]+://(?:P(?::P)?@)?(?:\[[0-9A-Fa-f:.]+(?:%25P)?\]|P)(?::\d+)?"
                        r"(?:/P)?(?:\?[\w.-]+=P(?:&[\w.-]+=P)*)?".replace("P", PART))
MODES = {"true": "REQUIRED", "false": "DISABLED"}


def url_meaning(url):
    """What a URL of a server says, as name -> text. Python's parser forgives what the pattern above
    does not: a delimiter that stands where it should have been encoded."""
    if not STRICT_URL.fullmatch(url):
        return {"not a URL": url}
    parts = urllib.parse.urlsplit(url)
    found = {"scheme": parts.scheme}
    userinfo, _, host = parts.netloc.rpartition("@")
    if "@" in parts.netloc:
        user, colon, password = userinfo.partition(":")
        found["user"] = urllib.parse.unquote(user, errors="strict")
        if colon:
            found["password"] = urllib.parse.unquote(password, errors="strict")
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?", host)
    if match:
        found["host"] = urllib.parse.unquote(match[1].strip("[]"), errors="strict")
        if match[2]:
            found["port"] = match[2]
    found["database"] = urllib.parse.unquote(parts.path[1:], errors="strict")
    for name, value in urllib.parse.parse_qsl(parts.query.replace("+", "%2B"),
                                              keep_blank_values=True, strict_parsing=False):
        found["?" + name] = value if "?" + name not in found else "twice"
    if parts.fragment:
        found["fragment"] = parts.fragment
    return found


def options_of(fields):
    """The members of `options` as text."""
    return {name: value if isinstance(value, str) else json.dumps(value)
            for name, value in json.loads(fields.get("options", "{}")).items()}


def server_meaning(kind, fields):
    """What the URL of these fields must say."""
    socket = fields.get("socket_dir", fields.get("socket"))
    want = {"host": fields.get("host", "").strip("[]"), "port": fields.get("port"),
            "user": fields.get("user"), "password": fields.get("password"),
            "database": fields.get("database", "")}
    for name, parameter in SERVERS[kind].items():
        want["?" + parameter] = fields.get(name)
    for name, value in options_of(fields).items():
        want["?" + name] = value
    want["scheme"] = {"postgres": "postgresql"}.get(kind, kind)
    if kind == "redis" and fields.get("tls") == "true" or fields.get("tls") == "tls":
        want["scheme"] += "s"
    if kind == "mysql":
        want["?ssl-mode"] = MODES.get(fields.get("tls"))
        if socket:
            want["host"], want["port"] = "localhost", None
    if kind == "postgres" and socket:
        want["host"], want["?host"], want["?port"], want["port"] = "", socket, want["port"], None
    if kind == "smtp":
        want["database"] = ""
    if "password" in fields:
        want["user"] = want["user"] or ""
    return {name: value for name, value in want.items() if value is not None}


def dsn_meaning(text):
    """Keyword form: words with quoted values. None when it is not that."""
    pairs = re.findall(r"(?:^| )([\w.-]+)='((?:[^'\\]|\\.)*)'", text, re.S)
    if " ".join("%s='%s'" % pair for pair in pairs) != text:
        return None
    return {name: re.sub(r"\\(.)", r"\1", value, flags=re.S) for name, value in pairs}


def keyword_meaning(kind, fields):
    """What the keyword string of these fields must say."""
    renamed = {field: word for word, field in DSN_WORDS[kind].items()}
    socket = fields.get("socket_dir")
    want = {}
    for name in ("host", "port", "database", "user", "password", "sslmode"):
        if name in fields:
            want[renamed.get(name, name)] = fields[name].strip("[]") if name == "host" else fields[name]
    if socket:
        want["host"] = socket
    if kind == "mysql" and "socket" in fields:
        want.pop("host", None)
        want.pop("port", None)
        want["socket"] = fields["socket"]
    if kind == "mysql" and "tls" in fields:
        want["ssl-mode"] = MODES[fields["tls"]]
    want.update(options_of(fields))
    return want


def string_faults(kind, expect):
    """Findings about what the strings of one case mean."""
    fields, url, dsn = expect["fields"], expect["url"], expect["dsn"]
    if url is not None and kind in SERVERS and "uri" not in fields:
        if url_meaning(url) != server_meaning(kind, fields):
            yield "url says %s, not %s" % (url_meaning(url), server_meaning(kind, fields))
    elif kind == "sqlite":
        path, _, mode = url[len("file:"):].partition("?mode=")
        path = path[2:] if path.startswith("//") else path
        if urllib.parse.unquote(path, errors="strict") != fields["path"] or mode != fields["mode"]:
            yield "url says path %s, mode %s" % (urllib.parse.unquote(path), mode)
        if dsn != fields["path"]:
            yield "dsn is not the path"
    elif kind == "kafka" and dsn.split(",") != json.loads(fields["brokers"]):
        yield "dsn says %s" % dsn.split(",")
    elif url is not None and url not in fields.values() and kind != "s3":
        yield "url is none of the fields"
    if dsn is not None and kind in DSN_WORDS:
        if dsn_meaning(dsn) != keyword_meaning(kind, fields):
            yield "dsn says %s, not %s" % (dsn_meaning(dsn), keyword_meaning(kind, fields))


def secret_faults(expect):
    """Findings about redaction: no secret is left, and the mask stands only where one was."""
    url, redacted = expect["url"], expect["redacted_url"]
    if (url is None) != (redacted is None):
        yield "url and redacted_url: one is null"
    for what, text in (("url", url), ("dsn", expect["dsn"])):
        if text is None and expect[what + "_secret"]:
            yield "%s_secret without %s" % (what, what)
    if url is not None and (redacted != url) != expect["url_secret"]:
        yield "redacted_url does not fit url_secret"
    for name in expect["secret_fields"]:
        value = expect["fields"].get(name)
        if value is None:
            yield "secret_fields: %s has no value" % name
        elif redacted and len(value) > 4 and (value in redacted or
                                              urllib.parse.quote(value, safe="") in redacted):
            yield "redacted_url shows %s" % name


def case_faults(case, codes, kinds):
    """Findings about one case."""
    if set(case) - CASE_KEYS:
        yield "unknown keys %s" % sorted(set(case) - CASE_KEYS)
    if ("expect" in case) == ("error" in case):
        yield "has both or neither of expect and error"
        return
    if "error" in case:
        error = case["error"]
        if error.get("code") not in codes:
            yield "no such code: %s" % error.get("code")
        if error.get("at") not in ERROR_AT or set(error) - {"at", "code", "subject", "mentions"}:
            yield "error is not as the README says"
        return
    expect = case["expect"]
    if set(expect) - EXPECT_MAY != EXPECT_KEYS:
        yield "expect is not as the README says"
        return
    has_url, has_dsn, _ = kinds.get(case["kind"], (False, False, []))
    if (expect["url"] is not None) != has_url or (expect["dsn"] is not None) != has_dsn:
        yield "url or dsn is null, or should be"
        return
    yield from secret_faults(expect)
    yield from string_faults(case["kind"], expect)


def coverage_faults(cases, kinds):
    """Every kind, every field with and without a value, every required field missing."""
    for kind, (_, _, rows) in kinds.items():
        resolved = [c["expect"].get("fields", {}) for c in cases if c["kind"] == kind and "expect" in c]
        if not resolved:
            yield "no case of kind %s resolves" % kind
        for row in rows:
            name = row[0].strip("`")
            if not any(name in fields for fields in resolved):
                yield "no case of %s has a value for %s" % (kind, name)
            if not row[4] and not row[2] and all(name in fields for fields in resolved):
                yield "no case of %s leaves %s out" % (kind, name)


def check(root):
    """All findings."""
    kinds = kinds_doc.code_kinds(root)
    codes = set(re.findall(r"\bENVRES_E_\w+", gate.code_only(gate.read(root, ERRORS))))
    whole = json.loads(gate.read(root, VECTORS))
    cases = whole["cases"]
    findings = []
    if whole["count"] != len(cases):
        findings.append("count is %s, there are %d cases" % (whole["count"], len(cases)))
    names = [case["name"] for case in cases]
    findings += ["%s: stands here twice" % n for n in sorted({n for n in names if names.count(n) > 1})]
    for case in cases:
        findings += ["%s: %s" % (case["name"], fault) for fault in case_faults(case, codes, kinds)]
    findings += coverage_faults(cases, kinds)
    return ["%s:1: %s" % (VECTORS, finding) for finding in findings]


def text_of(cases, count=None):
    """A vectors file."""
    return json.dumps({"count": len(cases) if count is None else count, "cases": cases})


def changed(case, **expect):
    """A copy of a case with other expectations."""
    return dict(case, expect=dict(case["expect"], **expect))


FULL = {
    "name": "full", "kind": "postgres", "fields": {},
    "expect": {"fields": {"host": "h", "database": "a/b", "password": "p@ss:w"},
               "secret_fields": ["password"],
               "url": "postgresql://:p%40ss%3Aw@h/a%2Fb", "url_secret": True,
               "redacted_url": "postgresql://:***@h/a%2Fb",
               "dsn": "host='h' dbname='a/b' password='p@ss:w'", "dsn_secret": True}}
BARE = {
    "name": "bare", "kind": "postgres", "fields": {},
    "expect": {"fields": {"host": "h", "database": "d"}, "secret_fields": [],
               "url": "postgresql://h/d", "url_secret": False, "redacted_url": "postgresql://h/d",
               "dsn": "host='h' dbname='d'", "dsn_secret": False}}
FAILS = {"name": "fails", "kind": "postgres", "fields": {},
         "error": {"at": "resolve", "code": "ENVRES_E_FIELD"}}
SOUND = {
    ERRORS: "enum { ENVRES_E_FIELD = -35 };\n",
    kinds_doc.TABLE: """static const struct kind_field postgres_fields[] = {
    { .name = "host", .required = true },
    { .name = "database", .required = true },
    { .name = "password", .secret = true },
};
static const struct kind kinds[] = {
    { .name = "postgres", FIELDS(postgres_fields), .has_url = true, .has_dsn = true },
};
""",
    VECTORS: text_of([FULL, BARE, FAILS]),
}
PLANTS = [(name, {VECTORS: text_of(cases)}, expected) for name, cases, expected in (
    ("a name twice", [FULL, BARE, BARE], "stands here twice"),
    ("an unknown key", [FULL, BARE, dict(FAILS, feilds={})], "unknown keys"),
    ("no outcome", [FULL, BARE, {"name": "x", "kind": "postgres", "fields": {}}], "neither"),
    ("an unknown code", [FULL, BARE, dict(FAILS, error={"at": "resolve", "code": "ENVRES_E_X"})],
     "no such code"),
    ("an unknown call", [FULL, BARE, dict(FAILS, error={"at": "open", "code": "ENVRES_E_FIELD"})],
     "error is not as"),
    ("an unescaped password", [changed(FULL, url="postgresql://:p@ss:w@h/a%2Fb"), BARE], "url says"),
    ("an unescaped database", [changed(FULL, url="postgresql://:p%40ss%3Aw@h/a/c"), BARE],
     "url says"),
    ("another password", [changed(FULL, url="postgresql://:pass@h/a%2Fb"), BARE], "url says"),
    ("a parameter too many", [FULL, changed(BARE, url="postgresql://h/d?x=y",
                                            redacted_url="postgresql://h/d?x=y")], "url says"),
    ("a keyword string of another meaning", [FULL, changed(BARE, dsn="host='h' dbname='d\\'")],
     "dsn says"),
    ("a word without quotes", [FULL, changed(BARE, dsn="host=h dbname='d'")], "dsn says None"),
    ("a URL is missing", [FULL, changed(BARE, url=None, redacted_url=None)], "is null"),
    ("a secret in the redacted URL",
     [changed(FULL, redacted_url="postgresql://x:p%40ss%3Aw@h/a%2Fb"), BARE], "shows password"),
    ("not marked secret", [changed(FULL, url_secret=False), BARE], "does not fit url_secret"),
    ("a secret field without value", [changed(FULL, secret_fields=["user"]), BARE], "has no value"),
    ("a key of expect is missing", [FULL, dict(BARE, expect={"url": None})], "expect is not as"),
    ("no case resolves", [FAILS], "no case of kind postgres"),
    ("a field never set", [BARE, FAILS], "a value for password"),
    ("a field always set", [FULL, FAILS], "leaves password out"),
)] + [("a wrong count", {VECTORS: text_of([FULL, BARE], 3)}, "count is 3")]

if __name__ == "__main__":
    sys.exit(gate.run("resource_vectors", check, SOUND, PLANTS))
