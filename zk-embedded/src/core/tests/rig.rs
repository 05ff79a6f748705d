//! A core, a clock, and clients that speak frames.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use zk_wire::jute::{Decode, Encode, Reader};
use zk_wire::{
    Acl, ConnectRequest, ConnectResponse, Create, CreateMode, ErrorCode, EventType, FrameDecoder,
    Moment, ReplyHeader, Request, Response, SessionId, Stat, WatcherEvent, Zxid, frame, xid,
};

use crate::core::{ConnKey, Engine, ServerConfig, ServerCore};

/// A server and the time.
pub(in crate::core) struct Rig<E = ServerCore> {
    pub(in crate::core) core: E,
    pub(in crate::core) now: Moment,
}

/// A connection with a session.
pub(in crate::core) struct Peer {
    pub(in crate::core) key: ConnKey,
    pub(in crate::core) session: SessionId,
    pub(in crate::core) password: Bytes,
    pub(in crate::core) timeout_ms: i32,
    next_xid: i32,
    received: BytesMut,
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum Got {
    Reply {
        xid: i32,
        zxid: i64,
        err: i32,
    },
    Event {
        kind: EventType,
        path: String,
        zxid: i64,
    },
}

impl Got {
    pub(in crate::core) fn event(kind: EventType, path: &str, zxid: i64) -> Self {
        Self::Event {
            kind,
            path: path.to_owned(),
            zxid,
        }
    }
}

impl Rig<ServerCore> {
    pub(in crate::core) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(in crate::core) fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::default();
        change(&mut config);
        Self {
            core: ServerCore::new(config),
            now: Moment::ZERO,
        }
    }

    /// A bare connection.
    pub(in crate::core) fn dial(&mut self) -> ConnKey {
        self.core.accept(self.now, IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// A client with a new session of ten seconds.
    pub(in crate::core) fn connect(&mut self) -> Peer {
        self.connect_for(10_000)
    }

    pub(in crate::core) fn connect_for(&mut self, timeout_ms: i32) -> Peer {
        let key = self.dial();
        let response = self.shake(key, &hello(timeout_ms)).unwrap();
        Peer::new(key, &response)
    }

    /// Takes a session up on a new connection.
    pub(in crate::core) fn resume(&mut self, peer: &Peer) -> Option<Peer> {
        let key = self.dial();
        self.resume_on(key, peer)
    }
}

impl<E: Engine> Rig<E> {
    /// Lets time pass, stopping wherever the core wants to be called.
    pub(in crate::core) fn advance(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.core.poll_timeout().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.core.handle_timeout(self.now);
        }
        self.now = end;
        self.core.handle_timeout(end);
    }

    pub(in crate::core) fn put(&mut self, key: ConnKey, bytes: &[u8]) {
        self.core
            .handle_bytes(self.now, key, &mut BytesMut::from(bytes));
    }

    pub(in crate::core) fn take(&mut self, key: ConnKey) -> Vec<u8> {
        let mut out = Vec::new();
        self.core.poll_transmit(self.now, key, &mut out);
        out
    }

    /// A handshake, and its answer if there is one.
    pub(in crate::core) fn shake(
        &mut self,
        key: ConnKey,
        request: &ConnectRequest,
    ) -> Option<ConnectResponse> {
        self.put(key, &framed(|out| request.encode(out)));
        self.shaken(key)
    }

    pub(in crate::core) fn shaken(&mut self, key: ConnKey) -> Option<ConnectResponse> {
        let mut bytes = BytesMut::from(&self.take(key)[..]);
        let frame = FrameDecoder::default().next(&mut bytes).unwrap()?;
        assert!(bytes.is_empty());
        Some(ConnectResponse::decode(&mut Reader::new(frame)).unwrap())
    }

    /// Takes a session up on that connection.
    pub(in crate::core) fn resume_on(&mut self, key: ConnKey, peer: &Peer) -> Option<Peer> {
        let request = ConnectRequest {
            session_id: peer.session,
            password: peer.password.clone(),
            ..hello(peer.timeout_ms)
        };
        let response = self.shake(key, &request)?;
        response.is_valid().then(|| Peer {
            next_xid: peer.next_xid,
            ..Peer::new(key, &response)
        })
    }

    pub(in crate::core) fn hang_up(&mut self, peer: &Peer) {
        self.core.handle_disconnected(self.now, peer.key);
    }

    /// Sends a request; returns its xid.
    pub(in crate::core) fn send(&mut self, peer: &mut Peer, request: &Request) -> i32 {
        let xid = match request {
            Request::Ping => xid::PING,
            _ => {
                peer.next_xid += 1;
                peer.next_xid
            }
        };
        self.put(peer.key, &framed(|out| request.encode(xid, out)));
        xid
    }

    /// Everything that has arrived.
    pub(in crate::core) fn got(&mut self, peer: &mut Peer) -> Vec<Got> {
        let mut all = Vec::new();
        while let Some((header, mut body)) = self.next_frame(peer) {
            all.push(read_got(header, &mut body));
        }
        all
    }

    /// Sends a request and waits for its reply, which must have no company.
    pub(in crate::core) fn call(
        &mut self,
        peer: &mut Peer,
        request: &Request,
    ) -> Result<Response, ErrorCode> {
        let xid = self.send(peer, request);
        let (header, mut body) = self.next_frame(peer).expect("a reply");
        assert_eq!(header.xid, xid, "reply to another request, or an event");
        match ErrorCode::from_raw(header.err) {
            None => Ok(Response::decode(request.op_code(), &mut body).unwrap()),
            Some(code) => {
                // Real servers end a failed exchange of SASL with a null token.
                let is_sasl = matches!(request, Request::Sasl { .. });
                assert!(body.is_empty() || is_sasl, "a failed request has no body");
                Err(code)
            }
        }
    }

    pub(in crate::core) fn is_closed(&mut self, peer: &Peer) -> bool {
        self.core.poll_closed(peer.key)
    }

    // Shorthands for what nearly every test does.

    pub(in crate::core) fn create(&mut self, peer: &mut Peer, path: &str) -> Stat {
        self.create_as(peer, path, CreateMode::Persistent)
            .unwrap()
            .1
    }

    pub(in crate::core) fn create_as(
        &mut self,
        peer: &mut Peer,
        path: &str,
        mode: CreateMode,
    ) -> Result<(String, Stat), ErrorCode> {
        match self.call(peer, &Request::Create(Create::new(path, "", mode)))? {
            Response::Created { path, stat } => Ok((path, stat)),
            other => panic!("create answered with {other:?}"),
        }
    }

    pub(in crate::core) fn set(&mut self, peer: &mut Peer, path: &str) -> Stat {
        match self.call(peer, &set(path)).unwrap() {
            Response::Stat(stat) => stat,
            other => panic!("setData answered with {other:?}"),
        }
    }

    pub(in crate::core) fn stat(&mut self, peer: &mut Peer, path: &str) -> Option<Stat> {
        let request = Request::Exists {
            path: path.to_owned(),
            watch: false,
        };
        match self.call(peer, &request) {
            Ok(Response::Stat(stat)) => Some(stat),
            Err(ErrorCode::NoNode) => None,
            other => panic!("exists answered with {other:?}"),
        }
    }

    fn next_frame(&mut self, peer: &mut Peer) -> Option<(ReplyHeader, Reader)> {
        let bytes = self.take(peer.key);
        peer.received.extend_from_slice(&bytes);
        let frame = FrameDecoder::new(usize::MAX)
            .next(&mut peer.received)
            .unwrap()?;
        let mut reader = Reader::new(frame);
        Some((ReplyHeader::decode(&mut reader).unwrap(), reader))
    }
}

impl Peer {
    pub(in crate::core) fn new(key: ConnKey, response: &ConnectResponse) -> Self {
        assert!(response.is_valid());
        Self {
            key,
            session: response.session_id,
            password: response.password.clone(),
            timeout_ms: response.timeout_ms,
            next_xid: 0,
            received: BytesMut::new(),
        }
    }
}

impl Peer {
    /// What no client may do: see what becomes of it.
    pub(in crate::core) fn restart_xids(&mut self) {
        self.next_xid = 0;
    }
}

fn read_got(header: ReplyHeader, body: &mut Reader) -> Got {
    let zxid = header.zxid.as_raw();
    if header.xid == xid::NOTIFICATION {
        let event = WatcherEvent::decode(body).unwrap();
        assert_eq!(event.state, WatcherEvent::SYNC_CONNECTED);
        Got::Event {
            kind: event.event,
            path: event.path,
            zxid,
        }
    } else {
        Got::Reply {
            xid: header.xid,
            zxid,
            err: header.err,
        }
    }
}

/// The handshake of a new session.
pub(in crate::core) fn hello(timeout_ms: i32) -> ConnectRequest {
    ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::NONE,
        timeout_ms,
        session_id: SessionId::NONE,
        password: Bytes::from_static(&[0; 16]),
        read_only: Some(false),
    }
}

