//! The ensemble as its clients meet it, in virtual time.

mod chaos;
mod cut_off;
mod elections;
mod late;
mod random;
mod sessions;
mod writes;

use std::net::{IpAddr, Ipv4Addr};

use zk_wire::{ConnectResponse, ErrorCode, Moment, Request, Response};

use super::{EnsembleConfig, EnsembleCore, MemberState};
use crate::core::ServerId;
use crate::core::conn::ConnKey;
use crate::core::tests::rig::{Got, Peer, Rig, hello};

pub(super) const ONE: ServerId = ServerId::new(1);
pub(super) const TWO: ServerId = ServerId::new(2);
/// Leads at first: all logs are equal, so the highest number wins.
pub(super) const THREE: ServerId = ServerId::new(3);

pub(super) type World = Rig<EnsembleCore>;

/// Three servers with ticks of 500 ms and a syncLimit of 5.
pub(super) fn world() -> World {
    world_with(|_| ())
}

pub(super) fn world_with(change: impl FnOnce(&mut EnsembleConfig)) -> World {
    let mut config = EnsembleConfig::default();
    change(&mut config);
    Rig {
        core: EnsembleCore::new(config),
        now: Moment::ZERO,
    }
}

impl World {
    pub(super) fn dial_at(&mut self, server: ServerId) -> ConnKey {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.core.accept(self.now, server, address)
    }

    /// A client with a new session of ten seconds.
    pub(super) fn connect_at(&mut self, server: ServerId) -> Peer {
        self.connect_at_for(server, 10_000)
    }

    pub(super) fn connect_at_for(&mut self, server: ServerId, timeout_ms: i32) -> Peer {
        let response = self.answer_at(server, timeout_ms);
        let (key, response) = response.expect("a session");
        Peer::new(key, &response)
    }

    pub(super) fn answer_at(
        &mut self,
        server: ServerId,
        timeout_ms: i32,
    ) -> Option<(ConnKey, ConnectResponse)> {
        let key = self.dial_at(server);
        let response = self.shake(key, &hello(timeout_ms))?;
        Some((key, response))
    }

    pub(super) fn resume_at(&mut self, server: ServerId, peer: &Peer) -> Option<Peer> {
        let key = self.dial_at(server);
        self.resume_on(key, peer)
    }

    pub(super) fn state(&self, server: ServerId) -> MemberState {
        self.core.member(server).unwrap().state
    }

    pub(super) fn paths_at(&self, server: ServerId) -> Vec<String> {
        self.core.server(server).unwrap().paths()
    }

    /// Whether the connection was hung up, with everything sent.
    pub(super) fn is_hung_up(&mut self, peer: &Peer) -> bool {
        self.core.poll_closed(peer.key)
    }

    pub(super) fn ping(&mut self, peer: &mut Peer) -> bool {
        self.send(peer, &Request::Ping);
        let got = self.got(peer);
        matches!(got[..], [Got::Reply { xid: -2, .. }])
    }
}

pub(super) fn sync(path: &str) -> Request {
    Request::Sync {
        path: path.to_owned(),
    }
}

pub(super) fn barrier() -> Request {
    Request::Multi(vec![])
}

pub(super) fn ok(result: Result<Response, ErrorCode>) -> Response {
    result.expect("the request should have been carried out")
}
