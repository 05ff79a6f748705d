//! What is to be kept, and where.

use std::future::Future;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, OpKind};

use super::keeper::Keeper;
use super::life::Life;
use super::place::Place;
use super::presence::Presence;
use crate::contend::validate;
use crate::uuid::new_uuid;

/// A node that is made again whenever it is gone: after a deletion by whomever, and, if it is ephemeral as it is by default,
/// after the end of a session. What Curator calls a persistent (ephemeral) node.
///
/// **What it guarantees.** While the [driver](Self::keep) runs and servers can be reached, the node is there with what was
/// [set](Presence::set) last, always under one name. When the driver ends the node goes; an ephemeral one also goes when the
/// driver is dropped or the process dies. It never touches a node that another session made under the same name: it waits
/// until that is gone, as an older run of the same process leaves one for the rest of its session timeout.
///
/// **What it cannot.** Between the loss of a node and the next one there is none, and nobody but its watchers is told. It is
/// no lock: two processes that keep one path take turns when one of them ends.
///
/// **Cost**: one round trip to make it, one watch; nothing more until something happens to it.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, PersistentNode};
/// # let zk = Client::dev().await?;
/// let (presence, driver) = PersistentNode::new(&zk, "/services/billing/7", "10.0.0.7:80")?.keep();
/// let driver = tokio::spawn(driver);
/// assert!(presence.present().await.is_some());
/// presence.set("10.0.0.7:81");
/// presence.close();
/// driver.await.unwrap()?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct PersistentNode {
    client: Client,
    path: String,
    data: Bytes,
    acl: Vec<Acl>,
    life: Life,
    naming: Naming,
}

/// What becomes of the name that was asked for.
#[derive(Debug, Clone, Copy)]
enum Naming {
    Plain,
    Marked { is_numbered: bool },
}

impl PersistentNode {
    /// The node at `path`. Sends nothing; missing parents are made, as containers, when it is kept.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str, data: impl Into<Bytes>) -> Result<Self, Error> {
        validate(path, "a node to keep", OpKind::Create)?;
        Ok(Self {
            client: client.terse().patient(),
            path: path.to_owned(),
            data: data.into(),
            acl: vec![Acl::open()],
            life: Life::Ephemeral,
            naming: Naming::Plain,
        })
    }

    /// Sets the ACL of the node. Default: open to everybody. It has to let this client read the node.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Makes the node stay when its session ends, when the driver is dropped and when the process dies: it goes only when the
    /// driver is told to [end](Presence::close). A lasting node that is there under the name is adopted, and its data
    /// replaced. Default: ephemeral.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.life = Life::Lasting;
        self
    }

    /// Gives the node a name that no other has: `_c_<uuid>-` stands before it, as with Curator's protection.
    /// [`Presence::node`] tells it. Default: the name that was asked for.
    #[must_use]
    pub fn marked(mut self) -> Self {
        self.naming = Naming::Marked { is_numbered: false };
        self
    }

    /// Lets the server number the node when it is made for the first time: ten digits stand behind its name, and a
    /// [mark](Self::marked) before it. It keeps that name in all sessions.
    #[must_use]
    pub fn numbered(mut self) -> Self {
        self.naming = Naming::Marked { is_numbered: true };
        self
    }

    /// A presence, and the driver that keeps the node until the presence is closed or dropped, or until an error that no
    /// retry mends. The driver is yours to spawn.
    ///
    /// # Errors
    ///
    /// The driver ends with `NoAuth`, `NodeExists` if a node that is not ephemeral has the name of one that is to be,
    /// `NotEmpty` if a lasting one has children in the end, `SessionExpired` only with `OnExpiry::Stop`. With `Closed` if the
    /// client is closed first, also while the node is being deleted and no server has said that it is gone; with `TimedOut` if
    /// none did so within the request timeout.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no node behind, unless it is [lasting](Self::lasting).
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled. It ends when the node is known to be gone.
    ///
    /// # On session events
    ///
    /// A suspension changes nothing; after an expiry the node is made in the next session.
    pub fn keep(
        &self,
    ) -> (
        Presence,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        let (presence, orders) = Presence::new(&self.path, self.data.clone());
        let node = self.clone();
        let driver = async move {
            let place = match node.naming {
                Naming::Plain => Place::Fixed(node.path),
                Naming::Marked { is_numbered } => {
                    Place::marked(&node.path, new_uuid(&node.client)?, is_numbered)
                }
            };
            let mut keeper = Keeper::new(node.client, place, node.life, orders);
            keeper.acl = node.acl;
            keeper.run().await
        };
        (presence, driver)
    }
}