pub(in crate::core) fn framed(payload: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::write_frame(&mut bytes, payload);
    bytes
}

pub(in crate::core) fn create(path: &str, mode: CreateMode) -> Request {
    Request::Create(Create::new(path, "", mode))
}

pub(in crate::core) fn create_with_acl(path: &str, acl: Vec<Acl>) -> Request {
    Request::Create(Create {
        acl,
        ..Create::new(path, "", CreateMode::Persistent)
    })
}

pub(in crate::core) fn delete(path: &str) -> Request {
    Request::Delete {
        path: path.to_owned(),
        version: -1,
    }
}

pub(in crate::core) fn set(path: &str) -> Request {
    let data = Some(Bytes::from_static(b"new"));
    Request::SetData {
        path: path.to_owned(),
        data,
        version: -1,
    }
}

pub(in crate::core) fn get(path: &str, watch: bool) -> Request {
    Request::GetData {
        path: path.to_owned(),
        watch,
    }
}

pub(in crate::core) fn exists(path: &str, watch: bool) -> Request {
    Request::Exists {
        path: path.to_owned(),
        watch,
    }
}

pub(in crate::core) fn children(path: &str, watch: bool) -> Request {
    Request::GetChildren {
        path: path.to_owned(),
        watch,
    }
}

pub(in crate::core) fn auth(credential: &'static str) -> Request {
    let auth = Bytes::from_static(credential.as_bytes());
    Request::Auth {
        scheme: "digest".to_owned(),
        auth,
    }
}

/// The code of a request that may only fail.
pub(in crate::core) fn code(result: Result<Response, ErrorCode>) -> ErrorCode {
    result.expect_err("the request should have failed")
}
