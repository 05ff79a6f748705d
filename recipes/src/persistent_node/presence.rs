//! What is told of a node that is kept, and to its keeper.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;
use zk_client::{SessionId, Zxid};

/// How a node that is kept stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It is not there, or not known to be.
    Absent,
    /// Another session has a node of this name; ours is made when that is gone.
    Taken(SessionId),
    /// It is there.
    Present(Zxid),
}

/// A node that a [driver](crate::PersistentNode::keep) keeps. The last copy that is dropped ends the driver, and with it
/// the node.
#[derive(Debug, Clone)]
pub struct Presence {
    path: String,
    wanted: watch::Sender<Wanted>,
    told: watch::Receiver<Told>,
    /// What the last `changed` told.
    seen: Standing,
}

/// What the node is to hold.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(super) data: Bytes,
    /// Counts the data that were set.
    pub(super) number: u64,
    pub(super) closing: bool,
}

/// How the node stands, and with which of the data that were set.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) standing: Standing,
    pub(super) number: u64,
    /// Its path; stays when the node goes.
    pub(crate) node: Option<Arc<str>>,
}

/// The keeper's side of a presence.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) wanted: watch::Receiver<Wanted>,
    pub(crate) told: watch::Sender<Told>,
}

impl Presence {
    pub(crate) fn new(path: &str, data: Bytes) -> (Self, Orders) {
        let (wanted, orders) = watch::channel(Wanted {
            data,
            number: 1,
            closing: false,
        });
        let (tell, told) = watch::channel(Told {
            standing: Standing::Absent,
            number: 0,
            node: None,
        });
        let path = path.to_owned();
        let presence = Self {
            path,
            wanted,
            told,
            seen: Standing::Absent,
        };
        let orders = Orders {
            wanted: orders,
            told: tell,
        };
        (presence, orders)
    }

    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of the node: another one if it is [marked](crate::PersistentNode::marked) or
    /// [numbered](crate::PersistentNode::numbered). `None` until it is there for the first time; the same from then on, also
    /// while it is not there.
    #[must_use]
    pub fn node(&self) -> Option<Arc<str>> {
        self.told.borrow().node.clone()
    }

    /// How it stands, as far as this process knows.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.told.borrow().standing
    }

    /// Sets the data of the node, from now on. Returns at once; [`present`](Self::present) waits until they are written.
    pub fn set(&self, data: impl Into<Bytes>) {
        self.wanted.send_modify(|wanted| {
            wanted.data = data.into();
            wanted.number += 1;
        });
    }

    /// Waits until the node is there with the data that were set last before this call: the zxid of its creation, or `None`
    /// if the driver has ended.
    ///
    /// # Errors
    ///
    /// None: why the driver ended, the driver says.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Resolves at once if it is there.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session.
    pub async fn present(&self) -> Option<Zxid> {
        let number = self.wanted.borrow().number;
        let mut told = self.told.clone();
        let is_there =
            |told: &Told| matches!(told.standing, Standing::Present(_)) && told.number >= number;
        let standing = told.wait_for(is_there).await.ok()?.standing;
        match standing {
            Standing::Present(czxid) => Some(czxid),
            Standing::Absent | Standing::Taken(_) => None,
        }
    }

    /// Waits until the node stands otherwise; `None` if the driver has ended. Changes between two calls are told as one.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// The first call waits until the node stands otherwise than absent. Data that were written are no change.
    ///
    /// # On session events
    ///
    /// An expiry is told as [`Standing::Absent`].
    pub async fn changed(&mut self) -> Option<Standing> {
        let seen = self.seen;
        let told = self.told.wait_for(|told| told.standing != seen).await;
        self.seen = told.ok()?.standing;
        Some(self.seen)
    }

    /// Ends the keeping: the driver deletes the node, and ends. A [`TtlNode`](crate::TtlNode) is left to its time.
    pub fn close(&self) {
        self.wanted.send_modify(|wanted| wanted.closing = true);
    }
}

/// Whoever keeps it no longer leaves no node.
impl Drop for Orders {
    fn drop(&mut self) {
        self.absent();
    }
}

impl Orders {
    /// It is there, with the data of this number.
    pub(super) fn present(&self, node: &str, czxid: Zxid, number: u64) {
        self.told.send_modify(|told| {
            told.standing = Standing::Present(czxid);
            told.number = number;
            if told.node.as_deref() != Some(node) {
                told.node = Some(Arc::from(node));
            }
        });
    }

    /// It is not there, or not known to be.
    pub(super) fn absent(&self) {
        self.tell(Standing::Absent);
    }

    /// It is not there, and why.
    pub(super) fn tell(&self, standing: Standing) {
        self.told.send_modify(|told| {
            told.standing = standing;
            told.number = 0;
        });
    }
}
