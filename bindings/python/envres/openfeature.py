# SPDX-License-Identifier: MIT
"""A provider for OpenFeature: typed variables of one environment as feature flags.

    from openfeature import api
    from envres.openfeature import EnvresProvider

    api.set_provider_and_wait(EnvresProvider(session, "production", poll_seconds=5))
    api.get_client().get_boolean_value("show-beta", False)

Needs openfeature-sdk: ``pip install envres[openfeature]``.

**Flags.** The key of a flag is the name of a variable; ``-`` and ``.`` stand for ``_``, which no name can
hold (``names`` changes that). boolean, string (template too), number and json variables are flags of
type boolean, string, integer or float, and object. A json variable in the form that flagd defines
(``{"state": "ENABLED", "variants": {...}, "defaultVariant": "on", "metadata": {...}}``) is a flag of the type of
its variant, with that variant's name.

**The environment is fixed** when the provider is made. The evaluation context chooses nothing: there
is no targeting, and a ``targeting`` member is ignored.

**Reasons.** STATIC: the value was read from the snapshot; CACHED: again; DISABLED: the variable is
known and not set in this environment, or its state is DISABLED; DEFAULT: it has no default variant.
DISABLED and DEFAULT give the caller's default.

**Errors** (with the caller's default): FLAG_NOT_FOUND; TYPE_MISMATCH; PARSE_ERROR for a flag of that
form that is broken; GENERAL for a secret, which is never a flag, and for a value that cannot be read.

**Metadata.** ``environment``, ``revision`` (of the configuration), and where an app is served ``app``,
``version``, ``release``; then what the flag itself has.

**Events.** poll() looks whether the store changed, and does so every ``poll_seconds`` in a thread of its
own where that is set: CONFIGURATION_CHANGED with the keys of the flags that differ, STALE while the
store cannot be read (the last snapshot serves on), READY when it can again.
"""
from __future__ import annotations

import json
import math
import threading
import typing
from types import MappingProxyType
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple, Union

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import (FlagNotFoundError, GeneralError, ParseError, ProviderFatalError,
                                   ProviderNotReadyError, TypeMismatchError)
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from . import (ClosedError, Code, DeniedError, Error, IntegrityError, InvalidNameError, NotFoundError,
               Scope, Session, Type)

Value = Union[bool, int, float, str, Sequence[Any], Mapping[str, Any]]

_DISABLED, _DEFAULT = "DISABLED", "DEFAULT"


class _Flag(typing.NamedTuple):
    """A flag as the snapshot has it: JSON text of its value, or why there is none."""

    text: str
    is_plain: bool
    variant: Optional[str]
    reason: Optional[str]
    metadata: Mapping[str, Any]


class _Snapshot:
    """A scope, and the flags that were read from it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.flags: Dict[str, _Flag] = {}
        about: Dict[str, Union[str, int]] = {"environment": scope.environment,
                                             "revision": scope.revision}
        if scope.app:
            about.update(app=scope.app, version=scope.version, release=scope.release)
        self.metadata = about


def underscored(key: str) -> str:
    """The name of the variable for a flag's key."""
    return key.replace("-", "_").replace(".", "_")


