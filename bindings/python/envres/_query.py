# SPDX-License-Identifier: MIT
"""The query library: named queries against a resource."""
from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Optional, Union

from ._constants import (QUERY_HEADERS, QUERY_METHOD, QUERY_NO_SECRETS, QUERY_PARAM_OPTIONAL,
                         QUERY_PATH, QUERY_READ_STRINGS, QUERY_TEXT, Type)
from ._core import (Handle, Input, Rows, Text, call, change, copy_value, integer_from, rows_from,
                    struct, structs, text, text_of)
from ._groups import Operation, _expected, _Group, _version
from ._native import ffi, lib
from ._rows import QueryHistoryRow, QueryListRow, QueryParamRow, QueryPinRow
from ._template import Param, Params, Statement


class QueryParam(NamedTuple):
    """A parameter that a query declares."""

    name: str
    #: STRING, INTEGER, NUMBER, BOOLEAN, JSON or TIMESTAMP
    type: Type = Type.STRING
    #: its value when none is given, as text; None: none
    preset: Optional[str] = None
    #: it need not be given; without a preset, every tag that takes it has a default
    optional: bool = False


class Queries(_Group):
    """Named queries of the workspace, with declared parameters and revisions."""

    __slots__ = ()

    def put(self, name: str, resource: str, source: Optional[Input] = None,
            params: Iterable[QueryParam] = (), *, method: Optional[str] = None,
            path: Optional[Input] = None, headers: Optional[Input] = None,
            expect: Optional[int] = None, reason: Optional[str] = None,
            operation: Operation = None) -> int:
        """Puts the first revision of a query, or the next one; the newest after it. What is the
        same as the newest makes none.

        ``resource``  the handle of the resource that it is for
        ``source``    the SQL, a template of Context.SQL; of a request its body, of Context.JSON
        ``params``    what it declares; at most 256
        ``method``    of a request; None: POST with a body and for graphql, else GET
        ``path``      of a request, of Context.URL: "" or what begins with / or ?
        ``headers``   of a request, of Context.JSON: an object of strings
        ``expect``    None: whatever is there; 0: only if there is none; n: only if n is the newest

        Raises InvalidNameError, NotFoundError (the resource; a tag takes what is not declared;
        NOT_SET: an optional one without a default), ConflictError (NAME_TAKEN: declared twice;
        CHANGED), TextError with the position, or TYPE; UsageError (INVALID, LIMIT), DeniedError.
        """
        declared = [{"flags": QUERY_PARAM_OPTIONAL if one.optional else 0, "name": one.name,
                     "preset": one.preset, "type": int(one.type)} for one in params]
        write = struct("envres_query_write", name=name, resource=resource, text=source,
                       method=method, path=path, headers=headers,
                       params=structs("envres_query_param", declared), count=len(declared),
                       expect_revision=_expected(expect))
        return integer_from(lib.envres_query_put, self._pointer(), write, change(reason, operation))

    def restore(self, name: str, revision: int, *, reason: Optional[str] = None,
                operation: Operation = None) -> int:
        """Makes an older revision the newest, as one of its own; which it is. Raises NotFoundError
        (query, revision, its resource), DeniedError; what put() raises when the resource is of
        another kind today."""
        return integer_from(lib.envres_query_restore, self._pointer(), *text(name), revision,
                            change(reason, operation))

    def remove(self, name: str, *, force: bool = False, reason: Optional[str] = None,
               operation: Operation = None) -> None:
        """Removes one; its name is free then. Raises NotFoundError, ConflictError (REFERRED: a
        version uses it; ``force`` removes it all the same, and versions keep the revision that they
        have recorded), DeniedError."""
        call(lib.envres_query_remove, self._pointer(), *text(name),
             change(reason, operation, force))

    def pin(self, app: str, version: Optional[str], name: str, revision: int = 0, *,
            reason: Optional[str] = None, operation: Operation = None) -> None:
        """A draft uses a query.

        ``version``   None: the app's only draft
        ``revision``  0: it follows: the draft uses the newest, and the promotion that freezes it
                      records which one that was; else this one, fixed

        Raises NotFoundError (app, version, query, revision, with the nearest name), StateError
        (FROZEN, DISCARDED), UsageError (LIMIT), IntegrityError, DeniedError.
        """
        call(lib.envres_query_pin, self._pointer(), _version(app, version), *text(name), revision,
             change(reason, operation))

    def unpin(self, app: str, version: Optional[str], name: str, *, reason: Optional[str] = None,
              operation: Operation = None) -> None:
        """A draft does not use a query any more. Raises NotFoundError (also: it does not use it),
        and what pin() raises."""
        call(lib.envres_query_unpin, self._pointer(), _version(app, version), *text(name),
             change(reason, operation))

    def pins(self, app: str, version: Optional[str]) -> Rows[QueryPinRow]:
        """The queries that a version uses, by name. Raises NotFoundError, IntegrityError,
        DeniedError."""
        return rows_from(QueryPinRow, lib.envres_query_pins, self._pointer(),
                         _version(app, version))

    def list(self) -> Rows[QueryListRow]:
        """All, by name. Raises DeniedError, IntegrityError."""
        return rows_from(QueryListRow, lib.envres_query_list, self._pointer())

    def history(self, name: str) -> Rows[QueryHistoryRow]:
        """The revisions of one, newest first. Raises NotFoundError, DeniedError, IntegrityError."""
        return rows_from(QueryHistoryRow, lib.envres_query_history, self._pointer(), *text(name))

    def open(self, name: str, revision: int = 0) -> Query:
        """Reads a revision; 0: the newest. Raises NotFoundError with the nearest name,
        IntegrityError (not as it was signed), DeniedError."""
        out = ffi.new("envres_query **")
        call(lib.envres_query_open, self._pointer(), *text(name), revision, out)
        return Query(out[0])


