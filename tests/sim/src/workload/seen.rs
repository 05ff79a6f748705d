//! A node, as a picture of a tree shows it.

use zk_wire::Zxid;

/// What is shown of it.
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) data: Vec<u8>,
    pub(super) czxid: Zxid,
    pub(super) mzxid: Zxid,
}
