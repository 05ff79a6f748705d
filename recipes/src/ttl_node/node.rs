//! What is to be kept for some time.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind, path};

use super::found::FoundTtl;
use super::toucher::{TOUCH, Toucher};
use crate::contend::validate;
use crate::persistent_node::{Keeper, Life, Place, Presence};

/// A node that is there while somebody keeps it, and for some time after: it outlives sessions, and goes by itself when nobody
/// touched it for its time to live. Curator's `PersistentTtlNode` (5.9 and later): a TTL node with a child `touch`.
///
/// **What it guarantees.** While the [driver](Self::keep) runs and servers can be reached, the node is there with what was
/// [set](Presence::set) last: it is touched whenever half its time is over, and made again if it is gone. When nobody keeps it
/// any more it goes after its time, also if it was never touched. Several may keep one path with one time: the one that
/// ends takes nothing from the others.
///
/// **What it cannot.** Go on time: servers look for what is due once a minute, and the node goes after its touch. An outage
/// that is longer than its time takes it, and it is made again after. A persistent node that somebody else made under the name
/// is adopted, and stays: servers do not tell the two apart. They make TTL nodes only with
/// `zookeeper.extendedTypesEnabled=true`; where one has it off the driver ends with `Unimplemented`.
///
/// **Cost**: one write whenever half its time is over.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Client, TtlNode};
/// # let zk = Client::dev().await?;
/// let node = TtlNode::new(&zk, "/agents/7", "busy", Duration::from_secs(600))?;
/// let (presence, driver) = node.keep();
/// let driver = tokio::spawn(driver);
/// presence.present().await;
/// assert_eq!(node.find().await?.unwrap().data, "busy");
/// presence.close(); // It is there for another ten minutes.
/// driver.await.unwrap()?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct TtlNode {
    client: Client,
    path: String,
    data: Bytes,
    ttl: Duration,
    acl: Vec<Acl>,
}

/// The longest time that a stat has room for: some 34 years.
const LONGEST: Duration = Duration::from_millis((1 << 40) - 1);

impl TtlNode {
    /// The node at `path` that goes when it was not touched for `ttl`, which counts in milliseconds. Sends nothing; missing
    /// parents are made, as containers, when it is kept.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root; `Misuse` for a time of less than two milliseconds or more than 34 years.
    pub fn new(
        client: &Client,
        path: &str,
        data: impl Into<Bytes>,
        ttl: Duration,
    ) -> Result<Self, Error> {
        validate(path, "a node to keep", OpKind::Create)?;
        if ttl < Duration::from_millis(2) || ttl > LONGEST {
            let text = format!("cannot keep {path} for {ttl:?}: times are from 2 ms to 34 years");
            return Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Create, path));
        }
        Ok(Self {
            client: client.terse().patient(),
            path: path.to_owned(),
            data: data.into(),
            ttl,
            acl: vec![Acl::open()],
        })
    }

    /// Sets the ACL of the node and of its touch. Default: open to everybody. It has to let this client create, read and write.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// A presence, and the driver that keeps the node until the presence is closed or dropped, or until an error that no
    /// retry mends; the node then stays for its time. The driver is yours to spawn.
    ///
    /// A node that is there is adopted unless a session owns it: a TTL node, or the container that Curator made before 5.9,
    /// which goes after its touch. Its time stays what it is.
    ///
    /// # Errors
    ///
    /// The driver ends with `Unimplemented` if the servers make no TTL nodes, `NoAuth`, `SessionExpired` only with
    /// `OnExpiry::Stop`, `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: what a dropped driver leaves goes after its time.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled.
    ///
    /// # On session events
    ///
    /// Neither a suspension nor an expiry takes the node, as long as they are over before its time.
    pub fn keep(
        &self,
    ) -> (
        Presence,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        let (presence, orders) = Presence::new(&self.path, self.data.clone());
        let toucher = Toucher {
            client: self.client.clone(),
            path: self.path.clone(),
            ttl: self.ttl,
            acl: self.acl.clone(),
            told: orders.told.subscribe(),
        };
        let place = Place::Fixed(self.path.clone());
        let mut keeper = Keeper::new(self.client.clone(), place, Life::Ttl(self.ttl), orders);
        keeper.acl.clone_from(&self.acl);
        let driver = async move {
            tokio::select! {
                biased;
                ended = keeper.run() => ended,
                ended = toucher.run() => ended,
            }
        };
        (presence, driver)
    }

    /// Looks at what is there, in whichever of Curator's forms; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// One round trip, queued at first poll.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn find(&self) -> Result<Option<FoundTtl>, Error> {
        match self.look().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
            Err(error) => Err(self.client.explain(error).await),
        }
    }

    async fn look(&self) -> Result<FoundTtl, Error> {
        let node = self.client.get(&self.path).submit();
        let touch = self.client.exists(&path::join(&self.path, TOUCH)).submit();
        let (node, touch) = (node.await?, touch.await?);
        Ok(FoundTtl {
            data: node.data,
            touched: touch.map(|touch| touch.mtime),
        })
    }
}
