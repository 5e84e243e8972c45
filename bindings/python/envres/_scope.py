# SPDX-License-Identifier: MIT
"""Scopes: an immutable snapshot of one environment, and resources resolved in it."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Union, cast

from ._callbacks import Probing
from ._constants import RENDER_NO_SECRETS, Code, Context, Type
from ._core import (Handle, Input, Rows, Text, call, fail_with, give_failed, integer_from, new_work,
                    rows_from, text, text_of, value_from, works)
from ._families import NotFoundError
from ._native import ffi, lib
from ._rows import ExplainRow
from ._secret import Secret
from ._template import Param, Params, render_options

if TYPE_CHECKING:
    from ._query import Query

_get = lib.envres_py_get
_unpack = ffi.unpack

#: A variable in the type it has: a template is the text that it expands to.
Native = Union[str, int, float, bool, None, List[Any], Dict[str, Any], Secret]


def native(kind: int, value: Text) -> Native:
    """A value's text in the type it has; a secret stays one."""
    if isinstance(value, Secret):
        return value
    if kind == Type.BOOLEAN:
        return value == "true"
    if kind == Type.NUMBER:
        return float(value) if set(value) & set(".eE") else int(value)
    return cast(Native, json.loads(value)) if kind == Type.JSON else value


class Scope(Handle, Mapping[str, Text]):
    """An immutable snapshot of one environment. No call on it touches the database or takes a lock;
    threads may share it; it stays valid whatever becomes of session and store.

    A mapping from the variables that have a value here to their texts: a str, or a Secret. What is
    missing is a NotFoundError, never blank text. (``in`` and get() with a default answer False and
    the default.)
    """

    __slots__ = ()

    def __init__(self, cdata: Any) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_scope_unref))

    # -- what it is

    @property
    def environment(self) -> str:
        """The environment's key."""
        return text_of(lib.envres_scope_environment(self._pointer()))

    @property
    def revision(self) -> int:
        """The configuration revision it was opened at."""
        return int(lib.envres_scope_revision(self._pointer()))

    @property
    def is_stale(self) -> bool:
        """Whether the store is known to have changed since; reads one counter. Store.poll() moves
        it, and so do our own commits."""
        return bool(lib.envres_scope_is_stale(self._pointer()))

    @property
    def app(self) -> str:
        """Name of the app that is served, or ""."""
        return text_of(lib.envres_scope_app(self._pointer()))

    @property
    def version(self) -> str:
        """Name of the version that is served, or ""."""
        return text_of(lib.envres_scope_version(self._pointer()))

    @property
    def release(self) -> str:
        """Tag of the release, or ""."""
        return text_of(lib.envres_scope_release(self._pointer()))

    @property
    def sequence(self) -> int:
        """Sequence number of the release record, or 0."""
        return int(lib.envres_scope_sequence(self._pointer()))

    # -- variables

    def __len__(self) -> int:
        return int(lib.envres_scope_count(self._pointer()))

    def __iter__(self) -> Iterator[str]:
        for index in range(len(self)):
            yield self.name(index)

    def __getitem__(self, name: str) -> Text:
        scope = self._cdata or self._pointer()
        encoded = name.encode("utf-8", "surrogatepass")
        try:
            work = works.pop()
        except IndexError:
            work = new_work()
        done = _get(scope, encoded, len(encoded), work[0])
        if done >= 0:
            found: str = _unpack(work[1], done).decode()
            works.append(work)
            return found
        if done not in (Code.SECRET_SINK, Code.LIMIT):
            fail_with(done, work)
        give_failed(work)
        return value_from(lib.envres_scope_get, scope, encoded, len(encoded))

    def __contains__(self, name: object) -> bool:
        try:
            self.find(cast(str, name))
            return True
        except (NotFoundError, TypeError):
            return False

    def get(self, name: str, default: Any = None) -> Any:
        """The variable's text, or ``default`` where it has no value here; use scope[name] where a
        missing value is a mistake."""
        try:
            return self[name]
        except NotFoundError:
            return default

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def value(self, name: str) -> Native:
        """The variable in the type it has: str, int, float, bool or what json.loads() gives; a
        Secret where it is one."""
        pointer = self._pointer()
        kind = lib.envres_scope_type(pointer, self.find(name))
        return native(kind, self[name])

    def get_boolean(self, name: str) -> bool:
        """A boolean. Raises TextError (TYPE) for any other type, NotFoundError."""
        out = ffi.new("int32_t *")
        call(lib.envres_scope_get_boolean, self._pointer(), *text(name), out)
        return bool(out[0])

    def get_integer(self, name: str) -> int:
        """A number that is an integer of 64 bits. Raises TextError (TYPE), NotFoundError."""
        return integer_from(lib.envres_scope_get_integer, self._pointer(), *text(name))

    def get_double(self, name: str) -> float:
        """A number. Raises TextError (TYPE; also for an integer no double holds), NotFoundError."""
        out = ffi.new("double *")
        call(lib.envres_scope_get_double, self._pointer(), *text(name), out)
        return float(out[0])

    def get_string(self, name: str) -> Text:
        """A string, or an expanded template. Raises TextError (TYPE), NotFoundError."""
        return value_from(lib.envres_scope_get_string, self._pointer(), *text(name))

    def get_json(self, name: str) -> Text:
        """A json variable as compact JSON text. Raises TextError (TYPE), NotFoundError."""
        return value_from(lib.envres_scope_get_json, self._pointer(), *text(name))

    def find(self, name: Input) -> int:
        """Interns a name: the index serves at(), get_into() and the calls below on this scope."""
        out = ffi.new("uint32_t *")
        call(lib.envres_scope_find, self._pointer(), *text(name), out)
        return int(out[0])

    def name(self, index: int) -> str:
        """Name of the index-th variable, by name. Raises IndexError."""
        found = lib.envres_scope_name(self._pointer(), _index(index))
        if not found:
            raise IndexError(index)
        return text_of(found)

    def type(self, index: int) -> Type:
        """Type of the index-th variable. Raises IndexError."""
        kind = lib.envres_scope_type(self._pointer(), _index(index))
        if not kind:
            raise IndexError(index)
        return Type(kind)

    def is_secret(self, index: int) -> bool:
        """Whether the index-th is secret, or composed of a secret."""
        return bool(lib.envres_scope_is_secret(self._pointer(), _index(index)))

    def at(self, index: int) -> str:
        """The text of the index-th variable. Raises SecretError for a secret."""
        data, size = ffi.new("const char **"), ffi.new("size_t *")
        scope = self._pointer()
        call(lib.envres_scope_at, scope, _index(index), data, size)
        return str(ffi.unpack(data[0], size[0]).decode())

    def get_into(self, index: int, buffer: Union[bytearray, memoryview]) -> int:
        """Bytes of the index-th variable, secret or not, into the caller's buffer; their number. The
        caller wipes it. Raises UsageError (LIMIT) when they do not fit."""
        need = ffi.new("size_t *")
        view = ffi.from_buffer("char[]", buffer, require_writable=True)
        call(lib.envres_scope_get_into, self._pointer(), _index(index), view,
             len(view), need)
        return int(need[0])

    # -- templates

    def expand(self, source: Input, context: Context = Context.TEXT, *,
               no_secrets: bool = False) -> Text:
        """Parses and renders in one call; raises what Template() and render() raise."""
        return value_from(lib.envres_scope_expand, self._pointer(), *text(source), int(context),
                          RENDER_NO_SECRETS if no_secrets else 0)

    def explain(self, source: Input) -> Rows[ExplainRow]:
        """Which value, from where, and why, never the value: of a variable's name, a resource field
        ("crm.host"), a handle, or a template. Raises TextError, NotFoundError."""
        return rows_from(ExplainRow, lib.envres_explain, self._pointer(), *text(source))

    # -- resources

    def resource(self, handle: str) -> Resource:
        """Resolves a resource, with defaults and templates. Raises NotFoundError (NOT_FOUND,
        NOT_CONFIGURED, NOT_SET), InvalidNameError (a required FIELD is missing), TextError."""
        out = ffi.new("envres_resource_handle **")
        call(lib.envres_scope_resource, self._pointer(), *text(handle), out)
        return Resource(ffi.gc(out[0], lib.envres_resource_handle_free))

    def test_resource(self, handle: str, probe: Callable[[Resource], None]) -> None:
        """Resolves a resource and hands it to ``probe``, for the length of its call; it raises when
        it fails. Raises what resource() raises, and CallbackError from what the probe raised; an
        Error of the probe travels through."""
        probing = ffi.new_handle(Probing(probe, Resource))
        call(lib.envres_resource_test, self._pointer(), *text(handle), lib.envres_py_probe, probing)

    # -- the app that is served

    def parts(self) -> List[str]:
        """Paths of the parts of the version that is served, by path."""
        scope = self._pointer()
        return [text_of(lib.envres_scope_part_path(scope, index))
                for index in range(lib.envres_scope_part_count(scope))]

    def part_is_public(self, path: str) -> bool:
        """Whether the part goes to everybody, so that no secret may get into what is made of it.
        False where there is none."""
        return bool(lib.envres_scope_part_is_public(self._pointer(), *text(path)))

    def render_part(self, path: str, params: Union[Params, Mapping[str, Param], None] = None, *,
                    no_secrets: bool = False, output_max: int = 0) -> Text:
        """Parses and renders a part: as JSON where its path ends in .json, else as text; without
        secrets where it is public. Raises what Template() and render() raise; NotFoundError (the
        part), UsageError (the scope serves no app)."""
        return value_from(lib.envres_scope_render_part, self._pointer(), *text(path),
                          render_options(params, no_secrets, output_max))

    def query(self, name: str) -> Query:
        """A query of the version that is served, at the revision that this version uses; read when
        the scope was opened, of use after it was closed. Raises NotFoundError (the version does not
        use it), IntegrityError (it is not as it was signed), UsageError (the scope serves no
        app)."""
        from ._query import Query
        out = ffi.new("envres_query **")
        call(lib.envres_scope_query, self._pointer(), *text(name), out)
        return Query(out[0])

    def part(self, path: str) -> bytes:
        """A part's bytes. Raises NotFoundError, UsageError (the scope serves no app)."""
        data, size = ffi.new("const char **"), ffi.new("size_t *")
        scope = self._pointer()
        call(lib.envres_scope_part, scope, *text(path), data, size)
        return bytes(ffi.buffer(data[0], size[0]))

    def __repr__(self) -> str:
        if self.closed:
            return "<closed Scope>"
        return "<Scope of %s at revision %d>" % (self.environment, self.revision)


