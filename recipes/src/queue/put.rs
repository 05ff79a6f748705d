//! Putting: once, also when the answer is lost.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use zk_client::{CreateMode, Error, ErrorKind, Fate, Multi, MultiResult, OpKind, Zxid};

use super::clock::Anchor;
use super::config::{Bound, Config};
use super::entry::{Entry, Placed};
use super::name::Name;
use super::pick::watched;
use super::place::make_root;
use super::state::{State, lock};
use crate::contend::validate;
use crate::renewal::renewed;
use crate::wait::late;

/// A put with its options. Made by [`Queue::put`](crate::Queue::put); await it for where the item is.
///
/// # Errors
///
/// `Misuse` for an entry that this queue cannot have; `InvalidPath` for an id that cannot stand in a path; `WaitTimedOut` when
/// a bounded queue had no room within [`timeout`](Self::timeout); `NodeExists` when the servers have no number left for the
/// item, after 2³¹ of them; `NoAuth`; `FrameTooLarge`. With unknown fate only
/// `SessionExpired`, if the session ended before a lost answer was settled, `TimedOut`, and what was found when the mark had
/// been deleted by somebody: it was put once or not at all, and will not be any more.
///
/// # Cancel safety
///
/// Uncertain: it is put once or not at all. Its mark goes.
///
/// # Ordering
///
/// Behind whatever was put before this was first polled. Of puts that are under way at once any may come first.
///
/// # On session events
///
/// Waits through a suspension. After an expiry it goes on in the next session, except as said above.
#[must_use = "a put does nothing until it is awaited"]
pub struct Put {
    all: PutAll,
}

/// A put of several entries in one transaction: all or none. Made by [`Queue::put_all`](crate::Queue::put_all).
///
/// # Errors
///
/// As [`Put`].
///
/// # Cancel safety
///
/// Uncertain, as [`Put`].
///
/// # Ordering
///
/// As [`Put`]; among themselves in the order in which they were given.
///
/// # On session events
///
/// As [`Put`].
#[must_use = "a put does nothing until it is awaited"]
pub struct PutAll {
    config: Arc<Config>,
    state: Arc<State>,
    entries: Vec<Entry>,
    timeout: Option<Duration>,
}

impl Put {
    pub(super) fn new(all: PutAll) -> Self {
        Self { all }
    }

    /// Gives up when a bounded queue has no room for this long, with the error `WaitTimedOut`. A put that was sent is not
    /// given up. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.all.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<Placed, Error> {
        let path = self.all.config.path.clone();
        let placed = self.all.run().await?.into_iter().next();
        placed.ok_or_else(|| Error::new(ErrorKind::Bug, format!("nothing was put into {path}")))
    }
}

impl PutAll {
    pub(super) fn new(config: &Arc<Config>, state: &Arc<State>, entries: Vec<Entry>) -> Self {
        Self {
            config: Arc::clone(config),
            state: Arc::clone(state),
            entries,
            timeout: None,
        }
    }

