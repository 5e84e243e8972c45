# SPDX-License-Identifier: MIT
"""The host's callbacks: from the library back into Python.

An exception never crosses the library: it is kept for the thread, the library is told
ENVRES_E_CALLBACK (or the code of an envres.Error), and the call that led here raises with what was
kept as its cause. Its text goes nowhere else: it may hold anything.
"""
from __future__ import annotations

import sys
import threading
import time
from typing import Any, Callable, List, NamedTuple, Optional, Protocol, Tuple, Union

from ._constants import Code
from ._error import Error
from ._native import ffi, lib

_raised = threading.local()

#: whether a callback ever raised: until then no call has anything to forget
ever_raised = False


class KeyProvider(Protocol):
    """Wraps keys outside of the store: a KMS, a TPM. ``principal`` is 16 bytes, ``aad`` binds what is
    wrapped to its place. Called in the thread of the call that needs it, with no lock held."""

    def wrap(self, principal: bytes, key: bytearray, aad: bytes) -> bytes:
        """Protects 32 bytes; at most 4096 come back. ``key`` is wiped after return."""

    def unwrap(self, principal: bytes, blob: bytes, aad: bytes) -> Union[bytes, bytearray]:
        """The reverse: exactly 32 bytes; a bytearray is wiped after return."""


class Anchor(Protocol):
    """Where the host remembers the newest state of a workspace (16 bytes) outside of the file."""

    def load(self, workspace: bytes) -> Optional[Tuple[int, bytes]]:
        """Sequence and hash (32 bytes) that were stored last, or None."""

    def store(self, workspace: bytes, expected: int, sequence: int, hash: bytes) -> None:
        """Replaces ``expected`` by ``sequence`` and ``hash``, compare-and-set; leaves what is newer."""


class Checkpoint(NamedTuple):
    """A signed statement of how far the audit is."""

    workspace: bytes
    #: id of the principal that was unlocked
    signer: bytes
    #: its public Ed25519 key
    sign_key: bytes
    sequence: int
    #: milliseconds since 1970 UTC
    time: int
    policy_version: int
    #: of the entry with that sequence number
    hash: bytes
    signature: bytes


class StoreCallbacks:
    """What a store was given; lives as long as anything that may call it."""

    def __init__(self, clock: Optional[Callable[[], int]], anchor: Optional[Anchor],
                 audit_sink: Optional[Callable[[Checkpoint], None]]) -> None:
        self.clock = clock
        self.anchor = anchor
        self.audit_sink = audit_sink
        self.handle = ffi.new_handle(self)


def failed(error: BaseException) -> int:
    """Keeps an exception for the call that led here; the status to return."""
    global ever_raised
    ever_raised = True
    _raised.error = error
    return error.code if isinstance(error, Error) and error.code < 0 else int(Code.CALLBACK)


def forget_raised() -> None:
    """After a call that succeeded: what was raised in it is not the cause of a later failure."""
    _raised.error = None


def take_raised(status: int) -> Optional[BaseException]:
    """What a callback raised, if that is why a call failed."""
    error: Optional[BaseException] = getattr(_raised, "error", None)
    _raised.error = None
    if error is None:
        return None
    code = error.code if isinstance(error, Error) else int(Code.CALLBACK)
    return error if status in (code, Code.CALLBACK) else None


def _callback(name: str) -> Callable[[Callable[..., int]], Any]:
    """One of the functions that the library calls. It may itself call the library, and what another
    callback of the same call raised before is not lost by that."""
    def decorate(function: Callable[..., int]) -> Any:
        def run(*arguments: Any) -> int:
            before = getattr(_raised, "error", None)
            status = function(*arguments)
            if before is not None and getattr(_raised, "error", None) is None:
                _raised.error = before
            return status
        return ffi.def_extern(name=name)(run)
    return decorate


def _copy(pointer: Any, size: int) -> bytes:
    return bytes(ffi.buffer(pointer, size))


@_callback("envres_py_wrap")
def _wrap(id_: Any, key: Any, aad: Any, aad_len: int, blob: Any, cap: int, blob_len: Any,
          user: Any) -> int:
    plain = bytearray(ffi.buffer(key, 32))
    try:
        wrapped = ffi.from_handle(user).wrap(_copy(id_, 16), plain, _copy(aad, aad_len))
        if not 0 < len(wrapped) <= cap:
            raise ValueError("wrap() gave %d bytes, at most %d fit" % (len(wrapped), cap))
        ffi.memmove(blob, bytes(wrapped), len(wrapped))
        blob_len[0] = len(wrapped)
        return 0
    except BaseException as error:  # noqa: it must not cross the library
        return failed(error)
    finally:
        plain[:] = bytes(32)


