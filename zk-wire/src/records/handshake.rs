//! The first frame in each direction.

use std::fmt;

use bytes::Bytes;

use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_bool, put_i32, put_i64, put_slice};
use crate::records::hidden::Hidden;
use crate::values::session_id::SessionId;
use crate::values::zxid::Zxid;

/// The first frame of a client; no header precedes it.
#[derive(Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct ConnectRequest {
    /// Always 0.
    pub protocol_version: i32,
    /// The highest zxid the client has seen: a server that is behind it refuses the client.
    pub last_zxid_seen: Zxid,
    /// The session timeout asked for, in milliseconds.
    pub timeout_ms: i32,
    /// The session to take up again, or [`SessionId::NONE`] for a new one.
    pub session_id: SessionId,
    /// The session's password.
    pub password: Bytes,
    /// Whether a read-only server will do. Clients before 3.4 do not send the byte: `None`.
    pub read_only: Option<bool>,
}

impl Encode for ConnectRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.protocol_version);
        put_i64(out, self.last_zxid_seen.as_raw());
        put_i32(out, self.timeout_ms);
        put_i64(out, self.session_id.as_raw());
        put_slice(out, &self.password);
        put_read_only(out, self.read_only);
    }
}

impl Decode for ConnectRequest {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            protocol_version: input.read_i32("ConnectRequest.protocolVersion")?,
            last_zxid_seen: Zxid::from_raw(input.read_i64("ConnectRequest.lastZxidSeen")?),
            timeout_ms: input.read_i32("ConnectRequest.timeOut")?,
            session_id: SessionId::from_raw(input.read_i64("ConnectRequest.sessionId")?),
            password: input
                .read_buffer("ConnectRequest.passwd")?
                .unwrap_or_default(),
            read_only: read_read_only(input, "ConnectRequest.readOnly")?,
        })
    }
}

impl fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectRequest")
            .field("protocol_version", &self.protocol_version)
            .field("last_zxid_seen", &self.last_zxid_seen)
            .field("timeout_ms", &self.timeout_ms)
            .field("session_id", &self.session_id)
            .field("password", &Hidden(&self.password))
            .field("read_only", &self.read_only)
            .finish()
    }
}

/// The first frame of a server; no header precedes it.
#[derive(Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct ConnectResponse {
    /// Always 0.
    pub protocol_version: i32,
    /// The session timeout granted, in milliseconds; 0 when the session is invalid.
    pub timeout_ms: i32,
    /// The session; [`SessionId::NONE`] when it is invalid.
    pub session_id: SessionId,
    /// The session's password.
    pub password: Bytes,
    /// Whether the server is in read-only mode. Many servers send the byte only if the client did.
    pub read_only: Option<bool>,
}

impl ConnectResponse {
    /// Tells the client that its session has expired or never existed.
    #[must_use]
    pub const fn invalid_session(read_only: Option<bool>) -> Self {
        Self {
            protocol_version: 0,
            timeout_ms: 0,
            session_id: SessionId::NONE,
            password: Bytes::from_static(&[0; 16]),
            read_only,
        }
    }

    /// Whether the server granted a session.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.timeout_ms > 0 && !self.session_id.is_none()
    }
}

impl Encode for ConnectResponse {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.protocol_version);
        put_i32(out, self.timeout_ms);
        put_i64(out, self.session_id.as_raw());
        put_slice(out, &self.password);
        put_read_only(out, self.read_only);
    }
}

impl Decode for ConnectResponse {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            protocol_version: input.read_i32("ConnectResponse.protocolVersion")?,
            timeout_ms: input.read_i32("ConnectResponse.timeOut")?,
            session_id: SessionId::from_raw(input.read_i64("ConnectResponse.sessionId")?),
            password: input
                .read_buffer("ConnectResponse.passwd")?
                .unwrap_or_default(),
            read_only: read_read_only(input, "ConnectResponse.readOnly")?,
        })
    }
}

impl fmt::Debug for ConnectResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectResponse")
            .field("protocol_version", &self.protocol_version)
            .field("timeout_ms", &self.timeout_ms)
            .field("session_id", &self.session_id)
            .field("password", &Hidden(&self.password))
            .field("read_only", &self.read_only)
            .finish()
    }
}

fn put_read_only(out: &mut Vec<u8>, read_only: Option<bool>) {
    if let Some(read_only) = read_only {
        put_bool(out, read_only);
    }
}

/// The optional last byte: only the end of the frame tells whether it was sent (ZOOKEEPER-3426).
fn read_read_only(input: &mut Reader, what: &'static str) -> Result<Option<bool>, DecodeError> {
    if input.is_empty() {
        Ok(None)
    } else {
        input.read_bool(what).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_the_password() {
        let response = ConnectResponse {
            password: Bytes::from_static(b"hunter2"),
            ..ConnectResponse::invalid_session(None)
        };
        let shown = format!("{response:?}");
        assert!(
            shown.contains("password: (7 bytes)") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
