# SPDX-License-Identifier: MIT
"""Masking secrets in any text."""
from __future__ import annotations

import threading
from typing import Any, List, Optional, Union, overload

from ._callbacks import Collecting
from ._core import Handle, Input, Rows, call, rows_from, struct, take_bytes, text
from ._native import ffi, lib
from ._rows import RefusedRow
from ._scope import Scope

Data = Union[bytes, bytearray, memoryview]


class Redactor(Handle):
    """Looks for secrets in text, such as a log as it streams by, and masks them: as they are, in hex,
    base64, percent-encoded and as in JSON. Secrets of fewer than 8 bytes are refused: refused()
    names them. The last line of defence, behind Secret, which knows exactly what is secret.

        redactor = envres.Redactor()
        redactor.add_scope(scope)
        line = redactor.text(line)

    Filled first, then used. Calls of several threads wait for each other; copy() makes more of it.
    """

    __slots__ = ("_lock",)

    def __init__(self, replacement: Optional[str] = None) -> None:
        """``replacement``: at most 64 bytes; None: "[redacted]". Raises TextError, UsageError."""
        out = ffi.new("envres_redactor **")
        call(lib.envres_redactor_new, struct("envres_redactor_options", replacement=replacement), out)
        self._take(out[0])

    def _take(self, cdata: Any) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_redactor_free))
        # The library's own is for one thread at a time, and others run during calls.
        self._lock = threading.Lock()

    def add_scope(self, scope: Scope) -> None:
        """Adds every secret of a scope, which is not needed afterwards. Raises UsageError: a text has
        begun, copies were made, or the limit is reached."""
        with self._lock:
            call(lib.envres_redactor_add_scope, self._pointer(), scope._pointer())

    def add(self, name: str, secret: Input) -> None:
        """Adds a secret from elsewhere, at most 1 MiB; ``name``: what refused() calls it."""
        with self._lock:
            call(lib.envres_redactor_add, self._pointer(), *text(name), *text(secret))

    def refused(self) -> Rows[RefusedRow]:
        """What is not masked, or not in every form, and why."""
        with self._lock:
            return rows_from(RefusedRow, lib.envres_redactor_refused, self._pointer())

    def copy(self) -> Redactor:
        """Another one of the same secrets, for another text or thread. To neither of the two secrets
        can be added any more."""
        made: Redactor = Redactor.__new__(Redactor)
        out = ffi.new("envres_redactor **")
        with self._lock:
            call(lib.envres_redactor_copy, self._pointer(), out)
        made._take(out[0])
        return made

    @overload
    def text(self, data: str) -> str: ...

    @overload
    def text(self, data: Data) -> bytes: ...

    def text(self, data: Union[str, Data]) -> Union[str, bytes]:
        """Masks one text that is all there; str gives str, bytes give bytes."""
        out = ffi.new("envres_value **")
        with self._lock:
            call(lib.envres_redactor_text, self._pointer(), *text(data), out)
        masked = take_bytes(out[0])
        return masked.decode("utf-8", "surrogatepass") if isinstance(data, str) else masked

    def feed(self, data: Data) -> bytes:
        """Takes the next bytes of a text in; those that can be given on. At most 255 are held back."""
        with self._lock:
            return self._collect(lib.envres_redactor_feed, *text(data))

    def finish(self) -> bytes:
        """The text has ended: what was held back. Another one can begin."""
        with self._lock:
            return self._collect(lib.envres_redactor_finish)

    def _collect(self, function: Any, *arguments: Any) -> bytes:
        pieces: List[bytes] = []
        collecting = ffi.new_handle(Collecting(pieces))
        call(function, self._pointer(), *arguments, lib.envres_py_collect, collecting)
        return b"".join(pieces)

    @property
    def masked(self) -> int:
        """How many replacements it has written: anything but 0 says that a secret got away."""
        with self._lock:
            return int(lib.envres_redactor_masked(self._pointer()))
