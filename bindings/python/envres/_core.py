# SPDX-License-Identifier: MIT
"""Calls into the library: error slots, text, structs, handles, lists.

A handle owns one cdata, whose destructor gives the library's object back. close() only lets go of it:
a call that is running in another thread holds it until it returns, so that nothing is freed while
it is used. cffi lets other threads run during every call.
"""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import (Any, Callable, Generic, Iterator, List, NoReturn, Optional, Sequence, Tuple, Type,
                    TypeVar, Union, overload)
from weakref import WeakKeyDictionary

from . import _callbacks
from ._constants import Cell, Code
from ._error import Error
from ._families import FAMILIES, UsageError
from ._native import ffi, lib
from ._rows import COLUMNS
from ._secret import Secret

Text = Union[str, Secret]
Input = Union[str, bytes, bytearray, memoryview, Secret]
Row = TypeVar("Row")
Self = TypeVar("Self", bound="Handle")

NULL = ffi.NULL
_SIZE_MAX = lib.envres_nul_terminated()
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class ClosedError(UsageError):
    """A store, session, scope, template, handle, list or secret was used after it was closed."""


# ---- the error slot ----------------------------------------------------------------------------

# Slots that nobody uses. A slot serves one call at a time; taking and giving back are atomic.
_slots: List[Any] = []


def take_slot() -> Any:
    """An error slot of the caller's own; raises OutOfMemoryError (as MemoryError would)."""
    try:
        return _slots.pop()
    except IndexError:
        slot = lib.envres_error_new(NULL)
        if not slot:
            raise FAMILIES[Code.NOMEM]("out of memory", Code.NOMEM, "ENVRES_E_NOMEM") from None
        return ffi.gc(slot, lib.envres_error_free)


give_slot = _slots.append

# What the hot calls need besides their objects: an envres_py_work of native/shim.h, its buffer, and
# the error slot that it points to. Taken and given back in one step, like slots.
Work = Tuple[Any, Any, Any]
works: List[Work] = []


def new_work() -> Work:
    """Another one, where all are in use."""
    slot = take_slot()
    work = ffi.new("envres_py_work *")
    work.err = slot
    return work, work.buffer, slot


def give_failed(work: Work) -> None:
    """Gives one back whose slot was written."""
    lib.envres_error_clear(work[2])
    works.append(work)


def text_of(pointer: Any) -> str:
    """A NUL-terminated text of the library."""
    return str(ffi.string(pointer).decode("utf-8", "replace")) if pointer else ""


def error_from(status: int, slot: Any) -> Error:
    """The exception for a failure that is described in a slot."""
    code = lib.envres_error_code(slot)
    described = code == status
    offset = lib.envres_error_offset(slot) if described else _SIZE_MAX
    line = lib.envres_error_line(slot) if described else 0
    message = text_of(lib.envres_error_message(slot) if described
                      else lib.envres_status_text(status))
    found = FAMILIES.get(status, Error)(
        message, status, text_of(lib.envres_status_name(status)),
        text_of(lib.envres_error_hint(slot)) if described else "",
        text_of(lib.envres_error_subject(slot)) if described else "",
        (offset if offset != _SIZE_MAX else None, line or None,
         lib.envres_error_column(slot) if line else None))
    return found


def fail_with(status: int, work: Work) -> NoReturn:
    """Raises what its slot says, and gives it back."""
    found = error_from(status, work[2])
    give_failed(work)
    raise found from _callbacks.take_raised(status)


def fail(status: int, slot: Any) -> NoReturn:
    """Raises what a slot says, and gives the slot back."""
    found = error_from(status, slot)
    lib.envres_error_clear(slot)
    give_slot(slot)
    raise found from _callbacks.take_raised(status)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function whose last parameter is the error slot; raises Error."""
    slot = take_slot()
    status = function(*arguments, slot)
    if status:
        fail(status, slot)
    give_slot(slot)
    if _callbacks.ever_raised:
        _callbacks.forget_raised()


# ---- what goes in ------------------------------------------------------------------------------

def encode(value: Input) -> Any:
    """Something that cffi takes as `const char *`, with a length. Text that is no UTF-8 is left to
    the library, which refuses it."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return value
    if isinstance(value, Secret):
        return ffi.from_buffer(value._buffer())
    if isinstance(value, (bytearray, memoryview)):
        return ffi.from_buffer(value)
    raise TypeError("expected text or bytes, not %s" % type(value).__name__)


