# SPDX-License-Identifier: MIT
# What cffi makes of native/cdef.h; the compiler checks that against the installed headers.
from typing import Any

ffi: Any
lib: Any
