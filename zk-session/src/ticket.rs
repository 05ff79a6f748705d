//! What another process needs to take a session over.

use std::time::Duration;

use zk_wire::{Password, SessionId, Zxid};

/// A session's identity, enough to resume it.
///
/// Take it after the last request was submitted, and do not use the session any further: servers
/// match commits by session and xid, so an xid used on both sides would be answered with the other
/// side's result. `Debug` keeps the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTicket {
    session: SessionId,
    password: Password,
    next_xid: i32,
    last_zxid: Zxid,
    smallest_timeout: Duration,
}

impl SessionTicket {
    /// A ticket from its parts, as another process stored them.
    #[must_use]
    pub const fn new(
        session: SessionId,
        password: Password,
        next_xid: i32,
        last_zxid: Zxid,
        smallest_timeout: Duration,
    ) -> Self {
        Self {
            session,
            password,
            next_xid,
            last_zxid,
            smallest_timeout,
        }
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Its secret.
    #[must_use]
    pub const fn password(&self) -> &Password {
        &self.password
    }

    /// The first xid the session has not used.
    #[must_use]
    pub const fn next_xid(&self) -> i32 {
        self.next_xid
    }

    /// The newest transaction the session has seen.
    #[must_use]
    pub const fn last_zxid(&self) -> Zxid {
        self.last_zxid
    }

    /// The smallest timeout the session was ever granted: a new leader may go back to it.
    #[must_use]
    pub const fn smallest_timeout(&self) -> Duration {
        self.smallest_timeout
    }
}
