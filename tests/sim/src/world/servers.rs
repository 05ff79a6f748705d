//! The servers of a run: the one place that knows which model stands behind the wire.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::BytesMut;
use zk_embedded::{
    Backup, ConnKey, EnsembleConfig, EnsembleCore, Match, MemberState, Reaction, ServerCore,
    ServerId, SessionInfo, Witnessed,
};
use zk_wire::{ErrorCode, Moment, OpCode, SessionId};

use crate::schedule::Direction;

/// How the servers are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServersConfig {
    /// How many.
    pub servers: usize,
    /// The unit of session timeouts.
    pub tick: Duration,
    /// How long an election takes.
    pub election: Duration,
    /// How often they look for empty containers and nodes whose time is over.
    pub reaping: Duration,
    /// What the order of listed children comes from.
    pub seed: u64,
}

/// So seldom do servers look for what is to go that no run sees it, unless it asks for that.
pub const SELDOM: Duration = Duration::from_secs(3600);

/// The servers.
#[derive(Debug)]
pub struct Servers {
    ensemble: EnsembleCore,
    /// Some server lets the nodes of dead sessions linger.
    lingers: bool,
    /// The last two backups, the older first.
    backups: [Option<Backup>; 2],
}

impl Servers {
    /// Servers that were never written to.
    #[must_use]
    pub fn new(config: ServersConfig) -> Self {
        let mut ensemble = EnsembleConfig::default();
        ensemble.servers = u8::try_from(config.servers).unwrap_or(1);
        ensemble.election = config.election;
        ensemble.latency = Duration::from_millis(1);
        ensemble.server.tick = config.tick;
        ensemble.server.seed = config.seed;
        ensemble.server.log_limit = 0;
        ensemble.server.reaper_interval = config.reaping;
        let mut ensemble = EnsembleCore::new(ensemble);
        ensemble.witness(true);
        Self {
            ensemble,
            lingers: false,
            backups: [None, None],
        }
    }

    pub(super) fn accepts(&self, server: usize) -> bool {
        let wanted = id(server);
        let mut members = self.ensemble.members().into_iter();
        members.any(|member| member.id == wanted && member.state != MemberState::Down)
    }

    pub(super) fn accept(&mut self, now: Moment, server: usize) -> ConnKey {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.ensemble.accept(now, id(server), address)
    }

    pub(super) fn handle_bytes(&mut self, now: Moment, key: ConnKey, bytes: &[u8]) {
        self.ensemble
            .handle_bytes(now, key, &mut BytesMut::from(bytes));
    }

    pub(super) fn handle_disconnected(&mut self, now: Moment, key: ConnKey) {
        self.ensemble.handle_disconnected(now, key);
    }

