//! What a driver needs of a server, or of an ensemble of them.

use std::fmt::Debug;
use std::net::IpAddr;

use bytes::BytesMut;
use zk_wire::Moment;

use super::conn::ConnKey;
use super::ensemble::EnsembleCore;
use super::server::ServerCore;
use super::server_id::ServerId;

/// A state machine that speaks to clients.
pub(crate) trait Engine: Debug + Send + 'static {
    /// What tells apart the addresses under which clients find it.
    type Door: Copy + Debug + Send + Sync + 'static;

    fn accept(&mut self, now: Moment, door: Self::Door, address: IpAddr) -> ConnKey;
    fn present_certificate(&mut self, key: ConnKey, subject: &str);
    fn handle_bytes(&mut self, now: Moment, key: ConnKey, bytes: &mut BytesMut);
    fn handle_disconnected(&mut self, now: Moment, key: ConnKey);
    fn handle_timeout(&mut self, now: Moment);
    fn poll_timeout(&self) -> Option<Moment>;
    fn poll_ready(&mut self) -> Option<ConnKey>;
    fn poll_transmit(&mut self, now: Moment, key: ConnKey, out: &mut Vec<u8>);
    fn poll_closed(&self, key: ConnKey) -> bool;
    fn wants_input(&self, key: ConnKey) -> bool;
    /// Whether whoever dials now finds nobody.
    fn refuses(&self, door: Self::Door) -> bool;
}

macro_rules! delegate {
    ($core:ty) => {
        fn present_certificate(&mut self, key: ConnKey, subject: &str) {
            <$core>::present_certificate(self, key, subject);
        }
        fn handle_bytes(&mut self, now: Moment, key: ConnKey, bytes: &mut BytesMut) {
            <$core>::handle_bytes(self, now, key, bytes);
        }
        fn handle_disconnected(&mut self, now: Moment, key: ConnKey) {
            <$core>::handle_disconnected(self, now, key);
        }
        fn handle_timeout(&mut self, now: Moment) {
            <$core>::handle_timeout(self, now);
        }
        fn poll_timeout(&self) -> Option<Moment> {
            <$core>::poll_timeout(self)
        }
        fn poll_ready(&mut self) -> Option<ConnKey> {
            <$core>::poll_ready(self)
        }
        fn poll_transmit(&mut self, now: Moment, key: ConnKey, out: &mut Vec<u8>) {
            <$core>::poll_transmit(self, now, key, out);
        }
        fn poll_closed(&self, key: ConnKey) -> bool {
            <$core>::poll_closed(self, key)
        }
        fn wants_input(&self, key: ConnKey) -> bool {
            <$core>::wants_input(self, key)
        }
    };
}

impl Engine for ServerCore {
    type Door = ();

    fn accept(&mut self, now: Moment, (): (), address: IpAddr) -> ConnKey {
        Self::accept(self, now, address)
    }

    fn refuses(&self, (): ()) -> bool {
        self.refuses_connections()
    }

    delegate!(Self);
}

impl Engine for EnsembleCore {
    type Door = ServerId;

    fn accept(&mut self, now: Moment, door: ServerId, address: IpAddr) -> ConnKey {
        Self::accept(self, now, door, address)
    }

    fn refuses(&self, door: ServerId) -> bool {
        self.is_down(door)
            || self
                .server(door)
                .is_none_or(ServerCore::refuses_connections)
    }

    delegate!(Self);
}
