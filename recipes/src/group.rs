//! Groups: who is there.

mod joining;
mod layout;
mod membership;
mod roster;
mod rosters;

pub use joining::Group;
pub use layout::GroupLayout;
pub use membership::Membership;
pub use roster::{GroupMember, Roster};
pub use rosters::Rosters;
