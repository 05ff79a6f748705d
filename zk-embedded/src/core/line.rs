//! Where the order of transactions comes from: the server itself, or the leader of its ensemble.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use zk_wire::{SessionId, Zxid};

use super::conn::ConnKey;
use super::waiting::Proposal;

/// A transaction's place in the order, and its time: the same on every server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) zxid: Zxid,
    /// Wall clock, in milliseconds.
    pub(super) time: i64,
}

/// Where proposals go.
#[derive(Debug)]
pub(super) enum Line {
    /// A stand-alone server commits by itself, or holds everything back on request.
    Own {
        held: bool,
        queue: VecDeque<Proposal>,
    },
    /// A member of an ensemble asks its leader.
    Ensemble(Outbox),
}

/// What a member has to say to its leader, or to itself if it leads.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) errands: VecDeque<Errand>,
    /// The sessions that were heard of, with the timeouts of their connections.
    pub(super) touched: BTreeMap<SessionId, Duration>,
    /// Whether a sync goes to the leader and back. The leader itself takes it for a read.
    pub(super) syncs: bool,
}

impl Outbox {
    /// Puts the handshakes behind so many of what else is to be said, and before the rest.
    pub(super) fn let_handshakes_overtake(&mut self, ahead: usize) {
        let is_handshake = |errand: &Errand| matches!(errand, Errand::Revalidate { .. });
        let (handshakes, mut rest): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.errands)
            .into_iter()
            .partition(is_handshake);
        let behind = rest.split_off(ahead.min(rest.len()));
        self.errands = rest.into_iter().chain(handshakes).chain(behind).collect();
    }
}

/// Something a member cannot do alone.
#[derive(Debug)]
pub(super) enum Errand {
    Propose(Proposal),
    Sync {
        session: SessionId,
        xid: i32,
    },
    Revalidate {
        conn: ConnKey,
        session: SessionId,
        timeout: Duration,
    },
}

/// Whether the server serves, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Standalone,
    Leader,
    Follower,
    /// Cut off from its ensemble, but allowed to answer reads.
    ReadOnly,
    /// Cut off from its ensemble.
    Idle,
}

impl Mode {
    /// As `srvr` and `mntr` call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Leader => "leader",
            Self::Follower => "follower",
            Self::ReadOnly => "read-only",
            Self::Idle => "idle",
        }
    }
}

impl Line {
    /// What a server that may commit again does next.
    pub(super) fn pop_held(&mut self) -> Option<Proposal> {
        match self {
            Self::Own { held: false, queue } => queue.pop_front(),
            _ => None,
        }
    }

    /// How many in line are no requests.
    pub(super) fn held_strangers(&self) -> usize {
        match self {
            Self::Own { queue, .. } => queue
                .iter()
                .filter(|proposal| !matches!(proposal, Proposal::Request { .. }))
                .count(),
            Self::Ensemble(_) => 0,
        }
    }
}
