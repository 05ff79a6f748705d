//! A group, to join and to look at.

use std::future::Future;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind, path};

use super::layout::GroupLayout;
use super::membership::{Membership, no_data};
use super::roster::{GroupMember, members};
use super::rosters::Rosters;
use crate::ChildrenCache;
use crate::contend::validate;
use crate::persistent_node::{Keeper, Life, Place, Presence};
use crate::uuid::new_uuid;

/// A group on a path: whoever joins is there until it leaves or its session ends, and is there again in its next session.
///
/// Shares its path with Curator's `GroupMember`, or with kazoo's `Party` or `ShallowParty` if [`layout`](Self::layout) says so.
///
/// **What it guarantees.** Members are the nodes that are there: a process whose node is gone is not listed, not even to
/// itself. An observer is told of every change or of its being unable to know.
///
/// **What it cannot.** Tell who lives: a member that died is listed for the rest of its session timeout, and what one server
/// shows may be behind what the ensemble has decided. It excludes nobody; to divide work among members, use a
/// [`Partitioner`](crate::Partitioner).
///
/// **Cost**: a member is one node and one watch on it. A look is one list, and a read of each member, which travel together. An
/// observer has one watch; a change costs it one read.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, Group};
/// # let zk = Client::dev().await?;
/// let workers = Group::new(&zk, "/workers")?;
/// let (membership, driver) = workers.join("node-7", "10.0.0.7:80")?;
/// let driver = tokio::spawn(driver);
/// membership.presence().present().await;
/// let (mut rosters, looking) = workers.observe();
/// let looking = tokio::spawn(looking);
/// assert!(rosters.next().await.expect("the driver runs").contains("node-7"));
/// membership.leave();
/// driver.await.unwrap()?;
/// assert!(rosters.next().await.expect("the driver runs").members.is_empty());
/// drop(rosters);
/// looking.await.unwrap()?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Group {
    client: Client,
    path: String,
    /// What observers look at.
    cache: ChildrenCache,
    layout: GroupLayout,
    acl: Vec<Acl>,
}

impl Group {
    /// The group at `path`. Sends nothing; missing parents are made when somebody joins, as containers in Curator's layout.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        validate(path, "a group", OpKind::Create)?;
        Ok(Self {
            client: client.terse().patient(),
            path: path.to_owned(),
            cache: ChildrenCache::new(client, path)?,
            layout: GroupLayout::default(),
            acl: vec![Acl::open()],
        })
    }

    /// Sets whose programs the group is shared with. Default: [`GroupLayout::GroupMember`].
    #[must_use]
    pub fn layout(mut self, layout: GroupLayout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the ACL of the members' nodes, and of parents that are missing and made for them. Default: open to everybody. It
    /// has to let members read.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Joins as `id`, saying `data` besides: a membership, and the driver that keeps it until the membership is left or
    /// dropped, or until an error that no retry mends. The driver is yours to spawn.
    ///
    /// In Curator's layout an id is there once: a second one of another session
    /// [waits](crate::Standing::Taken) until the first is gone. In kazoo's layouts it is there twice.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the id cannot be part of a node's name; `Misuse` for data in the layout of kazoo's `Party`. The driver
    /// ends as that of [`PersistentNode::keep`](crate::PersistentNode::keep).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no member behind.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled. It ends when the member is known to be gone.
    ///
    /// # On session events
    ///
    /// A suspension changes nothing; after an expiry it joins again in the next session.
    pub fn join<D: Into<Bytes>>(
        &self,
        id: &str,
        data: D,
    ) -> Result<
        (
            Membership,
            impl Future<Output = Result<(), Error>> + Send + 'static + use<D>,
        ),
        Error,
    > {
        let data = self.data(id, data.into())?;
        let unique = new_uuid(&self.client)?.replace('-', "");
        let at = path::join(&self.path, &self.layout.name(id, &unique));
        let (presence, orders) = Presence::new(&at, data);
        let mut keeper = Keeper::new(
            self.client.clone(),
            Place::Fixed(at),
            Life::Ephemeral,
            orders,
        );
        keeper.acl.clone_from(&self.acl);
        keeper.parents = self.layout.parents();
        Ok((Membership::new(id, self.layout, presence), keeper.run()))
    }

    /// What a member's node holds.
    fn data(&self, id: &str, data: Bytes) -> Result<Bytes, Error> {
        let in_name = self.layout.name(id, "");
        let at = path::join(&self.path, &in_name);
        if !self.layout.has_data() {
            return match data.is_empty() {
                true => Ok(Bytes::copy_from_slice(id.as_bytes())),
                false => Err(no_data(&at)),
            };
        }
        if id.is_empty() || id.contains('/') || path::validate(&at).is_err() {
            let text = format!(
                "{id:?} cannot be a member's id in {}: it is part of a node's name",
                self.path
            );
            return Err(
                Error::new(ErrorKind::InvalidPath, text).with_op(OpKind::Create, &self.path)
            );
        }
        // kazoo writes the id, too, where nobody says anything else.
        match (self.layout, data.is_empty()) {
            (GroupLayout::ShallowParty, true) => Ok(Bytes::copy_from_slice(id.as_bytes())),
            _ => Ok(data),
        }
    }

    /// Looks who is there now, ordered by id.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet. A missing path is an empty group.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Two round trips: the list, then all members; those that go in between are left out.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn members(&self) -> Result<Vec<GroupMember>, Error> {
        match members(&self.client, &self.path, self.layout).await {
            Ok(members) => Ok(members),
            Err(error) => Err(self.client.explain(error).await),
        }
    }

    /// The group's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Follows who is there: rosters, and the driver that keeps what they tell until they are dropped, or until an error that no
    /// retry mends. The driver is yours to spawn. It is that of a [`ChildrenCache`].
    ///
    /// # Errors
    ///
    /// The driver ends with `NoAuth` if it may not read the group or a member, `SessionExpired` only with `OnExpiry::Stop`,
    /// `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no watch behind.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled.
    ///
    /// # On session events
    ///
    /// After a reconnect and in the next session all is read again, and the difference told.
    pub fn observe(
        &self,
    ) -> (
        Rosters,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        let (loading, driver) = self.cache.keep();
        (Rosters::new(self.layout, loading), driver)
    }
}
