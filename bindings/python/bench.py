#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a call costs from Python, beside the bare native call: nanoseconds of processor time, the best of
several rounds. Needs the installed package.

    python3 bindings/python/bench.py [ROUNDS]
"""
import sys
import time
import timeit

import envres
from envres._native import ffi, lib


def prepared():
    """name -> (call of the package, the same call of the library without the package, or None)."""
    key = envres.Credential.raw_key(envres.generate_key())
    session = envres.Store.create(None, key).session(key)
    session.variables.put("development", "HOST", "db.dev")
    session.resources.define("crm", "postgres")
    session.resources.configure("development", "crm", {"host": "h", "database": "d"})
    scope = session.scope("development")
    template = envres.Template("postgres://<< environment.variables.HOST >>/crm/and/34/bytes")
    bound, crm, many = template.bind(scope), scope.resource("crm"), [template] * 100
    assert len(template.render(scope)) == 34
    options = ffi.new("envres_render_options *", {"size": ffi.sizeof("envres_render_options")})
    buffer, need, data = ffi.new("char[64]"), ffi.new("size_t *"), ffi.new("const char **")
    slot = lib.envres_error_new(ffi.NULL)
    t, s, b, c = template._pointer(), scope._pointer(), bound._pointer(), crm._pointer()
    unpack, render, text = ffi.unpack, lib.envres_template_render_into, lib.envres_bound_text

    def bare_render():
        render(t, s, options, buffer, 64, need, slot)
        return unpack(buffer, need[0]).decode()

    def bare_bound():
        text(b, data, need, slot)
        return unpack(data[0], need[0]).decode()

    def bare_string():
        return ffi.string(lib.envres_resource_handle_cache_key(c)).decode()
    return {"a string of a handle": (lambda: crm.cache_key, bare_string),
            "render, 34 bytes": (lambda: template.render(scope), bare_render),
            "render a bound template": (lambda: bound.render(), bare_bound),
            "render 100, each": (lambda: envres.render_many(many, scope), None),
            "read a variable": (lambda: scope["HOST"], None),
            "a resource": (lambda: scope.resource("crm").close(), None),
            "its URL": (lambda: crm.url(), None)}


def main(rounds="30"):
    calls = prepared()
    best = {}
    for _ in range(int(rounds)):
        for name, pair in calls.items():
            for index, call in enumerate(pair):
                # Both sides with a frame around them, so that they compare.
                number = 100 if "100" in name else 3000
                cost = timeit.timeit(lambda: call(), number=number, timer=time.process_time) if call \
                    else float("inf")
                each = cost / number * 1e9 / (100 if "100" in name else 1)
                best[name, index] = min(best.get((name, index), each), each)
    print("| call | ns | bare | times |\n|---|---|---|---|")
    for name, pair in calls.items():
        bare = "%.0f | %.2f" % (best[name, 1], best[name, 0] / best[name, 1]) if pair[1] else " | "
        print("| %s | %.0f | %s |" % (name, best[name, 0], bare))


if __name__ == "__main__":
    main(*sys.argv[1:])
