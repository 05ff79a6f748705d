//! A server in an ensemble: its log, what it has still to carry out, and its part.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use zk_wire::{Moment, SessionId, Zxid};

use super::leader::Leader;
use super::log::{Entry, Log};
use crate::core::ServerCore;
use crate::core::conn::ConnKey;
use crate::core::server_id::ServerId;
use crate::core::waiting::Proposal;

/// The part a server plays.
#[derive(Debug)]
pub(super) enum Role {
    Down,
    Looking { since: Moment },
    Following(Following),
    Leading(Box<Leader>),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Following {
    pub(super) leader: ServerId,
    pub(super) link: u64,
    pub(super) heard: Moment,
}

/// Something committed that waits for its time on this server.
#[derive(Debug)]
pub(super) enum Step {
    Entry(Arc<Entry>),
    Sync { session: SessionId, xid: i32 },
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: ServerId,
    pub(super) server: ServerCore,
    pub(super) role: Role,
    /// Survives a crash, as does the tree.
    pub(super) log: Log,
    /// The last transaction that was carried out.
    pub(super) applied: Zxid,
    /// The last transaction that is among the steps, or was.
    pub(super) scheduled: Zxid,
    pub(super) steps: VecDeque<(Moment, Step)>,
    /// The newest epoch it has been part of.
    pub(super) epoch: u32,
    /// How long a committed transaction waits.
    pub(super) lag: Duration,
    /// Nothing is carried out.
    pub(super) apply_held: bool,
    /// How long it takes to delete one ephemeral node of a session that has ended, in whose course reads
    /// are answered.
    pub(super) linger: Duration,
    /// How long it takes to write a proposal to the log.
    pub(super) fsync: Duration,
    /// The process is stopped.
    pub(super) paused: bool,
    /// Nothing gets through between it and its clients.
    pub(super) deaf: bool,
    /// What clients have sent meanwhile.
    pub(super) stash: BTreeMap<ConnKey, BytesMut>,
    /// Who has hung up while the process stood still: it will find that behind what they have sent.
    pub(super) hung_up: Vec<ConnKey>,
}

impl Member {
    pub(super) fn new(id: ServerId, server: ServerCore) -> Self {
        let base = server.last_zxid();
        Self {
            id,
            server,
            role: Role::Looking {
                since: Moment::ZERO,
            },
            log: Log::after(base),
            applied: base,
            scheduled: base,
            steps: VecDeque::new(),
            epoch: base.epoch(),
            lag: Duration::ZERO,
            apply_held: false,
            linger: Duration::ZERO,
            fsync: Duration::ZERO,
            paused: false,
            deaf: false,
            stash: BTreeMap::new(),
            hung_up: Vec::new(),
        }
    }

    /// Takes note of those who have hung up meanwhile.
    pub(super) fn forget_hung_up(&mut self, now: Moment) {
        for key in std::mem::take(&mut self.hung_up) {
            self.server.handle_disconnected(now, key);
        }
    }

    /// Whether its process runs.
    pub(super) const fn runs(&self) -> bool {
        !self.paused && !matches!(self.role, Role::Down)
    }

    pub(super) const fn is_looking(&self) -> bool {
        matches!(self.role, Role::Looking { .. }) && !self.paused
    }

    /// What an election compares, as `FastLeaderElection.totalOrderPredicate` does. The epoch comes first: a longer log of an
    /// older one has only what no quorum ever had.
    pub(super) fn credentials(&self) -> (u32, Zxid, ServerId) {
        (self.epoch, self.log.last(), self.id)
    }

    /// Puts everything up to that transaction on the list.
    pub(super) fn schedule(&mut self, now: Moment, upto: Zxid) {
        let due = now + self.lag;
        let news = self.log.since(self.scheduled);
        for entry in news.take_while(|entry| entry.zxid() <= upto) {
            self.scheduled = entry.zxid();
            self.steps.push_back((due, Step::Entry(Arc::clone(entry))));
        }
    }

    pub(super) fn next_step(&self) -> Option<Moment> {
        let (due, _) = self.steps.front()?;
        (!self.apply_held && self.runs()).then_some(*due)
    }

    /// Carries out the next step if its time has come. `false` if not.
    pub(super) fn take_step(&mut self, now: Moment) -> bool {
        if self.next_step().is_none_or(|due| due > now) {
            return false;
        }
        if !self.linger.is_zero() {
            if let Some((due, Step::Entry(entry))) = self.steps.front_mut() {
                if let Some(ended) = ended_session(&entry.proposal) {
                    // One node at a time; reads come in between.
                    if self.server.close_step(now, ended, entry.stamp) {
                        *due = now + self.linger;
                        return true;
                    }
                }
            }
        }
        match self.steps.pop_front() {
            Some((_, Step::Entry(entry))) => self.apply(now, &entry),
            Some((_, Step::Sync { session, xid })) => self.server.synced(now, session, xid),
            None => return false,
        }
        self.server.read_on(now);
        true
    }

    /// Carries out everything up to that transaction at once, whatever the lag.
    pub(super) fn catch_up(&mut self, now: Moment, upto: Zxid) {
        self.steps.clear();
        let news: Vec<Arc<Entry>> = self.log.since(self.applied).cloned().collect();
        for entry in news.iter().take_while(|entry| entry.zxid() <= upto) {
            self.apply(now, entry);
        }
        self.scheduled = self.applied;
    }

    fn apply(&mut self, now: Moment, entry: &Entry) {
        self.server.carry_out(now, &entry.proposal, entry.stamp);
        self.applied = entry.zxid();
        self.log.trim(self.applied);
    }
}

/// The session that a transaction ends, and as which of its requests.
pub(super) fn ended_session(proposal: &Proposal) -> Option<(SessionId, i32)> {
    match proposal {
        Proposal::EndSession(id) => Some((*id, 0)),
        Proposal::Request { ask, .. } => {
            let closes = matches!(ask.request, Ok(zk_wire::Request::CloseSession));
            closes.then_some((ask.session, ask.xid))
        }
        Proposal::NewSession { .. } | Proposal::Reap(_) => None,
    }
}
