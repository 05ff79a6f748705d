//! What a leader does: it orders, it commits, it beats, it lets sessions expire, and it steps down.

use std::sync::Arc;
use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use super::core::EnsembleCore;
use super::leader::{Beat, Leader};
use super::log::Entry;
use super::member::{Role, ended_session};
use super::wires::{Envelope, Packet};
use crate::core::line::{Mode, Stamp};
use crate::core::server_id::ServerId;
use crate::core::truth::Fact;
use crate::core::waiting::Proposal;

impl EnsembleCore {
    pub(super) fn leader_mut(&mut self, id: ServerId) -> Option<&mut Leader> {
        match &mut self.get_mut(id)?.role {
            Role::Leading(leader) => Some(leader),
            _ => None,
        }
    }

    /// Gives a proposal its place and sends it to everybody.
    pub(super) fn lead_proposal(
        &mut self,
        now: Moment,
        id: ServerId,
        mut proposal: Proposal,
        link: u64,
    ) {
        let Some(member) = self.members.get_mut(id.index()) else {
            return;
        };
        let Role::Leading(leader) = &mut member.role else {
            return;
        };
        let verdict = leader.judge(now, &proposal, link);
        if let Proposal::Request { refused, .. } = &mut proposal {
            *refused = verdict;
        }
        let Some(zxid) = leader.next_zxid() else {
            // The counter of this epoch is used up: only an election helps.
            return self.look_for_leader(now, id);
        };
        let time = member.server.wall_ms(now);
        let entry = Arc::new(Entry {
            stamp: Stamp { zxid, time },
            proposal,
        });
        member.log.push(Arc::clone(&entry));
        let at_once = member.fsync.is_zero();
        leader
            .outstanding
            .push_back((zxid, if at_once { id.bit() } else { 0 }));
        for (&to, learner) in &leader.learners {
            let envelope = Envelope {
                from: id,
                to,
                link: learner.link,
                packet: Packet::Propose(Arc::clone(&entry)),
            };
            self.wires.send(now, Duration::ZERO, envelope);
        }
        if at_once {
            self.advance(now, id);
        } else {
            let envelope = Envelope {
                from: id,
                to: id,
                link: 0,
                packet: Packet::Ack(zxid),
            };
            self.wires.send(now, member.fsync, envelope);
        }
    }

    pub(super) fn acknowledged(&mut self, now: Moment, id: ServerId, by: ServerId, zxid: Zxid) {
        if let Some(leader) = self.leader_mut(id) {
            leader.acknowledge(by, zxid);
            self.advance(now, id);
        }
    }

    /// Commits what a quorum has, in order.
    pub(super) fn advance(&mut self, now: Moment, id: ServerId) {
        if self.commits_frozen {
            return;
        }
        let quorum = self.quorum();
        let Some(member) = self.members.get_mut(id.index()) else {
            return;
        };
        let Role::Leading(leader) = &mut member.role else {
            return;
        };
        while let Some(zxid) = leader.commit_next(quorum) {
            self.committed = self.committed.max(zxid);
            for (&to, learner) in &leader.learners {
                let envelope = Envelope {
                    from: id,
                    to,
                    link: learner.link,
                    packet: Packet::Commit(zxid),
                };
                self.wires.send(now, Duration::ZERO, envelope);
            }
            while leader.syncs.front().is_some_and(|sync| sync.behind <= zxid) {
                if let Some(sync) = leader.syncs.pop_front() {
                    let (session, xid) = (sync.session, sync.xid);
                    let envelope = Envelope {
                        from: id,
                        to: sync.to,
                        link: sync.link,
                        packet: Packet::Synced { session, xid },
                    };
                    self.wires.send(now, Duration::ZERO, envelope);
                }
            }
        }
        let committed = leader.committed;
        let ended: Vec<SessionId> = member
            .log
            .since(member.scheduled)
            .take_while(|entry| entry.zxid() <= committed)
            .filter_map(|entry| ended_session(&entry.proposal))
            .map(|(session, _)| session)
            .collect();
        for session in ended {
            leader.tracker.remove(session);
        }
        member.schedule(now, committed);
    }

    /// The timers of one server.
    pub(super) fn keep_time(&mut self, now: Moment, id: ServerId) {
        let (tick, patience, quorum) = (self.tick(), self.config.patience(), self.quorum());
        let Some(member) = self.get_mut(id).filter(|member| member.runs()) else {
            return;
        };
        member.server.handle_timeout(now);
        match &mut member.role {
            Role::Following(following) if following.heard + patience <= now => {
                self.look_for_leader(now, id);
            }
            Role::Leading(leader) => {
                let silent: Vec<(ServerId, u64)> = leader
                    .learners
                    .iter()
                    .filter(|(_, learner)| learner.heard + patience <= now)
                    .map(|(&server, learner)| (server, learner.link))
                    .collect();
                for (server, _) in &silent {
                    leader.learners.remove(server);
                }
                let due = leader.tracker.due(now);
                let beats = leader.next_beat <= now;
                let beat = beats.then(|| leader.beat(now, tick, quorum));
                for (server, link) in silent {
                    self.send(now, id, server, link, Packet::HangUp);
                }
                for session in due {
                    self.expire_at(now, id, session);
                }
                match beat {
                    Some(Beat::StepDown) => self.look_for_leader(now, id),
                    Some(Beat::Ping) => self.tell_all(now, id, || Packet::Ping),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The leader ends a session. `false` if there is none, or it is ending already.
    pub(super) fn expire_at(&mut self, now: Moment, id: ServerId, session: SessionId) -> bool {
        let begins = self
            .leader_mut(id)
            .is_some_and(|leader| leader.tracker.begin_closing(session));
        if begins {
            self.witness_fact(now, id, Fact::SessionExpired { session });
            self.lead_proposal(now, id, Proposal::EndSession(session), 0);
        }
        begins
    }

    /// A server gives up its leader, or its own lead: its clients are hung up on.
    pub(super) fn look_for_leader(&mut self, now: Moment, id: ServerId) {
        self.leave(now, id, Role::Looking { since: now });
    }

    pub(super) fn leave(&mut self, now: Moment, id: ServerId, next: Role) {
        let Some(member) = self.get_mut(id) else {
            return;
        };
        let role = std::mem::replace(&mut member.role, next);
        member.server.enter(Mode::Idle);
        // What is committed will be carried out when it is known again that it is.
        member.steps.clear();
        member.scheduled = member.applied;
        match role {
            Role::Following(following) => {
                self.send(now, id, following.leader, following.link, Packet::HangUp);
            }
            Role::Leading(leader) => {
                let epoch = leader.epoch;
                for (&to, learner) in &leader.learners {
                    let link = learner.link;
                    self.send(now, id, to, link, Packet::HangUp);
                }
                self.witness_fact(now, id, Fact::Deposed { epoch });
            }
            Role::Down | Role::Looking { .. } => {}
        }
    }

    fn tell_all(&mut self, now: Moment, id: ServerId, packet: impl Fn() -> Packet) {
        let learners: Vec<(ServerId, u64)> = match self.leader_mut(id) {
            Some(leader) => leader
                .learners
                .iter()
                .map(|(&server, learner)| (server, learner.link))
                .collect(),
            None => return,
        };
        for (to, link) in learners {
            self.send(now, id, to, link, packet());
        }
    }
}
