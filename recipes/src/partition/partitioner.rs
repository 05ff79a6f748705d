//! What is to be divided, and among whom.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use zk_client::{Acl, Client, Error, ErrorKind, OpKind, path};

use super::divide::Divider;
use super::division::Division;
use super::share::Rule;
use crate::contend::{Layout, validate};
use crate::group::{Group, GroupLayout};

/// Divides a set of items among the members of a group: each is one member's at a time, and each is somebody's.
///
/// Members join below `party`, and hold items by locks below `locks`: Curator's mutexes, or with [`layout`](Self::layout) those of
/// kazoo's `SetPartitioner`, whose programs then take part. Whose an item is to be follows from the ids of the members alone, so
/// nobody leads.
///
/// **What it guarantees.** No item is owned by two (levels A to D, as of a [`Mutex`](crate::Mutex); each item has its own fencing
/// token). When somebody comes or goes only the items move that it takes or leaves. An item that moves is recalled from its
/// owner, who decides when it lets go, while the next one waits already: it has it one message later. When members stop coming
/// and going and owners let go of what is recalled, each item is owned.
///
/// **What it cannot.** Force anybody to let go. Weigh items. Be faster than the session timeout of an owner that died.
///
/// **Cost**: a member is one node and two watches. Taking free items is two requests for each, and at most three round trips
/// for any number; an item that is another's costs one more read, and nothing until it is free. What is owned is confirmed
/// together.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, Partitioner};
/// # let zk = Client::dev().await?;
/// # let settle = std::time::Duration::from_millis(10);
/// let shards = Partitioner::new(&zk, "/indexer", ["shard-0", "shard-1"])?;
/// let (mut division, driver) = shards.settle(settle).join("node-7")?;
/// let driver = tokio::spawn(driver);
/// let shard = division.next().await.expect("the driver runs");
/// zk.create("/result", "").fenced_by(&shard).await?;
/// // Work until `shard.recalled()` or `shard.lost()`; then:
/// shard.release().await?;
/// drop(division);
/// driver.await.unwrap()?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Partitioner {
    client: Client,
    path: String,
    items: BTreeSet<Arc<str>>,
    layout: Layout,
    settle: Duration,
    acl: Vec<Acl>,
}

/// For how long nobody must come or go, unless the caller says else.
const SETTLE: Duration = Duration::from_secs(2);

impl Partitioner {
    /// The division at `path` of these items, which all members have to name alike. Sends nothing; missing parents are made when
    /// somebody joins, as containers in Curator's layout.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root, or an item cannot be the name of a node.
    pub fn new<I>(client: &Client, path: &str, items: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        validate(path, "a division", OpKind::Create)?;
        let items: BTreeSet<Arc<str>> = items
            .into_iter()
            .map(|item| Arc::from(item.as_ref()))
            .collect();
        if let Some(item) = items.iter().find(|item| !is_name(path, item)) {
            let text = format!("{item:?} cannot be an item of {path}: it is the name of a node");
            return Err(Error::new(ErrorKind::InvalidPath, text).with_op(OpKind::Create, path));
        }
        Ok(Self {
            client: client.terse().patient(),
            path: path.to_owned(),
            items,
            layout: Layout::default(),
            settle: SETTLE,
            acl: vec![Acl::open()],
        })
    }

    /// Sets whose programs it is shared with. Default: [`Layout::Curator`], whose locks have the items' names. With
    /// [`Layout::Kazoo`] all is as kazoo's `SetPartitioner` has it, also whose an item is to be: more of them move then when
    /// somebody comes or goes, and members of one id would have each its part, so give each its own.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets for how long nobody must come or go before items move, and for how long this member leaves an item alone that it
    /// let go of unasked. Default: 2 s. A member that is away for less moves nothing but what it lost.
    #[must_use]
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Sets the ACL of the nodes of members and contenders, and of parents that are missing and made for them. Default: open to
    /// everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// The group of the members, to look at.
    ///
    /// # Errors
    ///
    /// None but those of [`Group::new`], which [`new`](Self::new) has excluded.
    pub fn group(&self) -> Result<Group, Error> {
        let layout = match self.layout {
            Layout::Curator => GroupLayout::GroupMember,
            Layout::Kazoo => GroupLayout::ShallowParty,
        };
        let group = Group::new(&self.client, &path::join(&self.path, PARTY))?;
        Ok(group.layout(layout).acl(self.acl.clone()))
    }

    /// Takes part as `member`: a division, from which items come, and the driver that keeps it until the division is left or
    /// dropped, or until an error that no retry mends. The driver is yours to spawn.
    ///
    /// In Curator's layout a second member of an id waits for the items of the first, as one does that starts again after a
    /// crash.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the id cannot be part of a node's name. The driver ends with `NoAuth`, `MixedContenders` if a lock of
    /// another layout is on an item, `NodeExists` if a node that is not ephemeral has the member's name, `SessionExpired` only with `OnExpiry::Stop`, `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no member and no contender behind; items that are owned are recalled, and held
    /// until they are let go of.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled. When it ends without an error, all items were let go of.
    ///
    /// # On session events
    ///
    /// A suspension moves nothing; each item tells its own doubt. After an expiry it joins again in the next session, and takes
    /// items anew, each when what was lost of it is dropped.
    pub fn join(
        &self,
        member: &str,
    ) -> Result<
        (
            Division,
            impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
        ),
        Error,
    > {
        let group = self.group()?;
        let (membership, keeping) = group.join(member, "")?;
        let (rosters, looking) = group.observe();
        let (division, desk) = Division::new(member);
        let divider = Divider {
            client: self.client.clone(),
            locks: path::join(&self.path, LOCKS),
            items: self.items.clone(),
            layout: self.layout,
            rule: match self.layout {
                Layout::Curator => Rule::Rendezvous,
                Layout::Kazoo => Rule::RoundRobin,
            },
            settle: self.settle,
            acl: self.acl.clone(),
            membership,
            desk,
        };
        Ok((division, divider.run(keeping, looking, rosters)))
    }
}

/// kazoo's names.
const PARTY: &str = "party";
const LOCKS: &str = "locks";

fn is_name(at: &str, item: &str) -> bool {
    !item.is_empty() && !item.contains('/') && path::validate(&path::join(at, item)).is_ok()
}
