//! What a hostile server says, byte by byte.

use bytes::Bytes;
use zk_wire::frame::write_frame;
use zk_wire::{
    ConnectResponse, Encode, EventType, ReplyHeader, Response, SessionId, WatcherEvent, Zxid, xid,
};

/// The session that servers grant.
pub(crate) const SESSION: i64 = 0x100_0000_0000_0001;

/// The session timeout that servers grant, in milliseconds.
pub(crate) const TIMEOUT_MS: i32 = 10_000;

/// A frame around a payload.
pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 4);
    write_frame(&mut bytes, |out| out.extend_from_slice(payload));
    bytes
}

/// Numbers one behind the other.
pub(crate) fn ints(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A frame that is announced and does not come.
pub(crate) fn announced(len: i32) -> Vec<u8> {
    ints(&[len])
}

pub(crate) fn encoded(record: &impl Encode) -> Vec<u8> {
    let mut out = Vec::new();
    record.encode(&mut out);
    out
}

/// A reply with any header and any body.
pub(crate) fn reply(xid: i32, zxid: i64, err: i32, body: &[u8]) -> Vec<u8> {
    let header = ReplyHeader {
        xid,
        zxid: Zxid::from_raw(zxid),
        err,
    };
    frame(&[encoded(&header), body.to_vec()].concat())
}

/// The answer of a server that means well.
pub(crate) fn answer(xid: i32, response: &Response) -> Vec<u8> {
    reply(xid, 50, 0, &encoded(response))
}

/// An event.
pub(crate) fn event(kind: EventType, path: &str) -> Vec<u8> {
    raw_event(&encoded(&WatcherEvent::new(kind, path)))
}

/// A notification with any record.
pub(crate) fn raw_event(record: &[u8]) -> Vec<u8> {
    reply(xid::NOTIFICATION, -1, 0, record)
}

/// A handshake as it should be.
pub(crate) fn grant() -> ConnectResponse {
    ConnectResponse {
        protocol_version: 0,
        timeout_ms: TIMEOUT_MS,
        session_id: SessionId::from_raw(SESSION),
        password: Bytes::from_static(b"sixteen bytes pw"),
        read_only: Some(false),
    }
}

/// The frame of a handshake after a change to it.
pub(crate) fn greeting(change: impl FnOnce(&mut ConnectResponse)) -> Vec<u8> {
    let mut response = grant();
    change(&mut response);
    frame(&encoded(&response))
}
