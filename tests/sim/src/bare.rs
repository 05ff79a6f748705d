//! The cores alone: sessions, servers and the recipes' decisions in a loop over events, without a runtime.
//!
//! Faster than the whole library, so it is for seeds by the million and for enumerating every place that a fault can
//! strike. A process here is a [`Session`](zk_session::Session), a contender built on the decisions of the recipes and a
//! workload of register and lock calls; plan, schedule, wire, servers, history and checkers are those of
//! [`run`](crate::run). What needs a future to be polled, dropped, leaked or to panic belongs to the other harness.

mod acquiring;
mod calls;
mod client;
mod contender;
mod faults;
mod holding;
mod journal;
mod prepare;
mod process;
mod registers;
mod run;
mod state;

pub use faults::supports;
pub use run::{draw, run, run_with};
pub use state::Variant;
