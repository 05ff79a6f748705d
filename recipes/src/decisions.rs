//! The decisions of the ordered recipes without any I/O, for a harness that drives a session core by itself.
//!
//! Private: no version number says anything about it.

use zk_client::{CreateMode, Zxid};

use crate::contend::{Decision, Kind, Name, decide, decide_by_creation};
use crate::uuid::uuid_of;
use crate::{Family, Layout};

/// What a contender does next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "private: the harness matches completely"
)]
pub enum Next {
    /// It is first.
    Hold,
    /// It waits for the contender directly ahead.
    Wait {
        /// The name of that contender's node.
        predecessor: String,
        /// How many are ahead.
        index: usize,
    },
    /// Its node is not there any more.
    Vanished,
    /// A contender of another family is there, with this name.
    Mixed(String),
    /// The suffixes do not tell the order: the creation zxids of these names do.
    AskCreation(Vec<String>),
}

impl From<Decision> for Next {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Hold => Self::Hold,
            Decision::Wait { predecessor, index } => Self::Wait { predecessor, index },
            Decision::Vanished => Self::Vanished,
            Decision::Mixed { foreign } => Self::Mixed(foreign),
            Decision::AskCreation(names) => Self::AskCreation(names),
        }
    }
}

/// Decides by the names of all children.
#[must_use]
pub fn by_name(layout: Layout, me: &str, children: &[String]) -> Next {
    decide(me, Kind::Lock(layout), children).into()
}

/// Decides by the creation zxids of the contenders.
#[must_use]
pub fn by_creation(me: &str, created: &[(String, Zxid)]) -> Next {
    let layout = match Name::parse(me).map(|name| name.family) {
        Some(Family::Kazoo) => Layout::Kazoo,
        _ => Layout::Curator,
    };
    decide_by_creation(me, Kind::Lock(layout), created).into()
}

/// The mark of a contender, from 16 random bytes.
#[must_use]
pub fn mark(layout: Layout, chance: [u8; 16]) -> String {
    Kind::Lock(layout).mark(uuid_of(chance))
}

/// What the name of a contender begins with.
#[must_use]
pub fn prefix(layout: Layout, mark: &str) -> String {
    Kind::Lock(layout).prefix(mark)
}

/// What missing parents are made as.
#[must_use]
pub fn parents(layout: Layout) -> CreateMode {
    Kind::Lock(layout).parents()
}
