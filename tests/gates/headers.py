#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header stands alone in C11 and C++11, and keeps the rules that make bindings simple.

headers.py [ROOT] [--compilers CC...] | --self-test

The compilers are used as they are named; those ending in ++ compile C++11, the others C11. Without
any, only the declarations are checked: at most 8 parameters, no varargs, no struct by value, no
types whose width differs between platforms, a doc comment that says since when.
"""
import os
import re
import subprocess
import sys
import tempfile

import gate

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
PARAMETERS = 8
SINCE = re.compile(r"Since(\s|\*)+\d+\.\d+\.")

PLAIN = {"void", "char", "double", "size_t", "envres_status",
         "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t"}

FUNCTION = re.compile(r"\bENVRES_(?:TESTING_)?API\s+([^;{}]*?)\b(\w+)\s*\(([^;{}]*)\)\s*;")
CALLBACK = re.compile(r"\btypedef\s+([^;{}()]*?)\(\s*\*\s*(\w+)\s*\)\s*\(([^;{}]*)\)\s*;")
STRUCT = re.compile(r"\btypedef\s+struct\s+(\w+)\s*\{(.*?)\}\s*(\w+)\s*;", re.S)


def type_fault(text, is_field=False):
    """What is wrong with a declared type, parameter or field; None: nothing. A word that is neither
    a known type nor a qualifier is its name."""
    if "..." in text:
        return "varargs"
    words = re.findall(r"\w+", text)
    pointer = "*" in text
    if is_field and ":" in text:
        return "a bit-field"
    if "[" in text:
        return "an array"
    kinds = [w for w in words if w not in ("const", "struct")]
    kind = kinds[0] if kinds else ""
    if kind in PLAIN:
        return None if kind not in ("void", "char") or pointer or kinds == ["void"] else \
            "%s by value" % kind
    if re.match(r"envres_\w+_fn$", kind):
        return None
    if re.match(r"envres_\w+$", kind):
        return None if pointer else "%s by value" % kind
    return "the type %s" % (kind or "(none)")


def signature_faults(returned, parameters):
    """Yields what is wrong with a function."""
    fault = type_fault(returned)
    if fault:
        yield "returns " + fault
    listed = [p.strip() for p in parameters.split(",")]
    if listed == [""]:
        yield "has no prototype: write (void)"
        return
    if len(listed) > PARAMETERS:
        yield "has %d parameters, more than %d" % (len(listed), PARAMETERS)
    for parameter in listed:
        fault = type_fault(parameter) if parameter != "void" else None
        if fault:
            yield "takes " + fault


def doc_comment_before(text, position):
    """The comment that ends right above a position, or an empty string."""
    before = text[:position].rstrip()
    if not before.endswith("*/"):
        return ""
    return before[before.rindex("/*"):]


def check_functions(path, text, code):
    for match in FUNCTION.finditer(code):
        where = "%s:%d: %s" % (path, gate.line_of(code, match.start()), match[2])
        for fault in signature_faults(match[1], match[3]):
            yield where + " " + fault
        comment = doc_comment_before(text, match.start())
        if not comment.startswith("/**"):
            yield where + " has no contract (a comment that begins with /**)"
        elif not SINCE.search(comment):
            yield where + " does not say since when (\"Since 0.1.\")"
        # SIZE_MAX-measured text comes as pointer and length; the error slot comes last.
        listed = [p.strip() for p in match[3].split(",")]
        slots = [i for i, p in enumerate(listed) if re.match(r"envres_error\s*\*\s*err$", p)]
        if slots and slots[-1] != len(listed) - 1:
            yield where + " takes its error slot before the end"


def check_structs(path, code):
    for match in STRUCT.finditer(code):
        where = "%s:%d: %s" % (path, gate.line_of(code, match.start()), match[3])
        fields = [f.strip() for f in match[2].split(";") if f.strip()]
        if not fields or not re.match(r"uint32_t\s+size$", fields[0]):
            yield where + " does not begin with uint32_t size"
        for field in fields:
            fault = type_fault(field, is_field=True)
            if fault:
                yield "%s has %s (%s)" % (where, fault, " ".join(field.split()))


def check_callbacks(path, code):
    for match in CALLBACK.finditer(code):
        where = "%s:%d: %s" % (path, gate.line_of(code, match.start()), match[2])
        for fault in signature_faults(match[1], match[3]):
            yield where + " " + fault
        if not re.search(r"\bvoid\s*\*\s*user\s*$", match[3]):
            yield where + " does not take void *user last"


def check_form(root, path, text, code):
    name = os.path.basename(path)
    guard = "ENVRES_%s_H" % re.sub(r"\W", "_", name[:-2]).upper()
    if not re.search(r"^#ifndef %s\n#define %s$" % (guard, guard), text, re.M):
        yield "%s:1: the include guard is called %s" % (path, guard)
    if FUNCTION.search(code) and 'extern "C" {' not in text:
        yield "%s:1: no extern \"C\"" % path
    umbrella = "include/envres/envres.h"
    if os.path.exists(os.path.join(root, umbrella)) and path != umbrella and \
            name not in ("testing.h",) and "<envres/%s>" % name not in gate.read(root, umbrella):
        yield "%s:1: envres.h does not include it" % path
    if os.path.exists(os.path.join(root, "include/meson.build")) and \
            "'envres/%s'" % name not in gate.read(root, "include/meson.build"):
        yield "%s:1: include/meson.build does not install it" % path


def check_alone(root, path, compilers):
    for compiler in compilers:
        plus = compiler.endswith("++")
        with tempfile.TemporaryDirectory(prefix="envres-gate.") as folder:
            source = os.path.join(folder, "alone.cc" if plus else "alone.c")
            with open(source, "w", encoding="utf-8") as file:
                # Twice: the guard must work.
                file.write("#include <%s>\n#include <%s>\nint alone_(void);\n" % (
                    (path[len("include/"):],) * 2))
            try:
                done = subprocess.run(
                    [compiler, "-std=c++11" if plus else "-std=c11"] + STRICT +
                    ["-I", os.path.join(root, "include"), source],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            except OSError as error:
                yield "%s:1: %s: %s" % (path, compiler, error.strerror)
                continue
            if done.returncode != 0:
                yield "%s:1: does not compile alone with %s: %s" % (
                    path, compiler, done.stdout.strip().replace(folder + "/", ""))


def check(root, compilers=()):
    """All findings."""
    findings = []
    for path in gate.under(gate.tracked(root), "include", ".h"):
        text = gate.read(root, path)
        # Directives would hide the comment above a declaration; lines keep their numbers.
        code = re.sub(r"^[ \t]*#.*", lambda m: gate.blank(m[0]), gate.code_only(text), flags=re.M)
        findings += check_functions(path, text, code)
        findings += check_structs(path, code)
        findings += check_callbacks(path, code)
        findings += check_form(root, path, text, code)
        findings += check_alone(root, path, compilers)
    return findings


def header(declarations, name="A"):
    """A sound header around some declarations."""
    return """#ifndef ENVRES_%s_H
