//! Counters: numbers that many programs change, each change exactly once.

mod atomic;
mod block;
mod change;
mod number;

pub use atomic::{AtomicInt, AtomicLong, AtomicNumber};
pub use block::BlockCounter;
pub use change::{Change, CompareAndSet};
pub use number::Number;
pub(crate) use number::{decode, encode};
