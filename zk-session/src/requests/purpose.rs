//! Whom a request serves.

use zk_wire::{AddWatchMode, Moment, ReadOp};

use crate::ids::{DutyId, RequestId};

/// Whom a request serves, and so where its reply goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A caller; perhaps it creates the node of a duty.
    User { id: RequestId, duty: Option<DutyId> },
    /// Several callers, whose reads travel together.
    Reads(JoinedReads),
    /// Registers watches again after a reconnect.
    Rewatch,
    /// Removes the server's side of watches nobody wants any more.
    Unwatch,
    /// Sets a watch again that another one on its path may have replaced.
    Renew { path: String, mode: AddWatchMode },
    /// Works off a duty.
    Duty(DutyId, DutyStep),
    /// Checks held nodes, in this order.
    Confirm {
        part: ConfirmPart,
        nodes: Vec<DutyId>,
    },
    /// Ends the session.
    Close,
}

impl Purpose {
    /// The caller's name for it.
    pub(crate) const fn user(&self) -> Option<RequestId> {
        match self {
            Self::User { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// Reads that travel together. What several callers ask for alike is asked for once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JoinedReads {
    /// What is asked for, as it is sent.
    pub(crate) ops: Vec<ReadOp>,
    /// Who asks; their ids rise.
    pub(crate) reads: Vec<JoinedRead>,
}

/// One of several reads that travel together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JoinedRead {
    pub(crate) id: RequestId,
    /// The place of what it asks for.
    pub(crate) place: usize,
    pub(crate) deadline: Option<Moment>,
    /// What it counted for in the bound of the queue.
    pub(crate) weight: usize,
    /// Nobody waits for the answer any more.
    pub(crate) abandoned: bool,
}

/// What a request of a duty does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DutyStep {
    /// Waits until everything of the connection before is decided.
    Barrier,
    /// Looks whose the node is.
    CheckOwner,
    /// Lists this session's ephemeral nodes below the parent.
    ListOwn,
    /// Lists the parent's children.
    ListAll,
    /// Deletes a node.
    Delete,
}

/// How a multi of checks counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfirmPart {
    /// Part of a round that can prove something.
    Round,
    /// Repeats checks that a failing one before them had hidden.
    Repeat,
}
