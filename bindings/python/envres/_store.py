# SPDX-License-Identifier: MIT
"""Stores."""
from __future__ import annotations

import os
from typing import Any, Callable, Dict, Optional, Union

from ._callbacks import Anchor, Checkpoint, StoreCallbacks
from ._constants import (STORE_ALLOW_FUSE, STORE_ANY_FILE_MODE, STORE_LOCKED_MEMORY, STORE_READ_ONLY,
                         STORE_RELAXED)
from ._core import NULL, Handle, Rows, call, rows_from, struct, text, text_of
from ._credential import Credential
from ._native import ffi, lib
from ._rows import InfoRow, KindRow, SalvageRow, VerifyRow
from ._session import Session

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


def version() -> str:
    """The version of the library that is running: "0.1.0"."""
    return text_of(lib.envres_version())


def kinds() -> Rows[KindRow]:
    """Every kind of resource and its fields: a row for each field."""
    return rows_from(KindRow, lib.envres_kind_list, NULL)


def _options(callbacks: StoreCallbacks, flags: int, busy_timeout_ms: int, kdf_memory_max: int,
             vfs: Optional[str], workspace: Optional[str], owner: Optional[str]) -> Any:
    anchored, sunk = callbacks.anchor is not None, callbacks.audit_sink is not None
    return struct(
        "envres_store_options", flags=flags, busy_timeout_ms=busy_timeout_ms,
        clock=lib.envres_py_clock if callbacks.clock else None,
        clock_user=callbacks.handle if callbacks.clock else None, kdf_memory_max=kdf_memory_max,
        vfs=_nul_terminated(vfs), workspace=_nul_terminated(workspace),
        owner=_nul_terminated(owner),
        anchor_load=lib.envres_py_anchor_load if anchored else None,
        anchor_store=lib.envres_py_anchor_store if anchored else None,
        anchor_user=callbacks.handle if anchored else None,
        audit_sink=lib.envres_py_audit_sink if sunk else None,
        audit_sink_user=callbacks.handle if sunk else None)


def _nul_terminated(value: Optional[str]) -> Any:
    if value is None:
        return None
    encoded = value.encode("utf-8", "surrogatepass")
    if b"\0" in encoded:
        raise ValueError("a NUL in a name of the store's options")
    return ffi.new("char[]", encoded)


