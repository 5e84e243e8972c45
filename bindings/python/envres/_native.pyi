# SPDX-License-Identifier: MIT
# What cffi makes of native/envres.cdef; the compiler checks that against the installed headers.
from typing import Any

ffi: Any
lib: Any
