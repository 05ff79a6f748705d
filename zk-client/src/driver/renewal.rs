//! What follows an expired session.

use zk_session::{Session, SessionConfig};
use zk_wire::Moment;

/// What the client does when its session expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnExpiry {
    /// Starts a new session with the next generation number. What was held is lost either way.
    #[default]
    NewSession,
    /// Stops: every later request fails with `SessionExpired`.
    Stop,
}

/// Makes the sessions of a client.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) config: SessionConfig,
    pub(crate) policy: OnExpiry,
    pub(crate) seed: u64,
}

impl Renewal {
    pub(crate) fn first_session(&mut self, now: Moment) -> Session {
        // Consecutive seeds would do: the core mixes them.
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Session::new(self.config.clone(), now, self.seed)
    }

    pub(crate) fn next_session(&mut self, now: Moment) -> Option<Session> {
        match self.policy {
            OnExpiry::NewSession => Some(self.first_session(now)),
            OnExpiry::Stop => None,
        }
    }
}