class Store(Handle):
    """An open store: a SQLite file, or memory. Any thread may use it; one lock inside serialises its
    database work, and other Python threads run meanwhile. In the child of a fork every call is a
    UsageError with ENVRES_E_FORKED.

        with envres.Store.open("app.envres") as store:
            with store.session(envres.Credential.raw_key(key)) as session:
                scope = session.scope("production")

    Options of create() and open():

    ``busy_timeout_ms``  how long to wait for another writer; 0: 5,000 ms; 0xFFFFFFFF: do not wait
    ``clock``            milliseconds since 1970 UTC, in place of the system's clock; it must not call
                         the library, and what it raises is reported, not passed on
    ``anchor``           where the newest state that was seen is remembered outside of the file
    ``audit_sink``       is given a Checkpoint now and then; while it raises, changes are refused
    ``kdf_memory_max``   most memory an unlock may use for Argon2id, bytes; 0: 1 GiB
    ``locked_memory``    refuse to unlock keys in memory that cannot be locked
    ``any_file_mode``    open a file that group or others may access, or with several links
    ``allow_fuse``       open on a FUSE file system of unknown kind
    ``relaxed``          commit without waiting for the disk: for tests only
    ``vfs``              name of a registered SQLite VFS: for tests only
    """

    __slots__ = ("_callbacks",)

    def __init__(self, cdata: Any, callbacks: StoreCallbacks) -> None:
        def release(store: Any, _: StoreCallbacks = callbacks) -> None:
            lib.envres_store_close(store)

        super().__init__(ffi.gc(cdata, release))
        self._callbacks = callbacks

    @classmethod
    def create(cls, path: Optional[Path], owner: Credential, *, workspace: Optional[str] = None,
               owner_name: Optional[str] = None, busy_timeout_ms: int = 0,
               clock: Optional[Callable[[], int]] = None, anchor: Optional[Anchor] = None,
               audit_sink: Optional[Callable[[Checkpoint], None]] = None, kdf_memory_max: int = 0,
               locked_memory: bool = False, any_file_mode: bool = False, allow_fuse: bool = False,
               relaxed: bool = False, vfs: Optional[str] = None) -> Store:
        """Makes a store with one workspace (``workspace``, None: "main"), the environments
        development, staging and production, and one owner (``owner_name``, None: "owner").

        ``path``   a file that must not exist; None: a store in memory
        ``owner``  what will unlock the owner

        Raises ConflictError (STORE_EXISTS), KeyMaterialError, StoreError, InvalidNameError.
        """
        callbacks = StoreCallbacks(clock, anchor, audit_sink)
        flags = _flags(locked_memory, any_file_mode, allow_fuse, relaxed, False)
        options = _options(callbacks, flags, busy_timeout_ms, kdf_memory_max, vfs, workspace,
                           owner_name)
        out = ffi.new("envres_store **")
        call(lib.envres_store_create, *text(None if path is None else os.fsencode(path)), options,
             owner._struct(), out)
        return cls(out[0], callbacks)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, busy_timeout_ms: int = 0,
             clock: Optional[Callable[[], int]] = None, anchor: Optional[Anchor] = None,
             audit_sink: Optional[Callable[[Checkpoint], None]] = None, kdf_memory_max: int = 0,
             locked_memory: bool = False, any_file_mode: bool = False, allow_fuse: bool = False,
             relaxed: bool = False, vfs: Optional[str] = None) -> Store:
        """Opens a store that is there. ``read_only``: never write.

        Raises NotFoundError (NO_STORE), StoreError, IntegrityError.
        """
        callbacks = StoreCallbacks(clock, anchor, audit_sink)
        flags = _flags(locked_memory, any_file_mode, allow_fuse, relaxed, read_only)
        options = _options(callbacks, flags, busy_timeout_ms, kdf_memory_max, vfs, None, None)
        out = ffi.new("envres_store **")
        call(lib.envres_store_open, *text(os.fsencode(path)), options, out)
        return cls(out[0], callbacks)

    @staticmethod
    def salvage(path: Path, to: Path, credential: Credential, *, workspace: Optional[str] = None,
                clock: Optional[Callable[[], int]] = None, kdf_memory_max: int = 0,
                any_file_mode: bool = False, allow_fuse: bool = False) -> Rows[SalvageRow]:
        """Makes a new store at ``to`` of all that still verifies in a damaged one at ``path``, which is
        only read; the report, whose rows with a code say what is lost.

        ``credential``  an owner's, or an administrator's while the roles verify

        Raises ConflictError (STORE_EXISTS), NotFoundError (NO_STORE), StoreError, KeyMaterialError,
        DeniedError; nothing is made then.
        """
        callbacks = StoreCallbacks(clock, None, None)
        options = _options(callbacks, _flags(False, any_file_mode, allow_fuse, False, False), 0,
                           kdf_memory_max, None, workspace, None)
        return rows_from(SalvageRow, lib.envres_store_salvage, *text(os.fsencode(path)),
                         *text(os.fsencode(to)), options, credential._struct())

    def session(self, credential: Credential, workspace: Optional[str] = None) -> Session:
        """Unlocks a principal in a workspace (None: the only one).

        Raises KeyMaterialError (wrong key, principal or slot: one code), CallbackError,
        NotFoundError (workspace), IntegrityError (ROOT, ROLLBACK, FORK).
        """
        out = ffi.new("envres_session **")
        call(lib.envres_session_open, self._pointer(), *text(workspace), credential._struct(), out)
        return Session(out[0], self._callbacks)

    def verify(self, session: Optional[Session] = None) -> Rows[VerifyRow]:
        """Checks everything; with a session also every sealed record that its keys open. No row: all
        is well. A finding is not an error."""
        pointer = NULL if session is None else session._pointer()
        return rows_from(VerifyRow, lib.envres_store_verify, self._pointer(), pointer)

    def backup(self, path: Path) -> None:
        """Writes a consistent copy to a file that must not exist. Raises ConflictError, StoreError."""
        call(lib.envres_store_backup, self._pointer(), *text(os.fsencode(path)))

    def poll(self) -> bool:
        """Whether another process committed since the last poll; makes scopes stale if so."""
        changed = ffi.new("int32_t *")
        call(lib.envres_store_poll, self._pointer(), changed)
        return bool(changed[0])

    def info(self) -> Dict[str, str]:
        """What the store runs on: "library", "sqlite", "journal_mode", ...; nothing secret."""
        with rows_from(InfoRow, lib.envres_store_info, self._pointer()) as rows:
            return {row.name: row.value for row in rows}


def _flags(locked_memory: bool, any_file_mode: bool, allow_fuse: bool, relaxed: bool,
           read_only: bool) -> int:
    return (STORE_LOCKED_MEMORY * locked_memory | STORE_ANY_FILE_MODE * any_file_mode
            | STORE_ALLOW_FUSE * allow_fuse | STORE_RELAXED * relaxed
            | STORE_READ_ONLY * read_only)
