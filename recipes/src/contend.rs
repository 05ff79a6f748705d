//! The engine under mutexes and elections: ordered ephemeral contenders, each waiting for the one ahead.

mod decide;
mod layout;
mod names;
mod run;

pub use layout::Layout;
pub use names::Family;
pub(crate) use names::Name;
pub(crate) use run::{Contention, Grant};
