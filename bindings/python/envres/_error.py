# SPDX-License-Identifier: MIT
"""What every exception of the library has."""
from __future__ import annotations

from typing import Any, Optional, Tuple


class Error(Exception):
    """A call of the library failed. Never holds a configuration value or a secret.

    ``code``     the status code, a negative int: compare with envres.Code
    ``name``     its name, "ENVRES_E_NOT_SET"
    ``message``  one line without a full stop
    ``hint``     what to do about it, or ""
    ``subject``  the name concerned (a variable, a handle, a path), or ""
    ``offset``   byte offset into the text that was given, or None
    ``line``     line, from 1, or None
    ``column``   column in bytes, from 1, or None
    """

    def __init__(self, message: str, code: int = -1, name: str = "ENVRES_E_INVALID", hint: str = "",
                 subject: str = "",
                 position: Tuple[Optional[int], Optional[int], Optional[int]] = (None, None, None),
                 ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.name = name
        self.hint = hint
        self.subject = subject
        self.offset, self.line, self.column = position

    def __str__(self) -> str:
        place = " (line %d, column %d)" % (self.line, self.column) \
            if self.line is not None and self.column is not None else ""
        return "%s%s [%s]%s" % (self.message, place, self.name,
                                "; " + self.hint if self.hint else "")

    def __reduce__(self) -> Any:
        position = (self.offset, self.line, self.column)
        return type(self), (self.message, self.code, self.name, self.hint, self.subject, position)
