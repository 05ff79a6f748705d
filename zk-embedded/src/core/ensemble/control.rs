//! What tests may do to an ensemble and ask of it, beyond what a client can.

use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use super::backup::Backup;
use super::core::EnsembleCore;
use super::log::Log;
use super::member::{Member, Role};
use crate::core::ServerCore;
use crate::core::line::Mode;
use crate::core::server_id::ServerId;
use crate::core::truth::{Fact, Witnessed};

/// What a server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberState {
    /// Its process has crashed.
    Down,
    /// It knows no leader, and answers no client.
    Looking,
    /// The same, but clients that allow it may read.
    ReadOnly,
    /// It follows a leader.
    Following,
    /// It leads, or believes so.
    Leading,
}

/// A server, for a test that looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberInfo {
    /// Which one.
    pub id: ServerId,
    /// What it is doing.
    pub state: MemberState,
    /// Whether its process is stopped.
    pub paused: bool,
    /// The newest epoch it has been part of.
    pub epoch: u32,
    /// The last transaction in its log.
    pub logged: Zxid,
    /// The last transaction that was carried out.
    pub applied: Zxid,
}

impl MemberInfo {
    fn of(member: &Member) -> Self {
        Self {
            id: member.id,
            state: match &member.role {
                Role::Down => MemberState::Down,
                Role::Looking { .. } if member.server.mode == Mode::ReadOnly => {
                    MemberState::ReadOnly
                }
                Role::Looking { .. } => MemberState::Looking,
                Role::Following(_) => MemberState::Following,
                Role::Leading(_) => MemberState::Leading,
            },
            paused: member.paused,
            epoch: member.epoch,
            logged: member.log.last(),
            applied: member.applied,
        }
    }
}

impl EnsembleCore {
    /// The leader with the newest epoch, even if it has lost its quorum without noticing yet.
    #[must_use]
    pub fn leader(&self) -> Option<ServerId> {
        self.members
            .iter()
            .filter(|member| matches!(member.role, Role::Leading(_)))
            .max_by_key(|member| member.epoch)
            .map(|member| member.id)
    }

    /// One server, as it is.
    #[must_use]
    pub fn member(&self, id: ServerId) -> Option<MemberInfo> {
        self.get(id).map(MemberInfo::of)
    }

    /// All servers, as they are.
    #[must_use]
    pub fn members(&self) -> Vec<MemberInfo> {
        self.members.iter().map(MemberInfo::of).collect()
    }

    pub(crate) fn is_down(&self, id: ServerId) -> bool {
        self.get(id)
            .is_none_or(|member| matches!(member.role, Role::Down))
    }

    /// Looks at what a server knows by itself: its tree, its connections, its counts.
    #[must_use]
    pub fn server(&self, id: ServerId) -> Option<&ServerCore> {
        self.get(id).map(|member| &member.server)
    }

    /// Acts on one server alone: on its rules, its connections, what it holds back.
    pub fn with_server<R>(
        &mut self,
        now: Moment,
        id: ServerId,
        act: impl FnOnce(&mut ServerCore) -> R,
    ) -> Option<R> {
        let result = act(&mut self.get_mut(id)?.server);
        self.pump(now);
        Some(result)
    }

    /// Cuts the network in parts: servers reach only those of their own group. Who is in none is alone.
    /// Nobody is told; messages wait, and arrive if it is healed before both ends have given up.
    pub fn partition(&mut self, now: Moment, groups: &[&[ServerId]]) {
        self.wires.heal();
        let together = |one: ServerId, other: ServerId| {
            groups
                .iter()
                .any(|group| group.contains(&one) && group.contains(&other))
        };
        for one in self.servers() {
            for other in self.servers() {
                if !together(one, other) {
                    self.wires.block(one, other);
                }
            }
        }
        self.pump(now);
    }

    /// What `from` says does not reach `to` any more; the other way is as it was.
    pub fn block(&mut self, from: ServerId, to: ServerId) {
        self.wires.block(from, to);
    }

    /// Everybody reaches everybody again. Who looks for a leader begins anew.
    pub fn heal(&mut self, now: Moment) {
        self.wires.heal();
        for member in &mut self.members {
            if let Role::Looking { since } = &mut member.role {
                *since = now;
            }
        }
        self.pump(now);
    }