@_callback("envres_py_unwrap")
def _unwrap(id_: Any, blob: Any, blob_len: int, aad: Any, aad_len: int, key: Any,
            user: Any) -> int:
    try:
        plain = ffi.from_handle(user).unwrap(_copy(id_, 16), _copy(blob, blob_len),
                                             _copy(aad, aad_len))
        if len(plain) != 32:
            raise ValueError("unwrap() gave %d bytes, not 32" % len(plain))
        ffi.memmove(key, plain, 32)
        if isinstance(plain, bytearray):
            plain[:] = bytes(32)
        return 0
    except BaseException as error:  # noqa: it must not cross the library
        return failed(error)


@_callback("envres_py_clock")
def _clock(user: Any) -> int:
    try:
        return int(ffi.from_handle(user).clock())
    except BaseException as error:  # noqa: a clock cannot fail; the system's is taken
        _report(error)
        return time.time_ns() // 1000000


def _report(error: BaseException) -> None:
    """Hands an exception that can go nowhere to sys.unraisablehook."""
    class Unraisable:
        exc_type, exc_value, exc_traceback = type(error), error, error.__traceback__
        err_msg, object = "the clock of a store failed", None

    hook: Any = sys.unraisablehook
    hook(Unraisable)


@_callback("envres_py_anchor_load")
def _anchor_load(workspace: Any, sequence: Any, hash_: Any, user: Any) -> int:
    try:
        found = ffi.from_handle(user).anchor.load(_copy(workspace, 16))
        if found is None:
            sequence[0] = 0
            return 0
        number, digest = found
        if len(digest) != 32:
            raise ValueError("load() gave a hash of %d bytes, not 32" % len(digest))
        ffi.memmove(hash_, bytes(digest), 32)
        sequence[0] = number
        return 0
    except BaseException as error:  # noqa: it must not cross the library
        return failed(error)


@_callback("envres_py_anchor_store")
def _anchor_store(workspace: Any, expected: int, sequence: int, hash_: Any, user: Any) -> int:
    try:
        ffi.from_handle(user).anchor.store(_copy(workspace, 16), expected, sequence,
                                           _copy(hash_, 32))
        return 0
    except BaseException as error:  # noqa: it must not cross the library
        return failed(error)


@_callback("envres_py_audit_sink")
def _audit_sink(one: Any, user: Any) -> int:
    try:
        ffi.from_handle(user).audit_sink(Checkpoint(
            _copy(one.workspace, 16), _copy(one.signer, 16), _copy(one.sign_key, 32), one.sequence,
            one.time, one.policy_version, _copy(one.hash, 32), _copy(one.signature, 64)))
        return 0
    except BaseException as error:  # noqa: it must not cross the library
        return failed(error)


class Probing:
    """One envres_resource_test(): the host's probe, and how it is handed the resource."""

    def __init__(self, probe: Callable[[Any], None], wrap: Callable[[Any], Any]) -> None:
        self.probe = probe
        self.wrap = wrap


class Collecting:
    """Where the bytes go that a redactor gives on."""

    def __init__(self, pieces: List[bytes]) -> None:
        self.pieces = pieces


@_callback("envres_py_collect")
def _collect(data: Any, size: int, user: Any) -> int:
    try:
        ffi.from_handle(user).pieces.append(_copy(data, size))
        return 0
    except BaseException as error:  # noqa: it must not cross the library
        return failed(error)


@_callback("envres_py_probe")
def _probe(handle: Any, err: Any, user: Any) -> int:
    probing = ffi.from_handle(user)
    borrowed = probing.wrap(handle)
    try:
        probing.probe(borrowed)
        return 0
    except Error as error:
        message, hint = error.message.encode(), error.hint.encode()
        subject = error.subject.encode()
        failed(error)
        status = lib.envres_error_set(err, error.code, message, len(message), hint, len(hint))
        if subject:
            lib.envres_error_set_subject(err, subject, len(subject))
        return int(status)
    except BaseException as error:  # noqa: it must not cross the library
        message = ("the probe raised %s" % type(error).__name__).encode()
        return int(lib.envres_error_set(err, failed(error), message, len(message), ffi.NULL, 0))
    finally:
        borrowed.close()
