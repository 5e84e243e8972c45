# SPDX-License-Identifier: MIT
"""Templates, and templates bound to a scope."""
from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from ._constants import (PARAM_SECRET, RENDER_NO_SECRETS, TEMPLATE_STRICT, Code, Context, Dialect,
                         Style, Type)
from ._core import (NULL, Handle, Input, Rows, Text, call, fail_with, give_failed, new_work,
                    rows_from, struct, text, text_of, value_from, works)
from ._families import FAMILIES
from ._native import ffi, lib
from ._rows import TagRow
from ._secret import Secret

#: A parameter: None, bool, int, float, str, Secret, or anything json.dumps() takes; or a pair of
#: Type and text.
Param = Union[None, bool, int, float, str, Secret, List[Any], Dict[str, Any], Tuple[Type, Any]]

def _typed(value: Param) -> Tuple[int, Input, int]:
    """Type, text and flags of a parameter."""
    if isinstance(value, tuple):
        kind, given = value
        return int(kind), given, PARAM_SECRET if isinstance(given, Secret) else 0
    if isinstance(value, Secret):
        return Type.STRING, value, PARAM_SECRET
    if value is None:
        return Type.NULL, "", 0
    if isinstance(value, bool):
        return Type.BOOLEAN, "true" if value else "false", 0
    if isinstance(value, (int, float)):
        return Type.NUMBER, repr(value), 0
    if isinstance(value, str):
        return Type.STRING, value, 0
    return Type.JSON, json.dumps(value), 0


class Params(Handle):
    """Parameters of a render, made once for many; immutable, threads may share them. A mapping given
    to render() becomes one. What is made of a Secret is secret.
    """

    __slots__ = ()

    def __init__(self, values: Optional[Mapping[str, Param]] = None,
                 allow: Iterable[str] = ()) -> None:
        """``allow``: identifiers that the filter `ident` may write into SQL. Raises InvalidNameError, TextError, UsageError (LIMIT)."""
        made = lib.envres_params_new(NULL)
        if not made:
            raise FAMILIES[Code.NOMEM]("out of memory", Code.NOMEM, "ENVRES_E_NOMEM")
        super().__init__(ffi.gc(made, lib.envres_params_free))
        for name, value in (values or {}).items():
            kind, given, flags = _typed(value)
            call(lib.envres_params_set, made, *text(name), kind, *text(given), flags)
        for name in allow:
            call(lib.envres_params_allow, made, *text(name))


def render_options(params: Union[Params, Mapping[str, Param], None], no_secrets: bool,
             output_max: int) -> Any:
    """An envres_render_options, or NULL."""
    if params is None and not no_secrets and not output_max:
        return NULL
    if params is not None and not isinstance(params, Params):
        params = Params(params)
    return struct("envres_render_options", flags=RENDER_NO_SECRETS if no_secrets else 0,
                  params=params._pointer() if params is not None else None, output_max=output_max)


_render = lib.envres_py_render
_bound = lib.envres_py_bound
_unpack = ffi.unpack
# Not in the buffer, since it is secret or too long: then a value is made.
_ELSEWISE = (Code.SECRET_SINK, Code.LIMIT)


