# SPDX-License-Identifier: MIT
"""Bytes that must not be shown."""
from __future__ import annotations

import hmac
import sys
from typing import Any, Iterator, NoReturn, Tuple, Union
from contextlib import contextmanager

_REDACTED = "***"


class Secret:
    """Secret bytes in a buffer of their own, which is wiped by close() and when it is collected.

    repr(), str() and format() give ``***``. It cannot be pickled, copied, iterated or hashed;
    comparing takes the same time wherever two differ. What reveal() returns is an ordinary object of
    Python, which nobody can wipe: prefer open(), whose view is gone with the block.

    The buffer is not locked in memory, as the library's own key memory is.
    """

    __slots__ = ("_bytes", "_closed", "ranges", "__weakref__")

    #: Byte ranges (start, end) that are secret, in order; the whole where nothing else is known.
    ranges: Tuple[Tuple[int, int], ...]

    def __init__(self, value: Union[str, bytes, bytearray, memoryview],
                 ranges: Tuple[Tuple[int, int], ...] = ()) -> None:
        """Takes a copy of ``value``; text becomes UTF-8. The original is the caller's to wipe."""
        self._closed = False
        self._bytes = bytearray(value.encode("utf-8", "surrogatepass")
                                if isinstance(value, str) else value)
        self.ranges = ranges or ((0, len(self._bytes)),)

    def _buffer(self) -> bytearray:
        if self._closed:
            from ._core import ClosedError
            raise ClosedError("the secret is closed")
        return self._bytes

    def reveal(self) -> str:
        """The text. Raises UnicodeDecodeError for bytes that are none, ClosedError."""
        return self._buffer().decode("utf-8")

    def reveal_bytes(self) -> bytearray:
        """A copy of the bytes, which the caller may wipe. Raises ClosedError."""
        return bytearray(self._buffer())

    @contextmanager
    def open(self) -> Iterator[memoryview]:
        """The bytes themselves, read-only, for the length of a ``with`` block."""
        with memoryview(self._buffer()) as view, view.toreadonly() as readable:
            yield readable

    def redacted(self, replacement: str = "[redacted]") -> str:
        """The text as it may be shown: each secret range replaced, all else as it is."""
        out, at, shown = [], 0, self._buffer()
        for start, end in self.ranges:
            out += [shown[at:start].decode("utf-8", "replace"), replacement]
            at = end
        return "".join(out) + shown[at:].decode("utf-8", "replace")

    def close(self) -> None:
        """Wipes. Using the secret afterwards is a ClosedError; closing again does nothing."""
        self._closed = True
        self._bytes[:] = bytes(len(self._bytes))

    @property
    def closed(self) -> bool:
        """Whether it was wiped."""
        return self._closed

    def __enter__(self) -> Secret:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not sys.is_finalizing() and hasattr(self, "_bytes"):
            self.close()

    def __repr__(self) -> str:
        return "Secret('%s')" % _REDACTED

    def __str__(self) -> str:
        return _REDACTED

    def __format__(self, _: str) -> str:
        return _REDACTED

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._buffer(), other._buffer())

    __hash__ = None  # type: ignore[assignment]

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a secret can be neither pickled, copied nor iterated; see Secret.open()")

    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = __iter__ = __bytes__ = _refuse