    /// How long a message takes from one server to another, from now on.
    pub fn set_latency(&mut self, latency: Duration) {
        self.wires.set_latency(latency);
    }

    /// From now on a server carries out what is committed that much later.
    pub fn lag(&mut self, now: Moment, id: ServerId, lag: Duration) {
        if let Some(member) = self.get_mut(id) {
            member.lag = lag;
            for (due, _) in &mut member.steps {
                *due = (*due).min(now + lag);
            }
        }
        self.pump(now);
    }

    /// While held, a server carries out nothing: it stays where it is, and answers reads.
    pub fn hold_apply(&mut self, now: Moment, id: ServerId, hold: bool) {
        if let Some(member) = self.get_mut(id) {
            member.apply_held = hold;
        }
        self.pump(now);
    }

    /// From now on a server takes that long for each ephemeral node of a session that has ended, and
    /// answers reads in between.
    pub fn linger(&mut self, id: ServerId, each: Duration) {
        if let Some(member) = self.get_mut(id) {
            member.linger = each;
        }
    }

    /// From now on a server takes that long to write a proposal to its log.
    pub fn slow_log(&mut self, id: ServerId, delay: Duration) {
        if let Some(member) = self.get_mut(id) {
            member.fsync = delay;
        }
    }

    /// While frozen, nothing is committed, although it is proposed and logged.
    pub fn freeze_commits(&mut self, now: Moment, freeze: bool) {
        self.commits_frozen = freeze;
        for id in self.servers() {
            self.advance(now, id);
        }
        self.pump(now);
    }

    /// While on, what a leader had proposed and no quorum has committed is lost with it, even if the next
    /// leader has it in its log. Otherwise it survives if it is there.
    pub fn lose_tails(&mut self, lose: bool) {
        self.loses_tails = lose;
    }

    /// A server's process ends. It keeps its log and its tree. The other servers notice at once, if they
    /// can be reached.
    pub fn crash(&mut self, now: Moment, id: ServerId) {
        // A stopped process dies without another word to its clients.
        if let Some(member) = self.get_mut(id) {
            member.paused = false;
            member.stash.clear();
            member.forget_hung_up(now);
        }
        self.leave(now, id, Role::Down);
        self.wires.freeze(id, false);
        self.pump(now);
    }

    /// A crashed server starts again.
    pub fn restart(&mut self, now: Moment, id: ServerId) {
        if let Some(member) = self.get_mut(id) {
            if matches!(member.role, Role::Down) {
                member.role = Role::Looking { since: now };
            }
        }
        self.pump(now);
    }

    /// A server's process stops, as by a signal or for a collection of garbage, or goes on. Nobody is told. When it goes on it
    /// takes up what clients have sent meanwhile, in the order of their connections, and then notices who has hung up.
    pub fn pause(&mut self, now: Moment, id: ServerId, pause: bool) {
        if pause {
            if let Some(member) = self.get_mut(id) {
                member.paused = true;
            }
            self.wires.freeze(id, true);
        } else {
            self.go_on(now, id, usize::MAX);
        }
    }

    /// A server's process that was stopped goes on. Of what it finds to be passed on to its leader, so many requests go before
    /// the handshakes, and the others behind them: in a server requests stand in a queue which a handshake does not enter
    /// (`Learner.validateSession`). So a session moves to it whose client has long since been elsewhere, if a handshake
    /// was given up here; and requests of a connection before that one are made, behind what was made for the session since.
    pub fn go_on(&mut self, now: Moment, id: ServerId, ahead: usize) {
        let Some(member) = self.get_mut(id).filter(|member| member.paused) else {
            return;
        };
        member.paused = false;
        // Its timers know what time it is before anybody else gets a word in.
        self.keep_time(now, id);
        self.wires.freeze(id, false);
        self.unstash(now, id, ahead);
    }

    /// While on, nothing gets through between a server and its clients; nobody is told.
    pub fn deafen(&mut self, now: Moment, id: ServerId, deaf: bool) {
        if let Some(member) = self.get_mut(id) {
            member.deaf = deaf;
        }
        self.unstash(now, id, usize::MAX);
    }