class Query(Handle):
    """One revision of a query. Immutable; threads may share it; needs its session no longer.

        with session.queries.open("find-user") as query:
            statement = query.render(scope, {"id": 7}).statement
    """

    __slots__ = ()

    def __init__(self, cdata: Any) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_query_free))

    def _text(self, which: int) -> str:
        query, size = self._pointer(), ffi.new("size_t *")
        data = lib.envres_query_text(query, which, size)
        return str(ffi.unpack(data, size[0]).decode())

    @property
    def resource(self) -> str:
        """The handle of its resource."""
        query = self._pointer()
        return text_of(lib.envres_query_resource(query))

    @property
    def kind(self) -> str:
        """The kind of that resource when this was opened: "postgres", "rest", ..."""
        query = self._pointer()
        return text_of(lib.envres_query_kind(query))

    @property
    def revision(self) -> int:
        """Which revision it is."""
        return int(lib.envres_query_revision(self._pointer()))

    @property
    def source(self) -> str:
        """The SQL as it was put; of a request the body, "" for none."""
        return self._text(QUERY_TEXT)

    @property
    def method(self) -> str:
        """Of a request, as it was put: "GET", ...; "" for none."""
        return self._text(QUERY_METHOD)

    @property
    def path(self) -> str:
        """Of a request, as it was put; else ""."""
        return self._text(QUERY_PATH)

    @property
    def headers(self) -> str:
        """Of a request, a JSON object as it was put; "" for none."""
        return self._text(QUERY_HEADERS)

    def params(self) -> Rows[QueryParamRow]:
        """The parameters that it declares, in their order."""
        return rows_from(QueryParamRow, lib.envres_query_params, self._pointer())

    def render(self, scope: Handle, params: Union[Params, Mapping[str, Param], None] = None, *,
               no_secrets: bool = False, read_strings: bool = False,
               output_max: int = 0) -> QueryResult:
        """Renders it for the environment of a scope. Connects to nothing; the settings of the
        resource are those of ``scope.resource()``.

        ``params``        each of its declared type: int, float, bool, str; JSON is anything but a
                          str; a timestamp is a str in RFC 3339; None where it is optional
        ``no_secrets``    any secret is a SecretError
        ``read_strings``  a str is read as the declared type: for what comes from a form
        ``output_max``    largest text in bytes; 0: 64 MiB

        Raises TextError (TYPE: a value of another type, its name is ``subject``), NotFoundError
        (NOT_SET: one that must be given; NOT_FOUND: one that is not declared), UsageError (INVALID:
        scope of another workspace, a path that leads elsewhere, a header with a control character),
        and what Template.prepare() and Template.render() raise.
        """
        if params is not None and not isinstance(params, Params):
            params = Params(params)
        options = struct("envres_query_options",
                         flags=QUERY_NO_SECRETS * no_secrets | QUERY_READ_STRINGS * read_strings,
                         params=params._pointer() if params is not None else None,
                         output_max=output_max)
        out = ffi.new("envres_query_result **")
        call(lib.envres_query_render, self._pointer(), scope._pointer(), options, out)
        return QueryResult(out[0])


class QueryResult(Handle):
    """What to send: a statement, or a request. Immutable; needs nothing any more of what it was
    made of. A text of a request is a str, or a Secret when any byte came from one."""

    __slots__ = ()

    def __init__(self, cdata: Any) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_query_result_free))

    def _text(self, which: int) -> Optional[Text]:
        result = self._pointer()
        value = lib.envres_query_result_text(result, which)
        return copy_value(value) if value else None

    @property
    def statement(self) -> Optional[Statement]:
        """The SQL and its parameters, usable after this was closed; None for a request."""
        result = self._pointer()
        found = lib.envres_query_result_statement(result)
        return Statement(found, result) if found else None

    def method(self) -> Optional[Text]:
        """Of a request: "GET", ...; None for a statement."""
        return self._text(QUERY_METHOD)

    def path(self) -> Optional[Text]:
        """Of a request, below the address of the resource; None for a statement."""
        return self._text(QUERY_PATH)

    def headers(self) -> Optional[Text]:
        """Of a request: a JSON object of strings; None: there are none."""
        return self._text(QUERY_HEADERS)

    def body(self) -> Optional[Text]:
        """Of a request: JSON; None: there is none."""
        return self._text(QUERY_TEXT)
