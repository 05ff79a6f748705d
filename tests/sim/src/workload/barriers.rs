//! Whatever many wait at.

mod cyclic;
mod double;
mod gates;
mod latches;

pub(super) use cyclic::Rounds;
pub(super) use double::Doubles;
pub(super) use gates::{Barriers, Flags};
pub(super) use latches::Latches;
