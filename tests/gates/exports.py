#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The headers, the symbol map and the built library export the same functions, and nothing else.

exports.py [ROOT] [--library LIBENVRES.SO] | --write | --self-test

Without a library, headers and map are compared. With one, also: its dynamic symbols, its soname,
what it needs, and that it has no writable data beyond the few variables that are listed.
--write adds the functions that are missing to the newest node of the map, and what the bindings
generate from the headers follows: bindings/generate.py.
"""
import os
import re
import subprocess
import sys

import gate

MAP = "lib/envres.map"
SONAME = "libenvres.so.0"
NEEDED = re.compile(r"^(libsqlite3|libsodium|libc|libm|libpthread|ld-linux[\w-]*)\.so\.\d+$")

# The fork counter and the registry of arenas that a fork wipes, each with its start; everything else
# that can be written would be global state.
WRITABLE = {"fork_count", "fork_once", "fork_result", "registry", "start_once", "start_result"}
# The last two are libgcc's own, filled before main(): what the processor can do.
TOOLCHAIN = re.compile(r"^(completed\.\d+|__dso_handle|__TMC_END__|_?__bss_start|_edata|_end|"
                       r"\.(data|bss)|__gcov.*|__asan.*|"
                       r"__cpu_model|__cpu_features2)?$")

# Libraries without symbol versions; the C library's names carry theirs.
FOREIGN = re.compile(r"^(sqlite3|crypto|sodium|randombytes)_|^__gcov_")

DECLARATION = re.compile(r"\bENVRES_API\b([^;{]*?)\b(\w+)\s*\(")


def declared(root):
    """The functions of the installed headers."""
    names = set()
    for path in gate.under(gate.tracked(root), "include", ".h"):
        text = re.sub(r"^[ \t]*#.*", "", gate.code_only(gate.read(root, path)), flags=re.M)
        names |= {match[2] for match in DECLARATION.finditer(text)}
    return names


def mapped(root):
    """The names of the map, as a list, and findings about its form."""
    text = gate.code_only(gate.read(root, MAP))
    findings = []
    if "*" in re.sub(r"\blocal:\s*\*;", "", text):
        findings.append("%s:1: a name with * exports what no header declares" % MAP)
    if not re.search(r"\blocal:\s*\*;", text):
        findings.append("%s:1: local: * is missing" % MAP)
    if not re.match(r"\s*ENVRES_\d+\.\d+\s*\{", text):
        findings.append("%s:1: a node is called ENVRES_<release>" % MAP)
    return re.findall(r"\b(\w+);", re.sub(r"\}[^;]*;", "", text)), findings


def differences(left, right, left_name, right_name):
    for name in sorted(left - right):
        yield "%s:1: %s is in %s, not in %s" % (MAP, name, left_name, right_name)
    for name in sorted(right - left):
        yield "%s:1: %s is in %s, not in %s" % (MAP, name, right_name, left_name)


def tool(*command):
    """The output of a tool that must succeed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


def check_writable(library):
    for line in tool("objdump", "-t", library).split("\n"):
        fields = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+\s*(\S*)$", line)
        if not fields or fields[2] not in (".data", ".bss", ".tdata", ".tbss"):
            continue
        name = fields[3]
        if name not in WRITABLE and not TOOLCHAIN.match(name):
            yield "%s: %s lies in %s: no global mutable state" % (library, name, fields[2])


def check_library(names, library):
    lines = [line.split() for line in tool("nm", "-D", "--defined-only", library).split("\n")]
    exported = {f[-1].split("@")[0] for f in lines if len(f) == 3 and f[1] not in "Aa"}
    yield from differences(names, exported, "the headers", os.path.basename(library))
    dynamic = tool("readelf", "-dW", library)
    sonames = re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
    if sonames != [SONAME]:
        yield "%s: soname %s, not %s" % (library, sonames, SONAME)
    sanitized = "libasan" in dynamic or "libubsan" in dynamic
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not NEEDED.match(name) and not sanitized:
            yield "%s: needs %s" % (library, name)
    if not sanitized:
        yield from check_writable(library)
    for line in tool("nm", "-D", "--undefined-only", library).split("\n"):
        kind, name = (line.split() + ["", ""])[:2]
        if kind == "U" and "@" not in name and not sanitized and not FOREIGN.match(name):
            yield "%s: %s is used and nowhere defined" % (library, name)


def check(root, library=None):
    """All findings."""
    names = declared(root)
    listed, findings = mapped(root)
    for name in sorted({n for n in listed if listed.count(n) > 1}):
        findings.append("%s:1: %s is listed twice" % (MAP, name))
    findings += differences(names, set(listed), "the headers", "the map")
    for name in sorted(names):
        if not name.startswith("envres_"):
            findings.append("include/: %s does not begin with envres_" % name)
    if library:
        findings += check_library(names, library)
    return findings


