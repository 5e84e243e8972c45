# SPDX-License-Identifier: MIT
"""What a session can do, in groups: each method is the C function of that name.

`session.apps.create(...)` is envres_app_create(session, ...). The headers of the library say what
each does and which errors it gives; here stand the types.
"""
from __future__ import annotations

from typing import (TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple,
                    Union)

from ._callbacks import Checkpoint
from ._constants import (APP_PIN_CONFIG, APP_PIN_NONE, APP_PROTECT, APP_UNPROTECT, DIFF_WITH_TEXT,
                         ENVIRONMENT_EDITORS_REVEAL, ENVIRONMENT_NO_EDITORS_REVEAL,
                         ENVIRONMENT_NO_REASON, ENVIRONMENT_NO_ROLLBACK_APPROVALS,
                         ENVIRONMENT_OFF_PATH, ENVIRONMENT_PROTECT, ENVIRONMENT_REASON,
                         ENVIRONMENT_ROLLBACK_APPROVALS, ENVIRONMENT_SET_APPROVALS,
                         ENVIRONMENT_UNPROTECT, FIELD_SECRET, FIELD_UNSET,
                         MOVE_DRY_RUN, MOVE_THROUGH, PART_ABSENT, PART_PUBLIC, PART_REMOVE,
                         READ_REVEAL, REQUEST_ALL, VERSION_ALL, VERSION_EMPTY, WRITE_PLAIN,
                         WRITE_SECRET, Bump, Role, Type)
from ._core import (NULL, Input, Rows, Text, call, change, exactly, integer_from, row_from, rows_from,
                    struct, structs, take_bytes, text, value_from)
from ._credential import Credential
from ._native import ffi, lib
from ._rows import (AppRow, AuditRow, DiffRow, EditRow, EnvironmentRow, ExposureRow, FindingRow,
                    HistoryRow, InboxRow, LastRow, PartRow, PrincipalRow, ReleaseRow, RequestRow,
                    ResourceRow, SlotRow, StatusRow, VariableRow, VerifyRow, VersionRow)

if TYPE_CHECKING:
    from ._session import Session

Digest = Union[bytes, str]
Operation = Optional[bytes]


def _choice(value: Optional[bool], yes: int, no: int) -> int:
    return 0 if value is None else yes if value else no


def _version(app: str, version: Optional[str]) -> Any:
    return struct("envres_version_name", app=app, version=version)


class _Group:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def _pointer(self) -> Any:
        return self._session._pointer()


