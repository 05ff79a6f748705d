//! Transactions: typed results behind any number of fences, and the form if / then / else.

mod conditional;
mod guards;
mod results;
mod typed;

pub use conditional::{Conditional, Decided, Unmet};
pub(crate) use guards::{ABSENCE, Absence, guard_absent, guardable, is_mismatch, topmost_missing};
pub use results::{Append, Made, Operation, Results};
pub use typed::Transaction;
