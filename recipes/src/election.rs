//! Elections: who leads, for which term, and who looks on.

mod candidacy;
mod elected;
mod latch;
mod leader;
mod leadership;
mod observe;
mod rank;
mod record;
mod successor;
mod term;

pub use candidacy::{Election, ElectionLayout, Terms};
pub use elected::Elected;
pub use latch::Latch;
pub use leader::Leader;
pub use leadership::Leadership;
pub use observe::Leaders;
pub use term::Term;
