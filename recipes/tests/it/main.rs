//! The recipes on an embedded server, in virtual time unless a test needs threads.
#![allow(
    clippy::disallowed_methods,
    reason = "the bars are for the library: its tests may look at other clocks and threads"
)]
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod barriers;
mod counters;
mod dropped;
mod drops;
mod fire;
mod handover;
mod hold;
mod kit;
mod known_defects;
mod loss;
mod loss_causes;
mod lost_replies;
mod outage;
mod own_node;
mod refusals;
mod release;
mod safe_window;
mod timing;
mod values;
