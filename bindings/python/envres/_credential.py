# SPDX-License-Identifier: MIT
"""What unlocks a principal."""
from __future__ import annotations

from typing import Any, Optional, Union

from ._callbacks import KeyProvider
from ._constants import CredentialKind
from ._core import Input, call, exactly, struct
from ._native import ffi, lib
from ._secret import Secret


class Credential:
    """A passphrase, a raw key or a provider of keys. Made by one of the class methods.

    ``principal``   name of the principal; None: its slots are tried in order
    ``kdf_passes``, ``kdf_memory``  cost of Argon2id when a slot is made (passes; bytes); 0: 3 passes
                    and 256 MiB. Ignored when one is opened
    ``root``        32 bytes or 64 hex digits: the public root key that the workspace must have
                    (Session.root_key()); None: the one in the file is believed
    """

    __slots__ = ("_kind", "_secret", "_provider", "principal", "kdf_passes", "kdf_memory", "root")

    def __init__(self, kind: CredentialKind, secret: Optional[Input],
                 provider: Optional[KeyProvider], principal: Optional[str], kdf_passes: int,
                 kdf_memory: int, root: Optional[Union[bytes, str]]) -> None:
        self._kind = kind
        self._secret = secret
        self._provider = provider
        self.principal = principal
        self.kdf_passes = kdf_passes
        self.kdf_memory = kdf_memory
        self.root = root

    @classmethod
    def passphrase(cls, secret: Input, *, principal: Optional[str] = None, kdf_passes: int = 0,
                   kdf_memory: int = 0, root: Optional[Union[bytes, str]] = None) -> Credential:
        """A passphrase: 1 byte to 1 MiB, any bytes. Give a Secret or bytearray to be able to wipe."""
        return cls(CredentialKind.PASSPHRASE, secret, None, principal, kdf_passes, kdf_memory, root)

    @classmethod
    def raw_key(cls, key: Union[bytes, bytearray, Secret], *, principal: Optional[str] = None,
                root: Optional[Union[bytes, str]] = None) -> Credential:
        """Exactly 32 bytes, not all zero: generate_key()."""
        return cls(CredentialKind.RAW_KEY, key, None, principal, 0, 0, root)

    @classmethod
    def provider(cls, provider: KeyProvider, *, principal: Optional[str] = None,
                 root: Optional[Union[bytes, str]] = None) -> Credential:
        """An object with wrap() and unwrap(): KeyProvider."""
        return cls(CredentialKind.PROVIDER, None, provider, principal, 0, 0, root)

    def _struct(self) -> Any:
        provider = self._provider
        return struct(
            "envres_credential", kind=int(self._kind), principal=self.principal,
            secret=self._secret, kdf_passes=self.kdf_passes, kdf_memory=self.kdf_memory,
            wrap=lib.envres_py_wrap if provider else None,
            unwrap=lib.envres_py_unwrap if provider else None,
            user=ffi.new_handle(provider) if provider else None,
            root=exactly(self.root, 32, "root"))

    def __repr__(self) -> str:
        return "Credential.%s(***)" % self._kind.name.lower()

    def __reduce__(self) -> Any:
        raise TypeError("a credential cannot be pickled")


def generate_key() -> Secret:
    """32 random bytes for a raw key file, never all zero."""
    key = ffi.new("uint8_t[32]")
    try:
        call(lib.envres_key_generate, key)
        return Secret(ffi.buffer(key))
    finally:
        ffi.memmove(key, bytes(32), 32)


__all__ = ["Credential", "generate_key"]
