#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the C source of the extension module envres._native: build_native.py CDEF SHIM OUTPUT.

cffi in API mode: the C compiler checks every declaration against the installed headers, and the module
is built for the stable ABI of Python.
"""
import sys

import cffi

CALLBACKS = """
extern "Python" {
    envres_status envres_py_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad,
                                 size_t aad_len, uint8_t *blob, size_t cap, size_t *blob_len,
                                 void *user);
    envres_status envres_py_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len,
                                   const uint8_t *aad, size_t aad_len, uint8_t *key, void *user);
    int64_t envres_py_clock(void *user);
    envres_status envres_py_anchor_load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash,
                                        void *user);
    envres_status envres_py_anchor_store(const uint8_t *workspace, int64_t expected,
                                         int64_t sequence, const uint8_t *hash, void *user);
    envres_status envres_py_audit_sink(const envres_checkpoint *checkpoint, void *user);
    envres_status envres_py_probe(const envres_resource_handle *handle, envres_error *err,
                                  void *user);
    envres_status envres_py_collect(const char *data, size_t len, void *user);
}
"""

# What native/shim.h defines.
SHIM = """
typedef struct envres_py_work {
    envres_error *err;
    char buffer[16384];
} envres_py_work;
int64_t envres_py_render(const envres_template *tmpl, const envres_scope *scope,
                         envres_py_work *work);
int64_t envres_py_bound(envres_bound *bound, envres_py_work *work);
int64_t envres_py_get(const envres_scope *scope, const char *name, size_t name_len,
                      envres_py_work *work);
int64_t envres_py_text(envres_value *value, envres_py_work *work);
size_t envres_py_render_many(envres_template *const *templates, size_t count,
                             const envres_scope *scope, envres_py_work *work, size_t *ends,
                             int32_t *status);
"""


def main(argv):
    cdef, shim, output = argv
    with open(cdef, encoding="utf-8") as file:
        text = file.read()
    builder = cffi.FFI()
    with open(shim, encoding="utf-8") as file:
        source = file.read()
    builder.cdef(text + CALLBACKS + SHIM)
    builder.set_source("envres._native", source)
    builder.emit_c_code(output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
