//! Values that many programs read, replace and follow.

mod atomic;
mod changes;
mod count;
mod shared;
mod typed;
mod versioned;

pub use atomic::{AtomicValue, Replaced};
pub use changes::{Changes, CountChanges};
pub use count::SharedCount;
pub use shared::SharedValue;
pub(crate) use typed::decode as decode_stored;
pub use typed::{Stored, TypedChanges, TypedValue};
pub use versioned::Versioned;