def text(value: Optional[Input]) -> Tuple[Any, int]:
    """Pointer and length of a text argument; None: NULL and 0."""
    if value is None:
        return NULL, 0
    encoded = encode(value)
    return encoded, len(encoded)


def exactly(value: Optional[Union[bytes, bytearray, str]], size: int, what: str) -> Any:
    """Bytes of a fixed size, or hex digits of them; None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            raise UsageError("%s: not hex digits" % what) from None
    if len(value) != size:
        raise UsageError("%s: %d bytes are needed, not %d" % (what, size, len(value)))
    return value


# What a struct points to lives as long as the struct.
_kept: "WeakKeyDictionary[Any, List[Any]]" = WeakKeyDictionary()


def fill(target: Any, kept: List[Any], fields: Any) -> None:
    """Sets the fields of one struct; text sets its length too; None leaves a field zero."""
    target.size = ffi.sizeof(target)
    for name, value in fields.items():
        if value is None:
            continue
        if isinstance(value, (str, bytes, bytearray, memoryview, Secret)):
            encoded = encode(value)
            if isinstance(encoded, bytes):
                encoded = ffi.from_buffer(encoded)
            kept.append(encoded)
            length = name + "_len"
            if hasattr(target, length):
                setattr(target, length, len(encoded))
            value = ffi.cast("void *", encoded)
        else:
            kept.append(value)
        setattr(target, name, value)


def struct(kind: str, /, **fields: Any) -> Any:
    """A struct of the library with its size and these fields set."""
    made = ffi.new(kind + " *")
    kept: List[Any] = []
    fill(made[0], kept, fields)
    _kept[made] = kept
    return made


def structs(kind: str, rows: Sequence[Any]) -> Any:
    """An array of structs, each from a dict of its fields."""
    made = ffi.new(kind + "[]", max(len(rows), 1))
    kept: List[Any] = []
    for index, fields in enumerate(rows):
        fill(made[index], kept, fields)
    _kept[made] = kept
    return made


def change(reason: Optional[str], operation: Optional[bytes], force: bool = False) -> Any:
    """What goes with every change. NULL when nothing was said."""
    if reason is None and operation is None and not force:
        return NULL
    from ._constants import CHANGE_FORCE
    return struct("envres_change", flags=CHANGE_FORCE if force else 0, reason=reason,
                  operation=exactly(operation, 16, "operation"))


# ---- what comes out ----------------------------------------------------------------------------

def take_value(value: Any) -> Text:
    """The text of an envres_value, which is freed: a str, or a Secret."""
    try:
        work = works.pop()
    except IndexError:
        work = new_work()
    done = lib.envres_py_text(value, work[0])
    found = str(ffi.unpack(work[1], done).decode("utf-8")) if done >= 0 else None
    works.append(work)
    if found is not None:
        return found
    try:
        return copy_value(value)
    finally:
        lib.envres_value_free(value)


def copy_value(value: Any) -> Text:
    """The text of an envres_value that is borrowed: a str, or a Secret."""
    size = ffi.new("size_t *")
    data = lib.envres_value_data(value, size)
    if lib.envres_value_is_secret(value):
        return Secret(ffi.buffer(data, size[0]), _ranges(value))
    return str(ffi.unpack(data, size[0]).decode("utf-8"))


def take_bytes(value: Any) -> bytes:
    """The bytes of an envres_value that is not secret; it is freed."""
    try:
        size = ffi.new("size_t *")
        data = lib.envres_value_data(value, size)
        return bytes(ffi.buffer(data, size[0]))
    finally:
        lib.envres_value_free(value)


def _ranges(value: Any) -> Tuple[Tuple[int, int], ...]:
    found = []
    ends = ffi.new("size_t[2]")
    for index in range(lib.envres_value_range_count(value)):
        call(lib.envres_value_range, value, index, ends, ends + 1)
        found.append((ends[0], ends[1]))
    return tuple(found)


def value_from(function: Callable[..., int], *arguments: Any) -> Text:
    """Calls a function with an `envres_value **` before its slot; a str, or a Secret."""
    out = ffi.new("envres_value **")
    call(function, *arguments, out)
    return take_value(out[0])


def integer_from(function: Callable[..., int], *arguments: Any) -> int:
    """Calls a function with an `int64_t *` before its slot."""
    out = ffi.new("int64_t *")
    call(function, *arguments, out)
    return int(out[0])


def when(milliseconds: int) -> datetime:
    """Milliseconds since 1970 UTC; what no datetime can say becomes the nearest that can."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return (datetime.max if milliseconds > 0 else datetime.min).replace(tzinfo=timezone.utc)


