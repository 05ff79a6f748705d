//! What servers do with what they hear from each other, and what they have to say.

use std::time::Duration;

use zk_wire::{Moment, SessionId};

use super::core::EnsembleCore;
use super::leader::{OWN_LINK, WaitingSync};
use super::member::{Role, Step};
use super::wires::{Envelope, Packet};
use crate::core::line::Errand;
use crate::core::server_id::ServerId;
use crate::core::truth::Fact;

impl EnsembleCore {
    /// What the clients of one server have made it want. `true` if there was anything.
    pub(super) fn run_errands(&mut self, now: Moment, at: usize) -> bool {
        let Some(member) = self.members.get_mut(at).filter(|member| member.runs()) else {
            return false;
        };
        let id = member.id;
        let Some(outbox) = member.server.outbox() else {
            return false;
        };
        if let Role::Leading(_) = member.role {
            if !outbox.touched.is_empty() {
                let touched = std::mem::take(&mut outbox.touched);
                self.take_touches(now, id, touched);
            }
        }
        let mut any = false;
        while let Some(errand) = self.next_errand(at) {
            any = true;
            match self.get(id).map(|member| &member.role) {
                Some(Role::Following(following)) => {
                    let (leader, link) = (following.leader, following.link);
                    let packet = match errand {
                        Errand::Propose(proposal) => Packet::Forward(proposal),
                        Errand::Sync { session, xid } => Packet::Sync { session, xid },
                        Errand::Revalidate {
                            conn,
                            session,
                            timeout,
                        } => Packet::Revalidate {
                            conn,
                            session,
                            timeout,
                        },
                    };
                    self.send(now, id, leader, link, packet);
                }
                Some(Role::Leading(_)) => self.run_own_errand(now, id, errand),
                // Nobody to tell.
                _ => {}
            }
        }
        any
    }

    pub(super) fn deliver(&mut self, now: Moment, envelope: Envelope) {
        let Envelope {
            from,
            to,
            link,
            packet,
        } = envelope;
        let sync_limit = self.config.sync_limit;
        let Some(member) = self.get_mut(to) else {
            return;
        };
        match &mut member.role {
            Role::Leading(_) if from == to => {
                if let Packet::Ack(zxid) = packet {
                    self.acknowledged(now, to, from, zxid);
                }
            }
            Role::Leading(leader) => {
                let is_current = leader.hear(now, from, link, sync_limit);
                if is_current {
                    self.lead_by(now, to, from, link, packet);
                }
            }
            Role::Following(following) if following.link == link && following.leader == from => {
                following.heard = now;
                self.follow(now, to, from, link, packet);
            }
            _ => {}
        }
    }

    pub(super) fn send(
        &mut self,
        now: Moment,
        from: ServerId,
        to: ServerId,
        link: u64,
        packet: Packet,
    ) {
        let envelope = Envelope {
            from,
            to,
            link,
            packet,
        };
        self.wires.send(now, Duration::ZERO, envelope);
    }

    fn next_errand(&mut self, at: usize) -> Option<Errand> {
        let member = self.members.get_mut(at)?;
        member.server.outbox()?.errands.pop_front()
    }

    fn run_own_errand(&mut self, now: Moment, id: ServerId, errand: Errand) {
        match errand {
            Errand::Propose(proposal) => self.lead_proposal(now, id, proposal, OWN_LINK),
            Errand::Revalidate {
                conn,
                session,
                timeout,
            } => {
                let lives = self.revalidate(now, id, session, timeout, OWN_LINK);
                if let Some(member) = self.get_mut(id) {
                    member.server.revalidated(now, conn, lives);
                    member.server.read_on(now);
                }
            }
            // For a leader that is a read: its outbox never has one.
            Errand::Sync { .. } => {}
        }
    }

    /// A message of a follower, at its leader.
    fn lead_by(&mut self, now: Moment, to: ServerId, from: ServerId, link: u64, packet: Packet) {
        match packet {
            Packet::Forward(proposal) => self.lead_proposal(now, to, proposal, link),
            Packet::Ack(zxid) => self.acknowledged(now, to, from, zxid),
            Packet::Touches(touched) => self.take_touches(now, to, touched),
            Packet::Revalidate {
                conn,
                session,
                timeout,
            } => {
                let lives = self.revalidate(now, to, session, timeout, link);
                self.send(now, to, from, link, Packet::Revalidated { conn, lives });
            }
            Packet::Sync { session, xid } => {
                // Behind what is proposed; and if that is nothing, the leader asks nobody whether it
                // still leads (ZOOKEEPER-1675).
                let Some(leader) = self.leader_mut(to) else {
                    return;
                };
                match leader.outstanding.back() {
                    Some((behind, _)) => leader.syncs.push_back(WaitingSync {
                        behind: *behind,
                        to: from,
                        link,
                        session,
                        xid,
                    }),
                    None => self.send(now, to, from, link, Packet::Synced { session, xid }),
                }
            }
            Packet::HangUp => {
                if let Some(leader) = self.leader_mut(to) {
                    leader.learners.remove(&from);
                }
            }
            Packet::Propose(_)
            | Packet::Commit(_)
            | Packet::Ping
            | Packet::Synced { .. }
            | Packet::Revalidated { .. } => {}
        }
    }

    /// A message of the leader, at a follower.
    fn follow(&mut self, now: Moment, to: ServerId, from: ServerId, link: u64, packet: Packet) {
        let Some(member) = self.get_mut(to) else {
            return;
        };
        match packet {
            Packet::Propose(entry) => {
                let zxid = entry.zxid();
                member.log.push(entry);
                let fsync = member.fsync;
                let envelope = Envelope {
                    from: to,
                    to: from,
                    link,
                    packet: Packet::Ack(zxid),
                };
                self.wires.send(now, fsync, envelope);
            }
            Packet::Commit(zxid) => member.schedule(now, zxid),
            Packet::Ping => {
                let touched = member.server.outbox().map(|outbox| &mut outbox.touched);
                let touched = touched.map(std::mem::take).unwrap_or_default();
                self.send(now, to, from, link, Packet::Touches(touched));
            }
            Packet::Synced { session, xid } => {
                let due = now + member.lag;
                member.steps.push_back((due, Step::Sync { session, xid }));
            }
            Packet::Revalidated { conn, lives } => {
                member.server.revalidated(now, conn, lives);
                member.server.read_on(now);
            }
            Packet::HangUp => self.look_for_leader(now, to),
            Packet::Forward(_)
            | Packet::Sync { .. }
            | Packet::Revalidate { .. }
            | Packet::Ack(_)
            | Packet::Touches(_) => {}
        }
    }

    fn take_touches(
        &mut self,
        now: Moment,
        id: ServerId,
        touched: std::collections::BTreeMap<SessionId, Duration>,
    ) {
        let witnesses = self.truth.is_some();
        let mut facts = Vec::new();
        if let Some(leader) = self.leader_mut(id) {
            for (session, timeout) in touched {
                leader.tracker.touch_for(now, session, timeout);
                if let Some(known) = leader.tracker.get(session).filter(|_| witnesses) {
                    facts.push(Fact::SessionTouched {
                        session,
                        expires_at: known.expires_at,
                    });
                }
            }
        }
        for fact in facts {
            self.witness_fact(now, id, fact);
        }
    }

    fn revalidate(
        &mut self,
        now: Moment,
        id: ServerId,
        session: SessionId,
        timeout: Duration,
        link: u64,
    ) -> bool {
        self.leader_mut(id)
            .is_some_and(|leader| leader.revalidate(now, session, timeout, link))
    }
}
