//! What the server knows about a node besides its data.

use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_i32, put_i64};
use crate::values::session_id::SessionId;
use crate::values::zxid::Zxid;

/// A node's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct Stat {
    /// The transaction that created the node.
    pub czxid: Zxid,
    /// The transaction that last changed its data.
    pub mzxid: Zxid,
    /// When it was created, in milliseconds since 1970 by the leader's clock.
    pub ctime: i64,
    /// When its data last changed, likewise.
    pub mtime: i64,
    /// Counts changes of its data.
    pub version: i32,
    /// Counts changes of its children; not the sequence number of the next child.
    pub cversion: i32,
    /// Counts changes of its ACL.
    pub aversion: i32,
    /// The session an ephemeral node goes with, else [`SessionId::NONE`].
    pub ephemeral_owner: SessionId,
    /// The length of its data; zero for null data.
    pub data_length: i32,
    /// The number of its children.
    pub num_children: i32,
    /// The transaction that last created or deleted a child.
    pub pzxid: Zxid,
}

impl Stat {
    /// The size of the record on the wire.
    pub(crate) const SIZE: usize = 68;
}

impl Encode for Stat {
    fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(Self::SIZE);
        put_i64(out, self.czxid.as_raw());
        put_i64(out, self.mzxid.as_raw());
        put_i64(out, self.ctime);
        put_i64(out, self.mtime);
        put_i32(out, self.version);
        put_i32(out, self.cversion);
        put_i32(out, self.aversion);
        put_i64(out, self.ephemeral_owner.as_raw());
        put_i32(out, self.data_length);
        put_i32(out, self.num_children);
        put_i64(out, self.pzxid.as_raw());
    }
}

impl Decode for Stat {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            czxid: Zxid::from_raw(input.read_i64("Stat.czxid")?),
            mzxid: Zxid::from_raw(input.read_i64("Stat.mzxid")?),
            ctime: input.read_i64("Stat.ctime")?,
            mtime: input.read_i64("Stat.mtime")?,
            version: input.read_i32("Stat.version")?,
            cversion: input.read_i32("Stat.cversion")?,
            aversion: input.read_i32("Stat.aversion")?,
            ephemeral_owner: SessionId::from_raw(input.read_i64("Stat.ephemeralOwner")?),
            data_length: input.read_i32("Stat.dataLength")?,
            num_children: input.read_i32("Stat.numChildren")?,
            pzxid: Zxid::from_raw(input.read_i64("Stat.pzxid")?),
        })
    }
}
