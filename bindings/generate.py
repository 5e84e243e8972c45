#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C interface as data: reads include/envres/*.h and writes bindings/api.json, and what each binding
generates from it.

    python3 bindings/generate.py            writes what is out of date, and says what
    python3 bindings/generate.py --check    writes nothing; fails when something is out of date

The parser knows the style of our own headers and nothing else. Whatever it does not understand is an
error with file and line: a construct that no binding expects must not slip through. What the file
holds is described in bindings/README.md.

A binding that generates files has a script bindings/<language>/generate.py with a function
files(api), which returns path (relative to the binding's folder) -> text.
"""
import importlib.util
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HEADERS, MAP, API = "include/envres", "lib/envres.map", "bindings/api.json"

# Every error code belongs to one family; each binding has an exception or an error kind for each.
FAMILIES = {
    "usage": "INVALID ABI LIMIT FORKED",
    "memory": "NOMEM",
    "callback": "CALLBACK",
    "text": "UTF8 JSON SYNTAX TYPE CYCLE DEPTH SQL_CONTEXT SHELL_CONTEXT IDENT",
    "secret": "SECRET_SINK",
    "name": "NAME FIELD TAG PATH",
    "conflict": "NAME_TAKEN TAG_TAKEN REFERRED CHANGED STORE_EXISTS",
    "not_found": "NOT_FOUND NOT_SET NOT_CONFIGURED NO_STORE NO_PRINCIPAL NO_VERSION_HERE",
    "denied": "DENIED REASON CONFIRM FIXED FALLBACK LAST_OWNER OWN_CHANGE APPROVALS QUORUM",
    "store": "NOT_A_STORE NEWER_STORE BUSY IO FULL CORRUPT READ_ONLY FILE_MODE FILE_SYSTEM POISONED "
             "UNKNOWN_OUTCOME SETTING",
    "key": "KEY KEY_FORMAT KDF_LIMIT MEMORY_LOCK",
    "integrity": "INTEGRITY ROOT ROLLBACK FORK",
    "state": "FROZEN DISCARDED SKIPS OFF_PATH AT_LAST NOT_READY ALREADY_LIVE NEVER_RELEASED "
             "NOTHING_LIVE NOTHING_BEFORE LIVE IN_HISTORY ONLY_VERSION CLOSED",
    "check": "CHECK",
}

SCALARS = {"int32_t", "uint32_t", "int64_t", "uint64_t", "size_t", "double", "envres_status"}
# Preprocessor lines that say nothing about the interface.
QUIET = re.compile(r"#\s*(ifndef ENVRES_\w+_H|define ENVRES_\w+_H|endif|else|include <[\w./]+>|"
                   r"if defined\(__GNUC__\) && !defined\(ENVRES_STATIC\)|"
                   r"define ENVRES_(TESTING_)?API( .*)?|define ENVRES_NUL_TERMINATED SIZE_MAX)$")
CPLUSPLUS = re.compile(r"#ifdef __cplusplus\n(extern \"C\" \{|\})\n#endif\n")
COMMENT = re.compile(r"/\*(\*?)(<?)(.*?)\*/", re.S)
NAME = r"[A-Za-z_]\w*"


class Misunderstood(Exception):
    """A place in a header that the parser does not know."""


def clean(text):
    """The words of a comment, on one line; a blank line stays as one line end."""
    lines = [re.sub(r"^\s*\*? ?", "", line).strip() for line in text.strip().split("\n")]
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines))
    return "\n".join(" ".join(p.split()) for p in paragraphs if p.split())


class Header:
    """One header, taken apart from front to back."""

    def __init__(self, path, text):
        self.path = path
        self.text = self.blank(text)
        self.at = 0

    def blank(self, text):
        """Preprocessor lines become empty lines; those that are not known are an error."""
        text = CPLUSPLUS.sub("\n\n\n", text)
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if line.startswith("#"):
                if not QUIET.match(line):
                    raise Misunderstood("%s:%d: preprocessor line: %s"
                                        % (self.path, number + 1, line))
                lines[number] = ""
        return "\n".join(lines)

    def fail(self, what, at=None):
        at = self.at if at is None else at
        line = self.text.count("\n", 0, at) + 1
        raise Misunderstood("%s:%d: %s: %s" % (self.path, line, what,
                                               self.text[at:at + 60].split("\n")[0]))

    def take(self, pattern, what=None):
        """Takes what matches here, without blanks before it; what must be there is named."""
        self.at = re.compile(r"\s*").match(self.text, self.at).end()
        match = re.compile(pattern, re.S).match(self.text, self.at)
        if match:
            self.at = match.end()
        elif what:
            self.fail("expected " + what)
        return match

    def comments(self):
        """Takes comments; the last of them, when it is a doc comment, documents what follows."""
        doc = ""
        while True:
            match = self.take(COMMENT.pattern)
            if not match:
                return doc
            doc = clean(match[3]) if match[1] and not match[2] else ""

    def trailing(self):
        """The comment behind a constant or field, or an empty text."""
        match = self.take(r"/\*\*<(.*?)\*/")
        return clean(match[1]) if match else ""


def parameter(header, text):
    """{"name", "type"} of one parameter or field as it is declared."""
    match = re.match(r"^(.*?[\s*])(%s)(\[\d+\])?$" % NAME, " ".join(text.split()))
    if not match:
        header.fail("declaration '%s'" % text.strip())
    kind = match[1].strip()
    base = kind.replace("const", "").replace("*", "").strip()
    if base not in SCALARS | {"char", "void", "uint8_t"} and not base.startswith("envres_"):
        header.fail("type '%s'" % kind)
    found = {"name": match[2], "type": kind}
    if match[3]:
        found["length"] = int(match[3][1:-1])
    return found


def parameters(header, text):
    text = text.strip()
    return [] if text == "void" else [parameter(header, p) for p in text.split(",")]


def take_enum(header, doc):
    constants = []
    while not header.take(r"\}\s*;"):
        above = header.comments()
        if header.take(r"\}\s*;"):
            break
        match = header.take(r"(ENVRES_\w+)\s*=\s*(-?\d+)\s*,?", "a constant with its value")
        below = header.trailing()
        constants.append({"name": match[1], "value": int(match[2]), "doc": above or below})
    return {"doc": doc, "header": header.path, "constants": constants}


def take_struct(header, name, doc):
    fields = []
    while True:
        above = header.comments()
        end = header.take(r"\}\s*(%s)\s*;" % NAME)
        if end:
            if end[1] != name:
                header.fail("struct %s is called %s" % (name, end[1]))
            break
        match = header.take(r"([^;{}]*?);", "a field")
        field = parameter(header, match[1])
        field["doc"] = above or header.trailing()
        fields.append(field)
    if name not in ("envres_version_name",) and fields[0]["name"] != "size":
        header.fail("struct %s does not begin with its size" % name)
    return {"name": name, "doc": doc, "header": header.path, "fields": fields}


def parse(path, text):
    """The declarations of one header."""
    header = Header(path, text)
    found = {"objects": [], "enums": [], "structs": [], "callbacks": [], "functions": []}
    last_doc = ""
    while True:
        doc = header.comments()
        if header.take(r"$"):
            return found
        if header.take(r"enum\s*\{"):
            found["enums"].append(take_enum(header, doc))
        elif match := header.take(r"typedef\s+struct\s+(%s)\s*\{" % NAME):
            found["structs"].append(take_struct(header, match[1], doc))
        elif match := header.take(r"typedef\s+struct\s+(%s)\s+(%s)\s*;" % (NAME, NAME)):
            found["objects"].append({"name": match[2], "doc": doc, "header": path})
        elif match := header.take(r"typedef\s+([^;(){}]*?)\(\s*\*\s*(%s)\)\s*\(([^;{}]*?)\)\s*;"
                                  % NAME):
            last_doc = doc or last_doc
            found["callbacks"].append({
                "name": match[2], "doc": last_doc, "header": path,
                "returns": " ".join(match[1].split()),
                "parameters": parameters(header, match[3])})
        elif header.take(r"typedef int32_t envres_status;"):
            pass
        elif match := header.take(r"ENVRES_(TESTING_)?API\s+([^;{}()]*?)\b(envres_\w+)\s*"
                                  r"\(([^;{}()]*)\)\s*;"):
            found["functions"].append({
                "name": match[3], "header": path, "doc": doc,
                "library": "envres-testing" if match[1] else "envres",
                "returns": " ".join(match[2].split()),
                "parameters": parameters(header, match[4])})
        else:
            header.fail("not understood")


def sections(doc):
    """Splits a contract: what it does, parameter -> text, names of errors, since when."""
    since = re.search(r"Since (\d+\.\d+)\.", doc)
    flat = doc.replace("\n", " \n")
    named = {}
    for match in re.finditer(r"@param (\w+) +(.*?)(?=@param |@return |Errors:|Since \d|\n|$)", flat,
                             re.S):
        named[match[1]] = match[2].strip()
    errors = re.search(r"Errors:(.*?)(?=Since \d|$)", flat, re.S)
    codes = re.findall(r"\bENVRES_E_\w+", errors[1]) if errors else []
    text = re.sub(r"(@param|@return|Errors:).*", "", flat, flags=re.S)
    text = re.sub(r"\s*Since \d+\.\d+\.", "", text)
    return " ".join(text.split()), named, sorted(set(codes), key=codes.index), since and since[1]


class Model:
    """What the headers say together."""

    def __init__(self, headers, exported):
        self.objects, self.enums, self.structs = [], [], []
        self.callbacks, self.functions = [], []
        for path, text in headers.items():
            for kind, rows in parse(path, text).items():
                getattr(self, kind).extend(rows)
        self.exported = exported
        self.object_names = {o["name"] for o in self.objects}
        self.struct_names = {s["name"] for s in self.structs}
        self.callback_names = {c["name"] for c in self.callbacks}
        self.function_names = {f["name"] for f in self.functions}

    def fail(self, where, what):
        raise Misunderstood("%s: %s: %s" % (where["header"], where["name"], what))

    def releaser(self, name):
        """The function that gives an object back."""
        for verb in ("free", "unref", "close"):
            if "%s_%s" % (name, verb) in self.function_names:
                return "%s_%s" % (name, verb)
        return None

    def direction(self, function, index, docs):
        """Adds to a parameter what it is for."""
        listed = function["parameters"]
        one = listed[index]
        kind, name = one["type"], one["name"]
        base = kind.replace("const", "").replace("*", "").strip()
        before = listed[index - 1] if index else None
        doc = docs.get(name, "")
        if kind == "envres_error *" and index == len(listed) - 1 and index and name == "err":
            one["role"] = "error"
        elif kind == "void *" and name == "user" and before and before["role"] == "callback":
            one["role"] = "user"
        elif kind in self.callback_names:
            one["role"] = "callback"
        elif kind == "size_t" and before and before["type"].endswith("*") and \
                name in (before["name"] + "_len", "len", "count", "cap"):
            one.update(role="length", of=before["name"])
            before.setdefault("length", name)
        elif kind in SCALARS:
            one["role"] = "in"
        elif base in self.object_names and kind.count("*") == 1:
            one["role"] = "object"
        elif base in self.object_names and kind.count("*") == 2 and "const" not in kind:
            one.update(role="out", frees=self.releaser(base))
        elif base in self.struct_names and kind == "const %s *" % base:
            one["role"] = "struct"
        elif base in self.struct_names and kind == "%s *" % base:
            one["role"] = "out"
        elif kind in ("const char *", "const void *", "const uint8_t *"):
            one["role"] = "text" if kind == "const char *" else "bytes"
        elif kind == "const char **":
            one.update(role="out", borrowed=True)
        elif base in SCALARS and kind == base + " *":
            one["role"] = "out"
        elif kind in ("char *", "uint8_t *"):
            size = re.search(r"(\d+) bytes of the caller's", doc + " " + function["doc"])
            one["role"] = "out"
            if name != "buf":
                if not size:
                    self.fail(function, "how many bytes has '%s'?" % name)
                one["bytes"] = int(size[1])
        elif kind == "void *" and index == 0:
            one["role"] = "object"
        else:
            self.fail(function, "what is the parameter '%s %s' for?" % (kind, name))
        if doc:
            one["doc"] = doc
        doc = re.sub(r"its `\w+` may be NULL", "", doc)
        if re.search(r"\bNULL\b", doc) and "*" in kind or one["role"] == "error":
            one["null"] = True

    def contracts(self):
        codes = {c["name"] for e in self.enums for c in e["constants"]}
        for function in self.functions:
            text, docs, errors, since = sections(function["doc"])
            if not since:
                self.fail(function, "its contract does not say since when")
            for name in docs:
                if name not in [p["name"] for p in function["parameters"]]:
                    self.fail(function, "there is no parameter '%s'" % name)
            for code in errors:
                if code not in codes:
                    self.fail(function, "there is no %s" % code)
            for index in range(len(function["parameters"])):
                self.direction(function, index, docs)
            function.update(summary=text, errors=errors, since=since)
            if function["library"] == "envres":
                function["exported"] = function["name"] in self.exported
            returned = function["returns"].replace("const", "").replace("*", "").strip()
            if returned in self.object_names and "*" in function["returns"]:
                function["frees"] = self.releaser(returned)

    def columns(self, enum):
        """A list's columns, from their constants."""
        where = {"header": enum["header"], "name": enum["constants"][-1]["name"]}
        prefix = where["name"][:-len("COLUMNS")]
        columns = []
        nulls = "are null" in enum["doc"]
        for index, one in enumerate(enum["constants"][:-1]):
            if not one["name"].startswith(prefix) or one["value"] != index:
                self.fail(where, "%s is not column %d of it" % (one["name"], index))
            match = re.match(r"(text|integer)\b(.*)$", one["doc"])
            if not match:
                self.fail(where, "%s: neither text nor integer" % one["name"])
            rest = match[2]
            kind = match[1]
            if kind == "integer" and rest.startswith(" 0 or 1"):
                kind = "boolean"
            elif kind == "integer" and rest.startswith(", ms UTC"):
                kind = "time"
            column = re.sub(r"^is_", "", one["name"][len(prefix):].lower())
            columns.append({"name": one["name"], "column": column,
                            "type": kind,
                            "null": bool(re.search(r"\bnull\b", rest)) or (nulls and index > 0),
                            "doc": one["doc"]})
        if enum["constants"][-1]["value"] != len(columns):
            self.fail(where, "is not the number of columns")
        return {"name": prefix[len("ENVRES_"):].lower().strip("_"), "header": enum["header"],
                "doc": enum["doc"], "columns": columns}

    def lists(self):
        """The tables, and which function gives which: its columns' comment names the functions, or
        their contract says "as envres_x() gives" or "columns ENVRES_X_*"."""
        tables, gives = [], {}
        for enum in [e for e in self.enums if e["constants"][-1]["name"].endswith("_COLUMNS")]:
            table = self.columns(enum)
            tables.append(table)
            where = {"header": enum["header"], "name": enum["constants"][-1]["name"]}
            if not enum["doc"].startswith("Columns of "):
                self.fail(where, "its comment does not begin with 'Columns of'")
            head = re.split(r"[.:]( |\n|$)", enum["doc"])[0]
            table["parameter"] = "findings" if "`findings`" in head else "out"
            first = None
            for name in re.findall(r"\b(envres_\w+|_\w+)\(\)", head):
                if name.startswith("_"):
                    if not first:
                        self.fail(where, "%s() follows no full name" % name)
                    name = first[:first.rindex("_")] + name
                first = first or name
                if name not in self.function_names:
                    self.fail(where, "there is no %s()" % name)
                gives[name] = table["name"]
        findings = [t["name"] for t in tables if t["parameter"] == "findings"]
        for function in self.functions:
            for one in function["parameters"]:
                if one["type"] == "envres_list **":
                    one["list"] = self.table_of(function, one, gives, findings, tables)
        for table in tables:
            del table["parameter"]
            table["functions"] = [f["name"] for f in self.functions
                                  if any(p.get("list") == table["name"] for p in f["parameters"])]
        return tables

    def table_of(self, function, one, gives, findings, tables):
        if one["name"] == "findings" and len(findings) == 1:
            return findings[0]
        if function["name"] in gives:
            return gives[function["name"]]
        doc = one.get("doc", "") + " " + function["doc"]
        match = re.search(r"as (envres_\w+)\(\) gives", doc)
        if match and match[1] in gives:
            return gives[match[1]]
        match = re.search(r"columns (ENVRES_\w+_)\*", doc)
        for table in tables:
            if match and table["columns"][0]["name"].startswith(match[1]):
                return table["name"]
        return self.fail(function, "which columns has the list '%s'?" % one["name"])

    def errors(self):
        """The codes with their families."""
        families = {}
        for family, names in FAMILIES.items():
            for name in names.split():
                families["ENVRES_E_" + name] = family
        rows = []
        for enum in self.enums:
            for one in enum["constants"]:
                if one["name"] != "ENVRES_OK" and not one["name"].startswith("ENVRES_E_"):
                    continue
                family = families.get(one["name"], "ok" if one["value"] == 0 else None)
                if not family:
                    raise Misunderstood("%s: %s belongs to no family of bindings/generate.py"
                                        % (enum["header"], one["name"]))
                rows.append({"name": one["name"], "value": one["value"], "text": one["doc"],
                             "family": family})
        return rows


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def describe(root):
    """The interface of the tree, as it goes into api.json."""
    folder = os.path.join(root, HEADERS)
    names = sorted(n for n in os.listdir(folder) if n.endswith(".h"))
    model = Model({n: read(root, HEADERS + "/" + n) for n in names},
                  set(re.findall(r"\b(envres_\w+);", read(root, MAP))))
    model.contracts()
    lists = model.lists()
    errors = model.errors()
    groups = [e for e in model.enums if not e["constants"][-1]["name"].endswith("_COLUMNS")
              and e["constants"][0]["name"] != "ENVRES_OK"]
    for function in model.functions:
        del function["doc"]
    for one in model.objects:
        one["free"] = model.releaser(one["name"])
    return {
        "format": "envres api 1",
        "families": list(FAMILIES),
        "errors": errors,
        "constants": groups,
        "objects": model.objects,
        "structs": model.structs,
        "callbacks": model.callbacks,
        "lists": lists,
        "functions": sorted(model.functions, key=lambda f: f["name"]),
    }


def pretty(api):
    """JSON with one thing on each line, so that changes merge and read well."""
    def one(value):
        return json.dumps(value, ensure_ascii=False)

    out = ["{"]
    parts = []
    for key, value in api.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = []
            for row in value:
                inner = []
                for name, item in row.items():
                    if isinstance(item, list) and item and isinstance(item[0], dict):
                        lines = ",\n".join("     " + one(i) for i in item)
                        inner.append("   %s: [\n%s]" % (one(name), lines))
                    else:
                        inner.append("   %s: %s" % (one(name), one(item)))
                rows.append("  {\n%s}" % ",\n".join(inner) if len(row) > 4
                            else "  " + one(row))
            parts.append(" %s: [\n%s]" % (one(key), ",\n".join(rows)))
        else:
            parts.append(" %s: %s" % (one(key), one(value)))
    return "\n".join(out) + "\n" + ",\n".join(parts) + "\n}\n"


def outputs(root):
    """path -> text of everything that is generated."""
    api = describe(root)
    found = {API: pretty(api)}
    folder = os.path.join(root, "bindings")
    for language in sorted(os.listdir(folder)):
        script = os.path.join(folder, language, "generate.py")
        if os.path.isfile(script):
            spec = importlib.util.spec_from_file_location("generate_" + language, script)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            for path, text in module.files(api).items():
                found["bindings/%s/%s" % (language, path)] = text
    return found


def stale(root):
    """path -> text of what is missing or differs."""
    found = {}
    for path, text in outputs(root).items():
        try:
            if read(root, path) == text:
                continue
        except FileNotFoundError:
            pass
        found[path] = text
    return found


def main(argv):
    try:
        found = stale(ROOT)
    except Misunderstood as error:
        print("generate.py: %s" % error, file=sys.stderr)
        return 1
    for path, text in found.items():
        if "--check" in argv:
            print("%s is out of date: python3 bindings/generate.py" % path)
            continue
        os.makedirs(os.path.dirname(os.path.join(ROOT, path)), exist_ok=True)
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(text)
        print("wrote " + path)
    return 1 if found and "--check" in argv else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
