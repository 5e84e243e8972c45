#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bindings/api.json, and what the bindings generate from it, say what the headers say; and a header in
which the generator does not understand something is found.

api_json.py [ROOT] | --self-test
"""
import os
import sys

import gate

sys.path.insert(0, os.path.join(gate.ROOT, "bindings"))
import generate  # noqa: E402  the generator is beside the bindings

HEADER = generate.HEADERS + "/thing.h"


def check(root):
    """All findings."""
    try:
        return ["%s:1: out of date: python3 bindings/generate.py" % path
                for path in sorted(generate.stale(root))]
    except generate.Misunderstood as error:
        return [HEADER.rsplit("/", 1)[0] + "/" + str(error)]


THING = """/** Things. */
#ifndef ENVRES_THING_H
#define ENVRES_THING_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A thing. */
typedef struct envres_thing envres_thing;
typedef struct envres_error envres_error;
typedef struct envres_list envres_list;

enum {
    ENVRES_OK = 0,
    ENVRES_E_NOT_FOUND = -32 /**< nobody knows this name */
};

enum {
    ENVRES_THING_BIG = 1 /**< a flag */
};

typedef struct envres_thing_options {
    uint32_t size;
    /** ENVRES_THING_* */
    uint32_t flags;
    const char *name;
    size_t name_len;
} envres_thing_options;

/** Columns of envres_thing_list(). */
enum {
    ENVRES_THING_NAME = 0, /**< text */
    ENVRES_THING_TIME = 1, /**< integer, ms UTC; or null */
    ENVRES_THING_COLUMNS = 2
};

/**
 * Makes one.
 * @param options  NULL: the defaults
 * Errors: ENVRES_E_NOT_FOUND. Since 0.1.
 */
ENVRES_API int32_t envres_thing_make(const envres_thing_options *options, envres_thing **out,
                                     envres_error *err);

/** All. Since 0.1. */
ENVRES_API int32_t envres_thing_list(const envres_thing *thing, envres_list **out,
                                     envres_error *err);

/** Frees. Since 0.1. */
ENVRES_API void envres_thing_free(envres_thing *thing);

#ifdef __cplusplus
}
#endif

#endif
"""
MAP = "ENVRES_0.1 {\nglobal:\n    envres_thing_free;\n    envres_thing_list;\n" \
      "    envres_thing_make;\nlocal:\n    *;\n};\n"


def sound():
    """A small tree, with the file that is generated from it."""
    import tempfile
    files = {HEADER: THING, generate.MAP: MAP, "bindings/README.md": ""}
    with tempfile.TemporaryDirectory(prefix="envres-gate.") as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        files.update(generate.outputs(root))
    return files


def changed(old, new):
    assert old in THING, old
    return {HEADER: THING.replace(old, new)}


PLANTS = [
    ("no file", {generate.API: None}, "out of date"),
    ("another value", changed("BIG = 1", "BIG = 2"), "out of date"),
    ("another parameter", changed("const envres_thing *thing", "envres_thing *thing"), "out of date"),
    ("another contract", changed("Makes one.", "Makes two."), "out of date"),
    ("not exported any more", {generate.MAP: MAP.replace("    envres_thing_list;\n", "")},
     "out of date"),
    ("a macro", changed("/** A thing. */", "#define ENVRES_THREE 3\n/** A thing. */"),
     "preprocessor line"),
    ("a variable", changed("/** A thing. */", "extern int thing;\n/** A thing. */"),
     "not understood"),
    ("a union", changed("/** A thing. */", "typedef union { int a; } envres_u;\n"),
     "not understood"),
    ("an expression", changed("BIG = 1", "BIG = 1 << 3"), "a constant with its value"),
    ("a type of its own", changed("uint32_t flags", "unsigned flags"), "type 'unsigned'"),
    ("no size", changed("    uint32_t size;\n", ""), "does not begin with its size"),
    ("no since", changed("Frees. Since 0.1.", "Frees."), "since when"),
    ("no such parameter", changed("@param options", "@param option"), "no parameter 'option'"),
    ("no such error", changed("Errors: ENVRES_E_NOT_FOUND", "Errors: ENVRES_E_NONE"),
     "no ENVRES_E_NONE"),
    ("a code without family", changed("ENVRES_E_NOT_FOUND = -32", "ENVRES_E_ODD = -32"),
     "ENVRES_E_NOT_FOUND"),
    ("a column of no type", changed("/**< text */", "/**< words */"), "neither text nor integer"),
    ("a column of another list", changed("ENVRES_THING_TIME = 1", "ENVRES_OTHER_TIME = 1"),
     "is not column 1"),
    ("a list without columns", changed("Columns of envres_thing_list()", "Columns of nothing"),
     "which columns has"),
    ("bytes of no length", changed("envres_thing **out,\n                                     "
                                   "envres_error *err", "uint8_t *out, envres_error *err"),
     "how many bytes"),
]

if __name__ == "__main__":
    sys.exit(gate.run("api_json", check, sound() if "--self-test" in sys.argv else {}, PLANTS))
