//! What a server knows only while it leads.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use zk_wire::{ErrorCode, Moment, Request, SessionId, Zxid};

use crate::core::server_id::ServerId;
use crate::core::sessions::Sessions;
use crate::core::waiting::Proposal;

/// The link of the leader's own clients.
pub(super) const OWN_LINK: u64 = 0;

#[derive(Debug)]
pub(super) struct Leader {
    pub(super) epoch: u32,
    pub(super) proposed: Zxid,
    pub(super) committed: Zxid,
    /// What is not committed yet, with the set of those who have it in their logs.
    pub(super) outstanding: VecDeque<(Zxid, u64)>,
    pub(super) learners: BTreeMap<ServerId, Learner>,
    /// The sessions with their time, which runs here and nowhere else.
    pub(super) tracker: Sessions,
    /// Syncs that wait for a transaction to be committed.
    pub(super) syncs: VecDeque<WaitingSync>,
    ticks: u64,
    /// Half of the beats are no ticks.
    is_half: bool,
    pub(super) next_beat: Moment,
}

/// A follower, as its leader sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learner {
    pub(super) link: u64,
    pub(super) heard: Moment,
    /// The tick up to which it counts as alive.
    deadline: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingSync {
    pub(super) behind: Zxid,
    pub(super) to: ServerId,
    pub(super) link: u64,
    pub(super) session: SessionId,
    pub(super) xid: i32,
}

/// What a beat demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Ping,
    /// No quorum has been heard of for too long.
    StepDown,
}

impl Leader {
    pub(super) fn new(epoch: u32, tracker: Sessions, now: Moment, tick: Duration) -> Self {
        let zxid = Zxid::from_raw(i64::from(epoch) << 32);
        Self {
            epoch,
            proposed: zxid,
            committed: zxid,
            outstanding: VecDeque::new(),
            learners: BTreeMap::new(),
            tracker,
            syncs: VecDeque::new(),
            ticks: 0,
            is_half: false,
            next_beat: now + tick / 2,
        }
    }

    /// The next zxid; `None` if the epoch has none left, and a new one has to begin.
    pub(super) fn next_zxid(&mut self) -> Option<Zxid> {
        if self.proposed.counter() == u32::MAX {
            return None;
        }
        self.proposed = Zxid::from_raw(self.proposed.as_raw().wrapping_add(1));
        Some(self.proposed)
    }

    pub(super) fn admit(&mut self, now: Moment, server: ServerId, link: u64, sync_limit: u32) {
        for (_, acks) in &mut self.outstanding {
            *acks |= server.bit();
        }
        let deadline = self.ticks + u64::from(sync_limit);
        let learner = Learner {
            link,
            heard: now,
            deadline,
        };
        self.learners.insert(server, learner);
    }

    /// Something has come from a follower, on this link. `false` if that is an old one.
    pub(super) fn hear(
        &mut self,
        now: Moment,
        server: ServerId,
        link: u64,
        sync_limit: u32,
    ) -> bool {
        let deadline = self.ticks + u64::from(sync_limit);
        match self.learners.get_mut(&server) {
            Some(learner) if learner.link == link => {
                learner.heard = now;
                learner.deadline = deadline;
                true
            }
            _ => false,
        }
    }

    /// Half a tick has passed. Only every second time it is asked whether a quorum is alive, which is why
    /// a leader may outlive its quorum by two ticks more than the limit.
    pub(super) fn beat(&mut self, now: Moment, tick: Duration, quorum: usize) -> Beat {
        self.next_beat = now + tick / 2;
        self.is_half = !self.is_half;
        if !self.is_half {
            return Beat::Ping;
        }
        self.ticks += 1;
        let alive = self
            .learners
            .values()
            .filter(|learner| self.ticks <= learner.deadline)
            .count();
        if alive + 1 < quorum {
            Beat::StepDown
        } else {
            Beat::Ping
        }
    }

    /// Looks at what is to be proposed, and notes what it means for sessions. The result is what is wrong
    /// with the session that asks, if anything is.
    pub(super) fn judge(
        &mut self,
        now: Moment,
        proposal: &Proposal,
        link: u64,
    ) -> Option<ErrorCode> {
        match proposal {
            Proposal::Request { ask, .. } => {
                let verdict = self.check_session(ask.session, link);
                if matches!(ask.request, Ok(Request::CloseSession)) {
                    // From wherever it comes.
                    self.tracker.begin_closing(ask.session);
                    return None;
                }
                verdict
            }
            Proposal::NewSession { id, timeout } => {
                self.tracker.insert(now, *id, *timeout);
                self.own(*id, link);
                None
            }
            Proposal::EndSession(_) | Proposal::Reap(_) => None,
        }
    }

    /// Whether a session lives that a client wants to take up again. If so it belongs to that link.
    pub(super) fn revalidate(
        &mut self,
        now: Moment,
        session: SessionId,
        timeout: Duration,
        link: u64,
    ) -> bool {
        let lives = self
            .tracker
            .get(session)
            .is_some_and(|session| !session.closing);
        if lives {
            self.tracker.touch_for(now, session, timeout);
            self.own(session, link);
        }
        lives
    }

    /// The newest transaction that a quorum has, if that is news.
    pub(super) fn commit_next(&mut self, quorum: usize) -> Option<Zxid> {
        let (zxid, acks) = *self.outstanding.front()?;
        if (acks.count_ones() as usize) < quorum {
            return None;
        }
        self.outstanding.pop_front();
        self.committed = zxid;
        Some(zxid)
    }

    pub(super) fn acknowledge(&mut self, server: ServerId, zxid: Zxid) {
        let at = self
            .outstanding
            .binary_search_by_key(&zxid, |(zxid, _)| *zxid);
        if let Some((_, acks)) = at.ok().and_then(|at| self.outstanding.get_mut(at)) {
            *acks |= server.bit();
        }
    }

    fn own(&mut self, session: SessionId, link: u64) {
        if let Some(session) = self.tracker.get_mut(session) {
            session.owner = Some(link);
        }
    }

    fn check_session(&mut self, session: SessionId, link: u64) -> Option<ErrorCode> {
        match self.tracker.get_mut(session) {
            Some(session) if !session.closing => match session.owner {
                Some(owner) if owner != link => Some(ErrorCode::SessionMoved),
                _ => {
                    session.owner = Some(link);
                    None
                }
            },
            _ => Some(ErrorCode::SessionExpired),
        }
    }
}
