//! The ensemble: its servers, the wires between them, and the time.

use std::net::IpAddr;
use std::time::Duration;

use bytes::BytesMut;
use zk_wire::{Moment, Zxid};

use super::agenda::Agenda;
use super::backup::Backup;
use super::config::EnsembleConfig;
use super::member::{Member, Role};
use super::wires::Wires;
use crate::core::conn::ConnKey;
use crate::core::server::MEMBER_SHIFT;
use crate::core::server_id::ServerId;
use crate::core::truth::{Fact, Witnessed};
use crate::core::{ServerConfig, ServerCore};

/// An ensemble of ZooKeeper servers as a state machine: bytes, hang-ups and the time go in, bytes and
/// hang-ups come out. It is driven like a [`ServerCore`], and has one clock for all servers.
///
/// Each server has its own copy of the tree, its own connections, watches and idea of the sessions. One of
/// them leads: it orders the writes of all, and alone decides when a session expires. The others hear of
/// what is committed when it reaches them. What a client may observe of that is modelled; what it may not
/// (the votes of an election, the files of a log) is not.
///
/// ```
/// use std::time::Duration;
/// use zk_embedded::{EnsembleConfig, EnsembleCore, MemberState, ServerId};
/// use zk_wire::Moment;
///
/// let mut ensemble = EnsembleCore::new(EnsembleConfig::default());
/// let leader = ensemble.leader().expect("all servers are up");
/// ensemble.crash(Moment::ZERO, leader);
/// while ensemble.leader().is_none() {
///     let next = ensemble.poll_timeout().expect("an election is on");
///     ensemble.handle_timeout(next);
/// }
/// let crashed = ensemble.member(leader).map(|member| member.state);
/// assert_eq!(crashed, Some(MemberState::Down));
/// ```
#[derive(Debug)]
pub struct EnsembleCore {
    pub(super) config: EnsembleConfig,
    pub(super) members: Vec<Member>,
    pub(super) wires: Wires,
    /// The newest transaction that any server knows to be committed.
    pub(super) committed: Zxid,
    pub(super) commits_frozen: bool,
    /// What no quorum has is lost in every election.
    pub(super) loses_tails: bool,
    pub(super) last_link: u64,
    pub(super) agenda: Agenda,
    /// What the words `backup` and `restore` are about.
    pub(super) kept: Option<Backup>,
    pub(super) truth: Option<Vec<Witnessed>>,
    /// The newest transaction that was witnessed, and by whom.
    told: (Zxid, u8),
}

impl EnsembleCore {
    /// All servers are up, none was ever written to, and one of them leads.
    #[must_use]
    pub fn new(config: EnsembleConfig) -> Self {
        let member = |number: u8| {
            let server = ServerConfig {
                seed: config.server.seed.wrapping_add(u64::from(number) - 1),
                ..config.server.clone()
            };
            Member::new(ServerId::new(number), ServerCore::member(server, number))
        };
        let mut ensemble = Self {
            members: (1..=config.servers()).map(member).collect(),
            wires: Wires::new(config.latency),
            committed: config.server.first_zxid,
            commits_frozen: false,
            loses_tails: false,
            last_link: 0,
            agenda: Agenda::default(),
            kept: None,
            truth: None,
            told: (config.server.first_zxid, 0),
            config,
        };
        let everybody = ensemble.servers();
        ensemble.elect(Moment::ZERO, &everybody);
        ensemble.pump(Moment::ZERO);
        ensemble
    }

    /// The numbers of all servers, in order.
    #[must_use]
    pub fn servers(&self) -> Vec<ServerId> {
        self.members.iter().map(|member| member.id).collect()
    }

    /// A client has connected to that server. The connection is closed at once if the server is down, or
    /// if there is no such server.
    pub fn accept(&mut self, now: Moment, server: ServerId, address: IpAddr) -> ConnKey {
        let Some(member) = self.get_mut(server) else {
            // Unknown keys count as closed.
            return ConnKey::from_raw(u64::MAX);
        };
        let key = member.server.accept(now, address);
        if matches!(member.role, Role::Down) {
            member.server.close(key);
        }
        key
    }

    /// As [`ServerCore::present_certificate`].
    pub fn present_certificate(&mut self, key: ConnKey, subject: &str) {
        if let Some(member) = self.get_mut(server_of(key)) {
            member.server.present_certificate(key, subject);
        }
    }

    /// Bytes have arrived. All of them are taken out of `bytes`.
    pub fn handle_bytes(&mut self, now: Moment, key: ConnKey, bytes: &mut BytesMut) {
        let Some(member) = self.get_mut(server_of(key)) else {
            return bytes.clear();
        };
        if member.paused || member.deaf {
            member.stash.entry(key).or_default().unsplit(bytes.split());
            return;
        }
        member.server.handle_bytes(now, key, bytes);
        self.pump(now);
    }

