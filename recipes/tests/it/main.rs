//! The recipes on an embedded server, in virtual time unless a test needs threads.

mod drops;
mod handover;
mod hold;
mod kit;
mod loss;
mod loss_causes;
mod lost_replies;
mod matrix;
mod refusals;
mod safe_window;
mod timing;
