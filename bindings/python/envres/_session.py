# SPDX-License-Identifier: MIT
"""Sessions."""
from __future__ import annotations

from typing import Any, Dict, Optional

from ._callbacks import StoreCallbacks
from ._constants import SCOPE_AUDITED, SCOPE_DAMAGED, Type
from ._core import (Handle, Input, Rows, call, change, integer_from, row_from, rows_from, struct,
                    text)
from ._groups import (Apps, Audit, Environments, Inbox, Keys, Parts, Principals, Releases, Requests,
                      Resources, Roles, Slots, Variables, Versions, findings_of, variable_write)
from ._native import ffi, lib
from ._query import Queries
from ._rows import GcRow, ReferenceRow, SessionRow
from ._scan import Scan
from ._scope import Scope


class Session(Handle):
    """A principal, unlocked, acting in one workspace. Any thread may use it. close() wipes the keys
    that no scope needs any more.

    What can be done stands in groups, one for each header of the C interface; each method is the
    function of that name: ``session.variables.put()`` is envres_variable_put(). What all changes
    take, after their own arguments:

    ``reason``     why, for the audit; at most 1,000 bytes. Protected environments ask for one
    ``operation``  16 bytes that name the operation: the same again answers with the outcome of the
                   first, and changes nothing. None: a random one
    ``force``      where a method has it: although something refers to it
    """

    __slots__ = ("_callbacks",)

    def __init__(self, cdata: Any, callbacks: StoreCallbacks) -> None:
        def release(session: Any, _: StoreCallbacks = callbacks) -> None:
            lib.envres_session_close(session)

        super().__init__(ffi.gc(cdata, release))
        self._callbacks = callbacks

    @property
    def environments(self) -> Environments:
        """Environments: add, remove, set, list, describe."""
        return Environments(self)

    @property
    def variables(self) -> Variables:
        """Variables: put, put_many, unset, get, list, history, rename, delete, destroy."""
        return Variables(self)

    @property
    def resources(self) -> Resources:
        """Resources: define, configure, fallback, remove, list, history."""
        return Resources(self)

    @property
    def queries(self) -> Queries:
        """The query library: put, restore, remove, list, history, open."""
        return Queries(self)

    @property
    def apps(self) -> Apps:
        """Apps: create, set, list, describe, status."""
        return Apps(self)

    @property
    def versions(self) -> Versions:
        """Versions: create, set, list, describe, open, last, diff, check, promote, discard."""
        return Versions(self)

    @property
    def parts(self) -> Parts:
        """Parts: put, get, list, history, restore."""
        return Parts(self)

    @property
    def releases(self) -> Releases:
        """Releases: create, rollback, withdraw, list."""
        return Releases(self)

    @property
    def principals(self) -> Principals:
        """Principals: add, remove, list, rekey."""
        return Principals(self)

    @property
    def roles(self) -> Roles:
        """Roles: grant, revoke."""
        return Roles(self)

    @property
    def slots(self) -> Slots:
        """Ways to unlock the session's own principal: list, add, change, remove."""
        return Slots(self)

    @property
    def keys(self) -> Keys:
        """Keys of environments: rotate, rotate_step, exposure."""
        return Keys(self)

    @property
    def inbox(self) -> Inbox:
        """Deposits that wait: list, accept, reject."""
        return Inbox(self)

    @property
    def requests(self) -> Requests:
        """Changes that wait for approval: list, show, approve, withdraw, run."""
        return Requests(self)

    @property
    def audit(self) -> Audit:
        """The audit: list, verify, check, reveal."""
        return Audit(self)

    def info(self) -> Dict[str, str]:
        """Who is acting where: "workspace", "principal", "memory_locked"."""
        with rows_from(SessionRow, lib.envres_session_info, self._pointer()) as rows:
            return {row.name: row.value for row in rows}

    def act_as(self, principal: str) -> Session:
        """A session that acts as another principal: rights only shrink, the audit names both.
        Raises NotFoundError (NO_PRINCIPAL)."""
        out = ffi.new("envres_session **")
        call(lib.envres_session_as, self._pointer(), *text(principal), out)
        return Session(out[0], self._callbacks)

    def scope(self, environment: str, *, app: Optional[str] = None, tag: Optional[str] = None,
              version: Optional[str] = None, revision: int = 0, damaged: bool = False,
              audited: bool = False) -> Scope:
        """Opens a scope: everything is read in one transaction.

        ``app``       serve this app: its parts, and ``app.`` in templates
        ``tag``       its release with this tag instead of the live one
        ``version``   or this version, with the newest configuration
        ``revision``  configuration revision; 0: the newest, or what the release pins
        ``damaged``   open although settings are missing or exchanged in the file
        ``audited``   opening it is an entry of the audit; where that cannot be written, no scope

        Raises NotFoundError, StateError (NOTHING_LIVE, DISCARDED), DeniedError (no key),
        IntegrityError.
        """
        options = struct("envres_scope_options", flags=SCOPE_DAMAGED * damaged | SCOPE_AUDITED * audited,
                         revision=revision, app=app, tag=tag, version=version)
        out = ffi.new("envres_scope **")
        call(lib.envres_scope_open, self._pointer(), *text(environment), options, out)
        return Scope(out[0])

    def scan(self, environment: str) -> Scan:
        """Opens a scan for texts that are meant for one environment. Raises NotFoundError,
        DeniedError (no key), IntegrityError."""
        out, findings = ffi.new("envres_scan **"), ffi.new("envres_list **")
        call(lib.envres_scan_open, self._pointer(), *text(environment), out, findings)
        return Scan(out[0], findings_of(findings))

    def latest(self, scope: Scope) -> Scope:
        """Polls the store; a fresh scope of the same environment and app where ``scope`` is stale,
        else ``scope`` itself. Raises what scope() raises."""
        given = scope._pointer()
        out = ffi.new("envres_scope **")
        call(lib.envres_scope_latest, self._pointer(), given, out)
        if out[0] == given:
            lib.envres_scope_unref(out[0])
            return scope
        return Scope(out[0])

    def restore(self, environment: str, revision: int, name: Optional[str] = None, *,
                reason: Optional[str] = None, operation: Optional[bytes] = None) -> int:
        """Brings older values back as new ones: of a variable, of "resource/HANDLE", or (None) of
        the whole environment. Returns the configuration revision made."""
        point = struct("envres_restore_point", name=name, revision=revision)
        return integer_from(lib.envres_restore, self._pointer(), *text(environment), point,
                            change(reason, operation))

    def references(self, object: str) -> Rows[ReferenceRow]:
        """Who refers to "variable/NAME" or "resource/HANDLE". Raises NotFoundError."""
        return rows_from(ReferenceRow, lib.envres_references, self._pointer(), *text(object))

    def gc(self, *, reason: Optional[str] = None, operation: Optional[bytes] = None) -> GcRow:
        """Frees the bytes of discarded versions that nothing refers to any more."""
        return row_from(GcRow, lib.envres_session_gc, self._pointer(), change(reason, operation))

    def deposit(self, environment: str, name: str, value: Input, *, type: Type = Type.DEFAULT,
                secret: Optional[bool] = None, reason: Optional[str] = None,
                operation: Optional[bytes] = None) -> str:
        """Hands in a value for a variable without being able to read: a key holder accepts it.
        Returns the deposit's id. Raises DeniedError, NotFoundError, InvalidNameError, TextError,
        IntegrityError, UsageError (LIMIT)."""
        write = struct("envres_variable_write", **variable_write(name, value, type, secret, None))
        id_ = ffi.new("char[33]")
        call(lib.envres_deposit, self._pointer(), *text(environment), write,
             change(reason, operation), id_)
        return str(ffi.string(id_).decode())

    def root_key(self) -> bytes:
        """The public root key of the workspace, 32 bytes: pin it as Credential's ``root``."""
        root = ffi.new("uint8_t[32]")
        call(lib.envres_root_key, self._pointer(), root)
        return bytes(ffi.buffer(root))
