//! A barrier that opens each time enough have arrived.

mod arrive;
mod decide;

use zk_client::{Acl, Client, Error, ErrorKind, OpKind};

use crate::cell::validated;

pub use arrive::Arrive;
use arrive::Site;

/// A barrier at which `n` parties wait for each other, again and again.
///
/// **Layout** (our own): who waits has an ephemeral sequential child `party-<who>-<uuid>-<10 digits>` with empty data; `who`, 16
/// hexadecimal digits, is the same in all nodes of one call. Whoever finds `n` of them writes, in one transaction, the number
/// of the round into each of the oldest `n` and a new version of the barrier's own node: the parties of that round pass, and
/// delete their nodes. The number is the version that the barrier's node has then. The node itself is persistent and empty.
///
/// **Guarantee**: [`arrive`](Self::arrive) ends with `Ok` only in a transaction in which `n` parties were there, all of their
/// sessions alive; each of them passes in that round and no other. A party that gives up is withdrawn, and the others go on
/// waiting; cut off from the servers it counts until its node is gone.
///
/// **Cost**: four requests in one write to arrive; the last party of a round one more, of `n` + 1 writes; one delete.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, CyclicBarrier};
/// # let zk = Client::dev().await?;
/// let round = CyclicBarrier::new(&zk, "/barriers/round", 2)?;
/// let (one, other) = (round.clone(), round);
/// let (one, other) = tokio::join!(async { one.arrive().await }, async { other.arrive().await });
/// assert_eq!((one?, other?), (1, 1));
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct CyclicBarrier {
    site: Site,
}

impl CyclicBarrier {
    /// The barrier of `parties` parties at `path`; everybody must give the same number. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root; `Misuse` if there are no parties.
    pub fn new(client: &Client, path: &str, parties: u16) -> Result<Self, Error> {
        let path = validated(path, "a barrier")?;
        if parties == 0 {
            let text = format!("a barrier of no parties at {path} would never open");
            return Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Wait, path));
        }
        let site = Site {
            client: client.terse(),
            path,
            parties: usize::from(parties),
            acl: vec![Acl::open()],
        };
        Ok(Self { site })
    }

    /// Sets the ACL of the nodes that are made here. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.site.acl = acl.into();
        self
    }

    /// The barrier's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.site.path
    }

    /// Arrives, and waits until enough have; yields the number of the round, from 1. Await it or set a timeout first.
    pub fn arrive(&self) -> Arrive {
        Arrive::new(self.site.clone())
    }
}
