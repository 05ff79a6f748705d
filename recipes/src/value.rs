//! Values that many programs read, replace and follow.

mod atomic;
mod changes;
mod count;
mod float;
#[cfg(feature = "serde")]
mod json;
mod shared;
mod typed;
mod versioned;

pub use atomic::{AtomicValue, Replaced};
pub use changes::{Changes, CountChanges};
pub use count::SharedCount;
#[cfg(feature = "serde")]
pub use json::{Json, JsonError};
pub use shared::SharedValue;
pub use typed::{Stored, TypedChanges, TypedValue};
pub(crate) use typed::{decode as decode_stored, unstorable};
pub use versioned::Versioned;