def _index(index: int) -> int:
    if not 0 <= index < 1 << 32:
        raise IndexError(index)
    return index


class Resource(Handle, Mapping[str, Text]):
    """A resource resolved in a scope, which it keeps alive. A mapping from the fields that have a
    value, defaults included, to their texts: a str, or a Secret."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """"postgres", "rest", ..."""
        return text_of(lib.envres_resource_handle_kind(self._pointer()))

    @property
    def environment(self) -> str:
        """Whose settings these are: the scope's environment, or the declared fallback."""
        return text_of(lib.envres_resource_handle_environment(self._pointer()))

    @property
    def is_fallback(self) -> bool:
        """Whether the settings come from a declared fallback."""
        return bool(lib.envres_resource_handle_is_fallback(self._pointer()))

    @property
    def cache_key(self) -> str:
        """Another one when the resource, or what it refers to, was changed, and only then: key a
        pool of connections by it."""
        return text_of(lib.envres_resource_handle_cache_key(self._pointer()))

    def __len__(self) -> int:
        return int(lib.envres_resource_handle_field_count(self._pointer()))

    def __iter__(self) -> Iterator[str]:
        handle = self._pointer()
        for index in range(len(self)):
            yield text_of(lib.envres_resource_handle_field_name(handle, index))

    def __getitem__(self, name: str) -> Text:
        """Raises InvalidNameError (FIELD: no such field), NotFoundError (NOT_SET)."""
        return value_from(lib.envres_resource_handle_field, self._pointer(), *text(name))

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def get(self, name: str, default: Any = None) -> Any:
        """The field's text, or ``default`` where it has no value. An unknown field is an error."""
        try:
            return self[name]
        except NotFoundError:
            return default

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def value(self, name: str) -> Native:
        """The field in the type that its kind says: str, int, bool or JSON; a Secret where it is."""
        out = ffi.new("envres_value **")
        call(lib.envres_resource_handle_field, self._pointer(), *text(name), out)
        kind = lib.envres_value_type(out[0])
        from ._core import take_value
        return native(kind, take_value(out[0]))

    def secret_fields(self) -> List[str]:
        """Names of the fields that are secret."""
        handle = self._pointer()
        return [name for index, name in enumerate(self)
                if lib.envres_resource_handle_field_is_secret(handle, index)]

    def url(self) -> Text:
        """The ready URL, escaped for its grammar. Raises InvalidNameError (FIELD: the kind has
        none)."""
        return value_from(lib.envres_resource_handle_url, self._pointer())

    def redacted_url(self) -> str:
        """The same with every secret as ``***``: for logs."""
        return cast(str, value_from(lib.envres_resource_handle_redacted_url, self._pointer()))

    def dsn(self) -> Text:
        """The driver's own string: libpq keywords, a path, a list of brokers."""
        return value_from(lib.envres_resource_handle_dsn, self._pointer())

    def __repr__(self) -> str:
        return "<%sResource%s>" % ("closed " if self.closed else "",
                                   "" if self.closed else " of kind " + self.kind)


