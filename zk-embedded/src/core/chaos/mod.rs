//! Faults as data, and in words.
//!
//! `action` is what can be done, `plan` when it is done, `words` how both are written.

mod action;
mod parse;
mod plan;
mod refusal;
mod words;

pub use action::{Action, Who};
pub use plan::{FaultPlan, Then, Trigger};
pub use refusal::Refusal;