class EnvresProvider(AbstractProvider):
    """Variables of one environment as flags; see the module. Any thread."""

    def __init__(self, session: Session, environment: str, *, app: Optional[str] = None,
                 poll_seconds: float = 0, names: Callable[[str], str] = underscored) -> None:
        """``session`` stays the host's: it closes it after api.shutdown(). ``app``: flags are read as
        the app's live release sees them (a release that pins its configuration pins its flags).
        ``poll_seconds``: how often to look for changes; 0: when poll() is called."""
        super().__init__()
        self._session = session
        self._environment = environment
        self._app = app
        self._names = names
        self._poll_seconds = poll_seconds
        self._snapshot: Optional[_Snapshot] = None
        self._is_stale = False
        self._polling = threading.Lock()
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None

    # -- life

    def get_metadata(self) -> Metadata:
        """Its name: "envres"."""
        return Metadata(name="envres")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Opens the snapshot. PROVIDER_FATAL for what waiting does not mend: no such environment, no
        key for it, damage; any other failure leaves the provider in ERROR until poll() succeeds."""
        try:
            self._snapshot = _Snapshot(self._session.scope(self._environment, app=self._app))
        except (NotFoundError, DeniedError, IntegrityError, ClosedError, InvalidNameError) as error:
            raise ProviderFatalError(error.message) from error
        except Error as error:
            raise GeneralError(error.message) from error
        finally:
            self._start()

    def _start(self) -> None:
        if self._poll_seconds > 0 and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="envres-poll", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            self.poll()

    def shutdown(self) -> None:
        """Ends the thread and lets go of the snapshot. The session stays open."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._snapshot = None

    def poll(self) -> bool:
        """Looks whether the store changed, and emits events; whether a new snapshot serves. Never
        raises: a store that cannot be read is an event."""
        with self._polling:
            old = self._snapshot
            try:
                new = self._newer(old)
            except Error as error:
                if not self._is_stale and old is not None:
                    self._is_stale = True
                    self.emit_provider_stale(ProviderEventDetails(message=error.message))
                return False
            if self._is_stale or old is None:
                self._is_stale = False
                self.emit_provider_ready(ProviderEventDetails())
            if new is old:
                return False
            self._snapshot = new
            if old is not None and new is not None:
                self._tell(old, new)
            return True

    def _newer(self, old: Optional[_Snapshot]) -> Optional[_Snapshot]:
        if old is None:
            return _Snapshot(self._session.scope(self._environment, app=self._app))
        scope = self._session.latest(old.scope)
        return old if scope is old.scope else _Snapshot(scope)

    def _tell(self, old: _Snapshot, new: _Snapshot) -> None:
        names = sorted(set(old.scope) | set(new.scope))
        changed = [name for name in names if _plain(old.scope, name) != _plain(new.scope, name)]
        self.emit_provider_configuration_changed(
            ProviderEventDetails(flags_changed=changed, metadata=dict(new.metadata)))

    # -- flags

    def resolve_boolean_details(self, flag_key: str, default_value: bool,
                                evaluation_context: Optional[EvaluationContext] = None,
                                ) -> FlagResolutionDetails[bool]:
        """A boolean. Raises what OpenFeature's clients turn into error codes."""
        return self._resolve(flag_key, default_value, lambda value: isinstance(value, bool))

    def resolve_string_details(self, flag_key: str, default_value: str,
                               evaluation_context: Optional[EvaluationContext] = None,
                               ) -> FlagResolutionDetails[str]:
        """A string."""
        return self._resolve(flag_key, default_value, lambda value: isinstance(value, str))

    def resolve_integer_details(self, flag_key: str, default_value: int,
                                evaluation_context: Optional[EvaluationContext] = None,
                                ) -> FlagResolutionDetails[int]:
        """A number that is written as an integer."""
        return self._resolve(flag_key, default_value, lambda value: type(value) is int)

    def resolve_float_details(self, flag_key: str, default_value: float,
                              evaluation_context: Optional[EvaluationContext] = None,
                              ) -> FlagResolutionDetails[float]:
        """A number; an integer that a float holds exactly is one too."""
        found = self._resolve(flag_key, default_value, _is_float)
        found.value = float(found.value)
        return found

    def resolve_object_details(self, flag_key: str,
                               default_value: Union[Sequence[Any], Mapping[str, Any]],
                               evaluation_context: Optional[EvaluationContext] = None,
                               ) -> FlagResolutionDetails[Union[Sequence[Any], Mapping[str, Any]]]:
        """A JSON object or array, of the caller's own to change."""
        return self._resolve(flag_key, default_value,
                             lambda value: isinstance(value, (dict, list)))

    def _resolve(self, key: str, default: Any,
                 fits: Callable[[Any], bool]) -> FlagResolutionDetails[Any]:
        snapshot = self._snapshot
        if snapshot is None:
            raise ProviderNotReadyError("the provider has no snapshot")
        flag, reason = self._flag(snapshot, key)
        metadata = MappingProxyType({**snapshot.metadata, **flag.metadata})
        if flag.reason:
            return FlagResolutionDetails(value=default, reason=Reason(flag.reason),
                                         flag_metadata=metadata)
        value = flag.text if flag.is_plain else json.loads(flag.text)
        if not fits(value):
            raise TypeMismatchError("the flag '%s' has another type" % key)
        return FlagResolutionDetails(value=value, reason=reason, variant=flag.variant,
                                     flag_metadata=metadata)

    def _flag(self, snapshot: _Snapshot, key: str) -> Tuple[_Flag, Reason]:
        flag = snapshot.flags.get(key)
        if flag is not None:
            return flag, Reason.CACHED
        flag = _read(snapshot.scope, self._names(key), key)
        if flag.reason is None:
            snapshot.flags[key] = flag
        return flag, Reason.STATIC


def _is_float(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) <= 1 << 1023 and int(float(value)) == value


def _plain(scope: Scope, name: str) -> Any:
    """What a flag of this name gives, to be compared; a secret gives nothing."""
    try:
        index = scope.find(name)
        return None if scope.is_secret(index) else (scope.type(index), scope.at(index))
    except Error:
        return None


def _read(scope: Scope, name: str, key: str) -> _Flag:
    try:
        index = scope.find(name)
        if scope.is_secret(index):
            raise GeneralError("the variable '%s' is a secret, and no flag" % name)
        kind, text = scope.type(index), scope.at(index)
    except Error as error:
        if error.code == Code.NOT_SET:
            return _Flag("", True, None, _DISABLED, {})
        if isinstance(error, (NotFoundError, InvalidNameError)):
            raise FlagNotFoundError("there is no flag '%s'" % key) from error
        raise GeneralError(error.message) from error
    if kind != Type.JSON:
        return _Flag(text, kind in (Type.STRING, Type.TEMPLATE), None, None, {})
    value = json.loads(text)
    if isinstance(value, dict) and isinstance(value.get("variants"), dict):
        return _definition(value, key)
    if not isinstance(value, (dict, list)):
        raise TypeMismatchError("the flag '%s' is neither object nor array" % key)
    return _Flag(text, False, None, None, {})


def _definition(value: Dict[str, Any], key: str) -> _Flag:
    """A flag in flagd's form."""
    metadata = value.get("metadata") or {}
    state, variant = value.get("state", "ENABLED"), value.get("defaultVariant")
    known = isinstance(metadata, dict) and all(
        isinstance(item, (bool, int, float, str)) for item in metadata.values())
    if not known or state not in ("ENABLED", "DISABLED") or not isinstance(variant, (str, type(None))):
        raise ParseError("the definition of the flag '%s' is broken" % key)
    if state == "DISABLED" or variant is None:
        return _Flag("", True, None, _DISABLED if state == "DISABLED" else _DEFAULT, metadata)
    if variant not in value["variants"]:
        raise ParseError("the flag '%s' has no variant of the name that is its default" % key)
    return _Flag(json.dumps(value["variants"][variant]), False, variant, None, metadata)


__all__ = ["EnvresProvider", "underscored"]
