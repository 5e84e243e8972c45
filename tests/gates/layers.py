#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes go down, never up; each foreign library has one home; hosts see installed headers only.

layers.py [ROOT] | --self-test
"""
import os
import re
import sys

import gate

# Rooms that share a level do not know each other.
LEVELS = {"base": 0, "storage": 1, "lang": 1, "guard": 2, "model": 3, "resolve": 4,
          "delivery": 5, "exchange": 6, "api": 7}

# Header -> what a path must begin with to include it.
HOMES = {"sqlite3.h": "lib/storage/", "sodium.h": "lib/guard/", "jsmn.h": "lib/base/json.c"}

# Only tests that have to get between the library and its foundations, and hosts that use a
# database of their own, may include these outside their home.
HOME_EXCEPTIONS = re.compile(r"^(tests/(?!api/)|examples/)")

# What cgo and `javac -h` write beside the C sources of a binding while it is built.
WRITTEN = re.compile(r"_cgo_export\.h|dev_envres_\w+\.h")
PUBLIC_MAY = {"stddef.h", "stdint.h"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def includes(text):
    """Yields (line, is_quoted, name) of every include."""
    code = gate.without_comments(text)
    for match in INCLUDE.finditer(code):
        yield gate.line_of(code, match.start()), match[1] == '"', match[2]


def check_homes(path, number, name):
    home = HOMES.get(name)
    if home and not path.startswith(home) and not HOME_EXCEPTIONS.match(path):
        yield "%s:%d: <%s> belongs to %s only" % (path, number, name, home)


def check_room_include(files, path, number, name):
    """One quoted include in lib/."""
    room = path.split("/")[1]
    target = name.split("/")[0]
    if "lib/" + name not in files:
        yield "%s:%d: \"%s\" is not a header of lib/ (write \"room/module.h\")" % (path, number,
                                                                                   name)
    elif target not in LEVELS:
        yield "%s:%d: %s is not a room" % (path, number, target)
    elif target != room and LEVELS[target] >= LEVELS[room]:
        yield "%s:%d: %s (level %d) must not include %s (level %d)" % (
            path, number, room, LEVELS[room], target, LEVELS[target])


def check_order(files, path, rows):
    """Own header first, then system headers, then those of rooms. The own header is the one of the
    same name, or another of the room where that is the contract the file keeps."""
    room = path.split("/")[1] + "/"
    own = path[len("lib/"):-2] + ".h"
    first = rows[0][2] if rows else ""
    if path.endswith(".c") and "lib/" + own in files and not first.startswith(room):
        yield "%s:%d: its own header \"%s\" comes first" % (path, rows[0][0] if rows else 1, own)
    rest = rows[1:] if path.endswith(".c") and first.startswith(room) else rows
    seen_room = False
    for number, quoted, name in rest:
        if quoted:
            seen_room = True
        elif seen_room:
            yield "%s:%d: system headers come before those of rooms" % (path, number)


def check_library(root, files):
    for path in gate.under(files, "lib", ".c", ".h"):
        parts = path.split("/")
        if len(parts) != 3 or parts[1] not in LEVELS:
            yield "%s:1: not in a room of lib/" % path
            continue
        rows = list(includes(gate.read(root, path)))
        yield from check_order(files, path, rows)
        for number, quoted, name in rows:
            yield from check_homes(path, number, name)
            if quoted:
                yield from check_room_include(files, path, number, name)
            elif name.split("/")[0] in LEVELS or "lib/" + name in files:
                yield "%s:%d: headers of rooms are included with quotes" % (path, number)


def check_public(root, files):
    for path in gate.under(files, "include", ".h"):
        for number, quoted, name in includes(gate.read(root, path)):
            if quoted or (name not in PUBLIC_MAY and "include/" + name not in files):
                yield "%s:%d: a public header may include <envres/...>, %s; not %s" % (
                    path, number, ", ".join("<%s>" % h for h in sorted(PUBLIC_MAY)), name)


def check_hosts(root, files):
    """bindings/, examples/ and tests/api/ see what a host sees."""
    for folder in ("bindings", "examples", "tests/api"):
        for path in gate.under(files, folder, ".c", ".h"):
            for number, quoted, name in includes(gate.read(root, path)):
                yield from check_homes(path, number, name)
                beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
                first = name.split("/")[0]
                if first in LEVELS or "lib/" in name:
                    yield "%s:%d: %s is private to the library" % (path, number, name)
                elif quoted and beside not in files and "tests/" + name not in files and not WRITTEN.fullmatch(name):
                    yield "%s:%d: \"%s\" is not beside this file" % (path, number, name)
                elif quoted and name.startswith("envres/"):
                    yield "%s:%d: installed headers are included as <%s>" % (path, number, name)
                elif not quoted and first == "envres" and "include/" + name not in files:
                    yield "%s:%d: <%s> is not an installed header" % (path, number, name)
        for path in gate.under(files, folder, "meson.build"):
            text = gate.read(root, path)
            for match in re.finditer(r"\b(private_include|core)\b", re.sub(r"#.*", "", text)):
                yield "%s:%d: %s is private to the library" % (
                    path, gate.line_of(text, match.start()), match[1])


def check(root):
    """All findings."""
    files = set(gate.tracked(root))
    ordered = sorted(files)
    findings = list(check_public(root, files)) if ordered else []
    return findings + list(check_library(root, files)) + list(check_hosts(root, files))


SOUND = {
    "include/envres/types.h": "#include <stddef.h>\n#include <stdint.h>\n",
    "include/envres/store.h": "#include <envres/types.h>\n",
    "lib/base/mem.h": "#include <envres/types.h>\n",
    "lib/base/mem.c": '#include "base/mem.h"\n\n#include <stdlib.h>\n',
    "lib/base/json.c": "#include <jsmn.h>\n",
    "lib/storage/db.h": '#include "base/mem.h"\n',
    "lib/storage/sqlite.c": '#include <sqlite3.h>\n\n#include "storage/db.h"\n',
    "lib/lang/template.h": '#include "base/mem.h"\n',
    "lib/guard/seal.h": '#include "base/mem.h"\n',
    "lib/guard/seal.c": '#include "guard/seal.h"\n\n#include <sodium.h>\n\n#include "storage/db.h"\n',
    "lib/api/store.c": '#include <envres/store.h>\n\n#include "guard/seal.h"\n',
    "bindings/cli/cli.h": "#include <envres/store.h>\n",
    "bindings/cli/main.c": '#include "cli.h"\n\n#include <stdio.h>\n',
    "bindings/cli/meson.build": "executable('envres', 'main.c', dependencies: envres_dep)\n",
    "examples/dashboard/main.c": "#include <envres/store.h>\n#include <sqlite3.h>\n",
    "tests/helper.h": "#include <envres/store.h>\n",
    "tests/api/test_api_store.c": '#include "helper.h"\n',
    "tests/unit/test_db.c": "#include <sqlite3.h>\n",
}

PLANTS = [
    ("upward", {"lib/base/mem.h": '#include "guard/seal.h"\n'}, "must not include guard"),
    ("storage knows lang", {"lib/storage/db.h": '#include "lang/template.h"\n'},
     "must not include lang"),
    ("lang knows storage", {"lib/lang/template.h": '#include "storage/db.h"\n'},
     "must not include storage"),
    ("hidden in spaces", {"lib/base/mem.h": '  #  include "guard/seal.h"\n'},
     "must not include guard"),
    ("sqlite3.h away from home", {"lib/guard/seal.h": "#include <sqlite3.h>\n"},
     "<sqlite3.h> belongs"),
    ("sodium.h away from home", {"lib/base/mem.h": "#include <sodium.h>\n"}, "<sodium.h> belongs"),
    ("jsmn.h away from home", {"lib/base/mem.h": "#include <jsmn.h>\n"}, "<jsmn.h> belongs"),
    ("sodium.h in the command line", {"bindings/cli/cli.h": "#include <sodium.h>\n"},
     "<sodium.h> belongs"),
    ("own header not first", {"lib/base/mem.c": '#include <stdlib.h>\n\n#include "base/mem.h"\n'},
     "comes first"),
    ("system after rooms",
     {"lib/guard/seal.c": '#include "guard/seal.h"\n\n#include "base/mem.h"\n#include <time.h>\n'},
     "system headers come before"),
    ("relative include", {"lib/guard/seal.h": '#include "../base/mem.h"\n'}, "is not a header"),
    ("unprefixed include", {"lib/base/mem.c": '#include "mem.h"\n'}, "is not a header"),
    ("a new room", {"lib/extra/x.c": "\n"}, "not in a room"),
    ("a file outside rooms", {"lib/x.c": "\n"}, "not in a room"),
    ("room header in brackets", {"lib/guard/seal.h": "#include <base/mem.h>\n"}, "with quotes"),
    ("public header with stdio", {"include/envres/store.h": "#include <stdio.h>\n"},
     "a public header may"),
    ("binding sees a room", {"bindings/cli/main.c": '#include "base/mem.h"\n'}, "is private"),
    ("example reaches into lib",
     {"examples/dashboard/main.c": '#include "../../lib/base/mem.h"\n'}, "is private"),
    ("api test sees a room", {"tests/api/test_api_store.c": '#include "base/mem.h"\n'},
     "is private"),
    ("header that is not installed", {"examples/dashboard/main.c": "#include <envres/x.h>\n"},
     "is not an installed header"),
    ("binding links the core",
     {"bindings/cli/meson.build": "executable('envres', 'main.c', link_with: core)\n"},
     "core is private"),
]

if __name__ == "__main__":
    sys.exit(gate.run("layers", check, SOUND, PLANTS))