    /// As [`Put::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<Vec<Placed>, Error> {
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("batch-put-one-by-one") {
            let mut placed = Vec::with_capacity(self.entries.len());
            for entry in &self.entries {
                let mut one = Self::new(&self.config, &self.state, vec![entry.clone()]);
                one.timeout = self.timeout;
                placed.append(&mut one.put().await?);
            }
            return Ok(placed);
        }
        match self.put().await {
            Ok(placed) => Ok(placed),
            Err(error) => Err(self.config.client.explain(error).await),
        }
    }

    async fn put(&self) -> Result<Vec<Placed>, Error> {
        if self.entries.is_empty() {
            return Ok(Vec::new());
        }
        let now = if self.entries.iter().any(Entry::needs_time) {
            Some(self.servers_time().await?)
        } else {
            None
        };
        let mut items = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let written = entry.written(self.config.layout, now);
            let written = written.map_err(|why| self.misuse(&why))?;
            // As the server names it, before anything is sent.
            let node = format!("{}0000000000", self.config.item_path(&written.0));
            validate(&node, "an item", OpKind::Create)?;
            items.push(written);
        }
        let (client, path) = (&self.config.client, &self.config.places.items);
        let what = match items.len() {
            1 => format!("an item was put into {path}"),
            count => format!("{count} items were put into {path}"),
        };
        // One limit for all attempts: others may be faster again and again.
        let until = self.timeout.map(|limit| (limit, Instant::now() + limit));
        loop {
            let version = match self.config.bound {
                None => None,
                Some(bound) => self.room(bound, until).await?,
            };
            let parts = self.parts(&items, version);
            let (sent, generation) = (client.now(), client.generation());
            let marks = &self.state.marks;
            let put = self
                .config
                .commit(marks, &parts, OpKind::Create, path, &what);
            match put.await? {
                Ok(applied) => {
                    let zxid = applied.mark.mzxid;
                    let nodes = match applied.results {
                        Some(results) => {
                            let anchor = Anchor::new(&applied.mark, sent, client.now(), generation);
                            *lock(&self.state.anchor) = Some(anchor);
                            created(results)
                        }
                        // They are there, whatever comes now.
                        None => {
                            let found = self.find(zxid, items.len()).await;
                            found.unwrap_or_else(|_| vec![None; items.len()])
                        }
                    };
                    let placed = nodes.into_iter().map(|node| Placed { node, zxid });
                    return Ok(placed.collect());
                }
                // Another put, strictly bounded as this one, came between.
                Err((error, Some(0)))
                    if version.is_some() && error.kind() == ErrorKind::BadVersion => {}
                Err((error, Some(0))) if version.is_some() && error.kind() == ErrorKind::NoNode => {
                }
                Err((error, _)) if error.kind() == ErrorKind::NoNode => {
                    self.config.make_items().await?;
                }
                Err((error, _)) if error.kind() == ErrorKind::NodeExists => {
                    return Err(self.out_of_numbers(error));
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    fn parts(&self, items: &[(String, Bytes)], version: Option<i32>) -> Multi {
        let mut parts = self.config.client.multi();
        if let Some(version) = version {
            parts = parts.set(&self.config.places.bound, "", version);
        }
        for (prefix, data) in items {
            let path = self.config.item_path(prefix);
            let mode = CreateMode::PersistentSequential;
            parts = parts.create_with_acl(&path, data.clone(), mode, self.config.acl.clone());
        }
        parts
    }

    async fn servers_time(&self) -> Result<i64, Error> {
        let anchor = self.config.servers_time(&self.state).await?;
        Ok(anchor.latest(self.config.client.now()))
    }

    /// Waits until there is room; for a strict bound, what version of its node that was seen at.
    async fn room(
        &self,
        bound: Bound,
        until: Option<(Duration, Instant)>,
    ) -> Result<Option<i32>, Error> {
        if self.entries.len() > bound.items {
            let count = self.entries.len();
            return Err(self.misuse(&format!(
                "there is room for {} items, and {count} are to be put at once",
                bound.items
            )));
        }
        let room = async {
            loop {
                let generation = self.config.client.generation();
                match self.look_for_room(bound).await {
                    Ok(Some(version)) => return Ok(version),
                    Ok(None) => {}
                    Err(error) => renewed(&self.config.client, generation, error)?,
                }
            }
        };
        match until {
            None => room.await,
            Some((limit, until)) => match tokio::time::timeout_at(until, room).await {
                Ok(room) => room,
                Err(_) => {
                    let why = format!("it is full: there are {} items or more", bound.items);
                    Err(late(&self.config.client, &self.config.path, limit, why))
                }
            },
        }
    }

    /// Looks once, and waits for a change if there is no room.
    async fn look_for_room(&self, bound: Bound) -> Result<Option<Option<i32>>, Error> {
        let (client, places) = (&self.config.client, &self.config.places);
        #[cfg(feature = "__seeded-bugs")]
        let counted = client.exists(&places.items).await?;
        // The version is read before the items are counted: whatever is put after that changes it.
        let version = match bound.is_strict {
            false => None,
            true => match client.exists(&places.bound).await? {
                Some(stat) => Some(stat.version),
                None => {
                    let (layout, acl) = (self.config.layout, &self.config.acl);
                    make_root(client, &places.bound, layout, acl).await?;
                    return Ok(None);
                }
            },
        };
        let there = |count: usize| count + self.entries.len() <= bound.items;
        let stat = client.exists(&places.items).await?;
        #[cfg(feature = "__seeded-bugs")]
        let stat = if zk_client::seeded::is_on("counted-before-the-version-was-read") {
            counted
        } else {
            stat
        };
        let count = stat.map_or(0, |stat| stat.num_children);
        if there(usize::try_from(count).unwrap_or(0)) {
            return Ok(Some(version));
        }
        let (children, mut watch) = watched(client, &places.items).await?;
        if !there(children.len()) {
            watch.next().await;
        }
        Ok(None)
    }

    /// The nodes that a transaction of ours made. Numbers grow with zxids, so it is not far to look.
    async fn find(&self, zxid: Zxid, count: usize) -> Result<Vec<Option<String>>, Error> {
        let children = self.config.children(&self.config.places.items).await?;
        let mut names = Name::sorted(self.config.layout, &children);
        names.sort_by_key(|name| name.rank.sequence);
        let (mut low, mut high) = (0, names.len());
        // The first that is not older; what is gone is left out.
        while low < high {
            let middle = low.midpoint(high);
            match self.created_at(names.get(middle)).await? {
                None => {
                    names.remove(middle);
                    high -= 1;
                }
                Some(created) if created < zxid => low = middle + 1,
                Some(_) => high = middle,
            }
        }
        let mut nodes = Vec::new();
        while let Some(name) = names.get(low) {
            match self.created_at(Some(name)).await? {
                Some(created) if created == zxid => {
                    nodes.push(Some(self.config.item_path(&name.text)));
                }
                None => {}
                Some(_) => break,
            }
            low += 1;
        }
        // If some are gone, which of them cannot be told.
        Ok(if nodes.len() == count {
            nodes
        } else {
            vec![None; count]
        })
    }

    async fn created_at(&self, name: Option<&Name>) -> Result<Option<Zxid>, Error> {
        let Some(name) = name else { return Ok(None) };
        let path = self.config.item_path(&name.text);
        let stat = self.config.client.exists(&path).await?;
        Ok(stat.map(|stat| stat.czxid))
    }

    /// The servers number what is put, and a name that is there already means that they cannot any more.
    fn out_of_numbers(&self, error: Error) -> Error {
        let (config, items) = (&self.config, &self.config.places.items);
        let text = format!(
            "cannot put this into {}: the servers have given the last number below {items} ({}), and its item is there yet",
            config.path,
            i32::MAX
        );
        Error::new(ErrorKind::NodeExists, text)
            .with_fate(Fate::NotApplied)
            .with_op(OpKind::Create, items)
            .with_origin(config.client.server(), config.client.session_id())
            .with_hint(format!(
                "numbers begin anew when {items} is deleted, which it can be when it is empty; until then put into another queue"
            ))
            .with_source(error)
    }

    fn misuse(&self, why: &str) -> Error {
        let path = &self.config.path;
        let text = format!("cannot put this into {path}: {why}");
        Error::new(ErrorKind::Misuse, text).with_op(OpKind::Create, path)
    }
}

fn created(results: Vec<MultiResult>) -> Vec<Option<String>> {
    let paths = results.into_iter().filter_map(|result| match result {
        MultiResult::Created { path, .. } => Some(Some(path)),
        _ => None,
    });
    paths.collect()
}

impl IntoFuture for Put {
    type Output = Result<Placed, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl IntoFuture for PutAll {
    type Output = Result<Vec<Placed>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)
    }
}

impl fmt::Debug for PutAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutAll")
            .field("path", &self.config.path)
            .field("entries", &self.entries.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
