// SPDX-License-Identifier: MIT
//! Declarations of libenvres, as its headers `envres/*.h` have them: nothing is added, nothing is
//! safe. The crate `envres` is what programs want.
//!
//! They are generated from `bindings/api.json`, which is generated from the headers; a test
//! compares sizes, offsets and constants with what the C compiler says. Structs have `Default`:
//! everything is zero but `size`.

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]

mod constants;
mod functions;
mod types;

pub use constants::*;
pub use functions::*;
pub use types::*;
