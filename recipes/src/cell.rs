//! One node whose data several programs replace, and that each call of ours replaces at most once, also when the answer
//! to it is lost. Under counters, values and latches; `docs/decisions` has the reasoning.

mod edit;
mod home;
mod mark;
mod marked;
mod marks;
mod pause;
mod settle;
mod settlement;
mod write;

pub(crate) use edit::{Cell, Edited, Found, Promotion};
pub(crate) use marked::{Applied, Marked, Sent};
pub(crate) use marks::Marks;
pub(crate) use pause::pause;
pub(crate) use write::validated;