def write(root):
    """Adds what is missing to the newest node, sorted."""
    missing = declared(root) - set(mapped(root)[0])
    text = gate.read(root, MAP)
    start = text.rindex("global:\n") + len("global:\n")
    end = text.index("local:", start) if "local:" in text[start:] else text.rindex("}")
    rows = sorted(set(text[start:end].split("\n")) - {""} | {"    %s;" % n for n in missing})
    with open(os.path.join(root, MAP), "w", encoding="utf-8") as file:
        file.write(text[:start] + "\n".join(rows) + "\n" + text[end:])


HEADER = """/** ENVRES_API void not_this(void); */
#define ENVRES_API __attribute__((visibility("default")))
ENVRES_API const char *envres_one(void);
ENVRES_API envres_status
envres_two(envres_store *store,
           envres_error *err);
"""
NODE = "/* map */\nENVRES_0.1 {\nglobal:\n%slocal:\n    *;\n};\n"
SOUND = {"include/envres/a.h": HEADER, MAP: NODE % "    envres_one;\n    envres_two;\n"}
PLANTS = [
    ("not in the map", {MAP: NODE % "    envres_one;\n"}, "envres_two is in the headers"),
    ("not in the headers", {MAP: NODE % "    envres_one;\n    envres_two;\n    envres_x;\n"},
     "envres_x is in the map"),
    ("twice", {MAP: NODE % "    envres_one;\n    envres_two;\n    envres_two;\n"}, "listed twice"),
    ("star", {MAP: NODE % "    envres_one;\n    envres_two;\n    envres_*;\n"}, "a name with *"),
    ("no local", {MAP: "ENVRES_0.1 {\nglobal:\n    envres_one;\n    envres_two;\n};\n"},
     "local: * is missing"),
    ("another node", {MAP: SOUND[MAP].replace("ENVRES_0.1", "V1")}, "a node is called"),
    ("a foreign name", {"include/envres/a.h": HEADER + "ENVRES_API int foo(void);\n"},
     "foo does not begin"),
]


def library_self_test():
    """Builds small shared libraries with faults; returns what was not found."""
    import tempfile
    rows = [
        ("sound", "", SONAME, None),
        ("more is exported", "void envres_three(void);void envres_three(void){}", SONAME,
         "envres_three is in"),
        ("global state", "int counter; int *envres_counter_(void);", SONAME, "counter lies in"),
        ("another soname", "", "libx.so.1", "soname"),
        ("something is missing", "int nearest(void);int envres_five_(void){return nearest();}",
         SONAME, "nearest is used"),
        ("less is exported", "", SONAME, "envres_four is in the headers"),
    ]
    bad = []
    for name, extra, soname, expected in rows:
        with tempfile.TemporaryDirectory(prefix="envres-gate.") as folder:
            source, library = os.path.join(folder, "a.c"), os.path.join(folder, "a.so")
            with open(source, "w", encoding="utf-8") as file:
                file.write("const char *envres_one(void){return 0;}int envres_two(void){return 0;}")
                file.write(extra)
            script = os.path.join(folder, "a.map")
            with open(script, "w", encoding="utf-8") as file:
                file.write("ENVRES_0.1 { global: envres_*; local: *; };\n")
            subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname," + soname,
                            "-Wl,--version-script=" + script, source, "-o", library], check=True)
            names = {"envres_one", "envres_two"} | ({"envres_four"} if "less" in name else set())
            found = list(check_library(names, library))
            if expected is None and found or expected and not any(expected in f for f in found):
                bad.append("exports: self-test: %s: expected %r, got %s" % (name, expected, found))
    return len(rows), bad


def main(argv):
    if "--write" in argv:
        write(gate.ROOT)
        return subprocess.call([sys.executable, os.path.join(gate.ROOT, "bindings/generate.py")])
    library = None
    if "--library" in argv:
        at = argv.index("--library")
        library = argv[at + 1]
        argv = argv[:at] + argv[at + 2:]
    if "--self-test" in argv:
        count, bad = library_self_test()
        status = gate.run("exports", check, SOUND, PLANTS, argv)
        for line in bad:
            print(line)
        print("%d passed, %d failed" % (count - len(bad) + (0 if status else len(PLANTS) + 1),
                                        len(bad) + (1 if status else 0)))
        return 1 if bad or status else 0
    return gate.run("exports", lambda root: check(root, library), SOUND, PLANTS, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
