//! The mark: an ephemeral node of ours that is written in the same transaction as the cell, and tells after a lost answer
//! whether that transaction took place.

use bytes::Bytes;
use zk_client::{Claim, Client, Error, Stat, path};

use super::home::Home;

/// The mark of one cell in one session. Dropped, it is deleted.
#[derive(Debug)]
pub(crate) struct Mark {
    claim: Claim,
    pub(crate) path: String,
    /// The node that it stands below.
    pub(crate) parent: String,
    /// That node, before this was to be made.
    pub(crate) before: Home,
    /// The number of the last write that was tried with it.
    pub(crate) number: u64,
    /// False until the transaction that makes it is known to have taken place.
    pub(crate) made: bool,
    /// The version of its data once it is made. Each write is bound to it, so that of two tries of one write the servers make
    /// one at most, however late the first of them is.
    pub(crate) version: i32,
    /// True after a write that was to make it was lost and found not made, but nothing could be put in its place: then the next
    /// try of that write has the same number, so that whichever comes to be, the mark says the same.
    pub(crate) open: bool,
}

impl Mark {
    /// A mark below `cell`, yet to be made. Whatever becomes of it, it goes with this value. `before` is what was seen of
    /// the cell, whenever that was.
    pub(crate) fn new(client: &Client, cell: &str, before: Home) -> Result<Self, Error> {
        let id = format!("{:032x}", u128::from_be_bytes(client.random()?));
        let (claim, path) = (
            client.claim(cell, &id),
            path::join(cell, &format!("{PREFIX}{id}")),
        );
        // No create of the claim's own makes it, so the session is told now what to delete: a transaction that is on its way
        // when this is dropped comes before the delete.
        claim.located(&path);
        Ok(Self {
            claim,
            path,
            parent: cell.to_owned(),
            before,
            number: 0,
            made: false,
            version: 0,
            open: false,
        })
    }

    /// True while its session is the current one.
    pub(crate) fn is_current(&self, client: &Client) -> bool {
        self.claim.generation() == client.generation()
    }

    /// It does not exist and will not.
    pub(crate) fn absent(self) {
        self.claim.absent();
    }

    /// What it holds after its last write.
    pub(crate) fn data(&self) -> Bytes {
        Bytes::copy_from_slice(&self.number.to_be_bytes())
    }

    /// What it held before its last write, or holds if that did not take place.
    pub(crate) fn data_before(&self) -> Bytes {
        Bytes::copy_from_slice(&self.number.wrapping_sub(1).to_be_bytes())
    }

    /// It is there, at this version.
    pub(crate) fn seen(&mut self, stat: Stat) {
        self.made = true;
        self.open = false;
        self.version = stat.version;
    }

    /// The number in what was read from it.
    pub(crate) fn number_in(data: &[u8]) -> Option<u64> {
        data.try_into().ok().map(u64::from_be_bytes)
    }
}

/// What the names of marks begin with.
const PREFIX: &str = "_mark_";