class Environments(_Group):
    """Named configuration contexts."""

    __slots__ = ()

    def add(self, key: str, *, label: Optional[str] = None, color: Optional[str] = None,
            after: Optional[str] = None, off_path: bool = False, reason: Optional[str] = None,
            operation: Operation = None) -> None:
        """Adds one. ``after``: which it follows on the path; None: the end. Raises InvalidNameError,
        ConflictError, NotFoundError."""
        options = struct("envres_environment_options",
                         flags=ENVIRONMENT_OFF_PATH if off_path else 0, label=label, color=color,
                         after=after)
        call(lib.envres_environment_add, self._pointer(), *text(key), options,
             change(reason, operation))

    def remove(self, key: str, *, force: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Removes one and its keys. Raises DeniedError (FIXED), ConflictError (REFERRED)."""
        call(lib.envres_environment_remove, self._pointer(), *text(key),
             change(reason, operation, force))

    def set(self, key: str, *, label: Optional[str] = None, color: Optional[str] = None,
            protected: Optional[bool] = None, require_reason: Optional[bool] = None,
            approvals: Optional[int] = None, editors_reveal: Optional[bool] = None,
            rollback_approvals: Optional[bool] = None, reason: Optional[str] = None,
            operation: Operation = None) -> None:
        """Changes what is given; None stays as it is.

        ``approvals``           how many others must approve what is done there; at most 16
        ``editors_reveal``      editors may reveal secrets, unless it is protected
        ``rollback_approvals``  rollbacks need the approvals too

        What lowers protection takes an owner, and the approvals needed so far. Raises NotFoundError,
        DeniedError (QUORUM: more than others could give; APPROVALS), UsageError.
        """
        flags = _choice(protected, ENVIRONMENT_PROTECT, ENVIRONMENT_UNPROTECT)
        flags |= _choice(require_reason, ENVIRONMENT_REASON, ENVIRONMENT_NO_REASON)
        flags |= _choice(editors_reveal, ENVIRONMENT_EDITORS_REVEAL, ENVIRONMENT_NO_EDITORS_REVEAL)
        flags |= _choice(rollback_approvals, ENVIRONMENT_ROLLBACK_APPROVALS,
                         ENVIRONMENT_NO_ROLLBACK_APPROVALS)
        flags |= ENVIRONMENT_SET_APPROVALS if approvals is not None else 0
        options = struct("envres_environment_options", flags=flags, label=label, color=color,
                         approvals=approvals)
        call(lib.envres_environment_set, self._pointer(), *text(key), options,
             change(reason, operation))

    def list(self) -> Rows[EnvironmentRow]:
        """All: the path in order, then the others by key."""
        return rows_from(EnvironmentRow, lib.envres_environment_list, self._pointer())

    def describe(self, key: str) -> EnvironmentRow:
        """One. Raises NotFoundError, with the nearest name."""
        return row_from(EnvironmentRow, lib.envres_environment_describe, self._pointer(), *text(key))


class Write(NamedTuple):
    """One value of Variables.put_many()."""

    name: str
    value: Input
    type: Type = Type.DEFAULT
    #: None: as the name already is, else plain
    secret: Optional[bool] = None
    #: None: whatever is there; 0: only if there is none; n: only if the value has revision n
    expect: Optional[int] = None


def variable_write(name: str, value: Input, type: Type, secret: Optional[bool],
                   expect: Optional[int]) -> Dict[str, Any]:
    """The fields of an envres_variable_write. A Secret is written as a secret."""
    from ._secret import Secret
    if secret is None and isinstance(value, Secret):
        secret = True
    return {"flags": _choice(secret, WRITE_SECRET, WRITE_PLAIN), "name": name, "value": value,
            "type": int(type), "expect_revision": _expected(expect)}


def _expected(expect: Optional[int]) -> int:
    return 0 if expect is None else expect or -1


class Variables(_Group):
    """Names with one value per environment."""

    __slots__ = ()

    def put(self, environment: str, name: str, value: Input, *, type: Type = Type.DEFAULT,
            secret: Optional[bool] = None, expect: Optional[int] = None,
            reason: Optional[str] = None, operation: Operation = None) -> int:
        """Sets one. Durable when it returns; the configuration revision made.

        ``value``   text as it is written; a Secret is written as a secret
        ``secret``  None: as the name already is, else plain
        ``expect``  None: whatever is there; 0: only if there is none; n: only if the present value
                    has revision n; else ConflictError (CHANGED)

        Raises InvalidNameError, TextError, DeniedError, ConflictError, NotFoundError, StoreError.
        """
        write = struct("envres_variable_write", **variable_write(name, value, type, secret, expect))
        return integer_from(lib.envres_variable_put, self._pointer(), *text(environment), write,
                            change(reason, operation))

    def put_many(self, environment: str, writes: Union[Mapping[str, Input], Iterable[Write]], *,
                 reason: Optional[str] = None, operation: Operation = None) -> int:
        """Sets many, all or none; at most 100,000. ``writes``: name -> value, or Write rows."""
        if isinstance(writes, Mapping):
            writes = [Write(name, value) for name, value in writes.items()]
        rows = [variable_write(*write) for write in writes]
        return integer_from(lib.envres_variable_put_many, self._pointer(), *text(environment),
                            structs("envres_variable_write", rows), len(rows),
                            change(reason, operation))

    def unset(self, environment: str, name: str, *, reason: Optional[str] = None,
              operation: Operation = None) -> int:
        """Takes the value away in one environment; history keeps it."""
        return integer_from(lib.envres_variable_unset, self._pointer(), *text(environment),
                            *text(name), change(reason, operation))

    def get(self, environment: str, name: str, *, reveal: bool = False) -> Text:
        """The present value as it was written, a template unexpanded. Without ``reveal`` a secret is
        a SecretError; with it, a Secret."""
        return value_from(lib.envres_variable_get, self._pointer(), *text(environment), *text(name),
                          READ_REVEAL if reveal else 0)

    def list(self, environment: Optional[str] = None, *, reveal: bool = False) -> Rows[VariableRow]:
        """All, by name, then by environment in path order; None: of every environment."""
        return rows_from(VariableRow, lib.envres_variable_list, self._pointer(), *text(environment),
                         READ_REVEAL if reveal else 0)

    def history(self, environment: str, name: str, *, reveal: bool = False) -> Rows[HistoryRow]:
        """What it was in one environment, newest first."""
        return rows_from(HistoryRow, lib.envres_variable_history, self._pointer(),
                         *text(environment), *text(name), READ_REVEAL if reveal else 0)

    def rename(self, name: str, to: str, *, force: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Renames it in all environments. Raises ConflictError (NAME_TAKEN, REFERRED)."""
        call(lib.envres_variable_rename, self._pointer(), *text(name), *text(to),
             change(reason, operation, force))

    def delete(self, name: str, *, force: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Deletes it in all environments. Raises ConflictError (REFERRED)."""
        call(lib.envres_variable_delete, self._pointer(), *text(name),
             change(reason, operation, force))

    def destroy(self, environment: str, name: str, revision: int, *, force: bool = False,
                reason: Optional[str] = None, operation: Operation = None) -> None:
        """Destroys the value of one older revision for good. ``name``: a variable's, or
        "resource/HANDLE/FIELD". Raises NotFoundError, ConflictError (REFERRED: it is the current one,
        or a live release is pinned to it), DeniedError, IntegrityError."""
        call(lib.envres_variable_destroy, self._pointer(), *text(environment), *text(name), revision,
             change(reason, operation, force))


class Resources(_Group):
    """Handles with a kind, and settings per environment."""

    __slots__ = ()

    def define(self, handle: str, kind: str, *, force: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Defines one. Raises InvalidNameError, NotFoundError (kind), ConflictError (REFERRED)."""
        call(lib.envres_resource_define, self._pointer(), *text(handle), *text(kind),
             change(reason, operation, force))

    def configure(self, environment: str, handle: str,
                  fields: Mapping[str, Union[Input, int, bool, None]], *,
                  secret: Iterable[str] = (), expect: Optional[int] = None,
                  reason: Optional[str] = None, operation: Operation = None) -> int:
        """Sets fields; those not named stay as they are. Returns the revision made.

        ``fields``  name -> value: text, an int, a bool; a Secret is sealed as one; None: take it away
        ``secret``  names of fields to seal although their kind does not say so
        ``expect``  as in Variables.put(), about the newest setting of the resource there

        Raises NotFoundError, InvalidNameError (FIELD), TextError, DeniedError, ConflictError.
        """
        write = struct("envres_resource_write", handle=handle, count=len(fields),
                       fields=structs("envres_resource_field", _fields(fields, set(secret))),
                       expect_revision=_expected(expect))
        return integer_from(lib.envres_resource_configure, self._pointer(), *text(environment),
                            write, change(reason, operation))

    def fallback(self, environment: str, handle: str, to: Optional[str], *,
                 reason: Optional[str] = None, operation: Operation = None) -> None:
        """Declares that it takes the settings of ``to`` where it has none; None withdraws that.
        Raises NotFoundError, DeniedError (FALLBACK)."""
        declared = struct("envres_fallback", handle=handle, to=to)
        call(lib.envres_resource_fallback, self._pointer(), *text(environment), declared,
             change(reason, operation))

    def remove(self, handle: str, *, force: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Removes it everywhere. Raises ConflictError (REFERRED)."""
        call(lib.envres_resource_remove, self._pointer(), *text(handle),
             change(reason, operation, force))

    def list(self) -> Rows[ResourceRow]:
        """All, by handle, then by environment in path order."""
        return rows_from(ResourceRow, lib.envres_resource_list, self._pointer())

    def history(self, environment: str, handle: str, *, reveal: bool = False) -> Rows[HistoryRow]:
        """What it was in one environment, newest first."""
        return rows_from(HistoryRow, lib.envres_resource_history, self._pointer(),
                         *text(environment), *text(handle), READ_REVEAL if reveal else 0)


def _fields(fields: Mapping[str, Any], secret: Any) -> List[Dict[str, Any]]:
    from ._secret import Secret
    rows = []
    for name, value in fields.items():
        flags = FIELD_SECRET if name in secret or isinstance(value, Secret) else 0
        if value is None:
            flags, value = FIELD_UNSET, ""
        elif isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int):
            value = str(value)
        rows.append({"flags": flags, "name": name, "value": value})
    return rows


class Apps(_Group):
    """What is versioned and released."""

    __slots__ = ()

    def create(self, name: str, *, pin_config: Optional[bool] = None,
               protected: Optional[bool] = None, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Makes one, and with it its first draft, "v1". ``pin_config``: the configuration that a
        release saw comes back with it. Raises InvalidNameError, ConflictError."""
        call(lib.envres_app_create, self._pointer(), *text(name), _app(pin_config, protected),
             change(reason, operation))

    def set(self, name: str, *, pin_config: Optional[bool] = None, protected: Optional[bool] = None,
            reason: Optional[str] = None, operation: Operation = None) -> None:
        """Changes what is given; None stays as it is. Raises NotFoundError."""
        call(lib.envres_app_set, self._pointer(), *text(name), _app(pin_config, protected),
             change(reason, operation))

    def list(self) -> Rows[AppRow]:
        """All, by name."""
        return rows_from(AppRow, lib.envres_app_list, self._pointer())

    def describe(self, name: str) -> AppRow:
        """One. Raises NotFoundError."""
        return row_from(AppRow, lib.envres_app_describe, self._pointer(), *text(name))

    def status(self, name: str) -> Rows[StatusRow]:
        """Everything about one: what is live, what stands where, what differs, what a check says."""
        return rows_from(StatusRow, lib.envres_app_status, self._pointer(), *text(name))


def _app(pin_config: Optional[bool], protected: Optional[bool]) -> Any:
    return struct("envres_app_options",
                  flags=_choice(pin_config, APP_PIN_CONFIG, APP_PIN_NONE)
                  | _choice(protected, APP_PROTECT, APP_UNPROTECT))


class Versions(_Group):
    """Named states of an app's parts."""

    __slots__ = ()

    def create(self, app: str, name: Optional[str] = None, *, base: Optional[str] = None,
               description: Optional[str] = None, empty: bool = False,
               reason: Optional[str] = None, operation: Operation = None) -> VersionRow:
        """Makes a draft. ``name`` None: the next "vN". ``base``: the version to begin from; None:
        the live one, else the newest. ``empty``: from none. Raises NotFoundError, StateError,
        InvalidNameError, ConflictError."""
        options = struct("envres_version_options", flags=VERSION_EMPTY if empty else 0, name=name,
                         description=description, **{"from": base})
        return row_from(VersionRow, lib.envres_version_create, self._pointer(), *text(app), options,
                        change(reason, operation))

    def set(self, app: str, version: str, *, name: Optional[str] = None,
            description: Optional[str] = None, reason: Optional[str] = None,
            operation: Operation = None) -> None:
        """Renames or describes one, in any state."""
        options = struct("envres_version_options", name=name, description=description)
        call(lib.envres_version_set, self._pointer(), _version(app, version), options,
             change(reason, operation))

    def list(self, app: str, environment: Optional[str] = None, *,
             all: bool = False) -> Rows[VersionRow]:
        """Those of an app, newest first. ``environment``: those that have reached it. ``all``:
        discarded ones too."""
        return rows_from(VersionRow, lib.envres_version_list, self._pointer(), *text(app),
                         *text(environment), VERSION_ALL if all else 0)

    def describe(self, app: str, version: str) -> VersionRow:
        """One. Raises NotFoundError."""
        return row_from(VersionRow, lib.envres_version_describe, self._pointer(),
                        _version(app, version))

    def open(self, app: str, version: Optional[str], environment: str, *,
             reason: Optional[str] = None, operation: Operation = None) -> VersionRow:
        """Opens one for work, and remembers that. None: the most recently changed one there."""
        return row_from(VersionRow, lib.envres_version_open, self._pointer(),
                        _version(app, version), *text(environment), change(reason, operation))

    def last(self, app: str) -> Optional[LastRow]:
        """What the session's principal opened last in this app."""
        with rows_from(LastRow, lib.envres_version_last, self._pointer(), *text(app)) as rows:
            return rows[0] if rows else None

    def diff(self, app: str, old: str, new: str, *, other_app: Optional[str] = None,
             with_text: bool = False) -> Rows[DiffRow]:
        """What differs between two versions, by path. ``other_app``: ``new`` is one of that app."""
        return rows_from(DiffRow, lib.envres_version_diff, self._pointer(), _version(app, old),
                         _version(other_app or app, new), DIFF_WITH_TEXT if with_text else 0)

    def check(self, app: str, version: Optional[str], environment: str) -> Rows[FindingRow]:
        """The check by itself, errors first. A finding is not an error."""
        return rows_from(FindingRow, lib.envres_version_check, self._pointer(),
                         _version(app, version), *text(environment))

    def promote(self, app: str, version: str, to: str, *, seen: VersionRow, through: bool = False,
                dry_run: bool = False, reason: Optional[str] = None,
                operation: Operation = None) -> List[FindingRow]:
        """Moves one on to the environment ``to``; warnings of the check.

        ``seen``     the row that was looked at before deciding: where its stage or content differ
                     from what is there now, nothing is done and ConflictError (CHANGED) is raised
        ``through``  over several environments, each of them checked
        ``dry_run``  answer as if it were done, and change nothing

        Raises StateError, CheckError, ConflictError, DeniedError, NotFoundError.
        """
        options = struct("envres_promote_options",
                         flags=MOVE_THROUGH * through | MOVE_DRY_RUN * dry_run, to=to,
                         expect_stage=seen.stage, expect_content=exactly(seen.content, 32, "content"))
        out = ffi.new("envres_list **")
        call(lib.envres_version_promote, self._pointer(), _version(app, version), options,
             change(reason, operation), out)
        return findings_of(out)

    def discard(self, app: str, version: str, *, seen: VersionRow, reason: Optional[str] = None,
                operation: Operation = None) -> None:
        """Discards one. Raises StateError, ConflictError (CHANGED)."""
        looked_at = struct("envres_version_seen", stage=seen.stage,
                           content=exactly(seen.content, 32, "content"))
        call(lib.envres_version_discard, self._pointer(), _version(app, version), looked_at,
             change(reason, operation))


def findings_of(out: Any) -> List[FindingRow]:
    """The rows of a list of findings, which is freed; none where there is no list."""
    if not out[0]:
        return []
    with Rows(out[0], FindingRow) as rows:
        return list(rows)


class PartWrite(NamedTuple):
    """One edit of Parts.put()."""

    path: str
    #: None: take it out
    data: Optional[Union[str, bytes, bytearray, memoryview]]
    #: it goes to clients
    public: bool = False
    #: only if there is none of that path
    absent: bool = False
    #: only if it has this digest now: 32 bytes or their hex digits
    expect: Optional[Digest] = None


class Parts(_Group):
    """The files of an app's definition."""

    __slots__ = ()

    def put(self, app: str, version: Optional[str],
            writes: Union[Mapping[str, Union[str, bytes, bytearray, memoryview, None]],
                          Iterable[PartWrite]], *,
            reason: Optional[str] = None, operation: Operation = None) -> str:
        """Edits a draft: all of the writes or none. ``writes``: path -> bytes (None: take it out), or
        PartWrite rows. ``version`` None: the app's only draft. Returns the new content digest in hex.
        Raises StateError (FROZEN), ConflictError, InvalidNameError (PATH), NotFoundError; the
        error's subject is the path."""
        if isinstance(writes, Mapping):
            writes = [PartWrite(path, data) for path, data in writes.items()]
        rows = []
        for write in writes:
            flags = PART_PUBLIC * write.public | PART_ABSENT * write.absent
            rows.append({"flags": flags | PART_REMOVE * (write.data is None), "path": write.path,
                         "data": write.data, "expect": exactly(write.expect, 32, "expect")})
        content = ffi.new("uint8_t[32]")
        call(lib.envres_part_put, self._pointer(), _version(app, version),
             structs("envres_part_write", rows), len(rows), change(reason, operation), content)
        return bytes(ffi.buffer(content)).hex()

    def get(self, app: str, version: Optional[str], path: str) -> bytes:
        """A part's bytes. Raises NotFoundError, with the nearest path; IntegrityError."""
        out = ffi.new("envres_value **")
        call(lib.envres_part_get, self._pointer(), _version(app, version), *text(path), out)
        return take_bytes(out[0])

    def list(self, app: str, version: Optional[str]) -> Rows[PartRow]:
        """The parts of a version, by path."""
        return rows_from(PartRow, lib.envres_part_list, self._pointer(), _version(app, version))

    def history(self, app: str, version: Optional[str],
                path: Optional[str] = None) -> Rows[EditRow]:
        """The edits of a version, of one path or (None) of all, newest first."""
        return rows_from(EditRow, lib.envres_part_history, self._pointer(), _version(app, version),
                         *text(path))

    def restore(self, app: str, version: Optional[str], path: str, edit: int, *,
                reason: Optional[str] = None, operation: Operation = None) -> None:
        """Brings a part back to what it was after an edit of it; 0: as the version was made."""
        call(lib.envres_part_restore, self._pointer(), _version(app, version), *text(path), edit,
             change(reason, operation))


def part_digest(data: Union[str, bytes, bytearray, memoryview]) -> str:
    """The digest that a part of these bytes has, in hex."""
    digest = ffi.new("uint8_t[32]")
    call(lib.envres_part_digest, *text(data), digest)
    return bytes(ffi.buffer(digest)).hex()


class Releases(_Group):
    """Making a version live, and taking that back."""

    __slots__ = ()

    def create(self, app: str, version: str, tag: Optional[str] = None, *, seen: VersionRow,
               expect_live: int, bump: Bump = Bump.NONE, notes: Optional[str] = None,
               dry_run: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> Tuple[ReleaseRow, List[FindingRow]]:
        """Makes a version live; the record, and warnings of the check.

        ``tag``          a semantic version; None with ``bump``
        ``seen``         the row of the version that was looked at before deciding
        ``expect_live``  sequence of the live release that was seen; 0: nothing was live
        ``notes``        at most 64 KiB

        Raises StateError, CheckError, ConflictError (CHANGED, TAG_TAKEN), InvalidNameError (TAG),
        DeniedError, NotFoundError.
        """
        options = struct("envres_release_options", flags=MOVE_DRY_RUN if dry_run else 0, tag=tag,
                         bump=int(bump), notes=notes, expect_live=expect_live,
                         expect_content=exactly(seen.content, 32, "content"))
        out, findings = ffi.new("envres_list **"), ffi.new("envres_list **")
        call(lib.envres_release_create, self._pointer(), _version(app, version), options,
             change(reason, operation), out, findings)
        found = findings_of(findings)
        with Rows(out[0], ReleaseRow) as rows:
            return rows[0], found

    def rollback(self, app: str, *, expect_live: int, to: Optional[str] = None,
                 version: Optional[str] = None, check: bool = True, dry_run: bool = False,
                 reason: Optional[str] = None,
                 operation: Operation = None) -> Tuple[ReleaseRow, List[FindingRow]]:
        """Makes an earlier release live again; the new record, and what a check of it found (it does
        not stop it; ``check=False``: none is made).

        ``to``       tag of the release; None (with ``version`` None): the one before
        ``version``  or a version, whose newest release is meant

        Raises StateError, ConflictError (CHANGED), NotFoundError, DeniedError.
        """
        options = struct("envres_rollback_options", flags=MOVE_DRY_RUN if dry_run else 0, to=to,
                         version=version, expect_live=expect_live)
        out, findings = ffi.new("envres_list **"), ffi.new("envres_list **")
        call(lib.envres_release_rollback, self._pointer(), *text(app), options,
             change(reason, operation), out, findings if check else NULL)
        found = findings_of(findings)
        with Rows(out[0], ReleaseRow) as rows:
            return rows[0], found

    def withdraw(self, app: str, *, expect_live: int, reason: Optional[str] = None,
                 operation: Operation = None) -> ReleaseRow:
        """Takes the live release back: the app has none then. Raises StateError, ConflictError."""
        return row_from(ReleaseRow, lib.envres_release_withdraw, self._pointer(), *text(app),
                        expect_live, change(reason, operation))

    def list(self, app: str) -> Rows[ReleaseRow]:
        """The releases of an app, newest first."""
        return rows_from(ReleaseRow, lib.envres_release_list, self._pointer(), *text(app))


class Principals(_Group):
    """Who acts, with which keys."""

    __slots__ = ()

    def add(self, name: str, credential: Credential, role: Optional[Role] = None,
            environments: Iterable[str] = (), *, reason: Optional[str] = None,
            operation: Operation = None) -> None:
        """Adds one with its first slot, and grants it a role in these environments; none: in all.
        Raises InvalidNameError, ConflictError, DeniedError, NotFoundError, KeyMaterialError."""
        keys = [ffi.new("char[]", key.encode("utf-8", "surrogatepass")) for key in environments]
        array = ffi.new("char *[]", keys) if keys else None
        options = struct("envres_principal_options", role=int(role or 0), count=len(keys),
                         environments=ffi.cast("char **", array) if keys else None,
                         credential=credential._struct())
        call(lib.envres_principal_add, self._pointer(), *text(name), options,
             change(reason, operation))
        del array

    def remove(self, name: str, *, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Removes its slots, roles and keys. Raises NotFoundError, DeniedError (LAST_OWNER)."""
        call(lib.envres_principal_remove, self._pointer(), *text(name), change(reason, operation))

    def list(self) -> Rows[PrincipalRow]:
        """All, by name: a row for each role of each."""
        return rows_from(PrincipalRow, lib.envres_principal_list, self._pointer())

    def rekey(self, name: str, credential: Credential, *, reason: Optional[str] = None,
              operation: Operation = None) -> None:
        """A new identity for one whose key was lost or may be known. Raises NotFoundError,
        DeniedError, KeyMaterialError."""
        call(lib.envres_principal_rekey, self._pointer(), *text(name), credential._struct(),
             change(reason, operation))


class Roles(_Group):
    """What principals may do."""

    __slots__ = ()

    def grant(self, principal: str, role: Role, environment: Optional[str] = None, *,
              reason: Optional[str] = None, operation: Operation = None) -> None:
        """Gives a role and its keys; None: in all environments. Raises NotFoundError, DeniedError."""
        call(lib.envres_role_grant, self._pointer(), _role(principal, role, environment),
             change(reason, operation))

    def revoke(self, principal: str, role: Role, environment: Optional[str] = None, *,
               reason: Optional[str] = None, operation: Operation = None) -> None:
        """Takes a role back. Raises NotFoundError (NOT_SET), DeniedError (LAST_OWNER)."""
        call(lib.envres_role_revoke, self._pointer(), _role(principal, role, environment),
             change(reason, operation))


def _role(principal: str, role: Role, environment: Optional[str]) -> Any:
    return struct("envres_role", role=int(role), principal=principal, environment=environment)


class Slots(_Group):
    """The ways to unlock the session's own principal."""

    __slots__ = ()

    def list(self) -> Rows[SlotRow]:
        """All, oldest first. Raises IntegrityError when somebody else changed their set."""
        return rows_from(SlotRow, lib.envres_slot_list, self._pointer())

    def add(self, label: str, credential: Credential, *, reason: Optional[str] = None,
            operation: Operation = None) -> int:
        """Adds one; its ordinal. Raises KeyMaterialError, UsageError (16 slots), DeniedError."""
        return integer_from(lib.envres_slot_add, self._pointer(), *text(label),
                            credential._struct(), change(reason, operation))

    def change(self, ordinal: int, credential: Credential, *, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Puts another credential into one: a new passphrase. Raises as add(); NotFoundError."""
        call(lib.envres_slot_change, self._pointer(), ordinal, credential._struct(),
             change(reason, operation))

    def remove(self, ordinal: int, *, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Removes one. Raises NotFoundError, ConflictError (REFERRED: the last one stays)."""
        call(lib.envres_slot_remove, self._pointer(), ordinal, change(reason, operation))


class Keys(_Group):
    """The keys of environments."""

    __slots__ = ()

    def rotate(self, environment: str, *, reason: Optional[str] = None,
               operation: Operation = None) -> Rows[ExposureRow]:
        """Begins a rotation, or goes on with one; the secrets to change at their source. Then call
        rotate_step() until it gives 0. Raises DeniedError, NotFoundError."""
        return rows_from(ExposureRow, lib.envres_key_rotate, self._pointer(), *text(environment),
                         change(reason, operation))

    def rotate_step(self, environment: str) -> int:
        """Seals at most 256 records anew; how many are left. Raises IntegrityError."""
        return integer_from(lib.envres_key_rotate_step, self._pointer(), *text(environment))

    def exposure(self, environment: Optional[str] = None) -> Rows[ExposureRow]:
        """The report without a rotation; None: of all environments."""
        return rows_from(ExposureRow, lib.envres_key_exposure, self._pointer(), *text(environment))


class Inbox(_Group):
    """Deposits that wait in an environment."""

    __slots__ = ()

    def list(self, environment: str) -> Rows[InboxRow]:
        """What waits, oldest first; never a value."""
        return rows_from(InboxRow, lib.envres_inbox_list, self._pointer(), *text(environment))

    def accept(self, environment: str, id: str, *, reason: Optional[str] = None,
               operation: Operation = None) -> int:
        """Takes one in; the configuration revision made. ``id``: at least its first 8 digits.
        Raises NotFoundError, ConflictError (CHANGED: stale), IntegrityError, DeniedError."""
        return integer_from(lib.envres_inbox_accept, self._pointer(), *text(environment), *text(id),
                            change(reason, operation))

    def reject(self, environment: str, id: str, *, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Throws one away. Raises NotFoundError, DeniedError."""
        call(lib.envres_inbox_reject, self._pointer(), *text(environment), *text(id),
             change(reason, operation))


class Requests(_Group):
    """Changes that wait for the approval of others. ``id``: at least its first 8 digits."""

    __slots__ = ()

    def list(self, *, all: bool = False) -> Rows[RequestRow]:
        """Those of the workspace, oldest first; ``all``: closed ones too."""
        return rows_from(RequestRow, lib.envres_request_list, self._pointer(),
                         REQUEST_ALL if all else 0)

    def show(self, id: str) -> RequestRow:
        """One. Raises NotFoundError."""
        return row_from(RequestRow, lib.envres_request_show, self._pointer(), *text(id))

    def approve(self, id: str, *, reason: Optional[str] = None, operation: Operation = None) -> None:
        """Approves with the session's own key. Raises StateError (CLOSED), DeniedError."""
        call(lib.envres_request_approve, self._pointer(), *text(id), change(reason, operation))

    def withdraw(self, id: str, *, reason: Optional[str] = None,
                 operation: Operation = None) -> None:
        """Takes one back: its requester, or an owner. Raises StateError (CLOSED), DeniedError."""
        call(lib.envres_request_withdraw, self._pointer(), *text(id), change(reason, operation))

    def run(self, id: str, *, reason: Optional[str] = None, operation: Operation = None) -> int:
        """Does what was asked for; what it made. Raises DeniedError (APPROVALS), StateError, and
        what the change itself raises."""
        return integer_from(lib.envres_request_run, self._pointer(), *text(id),
                            change(reason, operation))


class Verified(NamedTuple):
    """What Audit.verify() found."""

    #: sequence of the first entry that is wrong or missing; None: there is none
    first_bad: Optional[int]
    findings: List[VerifyRow]


class Audit(_Group):
    """One entry for every change, and for every one that was refused."""

    __slots__ = ()

    def list(self, *, since: int = 0, limit: int = 0, environment: Optional[str] = None,
             app: Optional[str] = None) -> Rows[AuditRow]:
        """Entries behind the sequence number ``since``, oldest first; at most ``limit``, 0: all.
        Raises DeniedError, NotFoundError."""
        options = struct("envres_audit_options", since=since, limit=limit, environment=environment,
                         app=app)
        return rows_from(AuditRow, lib.envres_audit_list, self._pointer(), options)

    def check(self, checkpoint: Checkpoint) -> None:
        """Compares the store with a checkpoint that the host kept. Raises IntegrityError: ROLLBACK
        (its entry is gone), FORK (another one stands there), INTEGRITY (it is not of this
        workspace)."""
        call(lib.envres_audit_check, self._pointer(), struct(
            "envres_checkpoint", workspace=exactly(checkpoint.workspace, 16, "workspace"),
            signer=exactly(checkpoint.signer, 16, "signer"),
            sign_key=exactly(checkpoint.sign_key, 32, "sign_key"), sequence=checkpoint.sequence,
            time=checkpoint.time, policy_version=checkpoint.policy_version,
            hash=exactly(checkpoint.hash, 32, "hash"),
            signature=exactly(checkpoint.signature, 64, "signature")))

    def reveal(self, environment: str, object: Optional[str] = None, *,
               reason: Optional[str] = None, operation: Operation = None) -> None:
        """Asks for the right to show secrets to people, and says in the audit that they are shown;
        call it before. ``object``: "variable/NAME", "resource/HANDLE[/FIELD]"; None: all of the
        environment. Raises DeniedError, NotFoundError, StoreError (then show nothing)."""
        options = struct("envres_reveal_options", environment=environment, object=object)
        call(lib.envres_audit_reveal, self._pointer(), options, change(reason, operation))

    def verify(self) -> Verified:
        """Walks the whole chain: every link, every signature. A finding is not an error."""
        first, out = ffi.new("int64_t *"), ffi.new("envres_list **")
        call(lib.envres_audit_verify, self._pointer(), first, out)
        with Rows(out[0], VerifyRow) as rows:
            return Verified(first[0] or None, list(rows))