    pub(super) fn handle_timeout(&mut self, now: Moment) {
        self.ensemble.handle_timeout(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        self.ensemble.poll_timeout()
    }

    pub(super) fn poll_ready(&mut self) -> Option<ConnKey> {
        self.ensemble.poll_ready()
    }

    pub(super) fn poll_transmit(&mut self, now: Moment, key: ConnKey, out: &mut Vec<u8>) {
        self.ensemble.poll_transmit(now, key, out);
    }

    pub(super) fn poll_closed(&self, key: ConnKey) -> bool {
        self.ensemble.poll_closed(key)
    }

    /// Ends a session as if its time had come.
    pub fn expire(&mut self, now: Moment, session: SessionId) -> bool {
        self.ensemble.expire(now, session)
    }

    /// Everybody is alone, or together again.
    pub fn scatter(&mut self, now: Moment) {
        self.ensemble.partition(now, &[]);
    }

    /// The client's server is cut off from the others.
    pub fn cut_off(&mut self, now: Moment, server: usize) {
        let others: Vec<ServerId> = self.others(id(server));
        self.ensemble.partition(now, &[&others, &[id(server)]]);
    }

    /// The client's server hears nothing from the others any more (to it), or is not heard by them.
    pub fn one_way(&mut self, server: usize, way: Direction) {
        for other in self.others(id(server)) {
            match way {
                Direction::ToServer => self.ensemble.block(other, id(server)),
                Direction::ToClient => self.ensemble.block(id(server), other),
            }
        }
    }

    /// Whoever comes back with a session that is gone is given another one in silence, or told the truth again.
    pub fn substitute(&mut self, now: Moment, on: bool) {
        self.everywhere(now, |core| core.substitute_sessions(on));
    }

    /// Keeps what the leader has now, for [`restore_old`](Self::restore_old).
    pub fn back_up(&mut self) {
        let leader = self.ensemble.leader();
        if let Some(backup) = leader.and_then(|leader| self.ensemble.backup(leader)) {
            self.backups = [self.backups[1].take(), Some(backup)];
        }
    }

    /// All servers start again with what was there at the last backup but one.
    pub fn restore_old(&mut self, now: Moment) {
        let servers = self.ensemble.servers();
        if let Some(backup) = self.backups.iter().flatten().next() {
            self.ensemble.restore(now, &servers, backup);
        }
    }

    /// The leader is cut off, and what only it has is lost when it finds out.
    pub fn lose_tail(&mut self, now: Moment) {
        self.ensemble.lose_tails(true);
        if let Some(leader) = self.ensemble.leader() {
            let others = self.others(leader);
            self.ensemble.partition(now, &[&others, &[leader]]);
        }
    }

    /// Everybody reaches everybody.
    pub fn reunite(&mut self, now: Moment) {
        self.ensemble.heal(now);
        self.ensemble.lose_tails(false);
    }

    /// A server crashes: the leader, or one that is not. Only while all are up.
    pub fn crash(&mut self, now: Moment, leader: bool) -> bool {
        let members = self.ensemble.members();
        if members
            .iter()
            .any(|member| member.state == MemberState::Down)
        {
            return false;
        }
        let leads = self.ensemble.leader();
        let chosen = members
            .iter()
            .find(|member| (Some(member.id) == leads) == leader);
        if let Some(chosen) = chosen {
            self.ensemble.crash(now, chosen.id);
        }
        chosen.is_some()
    }

    /// Servers that have crashed start again.
    pub fn restart(&mut self, now: Moment) {
        for member in self.ensemble.members() {
            if member.state == MemberState::Down {
                self.ensemble.restart(now, member.id);
            }
        }
    }

    /// A server's process stands still.
    pub fn stand_still(&mut self, now: Moment, server: usize) {
        self.ensemble.pause(now, id(server), true);
    }

    /// It goes on: of the requests that it finds, so many are passed on before the handshakes.
    pub fn go_on(&mut self, now: Moment, server: usize, ahead: usize) {
        self.ensemble.go_on(now, id(server), ahead);
    }

    /// A server applies what is committed that much later. False for the leader, which does not.
    pub fn lag(&mut self, now: Moment, server: usize, by: Duration) -> bool {
        self.ensemble.lag(now, id(server), by);
        self.ensemble.leader() != Some(id(server))
    }

    /// A server takes that long for each node of a session that has ended.
    pub fn linger(&mut self, server: usize, each: Duration) {
        self.ensemble.linger(id(server), each);
        self.lingers |= !each.is_zero();
    }

    /// How far a server is behind the newest transaction that any has applied.
    #[must_use]
    pub fn is_behind(&self, server: usize) -> bool {
        let members = self.ensemble.members();
        let newest = members.iter().map(|member| member.applied).max();
        let own = members.iter().find(|member| member.id == id(server));
        own.map(|member| member.applied) < newest
    }

    /// Whether the nodes of sessions that have ended are still there on that server.
    #[must_use]
    pub fn is_lingering(&self, server: usize) -> bool {
        if !self.lingers {
            return false;
        }
        let Some(core) = self.ensemble.server(id(server)) else {
            return false;
        };
        // The leader's word on who lives, unless it is the one that lingers.
        let sessions = self.sessions();
        let living = |session: SessionId| sessions.iter().any(|it| it.id == session);
        let owners = core.paths().into_iter().filter_map(|path| core.node(&path));
        owners
            .map(|node| node.stat.ephemeral_owner)
            .any(|owner| !owner.is_none() && !living(owner))
    }

    /// Refuses the next requests of a session for want of room.
    pub fn throttle(&mut self, now: Moment, session: SessionId, requests: u64) {
        // Handshakes are not throttled.
        let asks = [
            OpCode::Create2,
            OpCode::Delete,
            OpCode::Exists,
            OpCode::GetChildren,
            OpCode::GetData,
            OpCode::Multi,
            OpCode::SetData,
        ];
        let requests = Match::ops(asks).session(session).times(requests);
        let then = Reaction::Error(ErrorCode::ThrottledOp);
        self.everywhere(now, |core| {
            core.add_rule(requests.clone(), then);
        });
    }

    /// Collects empty containers, and nodes whose time is over.
    pub fn reap_containers(&mut self, now: Moment) {
        if let Some(leader) = self.ensemble.leader() {
            self.ensemble
                .with_server(now, leader, |core| core.run_reaper(now));
        }
    }

    /// Lets the low word of zxids go on from there.
    pub fn set_counter(&mut self, low: u32) -> bool {
        self.ensemble.set_counter(low)
    }

    /// Sets the next sequence number below a node. Only while all servers are at one point: it is no transaction, and a
    /// server that is behind would give out other numbers than the rest.
    pub fn set_sequence(&mut self, parent: &str, next: i32) -> bool {
        let members = self.ensemble.members();
        let first = members.first().map(|member| member.logged);
        let together = members
            .iter()
            .all(|member| Some(member.logged) == first && Some(member.applied) == first);
        together && self.ensemble.set_sequence(parent, next)
    }

    /// Takes back every fault.
    pub fn heal(&mut self, now: Moment) {
        self.everywhere(now, ServerCore::clear_rules);
        self.substitute(now, false);
        self.reunite(now);
        self.restart(now);
        for server in self.ensemble.servers() {
            self.ensemble.lag(now, server, Duration::ZERO);
            self.ensemble.linger(server, Duration::ZERO);
        }
        self.lingers = false;
    }

    /// What has happened at the servers since the last call.
    pub(crate) fn drain_truth(&mut self) -> Vec<Witnessed> {
        self.ensemble.drain_truth()
    }

    /// The sessions that live.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.authority()
            .map(ServerCore::sessions)
            .unwrap_or_default()
    }

    /// All nodes but the root and `/zookeeper`.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.authority().map(ServerCore::paths).unwrap_or_default()
    }

    /// Who owns a node; `None` if it is not there.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<SessionId> {
        Some(self.authority()?.node(path)?.stat.ephemeral_owner)
    }

    /// How many watches there are on all servers.
    #[must_use]
    pub fn watch_count(&self) -> usize {
        let servers = self.ensemble.servers().into_iter();
        let cores = servers.filter_map(|server| self.ensemble.server(server));
        cores.map(ServerCore::watch_count).sum()
    }

    fn authority(&self) -> Option<&ServerCore> {
        self.ensemble.server(self.ensemble.leader()?)
    }

    fn others(&self, but: ServerId) -> Vec<ServerId> {
        let servers = self.ensemble.servers().into_iter();
        servers.filter(|server| *server != but).collect()
    }

    fn everywhere(&mut self, now: Moment, mut act: impl FnMut(&mut ServerCore)) {
        for server in self.ensemble.servers() {
            self.ensemble.with_server(now, server, &mut act);
        }
    }
}

/// Servers are counted from 0 here and from 1 there.
fn id(server: usize) -> ServerId {
    ServerId::new(u8::try_from(server + 1).unwrap_or(u8::MAX))
}
