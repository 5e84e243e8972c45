# SPDX-License-Identifier: MIT
"""envres: environments, variables, sealed secrets, templates, resource handles and releases.

    import envres

    key = envres.generate_key()
    with envres.Store.create("app.envres", envres.Credential.raw_key(key)) as store:
        with store.session(envres.Credential.raw_key(key)) as session:
            session.variables.put("development", "HOST", "db.dev")
            with session.scope("development") as scope:
                print(scope.expand("postgres://<< environment.variables.HOST >>/crm"))

The binding of libenvres, over its installed headers. The C headers are the contract; docstrings here
give types, units and the exceptions to expect. A text that holds a secret comes as a Secret, anything
else as str. Whatever was closed raises ClosedError; what the library refuses raises one of the
families of Error.
"""
from ._callbacks import Anchor, Checkpoint, KeyProvider
from ._constants import Bump, Code, Context, CredentialKind, Dialect, Role, Style, Type
from ._core import ClosedError, Handle, Rows, Text
from ._credential import Credential, generate_key
from ._error import Error
from ._families import (CallbackError, CheckError, ConflictError, DeniedError, IntegrityError,
                        InvalidNameError, KeyMaterialError, NotFoundError, OutOfMemoryError,
                        SecretError, StateError, StoreError, TextError, UsageError)
from ._groups import PartWrite, Verified, Write, part_digest
from ._query import Query, QueryParam, QueryResult
from ._redact import Redactor
from ._rows import (AppRow, AuditRow, DiffRow, EditRow, EnvironmentRow, ExplainRow, ExposureRow,
                    FindingRow, GcRow, HistoryRow, InboxRow, InfoRow, KindRow, LastRow, PartRow,
                    PrincipalRow, QueryHistoryRow, QueryListRow, QueryParamRow, ReferenceRow,
                    RefusedRow, ReleaseRow, RequestRow, ResourceRow, SalvageRow, SessionRow, SlotRow,
                    StatusRow, TagRow, VariableRow, VerifyRow, VersionRow)
from ._scan import Scan
from ._scope import Resource, Scope
from ._secret import Secret
from ._session import Session
from ._store import Store, kinds, version
from ._template import Bound, Params, Statement, Template, render_many

__all__ = [
    "Anchor", "AppRow", "AuditRow", "Bound", "Bump", "CallbackError", "CheckError", "Checkpoint",
    "ClosedError", "Code", "ConflictError", "Context", "Credential", "CredentialKind", "DeniedError",
    "Dialect", "DiffRow", "EditRow", "EnvironmentRow", "Error", "ExplainRow", "ExposureRow", "FindingRow",
    "GcRow", "Handle", "HistoryRow", "InboxRow", "InfoRow", "IntegrityError", "InvalidNameError",
    "KeyMaterialError", "KeyProvider", "KindRow", "LastRow", "NotFoundError", "OutOfMemoryError",
    "Params", "PartRow", "PartWrite", "PrincipalRow", "Query", "QueryHistoryRow",
    "QueryListRow", "QueryParam", "QueryParamRow", "QueryResult", "Redactor", "ReferenceRow", "RefusedRow",
    "ReleaseRow", "RequestRow",
    "Resource", "ResourceRow", "Role", "Rows", "SalvageRow", "Scan", "Scope", "Secret", "SecretError", "Session",
    "SessionRow", "SlotRow", "StateError", "Statement", "StatusRow", "Store", "StoreError", "Style", "TagRow", "Template",
    "Text", "TextError", "Type", "UsageError", "VariableRow", "Verified", "VerifyRow", "VersionRow",
    "Write", "generate_key", "kinds", "part_digest", "render_many",
    "version",
]