class Template(Handle):
    """Text with ``<< ... >>`` tags, parsed once, rendered against any scope. Immutable; threads may
    share it."""

    __slots__ = ()

    def __init__(self, source: Input, context: Context = Context.TEXT, *,
                 dialect: Optional[Dialect] = None, style: Style = Style.DEFAULT,
                 strict: bool = False) -> None:
        """Parses; the whole text is checked, nothing is resolved.

        ``context``  how values are written into it: Context.TEXT, JSON, URL, SHELL, or SQL
        ``dialect``  of Context.SQL: whose SQL it is; required there
        ``style``    of Context.SQL: how placeholders look
        ``strict``   near misses (``<< enviroment...``) are errors

        Raises TextError with the position, UsageError (LIMIT: 16 MiB).
        """
        options = struct("envres_template_options", flags=TEMPLATE_STRICT if strict else 0,
                         context=int(context), dialect=int(dialect or 0), style=int(style))
        out = ffi.new("envres_template **")
        call(lib.envres_template_parse, *text(source), options, out)
        super().__init__(ffi.gc(out[0], lib.envres_template_unref))

    def render(self, scope: Handle, params: Union[Params, Mapping[str, Param], None] = None, *,
               no_secrets: bool = False, output_max: int = 0) -> Text:
        """Renders; a str, or a Secret when any byte came from one.

        ``no_secrets``  the text goes where secrets must not: a secret is a SecretError
        ``output_max``  largest output in bytes; 0: 64 MiB

        Raises NotFoundError, TextError, UsageError (LIMIT), SecretError, IntegrityError, each with
        the tag's position.
        """
        if params is not None or no_secrets or output_max:
            return value_from(lib.envres_template_render, self._pointer(), scope._pointer(),
                              render_options(params, no_secrets, output_max))
        # The common case is one call into a buffer that is used again. It forbids secrets, so that
        # none comes to lie there; only when there is one, the second call makes a value.
        tmpl, there = self._cdata or self._pointer(), scope._cdata or scope._pointer()
        try:
            work = works.pop()
        except IndexError:
            work = new_work()
        done = _render(tmpl, there, work[0])
        if done >= 0:
            text: str = _unpack(work[1], done).decode()
            works.append(work)
            return text
        if done not in _ELSEWISE:
            fail_with(done, work)
        give_failed(work)
        return value_from(lib.envres_template_render, tmpl, there, NULL)

    def render_into(self, scope: Handle, buffer: Union[bytearray, memoryview],
                    params: Union[Params, Mapping[str, Param], None] = None, *,
                    no_secrets: bool = False, output_max: int = 0) -> int:
        """Renders into a buffer of the caller's, who wipes it where the output may be secret.
        Returns the length. Raises UsageError (LIMIT) when it does not fit."""
        need = ffi.new("size_t *")
        view = ffi.from_buffer("char[]", buffer, require_writable=True)
        call(lib.envres_template_render_into, self._pointer(), scope._pointer(),
             render_options(params, no_secrets, output_max), view, len(view), need)
        return int(need[0])

    def bind(self, scope: Handle, params: Union[Params, Mapping[str, Param], None] = None, *,
             no_secrets: bool = False, output_max: int = 0) -> Bound:
        """Resolves every reference once: what is left for rendering is copying."""
        out = ffi.new("envres_bound **")
        call(lib.envres_template_bind, self._pointer(), scope._pointer(),
             render_options(params, no_secrets, output_max), out)
        return Bound(out[0])

    def prepare(self, scope: Handle, params: Union[Params, Mapping[str, Param], None] = None, *,
                no_secrets: bool = False, output_max: int = 0) -> Statement:
        """Resolves a template of Context.SQL: the SQL, and what to bind to its placeholders. No value
        is ever part of the text.

        Raises what render() raises; TextError (IDENT: not among those that Params allows; TYPE),
        UsageError (LIMIT: too many parameters; INVALID: another context).
        """
        out = ffi.new("envres_statement **")
        call(lib.envres_template_prepare, self._pointer(), scope._pointer(),
             render_options(params, no_secrets, output_max), out)
        return Statement(out[0])

    def references(self) -> Rows[TagRow]:
        """What it needs: a row for each tag, in order."""
        return rows_from(TagRow, lib.envres_template_references, self._pointer())


def render_many(templates: Sequence[Template], scope: Handle) -> List[Text]:
    """Renders many templates against one scope, with one native call for as many as fit into 16 KiB
    and hold no secret. Raises what render() raises, for the first that fails."""
    pointers = [template._pointer() for template in templates]
    there = scope._pointer()
    array = ffi.new("envres_template *[]", pointers)
    ends, status = ffi.new("size_t[]", len(pointers) or 1), ffi.new("int32_t *")
    found: List[Text] = []
    while len(found) < len(pointers):
        try:
            work = works.pop()
        except IndexError:
            work = new_work()
        first = len(found)
        done = lib.envres_py_render_many(array + first, len(pointers) - first, there, work[0], ends,
                                         status)
        at = 0
        for end in ffi.unpack(ends, done):
            found.append(ffi.unpack(work[1] + at, end - at).decode())
            at = end
        if first + done == len(pointers):
            works.append(work)
        elif status[0] not in _ELSEWISE:
            fail_with(status[0], work)
        else:
            give_failed(work)
            if done == 0:
                found.append(value_from(lib.envres_template_render, pointers[first], there, NULL))
    return found


