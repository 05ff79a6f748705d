//! The recipes on an embedded server, in virtual time unless a test needs threads.

mod drops;
mod handover;
mod hold;
mod kit;
mod known_defects;
mod loss;
mod lost_replies;
mod refusals;
mod safe_window;
mod timing;