class Handle:
    """Owns an object of the library. A context manager; close() may be called again; using it
    afterwards is a ClosedError. Cannot be pickled or copied."""

    __slots__ = ("_cdata", "__weakref__")

    def __init__(self, cdata: Any) -> None:
        self._cdata = cdata

    def _pointer(self) -> Any:
        cdata = self._cdata
        if cdata is None:
            raise ClosedError("the %s is closed" % type(self).__name__.lower())
        return cdata

    def close(self) -> None:
        """Gives it back. Calls that are running in other threads are finished first."""
        self._cdata = None

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._cdata is None

    def __enter__(self: Self) -> Self:
        self._pointer()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("%s can be neither pickled nor copied" % type(self).__name__)

    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = _refuse


class Rows(Handle, Sequence[Row], Generic[Row]):
    """A list that the library made: a sequence of typed rows, each made when it is asked for. A copy,
    which stays as it is whatever happens to the store. Secret cells are wiped with it."""

    __slots__ = ("_type", "_kinds", "_count")

    def __init__(self, cdata: Any, row_type: Type[Row]) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_list_free))
        self._type = row_type
        self._kinds = COLUMNS[row_type]
        self._count = int(lib.envres_list_count(cdata))

    def columns(self) -> List[str]:
        """Names of the columns, as the library gives them: a newer one may have more."""
        rows = self._pointer()
        return [text_of(lib.envres_list_column_name(rows, column))
                for column in range(lib.envres_list_columns(rows))]

    def __len__(self) -> int:
        self._pointer()
        return self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> List[Row]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[Row, List[Row]]:
        if isinstance(index, slice):
            return [self._row(i) for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError("row %d of %d" % (index, len(self)))
        return self._row(index)

    def __iter__(self) -> Iterator[Row]:
        for index in range(len(self)):
            yield self._row(index)

    def _row(self, row: int) -> Row:
        rows = self._pointer()
        return self._type(*[self._cell(rows, row, column, kind)
                            for column, kind in enumerate(self._kinds)])

    @staticmethod
    def _cell(rows: Any, row: int, column: int, kind: str) -> Any:
        found = lib.envres_list_type(rows, row, column)
        if found == Cell.NULL:
            return None
        if found == Cell.INTEGER:
            value = lib.envres_list_integer(rows, row, column)
            return bool(value) if kind == "b" else when(value) if kind == "m" else value
        size = ffi.new("size_t *")
        data = lib.envres_list_text(rows, row, column, size)
        if lib.envres_list_is_secret(rows, row, column):
            return Secret(ffi.buffer(data, size[0]))
        return ffi.unpack(data, size[0]).decode("utf-8", "replace")

    def __repr__(self) -> str:
        return "<%s of %s>" % ("closed list" if self.closed else "%d rows" % self._count,
                               self._type.__name__)


def rows_from(row_type: Type[Row], function: Callable[..., int], *arguments: Any) -> Rows[Row]:
    """Calls a function with an `envres_list **` before its slot."""
    out = ffi.new("envres_list **")
    call(function, *arguments, out)
    return Rows(out[0], row_type)


def row_from(row_type: Type[Row], function: Callable[..., int], *arguments: Any) -> Row:
    """The same for a list of exactly one row."""
    with rows_from(row_type, function, *arguments) as rows:
        return rows[0]
