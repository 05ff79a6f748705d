//! An old state of a server.

use zk_wire::Zxid;

use crate::core::membership::State;

/// What a server had on its disk at some time.
#[derive(Clone, Debug)]
pub struct Backup {
    pub(super) state: State,
    pub(super) applied: Zxid,
    pub(super) epoch: u32,
}

impl Backup {
    /// The last transaction in it.
    #[must_use]
    pub const fn last_zxid(&self) -> Zxid {
        self.applied
    }
}