class Bound(Handle):
    """A template bound to a scope, which it keeps alive. Immutable; threads may share it."""

    __slots__ = ()

    def __init__(self, cdata: Any) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_bound_unref))

    def render(self) -> Text:
        """As Template.render(). Text without secrets is rendered once and kept: text()."""
        bound = self._cdata or self._pointer()
        try:
            work = works.pop()
        except IndexError:
            work = new_work()
        done = _bound(bound, work[0])
        if done >= 0:
            text: str = _unpack(work[1], done).decode()
            works.append(work)
            return text
        if done not in _ELSEWISE:
            fail_with(done, work)
        give_failed(work)
        return value_from(lib.envres_bound_render, bound)

    def render_into(self, buffer: Union[bytearray, memoryview]) -> int:
        """As Template.render_into()."""
        need = ffi.new("size_t *")
        view = ffi.from_buffer("char[]", buffer, require_writable=True)
        call(lib.envres_bound_render_into, self._pointer(), view, len(view),
             need)
        return int(need[0])

    def text(self) -> str:
        """The output, rendered at the first call and kept. Raises SecretError when it has secrets."""
        data, size = ffi.new("const char **"), ffi.new("size_t *")
        bound = self._pointer()
        call(lib.envres_bound_text, bound, data, size)
        found: str = ffi.unpack(data[0], size[0]).decode()
        return found


#: A parameter of a statement; JSON as compact text.
Bindable = Union[None, bool, int, float, str, Secret]


class Statement(Handle):
    """SQL made of a template, and its parameters in order: a driver's own.

        statement = template.prepare(scope, {"id": 7})
        cursor.execute(statement.text, statement.reveal())

    Immutable; needs nothing any more of what it was made of. The text can be logged.
    """

    __slots__ = ()

    def __init__(self, cdata: Any, owner: Any = None) -> None:
        def kept(_: Any, owner: Any = owner) -> None:
            """Frees nothing: lets go of what the statement is borrowed from."""

        super().__init__(ffi.gc(cdata, lib.envres_statement_free if owner is None else kept))

    @property
    def text(self) -> str:
        """The SQL. Holds no value."""
        statement = self._pointer()
        return text_of(lib.envres_statement_text(statement, NULL))

    @property
    def first(self) -> int:
        """Number of the first parameter: 1, or one more than the highest $n that the text had."""
        return int(lib.envres_statement_first(self._pointer()))

    def __len__(self) -> int:
        return int(lib.envres_statement_count(self._pointer()))

    def names(self) -> List[str]:
        """Of each parameter the reference that gave it: "params.id"; elements of a list share one."""
        statement = self._pointer()
        return [text_of(lib.envres_statement_name(statement, index)) for index in range(len(self))]

    def types(self) -> List[Type]:
        """Of each parameter its type: STRING, INTEGER, NUMBER, BOOLEAN, JSON or NULL."""
        statement = self._pointer()
        return [Type(lib.envres_statement_type(statement, index)) for index in range(len(self))]

    def parameters(self) -> List[Bindable]:
        """The values in their types; those that are secret as Secret."""
        statement = self._pointer()
        return [self._value(statement, index) for index in range(len(self))]

    def reveal(self) -> List[Union[None, bool, int, float, str]]:
        """The values, secrets in clear, as a driver wants them."""
        return [value.reveal() if isinstance(value, Secret) else value
                for value in self.parameters()]

    @staticmethod
    def _value(statement: Any, index: int) -> Bindable:
        kind = lib.envres_statement_type(statement, index)
        if kind == Type.NULL:
            return None
        if lib.envres_statement_is_secret(statement, index) or \
                kind not in (Type.INTEGER, Type.BOOLEAN, Type.NUMBER):
            size = ffi.new("size_t *")
            data = lib.envres_statement_value(statement, index, size)
            if lib.envres_statement_is_secret(statement, index):
                return Secret(ffi.buffer(data, size[0]))
            return str(ffi.unpack(data, size[0]).decode())
        if kind == Type.NUMBER:
            return float(lib.envres_statement_double(statement, index))
        number = int(lib.envres_statement_integer(statement, index))
        return bool(number) if kind == Type.BOOLEAN else number
