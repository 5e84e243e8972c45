// SPDX-License-Identifier: MIT
//! Bytes that must not be shown, and text that may be secret.

use crate::{Code, Error, Result};
use std::fmt;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{compiler_fence, Ordering};

const SHOWN: &str = "***";

/// Overwrites bytes so that the compiler cannot leave it out.
pub(crate) fn wipe(bytes: &mut [u8]) {
    for byte in bytes.iter_mut() {
        // SAFETY: a byte that we have exclusively; volatile, since nobody reads it afterwards.
        unsafe { ptr::write_volatile(byte, 0) };
    }
    compiler_fence(Ordering::SeqCst);
}

/// Secret bytes in a buffer of their own, which is wiped at the end of its life.
///
/// `Debug` and `Display` give `***`. It is not `Clone`, neither hashed nor ordered; comparing two
/// takes the same time wherever they differ. [`reveal`](Secret::reveal) lends what is inside; what
/// you copy from there is yours to wipe. The buffer is not locked in memory, as the library's own
/// key memory is.
///
/// ```
/// let secret = envres::Secret::new("tok-123456");
/// assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
/// assert_eq!(secret.reveal()?, "tok-123456");
/// # Ok::<(), envres::Error>(())
/// ```
///
/// ```compile_fail,E0599
/// let secret = envres::Secret::new("tok-123456");
/// let copy = secret.clone();
/// ```
///
/// ```compile_fail,E0505
/// let secret = envres::Secret::new("tok-123456");
/// let shown = secret.reveal().unwrap();
/// secret.close();
/// println!("{shown}");
/// ```
pub struct Secret {
    bytes: Box<[u8]>,
    ranges: Box<[Range<usize>]>,
}

impl Secret {
    /// Takes a copy: all of it is secret. The original is the caller's to wipe; `Secret::from()` of
    /// a `String` or `Vec<u8>` wipes it.
    pub fn new(bytes: impl AsRef<[u8]>) -> Secret {
        let bytes = bytes.as_ref();
        // One range, the whole: no list of numbers.
        #[allow(clippy::single_range_in_vec_init)]
        Secret { bytes: bytes.into(), ranges: Box::new([0..bytes.len()]) }
    }

    pub(crate) fn with_ranges(bytes: &[u8], ranges: Vec<Range<usize>>) -> Secret {
        if ranges.is_empty() {
            return Secret::new(bytes);
        }
        Secret { bytes: bytes.into(), ranges: ranges.into() }
    }

    /// The text. Errors: [`Code::UTF8`] for bytes that are none.
    pub fn reveal(&self) -> Result<&str> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            Error::new(Code::UTF8, "the secret is not valid UTF-8").with_offset(error.valid_up_to())
        })
    }

    /// The bytes.
    pub fn reveal_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The byte ranges that are secret, in order; the whole where nothing else is known.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The text as it may be shown: each secret range replaced, all else as it is.
    pub fn redacted(&self, replacement: &str) -> String {
        let (mut shown, mut at) = (String::new(), 0);
        for range in self.ranges.iter() {
            shown.push_str(&String::from_utf8_lossy(&self.bytes[at..range.start]));
            shown.push_str(replacement);
            at = range.end;
        }
        shown.push_str(&String::from_utf8_lossy(&self.bytes[at..]));
        shown
    }

    /// Wipes it now; the end of its life does the same.
    pub fn close(self) {}

    fn erase(&mut self) {
        wipe(&mut self.bytes);
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.erase();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({SHOWN})")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(SHOWN)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        if self.bytes.len() != other.bytes.len() {
            return false;
        }
        let pairs = self.bytes.iter().zip(other.bytes.iter());
        let differ = pairs.fold(0, |seen, (one, two)| seen | (one ^ two));
        // SAFETY: a local byte; volatile, so that the loop is not ended at the first difference.
        unsafe { ptr::read_volatile(&differ) == 0 }
    }
}

impl Eq for Secret {}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text)
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Secret {
        Secret::new(bytes)
    }
}

impl From<Vec<u8>> for Secret {
    /// Takes a copy of the right size, and wipes the original.
    fn from(mut bytes: Vec<u8>) -> Secret {
        let made = Secret::new(&bytes);
        wipe(&mut bytes);
        made
    }
}

impl From<String> for Secret {
    /// Takes a copy of the right size, and wipes the original.
    fn from(text: String) -> Secret {
        Secret::from(text.into_bytes())
    }
}

/// A text that the library gave: plain, or a secret where any byte of it came from one.
#[derive(Debug, PartialEq, Eq)]
pub enum Text {
    /// It may be shown.
    Plain(String),
    /// It must not be.
    Secret(Secret),
}

impl Text {
    /// Whether any byte came from a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self, Text::Secret(_))
    }

    /// The text, if it is no secret.
    pub fn plain(&self) -> Option<&str> {
        match self {
            Text::Plain(text) => Some(text),
            Text::Secret(_) => None,
        }
    }

    /// The text, secret or not: what you write here is what is shown. Errors: those of
    /// [`Secret::reveal`].
    pub fn reveal(&self) -> Result<&str> {
        match self {
            Text::Plain(text) => Ok(text),
            Text::Secret(secret) => secret.reveal(),
        }
    }

    /// The text as it may be shown: each secret range replaced, all else as it is.
    pub fn redacted(&self, replacement: &str) -> String {
        match self {
            Text::Plain(text) => text.clone(),
            Text::Secret(secret) => secret.redacted(replacement),
        }
    }

    /// The `String` of a plain text; the secret itself is the error.
    pub fn into_plain(self) -> std::result::Result<String, Secret> {
        match self {
            Text::Plain(text) => Ok(text),
            Text::Secret(secret) => Err(secret),
        }
    }
}

/// A plain text as it is, a secret as `***`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Plain(text) => f.pad(text),
            Text::Secret(secret) => secret.fmt(f),
        }
    }
}

/// A plain text that is the same; a secret is never equal.
impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.plain() == Some(other)
    }
}

/// A plain text that is the same; a secret is never equal.
impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.plain() == Some(other)
    }
}

/// A value in the type that it has.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: of parameters only.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number without fraction within 64 bits.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text; of a template what it expands to.
    String(String),
    /// JSON, as compact text.
    Json(String),
    /// A secret, of whatever type.
    Secret(Secret),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was freed must not be looked at: this is what the end of its life does first.
    #[test]
    fn it_is_wiped() {
        let mut secret = Secret::from("tok-123456".to_owned());
        assert_eq!(secret.reveal_bytes(), b"tok-123456");
        secret.erase();
        assert_eq!(secret.reveal_bytes(), [0; 10]);
    }
}
