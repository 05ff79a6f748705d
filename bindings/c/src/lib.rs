//! The C library of zk-recipes, `libzk_recipes`. Its users read `include/zk_recipes.h`, which is made from this crate.
//!
//! A handle is a number in the shape of a pointer, never an address: index and generation of an entry in one
//! [table](handles), looked up in each call. So stale, freed and foreign handles are errors, and there is no
//! second convention of ownership that a type could be confused with: the table owns every object, and a call
//! shares it while it runs. Every function goes through one [boundary], which stops panics, refuses to work in a
//! forked child and notes the error; what callers point to comes in through [args] alone.

// The names in here are the names in C.
#![expect(
    non_camel_case_types,
    reason = "types and variants are spelled as in C"
)]
// The rules for pointers are the same for all functions and stand once, at the top of the header.
#![expect(
    clippy::missing_safety_doc,
    reason = "stated once for all functions, in the header"
)]
#![expect(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "C knows no other kind; new variants and fields come with a new soname"
)]

pub mod args;
pub mod boundary;
pub mod choices;
pub mod client;
pub mod completion;
pub mod contenders;
pub mod deadline;
pub mod failure;
pub mod guard;
pub mod handles;
pub mod last_error;
pub mod mutex;
pub mod operation;
pub mod options;
pub mod outcome;
pub mod protection;
pub mod queue;
pub mod reads;
pub mod result;
pub mod runtime;
pub mod security;
pub mod session;
pub mod stat;
pub mod status;
pub mod version;
pub mod writes;

#[cfg(feature = "testing")]
mod papers;
#[cfg(feature = "testing")]
pub mod testing;
