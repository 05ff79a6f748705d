//! The state of a client's session as its users see it.

use std::fmt;

use zk_session::SessionState;

use crate::shared::latest::Receiver;

/// The state of the client's current session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Looking for a server; no session yet.
    Connecting,
    /// Connected and authenticated.
    Connected {
        /// The number of sessions that this client has had.
        generation: u64,
        /// The server only serves reads.
        read_only: bool,
    },
    /// The connection is down; the session may still live.
    Suspended {
        /// The number of sessions that this client has had.
        generation: u64,
    },
    /// The session is gone with all its ephemeral nodes and holds.
    Expired {
        /// The generation that ended.
        generation: u64,
    },
    /// A server refused the credentials; terminal.
    AuthFailed,
    /// The client was closed; terminal.
    Closed,
}

impl State {
    pub(crate) fn from_core(state: &SessionState, generation: u64) -> Self {
        match state {
            SessionState::Connected { read_only } => Self::Connected {
                generation,
                read_only: *read_only,
            },
            SessionState::Suspended { .. } => Self::Suspended { generation },
            SessionState::Expired => Self::Expired { generation },
            SessionState::AuthFailed => Self::AuthFailed,
            SessionState::Closed => Self::Closed,
            _ => Self::Connecting,
        }
    }

    /// Whether nothing comes after it, of a client for which an expiry is the end or is not.
    pub(crate) const fn is_last(self, stops_at_expiry: bool) -> bool {
        match self {
            Self::AuthFailed | Self::Closed => true,
            Self::Expired { .. } => stops_at_expiry,
            _ => false,
        }
    }

    /// True while requests can be answered.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Connected {
                read_only: false, ..
            } => "connected",
            Self::Connected {
                read_only: true, ..
            } => "connected read-only",
            Self::Suspended { .. } => "suspended",
            Self::Expired { .. } => "expired",
            Self::AuthFailed => "authentication failed",
            Self::Closed => "closed",
        })
    }
}

/// Follows a client's [`State`]. Bursts are merged; the current state is never lost.
#[derive(Debug, Clone)]
pub struct StateStream {
    states: Receiver<State>,
    stops_at_expiry: bool,
    ended: bool,
}

impl StateStream {
    pub(crate) fn new(mut states: Receiver<State>, stops_at_expiry: bool) -> Self {
        states.forget();
        Self {
            stops_at_expiry,
            states,
            ended: false,
        }
    }

    /// The state now.
    #[must_use]
    pub fn current(&self) -> State {
        self.states.current()
    }

    /// Waits for a state that was not returned yet; the first call returns the current one at once. `None`
    /// once the client has ended and its last state was returned.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses nothing, the next one returns the state.
    ///
    /// # Ordering
    ///
    /// States come in order; older ones that nobody asked for are skipped. Tasks that wait are woken in the order in which
    /// they came.
    ///
    /// # On session events
    ///
    /// This is how session events are told.
    pub async fn changed(&mut self) -> Option<State> {
        if self.ended {
            return None;
        }
        let state = self.states.changed().await?;
        self.ended = state.is_last(self.stops_at_expiry);
        Some(state)
    }
}
