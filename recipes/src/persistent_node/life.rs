//! How long a node that is kept is there, and what may be there in its place: pure decisions.

use std::time::Duration;

use zk_client::{CreateMode, SessionId};

/// What a node that is kept goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// With its session, or the keeper.
    Ephemeral,
    /// When its keeper is asked to end it.
    Lasting,
    /// Some time after its keeper ended.
    Ttl(Duration),
}

/// What to do about a node that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It serves.
    Adopt,
    /// Wait until this session's node goes.
    Wait(SessionId),
    /// It is in the way, and would stay.
    Refuse,
}

impl Life {
    pub(super) fn mode(self, is_sequential: bool) -> CreateMode {
        #[cfg(feature = "__seeded-bugs")]
        if self.is_container() {
            return CreateMode::Container;
        }
        match (self, is_sequential) {
            (Self::Ephemeral, false) => CreateMode::Ephemeral,
            (Self::Ephemeral, true) => CreateMode::EphemeralSequential,
            (Self::Lasting, false) => CreateMode::Persistent,
            (Self::Lasting, true) => CreateMode::PersistentSequential,
            (Self::Ttl(_), false) => CreateMode::PersistentTtl,
            (Self::Ttl(_), true) => CreateMode::PersistentSequentialTtl,
        }
    }

    #[cfg(feature = "__seeded-bugs")]
    fn is_container(self) -> bool {
        matches!(self, Self::Ttl(_))
            && zk_client::seeded::is_on("kept-for-some-time-in-a-container")
    }

    pub(super) fn ttl(self) -> Option<Duration> {
        #[cfg(feature = "__seeded-bugs")]
        if self.is_container() {
            return None;
        }
        match self {
            Self::Ttl(ttl) => Some(ttl),
            Self::Ephemeral | Self::Lasting => None,
        }
    }

    /// A session's node is waited for. Others are anybody's who keeps a node of the name: servers do not tell whether they
    /// stay or go after a time.
    pub(super) fn meets(self, owner: SessionId) -> Found {
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("another-sessions-node-adopted") {
            return Found::Adopt;
        }
        match self {
            _ if owner != SessionId::NONE => Found::Wait(owner),
            Self::Ephemeral => Found::Refuse,
            Self::Lasting | Self::Ttl(_) => Found::Adopt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sessions_node_is_waited_for_and_another_adopted_by_what_outlives_sessions() {
        let (session, ttl) = (SessionId::from_raw(7), Duration::from_secs(1));
        for life in [Life::Ephemeral, Life::Lasting, Life::Ttl(ttl)] {
            assert_eq!(life.meets(session), Found::Wait(session));
        }
        assert_eq!(Life::Ephemeral.meets(SessionId::NONE), Found::Refuse);
        assert_eq!(Life::Lasting.meets(SessionId::NONE), Found::Adopt);
        assert_eq!(Life::Ttl(ttl).meets(SessionId::NONE), Found::Adopt);
    }
}