    /// The client has hung up, or the driver has after a close. The session lives on.
    pub fn handle_disconnected(&mut self, now: Moment, key: ConnKey) {
        if let Some(member) = self.get_mut(server_of(key)) {
            if member.paused {
                member.hung_up.push(key);
                return;
            }
            member.stash.remove(&key);
            member.server.handle_disconnected(now, key);
        }
    }

    /// It is `now`: messages arrive, leaders beat, sessions expire, elections end. May be called too early
    /// or too often.
    pub fn handle_timeout(&mut self, now: Moment) {
        for id in self.servers() {
            self.keep_time(now, id);
        }
        self.elections(now);
        self.pump(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) has to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let patience = self.config.patience();
        let of_member = |member: &Member| {
            let of_role = match &member.role {
                Role::Down | Role::Looking { .. } => None,
                Role::Following(following) => Some(following.heard + patience),
                Role::Leading(leader) => {
                    let silent = leader.learners.values().map(|one| one.heard + patience);
                    let expiry = leader.tracker.next_expiry();
                    silent.chain(expiry).chain([leader.next_beat]).min()
                }
            };
            [of_role, member.server.poll_timeout(), member.next_step()]
                .into_iter()
                .flatten()
                .min()
        };
        self.members
            .iter()
            .filter(|member| member.runs())
            .filter_map(of_member)
            .chain(self.wires.next_arrival())
            .chain(self.next_election())
            .chain(self.agenda.next())
            .min()
    }

    /// A connection that has something to send, is to be hung up, or may want input again.
    pub fn poll_ready(&mut self) -> Option<ConnKey> {
        self.members
            .iter_mut()
            .find_map(|member| member.server.poll_ready())
    }

    /// Appends what this connection sends now.
    pub fn poll_transmit(&mut self, now: Moment, key: ConnKey, out: &mut Vec<u8>) {
        if let Some(member) = self.get_mut(server_of(key)) {
            if !member.paused && !member.deaf {
                member.server.poll_transmit(now, key, out);
                self.pump(now);
            }
        }
    }

    /// Whether the connection is to be hung up, now that everything is sent: then hang up and report it
    /// with [`handle_disconnected`](Self::handle_disconnected).
    #[must_use]
    pub fn poll_closed(&self, key: ConnKey) -> bool {
        self.get(server_of(key))
            .is_none_or(|member| !member.paused && !member.deaf && member.server.poll_closed(key))
    }

    /// Whether the driver should read from the connection.
    #[must_use]
    pub fn wants_input(&self, key: ConnKey) -> bool {
        self.get(server_of(key))
            .is_some_and(|member| !member.paused && !member.deaf && member.server.wants_input(key))
    }

    pub(super) fn get(&self, id: ServerId) -> Option<&Member> {
        self.members.get(id.index())
    }

    pub(super) fn get_mut(&mut self, id: ServerId) -> Option<&mut Member> {
        self.members.get_mut(id.index())
    }

    pub(super) fn quorum(&self) -> usize {
        self.members.len() / 2 + 1
    }

    /// Lets everything happen that can happen now.
    pub(super) fn pump(&mut self, now: Moment) {
        loop {
            let mut rests = !self.run_agenda(now);
            for at in 0..self.members.len() {
                rests &= !self.run_errands(now, at);
            }
            while let Some(envelope) = self.wires.receive(now) {
                rests = false;
                self.deliver(now, envelope);
            }
            for member in &mut self.members {
                while member.take_step(now) {
                    rests = false;
                }
            }
            if rests {
                break;
            }
        }
        if self.truth.is_some() {
            self.collect_truth();
        }
    }

    pub(super) fn witness_fact(&mut self, now: Moment, server: ServerId, fact: Fact) {
        if self.truth.is_some() {
            self.collect_truth();
        }
        if let Some(truth) = &mut self.truth {
            truth.push(Witnessed {
                at: now,
                server: server.number(),
                fact,
            });
        }
    }

    /// Of what every server has seen for itself, transactions count once.
    fn collect_truth(&mut self) {
        let Some(truth) = &mut self.truth else {
            return;
        };
        for member in &mut self.members {
            for seen in member.server.drain_truth() {
                let (zxid, is_first) = match &seen.fact {
                    Fact::Committed { zxid, .. } | Fact::SessionCreated { zxid, .. } => {
                        (*zxid, *zxid > self.told.0)
                    }
                    Fact::SessionClosed { zxid, .. } => (*zxid, self.told == (*zxid, seen.server)),
                    _ => (self.told.0, true),
                };
                if is_first {
                    if zxid > self.told.0 {
                        self.told = (zxid, seen.server);
                    }
                    truth.push(seen);
                }
            }
        }
    }

    /// After an old state was restored zxids may come again.
    pub(super) fn forget_told(&mut self, last: Zxid) {
        self.told = (last, 0);
    }

    pub(super) const fn tick(&self) -> Duration {
        self.config.server.tick
    }
}

/// The server to which a connection leads.
pub(super) fn server_of(key: ConnKey) -> ServerId {
    let number = key.as_raw() >> MEMBER_SHIFT;
    ServerId::new(u8::try_from(number).unwrap_or(0))
}
