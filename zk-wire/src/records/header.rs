//! What precedes every record after the handshake.

use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_i32, put_i64};
use crate::values::zxid::Zxid;

/// Precedes a request's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct RequestHeader {
    /// Chosen by the client, echoed by the server.
    pub xid: i32,
    /// The raw operation code, known or not.
    pub op: i32,
}

impl Encode for RequestHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.xid);
        put_i32(out, self.op);
    }
}

impl Decode for RequestHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            xid: input.read_i32("RequestHeader.xid")?,
            op: input.read_i32("RequestHeader.type")?,
        })
    }
}

/// Precedes a reply's record, and a notification's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct ReplyHeader {
    /// The request's xid, or one of [`crate::xid`].
    pub xid: i32,
    /// The last transaction the server had processed; zero for out-of-band replies.
    pub zxid: Zxid,
    /// The raw error code, see [`crate::ErrorCode::from_raw`].
    pub err: i32,
}

impl Encode for ReplyHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.xid);
        put_i64(out, self.zxid.as_raw());
        put_i32(out, self.err);
    }
}

impl Decode for ReplyHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            xid: input.read_i32("ReplyHeader.xid")?,
            zxid: Zxid::from_raw(input.read_i64("ReplyHeader.zxid")?),
            err: input.read_i32("ReplyHeader.err")?,
        })
    }
}
