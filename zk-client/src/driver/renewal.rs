//! What follows an expired session.

use zk_session::{Session, SessionConfig, SessionTicket};
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
    /// The session to take over first.
    pub(crate) ticket: Option<SessionTicket>,
    pub(crate) seed: u64,
}

impl Renewal {
    pub(crate) fn first_session(&mut self, now: Moment) -> Session {
        // Consecutive seeds would do: the core mixes them.
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let config = self.config.clone();
        match self.ticket.take() {
            Some(ticket) => Session::resume(config, ticket, now, self.seed),
            None => Session::new(config, now, self.seed),
        }
    }

    /// Of a list that may be longer or shorter by now.
    pub(crate) fn next_session(&mut self, now: Moment, servers: usize) -> Option<Session> {
        self.config.servers = servers;
        match self.policy {
            OnExpiry::NewSession => Some(self.first_session(now)),
            OnExpiry::Stop => None,
        }
    }
}
