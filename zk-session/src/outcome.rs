//! How requests end, and why they are refused.

use bytes::Bytes;
use thiserror::Error;
use zk_wire::{ErrorCode, Moment, Zxid};

use crate::ids::{DutyId, RequestId, WatchId};
use crate::state::SessionState;

/// Whether a failed request took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third possibility")]
pub enum Fate {
    /// It certainly did not.
    NotApplied,
    /// It was handed to a connection and never answered: it may take effect, even later.
    Unknown,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a request is answered or it is not"
)]
pub enum Outcome {
    /// The server answered.
    Reply {
        /// The server's last processed transaction when it answered; zero in refusals made before
        /// the request was queued.
        zxid: Zxid,
        /// The body of the reply, a slice of the frame it came in, or the server's error. A request
        /// answered with an error was not applied.
        result: Result<Bytes, ErrorCode>,
    },
    /// There is no answer.
    Failed {
        /// Why.
        cause: FailCause,
        /// Whether it took effect.
        fate: Fate,
    },
}

impl Outcome {
    /// Whether the request took effect, if it failed; `None` when the server answered without error.
    #[must_use]
    pub const fn fate(&self) -> Option<Fate> {
        match self {
            Self::Reply { result: Ok(_), .. } => None,
            Self::Reply { result: Err(_), .. } => Some(Fate::NotApplied),
            Self::Failed { fate, .. } => Some(*fate),
        }
    }
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FailCause {
    /// The connection it was sent on ended.
    #[error("the connection was lost")]
    ConnectionLost,
    /// Its deadline passed.
    #[error("the deadline passed")]
    TimedOut,
    /// The session expired.
    #[error("the session expired")]
    SessionExpired,
    /// The server refused a credential.
    #[error("authentication failed")]
    AuthFailed,
    /// The session was closed.
    #[error("the session is closed")]
    Closed,
    /// The duty that came with it was performed before it was sent.
    #[error("withdrawn before it was sent, because its duty was performed")]
    Withdrawn,
    /// Its reply is larger than the limit, so the connection had to be dropped.
    #[error("the reply of {len} bytes exceeds the limit of {max} (jute.maxbuffer)")]
    FrameTooLarge {
        /// The size announced.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The server broke the protocol, so the connection was dropped.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
}

/// Why a command was refused. Nothing was queued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejected {
    /// Too much waits to be sent already.
    #[error("{queued} requests of {bytes} bytes wait to be sent")]
    Full {
        /// How many requests wait.
        queued: usize,
        /// How many bytes they have.
        bytes: usize,
    },
    /// The session is over.
    #[error("the session is over: {0:?}")]
    Terminal(SessionState),
    /// The session is being closed.
    #[error("the session is being closed")]
    Closing,
    /// The request does not fit into one frame.
    #[error("the request of {len} bytes exceeds the limit of {max} (jute.maxbuffer)")]
    TooLarge {
        /// The size of its frame.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The duty named is settled, unknown, or has a create under way already: a mark is used once.
    #[error("{0} cannot take this create")]
    BadDuty(DutyId),
    /// The watch wanted and the request do not agree, or the request belongs to the core.
    #[error("{0}")]
    Misuse(&'static str),
}

/// What goes along with a request.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Submit {
    /// The watch the request sets, if it sets one.
    pub watch: Option<WatchKind>,
    /// The duty that knows the node this request creates.
    pub duty: Option<DutyId>,
    /// Whether the bounds of the queue do not apply: for releases and other requests that make
    /// things smaller.
    pub exempt: bool,
    /// When the caller stops waiting.
    pub deadline: Option<Moment>,
}

impl Submit {
    /// A plain request.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            watch: None,
            duty: None,
            exempt: false,
            deadline: None,
        }
    }

    /// The request sets a watch of this kind.
    #[must_use]
    pub const fn watch(mut self, kind: WatchKind) -> Self {
        self.watch = Some(kind);
        self
    }

    /// The request creates the node of this duty.
    #[must_use]
    pub const fn duty(mut self, duty: DutyId) -> Self {
        self.duty = Some(duty);
        self
    }

    /// The bounds of the queue do not apply.
    #[must_use]
    pub const fn exempt(mut self) -> Self {
        self.exempt = true;
        self
    }

    /// The caller stops waiting at `deadline`.
    #[must_use]
    pub const fn deadline(mut self, deadline: Moment) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// A request was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submitted {
    /// Names the request in [`Event::Done`](crate::Event::Done).
    pub id: RequestId,
    /// Names its watch in [`Event::Watch`](crate::Event::Watch).
    pub watch: Option<WatchId>,
    /// The size of its frame, in bytes.
    pub len: usize,
}

impl Submitted {
    pub(crate) const fn new(id: RequestId, watch: Option<WatchId>, len: usize) -> Self {
        Self { id, watch, len }
    }
}

/// The kinds of watches, as the client sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these tables")]
pub enum WatchKind {
    /// By getData: data changed, deleted. Once.
    Data,
    /// By exists: created, data changed, deleted. Once.
    Exist,
    /// By getChildren: children changed, deleted. Once.
    Child,
    /// By addWatch: everything on this node and its list of children, until removed.
    Persistent,
    /// By addWatch: everything on this node and below, without lists of children, until removed.
    Recursive,
}

/// Where a request was when its owner gave it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a request is before, on or behind the wire"
)]
pub enum Abandoned {
    /// Not sent yet: removed, certainly not applied.
    Unsent,
    /// Sent: it may take effect, its reply will be discarded.
    InFlight,
    /// Already over, or never known.
    Settled,
}