    /// The leader steps down, and there is an election. `false` if there is none.
    pub fn depose(&mut self, now: Moment) -> bool {
        let Some(leader) = self.leader() else {
            return false;
        };
        self.look_for_leader(now, leader);
        self.pump(now);
        true
    }

    /// Ends a session as if its time had come. `false` if there is none, or nobody to end it.
    pub fn expire(&mut self, now: Moment, session: SessionId) -> bool {
        let ended = match self.leader() {
            Some(leader) => self.expire_at(now, leader, session),
            None => false,
        };
        self.pump(now);
        ended
    }

    /// Whether servers without a leader answer reads after a while (`readonlymode.enabled`), from now on.
    pub fn allow_read_only(&mut self, now: Moment, allow: bool) {
        self.config.server.read_only_mode = allow;
        for member in &mut self.members {
            if !allow && member.server.mode == Mode::ReadOnly {
                member.server.enter(Mode::Idle);
            }
        }
        self.pump(now);
    }

    /// When a session expires by the leader's clock, if nothing more is heard of it.
    #[must_use]
    pub fn expires_at(&self, session: SessionId) -> Option<Moment> {
        match &self.get(self.leader()?)?.role {
            Role::Leading(leader) => Some(leader.tracker.get(session)?.expires_at),
            _ => None,
        }
    }

    /// Sets the next sequence number among the children of `parent`, on all servers that have it: the only
    /// practical way to get near 2³¹. `false` if none has.
    pub fn set_sequence(&mut self, parent: &str, next: i32) -> bool {
        let mut any = false;
        for member in &mut self.members {
            any |= member.server.set_sequence(parent, next);
        }
        any
    }

    /// Sets the lower half of the leader's newest zxid, as if that many transactions had been proposed.
    /// `false` if there is no leader, or it has come further than that.
    pub fn set_counter(&mut self, counter: u32) -> bool {
        let leader = self.leader().and_then(|id| self.leader_mut(id));
        match leader {
            Some(leader) if leader.proposed.counter() <= counter => {
                let epoch = i64::from(leader.epoch) << 32;
                leader.proposed = Zxid::from_raw(epoch | i64::from(counter));
                true
            }
            _ => false,
        }
    }

    /// What a server would find on its disk now.
    #[must_use]
    pub fn backup(&self, id: ServerId) -> Option<Backup> {
        self.get(id).map(|member| Backup {
            state: member.server.state(),
            applied: member.applied,
            epoch: member.epoch,
        })
    }

    /// Restarts some servers with an old state. If they are a quorum, acknowledged transactions are lost,
    /// and zxids may be given twice: something no ensemble survives, and clients should notice.
    pub fn restore(&mut self, now: Moment, servers: &[ServerId], backup: &Backup) {
        for &id in servers {
            self.crash(now, id);
        }
        if servers.len() >= self.quorum() {
            self.committed = backup.applied;
            self.forget_told(backup.applied);
        }
        for &id in servers {
            if let Some(member) = self.get_mut(id) {
                member.server.adopt(backup.state.clone());
                member.log = Log::after(backup.applied);
                member.applied = backup.applied;
                member.scheduled = backup.applied;
                member.epoch = backup.epoch;
                let last = backup.applied;
                self.witness_fact(now, id, Fact::Restored { last });
                self.restart(now, id);
            }
        }
    }

    /// From now on what happens is written down, or not any more. Off at first.
    pub fn witness(&mut self, on: bool) {
        self.truth = on.then(Vec::new);
        for member in &mut self.members {
            member.server.witness(on);
        }
    }

    /// What has happened since the last call, in order. Whoever witnesses should drain: nothing is
    /// forgotten by itself.
    pub fn drain_truth(&mut self) -> Vec<Witnessed> {
        self.truth.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Clients may be heard again.
    fn unstash(&mut self, now: Moment, id: ServerId, ahead: usize) {
        let Some(member) = self
            .get_mut(id)
            .filter(|member| !member.paused && !member.deaf)
        else {
            return;
        };
        for (key, mut bytes) in std::mem::take(&mut member.stash) {
            member.server.handle_bytes(now, key, &mut bytes);
        }
        if let Some(outbox) = member.server.outbox() {
            outbox.let_handshakes_overtake(ahead);
        }
        member.forget_hung_up(now);
        member.server.wake_all();
        self.pump(now);
    }
}
