//! The current connection.

use zk_wire::{Moment, SessionId};

use crate::ids::{ConnId, ServerId};

/// Where the current connection is.
#[derive(Debug)]
pub(crate) enum Link {
    /// There is none.
    Down,
    /// The driver is opening it.
    Dialing {
        conn: ConnId,
        server: ServerId,
        /// It is open, and both sides agree on how to encrypt.
        securing: bool,
    },
    /// It is open, and nothing but the handshake may be sent: a server that refuses closes with unread
    /// bytes in its buffer otherwise, and the reset destroys its answer (ZOOKEEPER-1702).
    Handshake {
        conn: ConnId,
        server: ServerId,
        presented: Option<Presented>,
    },
    /// The server accepted the session.
    Up(Up),
}

/// The handshake was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented {
    /// The session we asked for; zero asks for a new one.
    pub(crate) session: SessionId,
    pub(crate) at: Moment,
}

/// A connection with a session.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) conn: ConnId,
    pub(crate) server: ServerId,
    pub(crate) since: Moment,
    pub(crate) read_only: bool,
    /// Every credential was accepted: requests may be sent.
    pub(crate) ready: bool,
    pub(crate) last_sent: Moment,
    pub(crate) ping: Ping,
    /// setWatches requests not answered yet; `None` when that is over.
    pub(crate) rewatching: Option<usize>,
}

/// The one ping that can be under way: all of them have the same xid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ping {
    /// None.
    Idle,
    /// To be sent with the next batch.
    Wanted,
    /// Sent at that time.
    Sent(Moment),
}

impl Link {
    pub(crate) const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Down => None,
            Self::Dialing { conn, .. } | Self::Handshake { conn, .. } => Some(*conn),
            Self::Up(up) => Some(up.conn),
        }
    }

    pub(crate) const fn server(&self) -> Option<ServerId> {
        match self {
            Self::Down => None,
            Self::Dialing { server, .. } | Self::Handshake { server, .. } => Some(*server),
            Self::Up(up) => Some(up.server),
        }
    }

    /// The server has another place in the list now.
    pub(crate) const fn rename_server(&mut self, place: ServerId) {
        match self {
            Self::Down => {}
            Self::Dialing { server, .. } | Self::Handshake { server, .. } => *server = place,
            Self::Up(up) => up.server = place,
        }
    }

    pub(crate) fn is(&self, conn: ConnId) -> bool {
        self.conn() == Some(conn)
    }

    pub(crate) const fn up(&self) -> Option<&Up> {
        match self {
            Self::Up(up) => Some(up),
            _ => None,
        }
    }

    pub(crate) const fn up_mut(&mut self) -> Option<&mut Up> {
        match self {
            Self::Up(up) => Some(up),
            _ => None,
        }
    }

    /// Whether requests may be sent.
    pub(crate) fn is_ready(&self) -> bool {
        self.up().is_some_and(|up| up.ready)
    }

    /// Whether writes may be sent.
    pub(crate) fn can_write(&self) -> bool {
        self.up().is_some_and(|up| up.ready && !up.read_only)
    }
}
