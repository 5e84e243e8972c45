// SPDX-License-Identifier: MIT
//! What unlocks a principal.

use crate::callbacks::{unwrap, wrap, KeyProvider};
use crate::error::call;
use crate::input::raw_or_null;
use crate::secret::wipe;
use crate::{Input, Result, Secret};
use envres_sys as sys;
use std::fmt;
use std::os::raw::c_void;
use std::ptr::{null, null_mut};
use std::sync::Arc;

/// A passphrase, a raw key or a provider of keys. What is secret in it is copied into it, and wiped
/// at the end of its life.
///
/// ```
/// let key = envres::generate_key()?;
/// let owner = envres::Credential::raw_key(&key).principal("owner");
/// assert_eq!(format!("{owner:?}"), "Credential::raw_key(***)");
/// # Ok::<(), envres::Error>(())
/// ```
pub struct Credential {
    kind: u32,
    secret: Option<Secret>,
    provider: Option<Arc<dyn KeyProvider>>,
    principal: Option<String>,
    kdf: (u64, u64),
    root: Option<[u8; 32]>,
}

impl Credential {
    fn new(kind: u32, secret: Option<Secret>, provider: Option<Arc<dyn KeyProvider>>) -> Self {
        Credential { kind, secret, provider, principal: None, kdf: (0, 0), root: None }
    }

    /// A passphrase: 1 byte to 1 MiB, any bytes.
    pub fn passphrase<'a>(secret: impl Into<Input<'a>>) -> Credential {
        let secret = Secret::new(secret.into().bytes());
        Credential::new(sys::ENVRES_CREDENTIAL_PASSPHRASE, Some(secret), None)
    }

    /// Exactly 32 bytes, not all zero: [`generate_key`].
    pub fn raw_key<'a>(key: impl Into<Input<'a>>) -> Credential {
        let secret = Secret::new(key.into().bytes());
        Credential::new(sys::ENVRES_CREDENTIAL_RAW_KEY, Some(secret), None)
    }

    /// A provider of keys: a KMS, a TPM.
    pub fn provider(provider: Arc<dyn KeyProvider>) -> Credential {
        Credential::new(sys::ENVRES_CREDENTIAL_PROVIDER, None, Some(provider))
    }

    /// Of this principal; without: its slots are tried in order, raw keys first.
    pub fn principal(mut self, name: &str) -> Credential {
        self.principal = Some(name.to_owned());
        self
    }

    /// Cost of Argon2id when a slot is made, passes and bytes; without, or 0: 3 passes and 256 MiB.
    /// Ignored when one is opened.
    pub fn kdf(mut self, passes: u64, memory: u64) -> Credential {
        self.kdf = (passes, memory);
        self
    }

    /// The public root key that the workspace must have
    /// ([`Session::root_key`](crate::Session::root_key)); without: the one in the file is believed.
    pub fn root(mut self, root: [u8; 32]) -> Credential {
        self.root = Some(root);
        self
    }

    /// The struct, which borrows from this.
    pub(crate) fn raw(&self) -> sys::envres_credential {
        let principal = raw_or_null(self.principal.as_deref());
        let secret = raw_or_null(self.secret.as_ref().map(Secret::reveal_bytes));
        let provider = self.provider.as_ref();
        sys::envres_credential {
            kind: self.kind,
            principal: principal.at,
            principal_len: principal.len,
            secret: secret.at.cast(),
            secret_len: secret.len,
            kdf_passes: self.kdf.0,
            kdf_memory: self.kdf.1,
            wrap: if provider.is_some() { Some(wrap) } else { None },
            unwrap: if provider.is_some() { Some(unwrap) } else { None },
            user: provider.map_or(null_mut(), |it| it as *const _ as *mut c_void),
            root: self.root.as_ref().map_or(null(), |root| root.as_ptr()),
            ..Default::default()
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            sys::ENVRES_CREDENTIAL_PASSPHRASE => "passphrase",
            sys::ENVRES_CREDENTIAL_RAW_KEY => "raw_key",
            _ => "provider",
        };
        write!(f, "Credential::{kind}(***)")
    }
}

/// 32 random bytes for a raw key file, never all zero. C: `envres_key_generate()`.
pub fn generate_key() -> Result<Secret> {
    let mut key = [0; 32];
    // SAFETY: 32 bytes of ours.
    let done = call(|err| unsafe { sys::envres_key_generate(key.as_mut_ptr(), err) });
    // Lent: what is given by value is one more copy, which nobody wipes.
    let made = Secret::new(&key[..]);
    wipe(&mut key);
    done.map(|()| made)
}
