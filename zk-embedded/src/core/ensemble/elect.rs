//! How a leader is found, and how the others come to its state.

use zk_wire::{Moment, Zxid};

use super::core::EnsembleCore;
use super::leader::Leader;
use super::member::{Following, Member, Role};
use crate::core::line::Mode;
use crate::core::server_id::ServerId;
use crate::core::sessions::Sessions;
use crate::core::truth::Fact;

impl EnsembleCore {
    /// Whoever looks for a leader finds one, if there is one to be found by now.
    pub(super) fn elections(&mut self, now: Moment) {
        for id in self.servers() {
            let Some(since) = self.looking_since(id) else {
                continue;
            };
            if since + self.config.election > now {
                continue;
            }
            if let Some(leader) = self.leader_for(id) {
                self.join(now, leader, id);
            } else if let Some((_, electors)) = self.electors(id).filter(|(at, _)| *at <= now) {
                self.elect(now, &electors);
            }
        }
        for id in self.servers() {
            if self.read_only_at(id).is_some_and(|at| at <= now) {
                if let Some(member) = self.get_mut(id) {
                    member.server.enter(Mode::ReadOnly);
                }
            }
        }
    }

    /// When that has something to do next.
    pub(super) fn next_election(&self) -> Option<Moment> {
        let of_server = |id: ServerId| {
            let since = self.looking_since(id)?;
            let joins = self.leader_for(id).map(|_| since + self.config.election);
            let elects = self.electors(id).map(|(at, _)| at);
            [joins, elects, self.read_only_at(id)]
                .into_iter()
                .flatten()
                .min()
        };
        self.members
            .iter()
            .filter_map(|member| of_server(member.id))
            .min()
    }

    /// The one that was part of the newest epoch leads from now on; of several the one whose log goes furthest.
    pub(super) fn elect(&mut self, now: Moment, electors: &[ServerId]) {
        if self.loses_tails {
            let committed = self.committed;
            for &id in electors {
                self.lose_tail_of(now, id, committed);
            }
        }
        let members = electors.iter().filter_map(|&id| self.get(id));
        let epoch = members.clone().map(|member| member.epoch).max();
        let winner = members.max_by_key(|member| member.credentials());
        let (Some(id), Some(epoch)) = (winner.map(|member| member.id), epoch) else {
            return;
        };
        let epoch = epoch.wrapping_add(1);
        let tick = self.tick();
        let epoch_ms = self.config.server.session_epoch_ms;
        let Some(member) = self.get_mut(id) else {
            return;
        };
        // Whatever its log says counts from now on, committed before or not.
        let history = member.log.last();
        member.server.enter(Mode::Leader);
        member.catch_up(now, history);
        // Every session starts anew, with the timeout it was granted first.
        let mut tracker = Sessions::new(Some(tick), epoch_ms, 0);
        for (session, known) in member.server.sessions.iter() {
            tracker.insert(now, session, known.first_timeout);
        }
        let leader = Leader::new(epoch, tracker, now, tick);
        member.server.zxid = leader.proposed;
        member.epoch = epoch;
        member.role = Role::Leading(Box::new(leader));
        self.committed = self.committed.max(history);
        self.witness_fact(now, id, Fact::Elected { epoch, history });
        for &follower in electors {
            if follower != id {
                self.join(now, id, follower);
            }
        }
    }

    /// Drops what a server has accepted behind that transaction.
    pub(super) fn lose_tail_of(&mut self, now: Moment, id: ServerId, keep: Zxid) {
        let Some(member) = self.get_mut(id) else {
            return;
        };
        // What was carried out was committed.
        let keep = keep.max(member.applied);
        if member.log.cut_after(keep) {
            let last = member.log.last();
            self.witness_fact(now, id, Fact::TailLost { last });
        }
    }

    /// A server takes over the leader's state and follows it from now on.
    fn join(&mut self, now: Moment, leader_id: ServerId, id: ServerId) {
        let (Some(leader), Some(member)) = (self.get(leader_id), self.get(id)) else {
            return;
        };
        let Role::Leading(lead) = &leader.role else {
            return;
        };
        let (epoch, committed) = (lead.epoch, lead.committed);
        let shares_history = leader.log.continues(member.applied, &member.log);
        let loses_tail = member.log.last() > leader.log.fork(&member.log);
        let log = leader.log.clone();
        let snapshot = (!shares_history).then(|| (leader.server.state(), leader.applied));
        self.last_link += 1;
        let (link, sync_limit) = (self.last_link, self.config.sync_limit);
        if loses_tail {
            let last = log.last();
            self.witness_fact(now, id, Fact::TailLost { last });
        }
        let Some(member) = self.get_mut(id) else {
            return;
        };
        member.server.enter(Mode::Follower);
        member.log = log;
        if let Some((state, applied)) = snapshot {
            member.server.adopt(state);
            member.applied = applied;
        }
        member.server.zxid = member.applied;
        member.catch_up(now, committed);
        member.epoch = epoch;
        member.role = Role::Following(Following {
            leader: leader_id,
            link,
            heard: now,
        });
        if let Some(leader) = self.leader_mut(leader_id) {
            leader.admit(now, id, link, sync_limit);
        }
        self.advance(now, leader_id);
    }

    fn looking_since(&self, id: ServerId) -> Option<Moment> {
        let member = self.get(id)?;
        match member.role {
            Role::Looking { since } if !member.paused => Some(since),
            _ => None,
        }
    }

    /// A leader that this server reaches, that has a quorum without it, and whose epoch is not of the past.
    fn leader_for(&self, id: ServerId) -> Option<ServerId> {
        let joiner = self.get(id)?;
        let leads = |member: &&Member| match &member.role {
            Role::Leading(leader) => {
                let others = leader.learners.keys().filter(|&&other| other != id);
                member.runs()
                    && member.epoch >= joiner.epoch
                    && self.wires.connects(id, member.id)
                    && others.count() + 1 >= self.quorum()
            }
            _ => false,
        };
        let epoch = |member: &&Member| member.epoch;
        let leader = self.members.iter().filter(leads).max_by_key(epoch)?;
        Some(leader.id)
    }

    /// Who would elect a leader together with this server, and when.
    fn electors(&self, id: ServerId) -> Option<(Moment, Vec<ServerId>)> {
        self.looking_since(id)?;
        let mut chosen = vec![id];
        for member in &self.members {
            let knows_all = chosen
                .iter()
                .all(|&one| self.wires.connects(one, member.id));
            if member.id != id && member.is_looking() && knows_all {
                chosen.push(member.id);
            }
        }
        let mut since: Vec<Moment> = chosen
            .iter()
            .filter_map(|&one| self.looking_since(one))
            .collect();
        since.sort_unstable();
        let last = since.get(self.quorum() - 1)?;
        chosen.sort_unstable();
        Some((*last + self.config.election, chosen))
    }

    fn read_only_at(&self, id: ServerId) -> Option<Moment> {
        let since = self.looking_since(id)?;
        let member = self.get(id)?;
        let wants = self.config.server.read_only_mode && member.server.mode == Mode::Idle;
        wants.then(|| since + self.config.read_only_delay())
    }
}