#define ENVRES_%s_H

#include <stddef.h>
#include <stdint.h>

#define ENVRES_API

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t envres_status;
typedef struct envres_error envres_error;
typedef struct envres_store envres_store;

%s

#ifdef __cplusplus
}
#endif

#endif
""" % (name, name, declarations)


GOOD = """/** Asks. */
typedef envres_status (*envres_ask_fn)(const uint8_t *id, size_t len, void *user);

/** Options. */
typedef struct envres_a_options {
    uint32_t size;
    /** Who asks. */
    envres_ask_fn ask;
    const char *text;
} envres_a_options;

/** Opens, with a comma, and a (bracket). Since 0.1. */
ENVRES_API envres_status envres_a_open(const char *path, size_t len,
                                       const envres_a_options *options, envres_store **out,
                                       envres_error *err);

/**
 * The version. Since
 * 0.1.
 */
ENVRES_API const char *envres_a_version(void);"""

SOUND = {"include/envres/a.h": header(GOOD)}
DOC = "/** Does. Since 0.1. */\nENVRES_API "


def bad(declarations):
    """The sound header with more declarations."""
    return {"include/envres/a.h": header(GOOD + "\n\n" + declarations)}


PLANTS = [
    ("nine parameters", bad(DOC + "void envres_x(%s);" % ", ".join(
        "int32_t a%d" % i for i in range(9))), "has 9 parameters"),
    ("struct by value", bad(DOC + "void envres_x(envres_a_options options);"), "by value"),
    ("struct returned", bad(DOC + "envres_a_options envres_x(void);"), "returns envres_a_options"),
    ("tagged struct by value", bad(DOC + "void envres_x(struct envres_a_options o);"), "by value"),
    ("varargs", bad(DOC + "void envres_x(const char *format, ...);"), "varargs"),
    ("bool", bad(DOC + "bool envres_x(void);"), "the type bool"),
    ("_Bool", bad(DOC + "void envres_x(_Bool is_so);"), "the type _Bool"),
    ("long", bad(DOC + "void envres_x(long a);"), "the type long"),
    ("unsigned", bad(DOC + "void envres_x(unsigned a);"), "the type unsigned"),
    ("int", bad(DOC + "int envres_x(void);"), "the type int"),
    ("enum", bad(DOC + "void envres_x(enum kind k);"), "the type enum"),
    ("FILE", bad(DOC + "void envres_x(FILE *f);"), "the type FILE"),
    ("no prototype", bad(DOC + "void envres_x();"), "has no prototype"),
    ("error slot in the middle", bad(DOC + "void envres_x(envres_error *err, size_t len);"),
     "before the end"),
    ("no comment", bad("ENVRES_API void envres_x(void);"), "has no contract"),
    ("plain comment", bad("/* Does. Since 0.1. */\nENVRES_API void envres_x(void);"),
     "has no contract"),
    ("no since", bad("/** Does. */\nENVRES_API void envres_x(void);"), "since when"),
    ("struct without size", bad("typedef struct envres_b {\n    int32_t a;\n} envres_b;"),
     "does not begin with"),
    ("bool field", bad("typedef struct envres_b {\n    uint32_t size;\n    bool a;\n} envres_b;"),
     "the type bool"),
    ("bit-field",
     bad("typedef struct envres_b {\n    uint32_t size;\n    uint32_t a : 3;\n} envres_b;"),
     "a bit-field"),
    ("callback without user", bad("typedef void (*envres_b_fn)(const char *text);"),
     "void *user last"),
    ("guard", {"include/envres/a.h": header(GOOD, "B")}, "the include guard"),
    ("no extern", {"include/envres/a.h": header(GOOD).replace('extern "C" {', "")}, "extern"),
    ("not in the umbrella", {"include/envres/envres.h":
                             header("", "ENVRES")}, "envres.h does not include it"),
    ("not installed", {"include/meson.build": "files('envres/b.h')\n"}, "does not install it"),
]

COMPILED_PLANTS = [
    ("needs another header", bad("typedef FILE *envres_file;"), "does not compile alone"),
    ("an extension", bad("enum { ENVRES_A = 1, ENVRES_B = (1LL << 40) };\n#warning no"),
     "does not compile alone"),
]


def self_test(compilers):
    """The plants; with compilers also those that only a compiler finds."""
    plants = PLANTS + (COMPILED_PLANTS if compilers else [])
    return gate.run("headers", lambda root: check(root, compilers), SOUND, plants, ["--self-test"])


def main(argv):
    compilers = []
    if "--compilers" in argv:
        at = argv.index("--compilers")
        compilers = argv[at + 1:]
        argv = argv[:at]
    if "--self-test" in argv:
        return self_test(compilers)
    return gate.run("headers", lambda root: check(root, compilers), SOUND, PLANTS, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
