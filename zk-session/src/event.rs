//! What the core tells its driver.

use zk_wire::{ErrorCode, EventType, Moment, Zxid};

use crate::ids::{ConnId, DutyId, RequestId, ServerId, WatchId};
use crate::outcome::Outcome;
use crate::state::SessionState;

/// Something for the application, in the order it happened on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The session is in another state now.
    State(SessionState),
    /// A request ended. Exactly once per request that was not abandoned.
    Done {
        /// The request.
        id: RequestId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something about a watch.
    Watch {
        /// The watch.
        id: WatchId,
        /// What.
        event: WatchEvent,
    },
    /// After a reconnect every watch is registered again and every missed one-shot event has been
    /// delivered.
    WatchesRestored,
    /// A duty is over.
    Duty {
        /// The duty.
        id: DutyId,
        /// How.
        settled: Settlement,
    },
    /// A confirm found that a held node is gone. The hold ends; the duty stays.
    HoldGone {
        /// The duty whose node was held.
        duty: DutyId,
        /// The node.
        path: String,
    },
    /// While something is held: nothing proves any more, or something proves again, that the session
    /// lives.
    Doubt {
        /// Whether there is doubt now.
        in_doubt: bool,
    },
}

/// Something that happened to a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEvent {
    /// The server sent an event. One-shot watches are over with it.
    Fired {
        /// What happened.
        kind: EventType,
        /// To which node: an absolute server path.
        path: String,
        /// In which transaction; known since 3.9, and not for events replayed after a reconnect.
        zxid: Option<Zxid>,
    },
    /// Events of a persistent watch may have been missed while there was no connection
    /// (ZOOKEEPER-4698). Reads submitted from here on see what was missed, and later changes fire.
    Gap,
    /// The watch is over because all of its node were [removed](crate::Session::watches_at).
    Removed,
    /// The watch is over because the session is.
    Ended(SessionState),
}

/// How a duty ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// The node was deleted: the server said so, or it was gone after a delete of ours whose answer was lost.
    Deleted,
    /// There was no such node.
    Absent,
    /// The session ended, and its ephemeral nodes with it. A persistent node is not cleaned up:
    /// duties are never carried to another session.
    Moot,
    /// The create was never sent, or refused, so there is nothing to do.
    Undone,
    /// The session was detached: the node stays with it, and goes when it ends or whoever took it over deletes it.
    HandedOver,
    /// The server refuses to delete the node; it is still there.
    Refused(ErrorCode),
    /// The list that would name the node does not fit into a frame, so it cannot be found.
    ListTooLarge,
}

/// Something for the driver to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Action {
    /// Open a connection, then report `handle_connected` or `handle_disconnected`.
    Dial {
        /// Names the attempt and the connection that comes of it.
        conn: ConnId,
        /// Where to.
        server: ServerId,
        /// When the core gives up on it by itself.
        give_up_at: Moment,
    },
    /// Ask a server, on a connection of its own, the four-letter word `isro`, then report `handle_probe`: whether the
    /// answer was `rw`. Over the same transport as the session, so that it is encrypted where that is.
    Probe {
        /// Whom.
        server: ServerId,
        /// When the core gives up on it by itself.
        give_up_at: Moment,
    },
    /// Close this connection, or stop dialling; nothing more is expected from it. Bytes already
    /// taken from `poll_transmit` should still be written if that is possible without waiting.
    Hangup {
        /// Which.
        conn: ConnId,
    },
}

/// Bytes appended to the caller's buffer. Do not ask for the next batch before these are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Transmit {
    /// The connection they belong to.
    pub conn: ConnId,
    /// How many.
    pub len: usize,
}

impl Transmit {
    pub(crate) const fn new(conn: ConnId, len: usize) -> Self {
        Self { conn, len }
    }
}

/// A promise to clean up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obligation {
    /// Delete whatever child of `parent` carries `mark` in its name.
    DeleteMarked {
        /// The parent, an absolute server path.
        parent: String,
        /// The unique text in the name of the node.
        mark: String,
    },
    /// Delete exactly this node, if it is an ephemeral node of this session. For nodes whose whole name is fixed, so that
    /// others make a node of the same name when this one is gone.
    DeleteOwn {
        /// An absolute server path.
        path: String,
    },
    /// Delete exactly this node.
    Delete {
        /// An absolute server path.
        path: String,
    },
}
