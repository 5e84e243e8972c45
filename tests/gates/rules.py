#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""House rules that a compiler does not know: what lib/ may call, sizes, licence lines, leftovers,
the top level of the tree, and which SQL is allowed.

rules.py [ROOT] | --self-test
"""
import re
import sys

import gate

ME = "tests/gates/rules.py"
FILE_LINES = 900
FUNCTION_LINES = 100
FUNCTION_LINES_UNEXPLAINED = 60

TOP_FOLDERS = {"include", "lib", "bindings", "tests", "docs", "examples", ".ci"}
TOP_FILES = {"README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md",
             "meson.build", "meson_options.txt", ".clang-format", ".clang-tidy", ".editorconfig",
             ".gitattributes", ".gitignore"}

# Calls that lib/ does not make: memory goes through base/mem.h, and a library neither prints nor
# exits, installs handlers, changes the locale, or uses functions that cannot be bounded.
BANNED = {
    "memory": "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf alloca "
              "aligned_alloc posix_memalign",
    "printing": "printf fprintf vprintf vfprintf puts fputs putchar putc fputc perror",
    "ending or taking over the process": "exit _exit _Exit abort quick_exit atexit system popen "
                                         "fork execv execve signal sigaction raise longjmp setjmp",
    "global state": "setlocale setenv putenv unsetenv getenv srand rand strtok strerror localtime "
                    "gmtime umask chdir",
    "no bounds": "sprintf vsprintf strcpy strcat gets",
    "follows the host's locale": "strtod strtof strtold atof sscanf localeconv isalpha isalnum "
                                 "isdigit isxdigit isspace islower isupper ispunct tolower toupper "
                                 "strcasecmp strncasecmp strcoll strftime",
}
BANNED_CALL = re.compile(
    r"(?<![\w.])(?<!->)(%s)\s*\(" % "|".join(w for words in BANNED.values() for w in words.split()))
BANNED_WHY = {word: why for why, words in BANNED.items() for word in words.split()}
ALLOWED_CALLS = {("lib/base/mem.c", word) for word in ("malloc", "calloc", "realloc", "free")}

LICENCED = (".c", ".h", ".py", ".sh", ".in", ".map", "meson.build", "meson_options.txt",
            ".ci/run")
LICENCE = "SPDX-License-Identifier:"

TEXT = (".c", ".h", ".py", ".sh", ".in", ".map", ".md", ".json", ".yml", ".txt", "meson.build",
        ".ci/run")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work/(main|shared)|tmp/(wt|brief)/|root/|home/(?!user\b)\w)")
SHARED_PATH = re.compile(r"\.\./shared\b")

SQL_START = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|WITH|REPLACE|PRAGMA|ALTER|DROP|BEGIN|VACUUM)\b")
SQL_RULES = [
    (re.compile(r"\bAUTOINCREMENT\b", re.I), "AUTOINCREMENT: ids are made by the library"),
    (re.compile(r"\bCREATE\s+(TEMP\w*\s+)?TRIGGER\b", re.I), "triggers are not portable"),
    (re.compile(r"\b(INSERT\s+OR\s+REPLACE|REPLACE\s+INTO)\b", re.I),
     "INSERT OR REPLACE deletes rows: use ON CONFLICT ... DO UPDATE"),
    (re.compile(r"\b(LIKE|GLOB|REGEXP)\b", re.I), "names are compared, not matched"),
    (re.compile(r"\b(group_concat|string_agg)\b", re.I), "the order of group_concat is not fixed"),
    (re.compile(r"->>"), "->> is not portable"),
    (re.compile(r"\b[xX]'"), "blobs are bound, never literals"),
    (re.compile(r"\bIS\s+(NOT\s+)?\?", re.I), "IS ? is not portable"),
    (re.compile(r"\bWITHOUT\s+ROWID\b", re.I), "WITHOUT ROWID is not portable"),
    (re.compile(r"\bWITH\b.*\bAS\s*\(\s*(INSERT|UPDATE|DELETE)\b", re.I | re.S),
     "writable common table expressions are not portable"),
    (re.compile(r"^(?!\s*(PRAGMA|VACUUM)).*%[-0-9.*]*[a-zA-Z]", re.I | re.S),
     "values are bound, never formatted in"),
    (re.compile(r"^\s*CREATE\s+TABLE\b(?![^;]*\)\s*STRICT\b)", re.I), "tables are STRICT"),
    (re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b.*\?(?!\d)", re.S),
     "parameters are numbered: ?1"),
]
# Its decimal point is the locale's.
FLOAT_FORMAT = re.compile(r"(?<!%)(?:%%)*%[-+ #0']*[\d*]*(?:\.[\d*]*)?[lL]?[aefgAEFG]")
LITERALS = re.compile(r'"((?:\\.|[^"\\\n])*)"(?:\s*"((?:\\.|[^"\\\n])*)")*')
ONE_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def check_calls(root, files):
    for path in gate.under(files, "lib", ".c", ".h"):
        code = gate.code_only(gate.read(root, path))
        for match in BANNED_CALL.finditer(code):
            if (path, match[1]) not in ALLOWED_CALLS:
                yield "%s:%d: %s() is not for lib/ (%s)" % (
                    path, gate.line_of(code, match.start()), match[1], BANNED_WHY[match[1]])
        for match in re.finditer(r"\bsqlite3_\w+", code):
            if not path.startswith("lib/storage/"):
                yield "%s:%d: %s outside lib/storage" % (
                    path, gate.line_of(code, match.start()), match[0])


def check_formats(root, files):
    for path in gate.under(files, "lib", ".c", ".h"):
        code = gate.without_comments(gate.read(root, path))
        for match in ONE_LITERAL.finditer(code):
            if FLOAT_FORMAT.search(match[1]):
                yield "%s:%d: a double is written by base/json.h, not by printf" % (
                    path, gate.line_of(code, match.start()))


def check_functions(root, files):
    for path in [f for f in files if f.endswith(".c")]:
        text = gate.read(root, path)
        lines = text.split("\n")
        for name, first, last, body in gate.functions(text):
            length = last - first + 1
            if length > FUNCTION_LINES:
                yield "%s:%d: %s() has %d lines, more than %d" % (path, first, name, length,
                                                                   FUNCTION_LINES)
            # The line above the name is the return type; a comment ends on the one above that.
            elif length > FUNCTION_LINES_UNEXPLAINED and not (
                    path.startswith("tests/") or lines[first - 3].rstrip().endswith("*/")):
                yield "%s:%d: %s() has %d lines and no comment that explains it" % (
                    path, first, name, length)
            if re.search(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else)\b", body, re.M):
                yield "%s:%d: #if inside %s()" % (path, first, name)


def check_sizes(root, files):
    for path in files:
        if path.endswith((".c", ".h", ".py", ".sh")):
            count = gate.read(root, path).count("\n")
            if count > FILE_LINES:
                yield "%s:1: %d lines, more than %d" % (path, count, FILE_LINES)


def check_licence(root, files):
    for path in files:
        if not path.endswith(LICENCED) or path == ME:
            continue
        lines = gate.read(root, path).split("\n")
        count = sum(LICENCE in line for line in lines)
        if count != 1:
            yield "%s:1: %d SPDX lines, one is wanted" % (path, count)
        elif not any(LICENCE + " MIT" in line for line in lines[:2]):
            yield "%s:1: the SPDX line stands first and says MIT" % path


def check_leftovers(root, files):
    for path in files:
        if not path.endswith(TEXT) or path == ME:
            continue
        for number, line in enumerate(gate.read(root, path).split("\n"), 1):
            for match in LEFTOVER.finditer(line):
                yield "%s:%d: %s: finish it, or open an issue" % (path, number, match[1])
            if MACHINE_PATH.search(line):
                yield "%s:%d: a path of one machine" % (path, number)
            if SHARED_PATH.search(line) and path != ".ci/run":
                yield "%s:%d: a folder outside the tree" % (path, number)


def check_map(_root, files):
    for path in files:
        top = path.split("/")[0]
        if top not in (TOP_FOLDERS if "/" in path else TOP_FILES):
            yield "%s:1: %s is not on the map of the top level" % (path, top)


def check_sql(root, files):
    for path in gate.under(files, "lib", ".c", ".h"):
        code = gate.without_comments(gate.read(root, path))
        for match in LITERALS.finditer(code):
            text = "".join(ONE_LITERAL.findall(match[0])).replace("\\n", "\n")
            if not SQL_START.match(text):
                continue
            for rule, why in SQL_RULES:
                if rule.search(text):
                    yield "%s:%d: SQL: %s" % (path, gate.line_of(code, match.start()), why)


def check(root):
    """All findings."""
    files = gate.tracked(root)
    findings = []
    for part in (check_calls, check_formats, check_functions, check_sizes, check_licence,
                 check_leftovers, check_map, check_sql):
        findings += part(root, files)
    return findings


SPDX = "/* SPDX-License-Identifier: MIT */\n"
SOUND_C = SPDX + """/* Says printf(x) and malloc(y) in a comment. */
static int
work(struct mem *mem, const char *text)
{
    mem_free(mem, "malloc(1)");
    mem->user.free(text);
    hook->exit(0);
    return snprintf(buffer, 3, "%s 100%% full %d", text);
}
"""


def sql(text):
    """A source file with one statement."""
    return {"lib/model/x.c": SPDX + 'static const char *const sql[] = { "%s" };\n' % text}


def code(text):
    """A source file with one statement in a function."""
    return {"lib/model/x.c": SPDX + "\nvoid\nwork(void)\n{\n    %s;\n}\n" % text}


SOUND = {
    "README.md": "Reads.\n",
    "lib/base/mem.c": SPDX + "void\ngive(void *p)\n{\n    free(p);\n}\n",
    "lib/base/work.c": SOUND_C,
    "lib/model/x.c": SPDX + """static const char *const sql[] = {
    "SELECT name FROM variable WHERE id = ?1 AND revision <= ?2",
    "CREATE TABLE t ("
    " id INTEGER PRIMARY KEY) STRICT",
    "INSERT INTO t (id) VALUES (?1) ON CONFLICT (id) DO UPDATE SET id = excluded.id",
    "PRAGMA busy_timeout=%d",
};
/* A name LIKE this is fine: "it looks LIKE x'00'". */
""",
    "tests/run.sh": "#!/bin/sh\n# SPDX-License-Identifier: MIT\nexit 0\n",
}

PLANTS = [
    (word + "()", code("x = %s(1)" % word), "%s() is not for lib/" % word)
    for words in BANNED.values() for word in words.split()
] + [
    ("malloc in mem.h", {"lib/base/mem.h": SPDX + "static void *x = malloc(1);\n"}, "malloc()"),
    ("printf in mem.c", {"lib/base/mem.c": SPDX + "void\nf(void)\n{\n    printf(a);\n}\n"},
     "printf()"),
    ("%g", code('snprintf(x, 3, "%g", v)'), "a double is written by"),
    ("%.17g in a sentence", code('err_set(err, 1, "at %5.17g of %%", v)'),
     "a double is written by"),
    ("sqlite3_ outside storage", code("sqlite3_free(x)"), "outside lib/storage"),
    ("#if in a function", {"lib/model/x.c": SPDX + "void\nf(void)\n{\n#ifdef X\n    a();\n#endif\n}\n"},
     "#if inside f()"),
    ("a long file", {"lib/model/x.c": SPDX + "\n" * 901}, "more than 900"),
    ("a long function", code("a();\n" + "    a();\n" * 110 + "    b()"), "more than 100"),
    ("an unexplained function", code("a();\n" + "    a();\n" * 65 + "    b()"), "no comment that"),
    ("no licence", {"lib/model/x.c": "int x;\n"}, "0 SPDX lines"),
    ("two licences", {"lib/model/x.c": SPDX + SPDX}, "2 SPDX lines"),
    ("another licence", {"lib/model/x.c": SPDX.replace("MIT", "ISC")}, "says MIT"),
    ("no licence in a script", {"tests/run.sh": "#!/bin/sh\n"}, "0 SPDX lines"),
    ("leftover", {"README.md": "a TO" + "DO here\n"}, "finish it"),
    ("leftover in code", {"lib/model/x.c": SPDX + "/* FIX" + "ME */\n"}, "finish it"),
    ("machine path", {"README.md": "see /work/" + "main/x\n"}, "a path of one machine"),
    ("home path", {"README.md": "see /home/" + "jane/x\n"}, "a path of one machine"),
    ("outside folder", {"tests/run.sh": "#!/bin/sh\n# " + LICENCE + " MIT\nls ../sha" + "red\n"},
     "a folder outside"),
    ("new top folder", {"src/x.c": SPDX}, "is not on the map"),
    ("new top file", {"notes.md": "x\n"}, "is not on the map"),
    ("autoincrement", sql("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT"),
     "AUTOINCREMENT"),
    ("trigger", sql("CREATE TRIGGER t AFTER INSERT ON u BEGIN END"), "triggers"),
    ("insert or replace", sql("INSERT OR REPLACE INTO t VALUES (?1)"), "INSERT OR REPLACE"),
    ("replace into", sql("REPLACE INTO t VALUES (?1)"), "INSERT OR REPLACE"),
    ("like", sql("SELECT a FROM t WHERE b LIKE ?1"), "names are compared"),
    ("like in the second line", sql('SELECT a FROM t"\n    " WHERE b like ?1'),
     "names are compared"),
    ("group_concat", sql("SELECT group_concat(a) FROM t"), "group_concat"),
    ("arrow", sql("SELECT a ->> 'b' FROM t"), "->>"),
    ("blob literal", sql("SELECT a FROM t WHERE b = x'00'"), "blobs are bound"),
    ("is parameter", sql("SELECT a FROM t WHERE b IS ?1"), "IS ?"),
    ("is not parameter", sql("SELECT a FROM t WHERE b IS NOT ?1"), "IS ?"),
    ("formatted value", sql("SELECT a FROM t WHERE b = %d"), "never formatted in"),
    ("not strict", sql("CREATE TABLE t (id INTEGER)"), "STRICT"),
    ("bare parameter", sql("SELECT a FROM t WHERE b = ?"), "numbered"),
    ("writable expression", sql("WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x"),
     "writable"),
]

if __name__ == "__main__":
    sys.exit(gate.run("rules", check, SOUND, PLANTS))
