#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the C source of the extension module envres._native: build_native.py CDEF OUTPUT.

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


def main(argv):
    cdef, output = argv
    with open(cdef, encoding="utf-8") as file:
        text = file.read()
    builder = cffi.FFI()
    builder.cdef(text + CALLBACKS)
    builder.set_source("envres._native", "#include <envres/envres.h>\n")
    builder.emit_c_code(output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
