//! One queue: where it is, how it is used, and the requests that all of its recipes make.

use std::collections::BTreeSet;

use bytes::Bytes;
use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Multi, MultiResult, OpKind, path};

use super::clock::Anchor;
use super::item::Item;
use super::layout::QueueLayout;
use super::name::Name;
use super::place::{Places, make_root};
use super::state::{State, lock};
use crate::cell::{Applied, Marked, Marks};
use crate::contend::listed;

/// One queue, as one handle was told to use it.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) layout: QueueLayout,
    pub(super) places: Places,
    pub(super) acl: Vec<Acl>,
    /// Consumers of another library heed the locks and do not count claims: every taking makes sure of the lock.
    pub(super) is_locking: bool,
    pub(super) bound: Option<Bound>,
    pub(super) max_attempts: Option<u32>,
    pub(super) on_corrupt: OnCorrupt,
}

/// How many items there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) items: usize,
    pub(super) is_strict: bool,
}

/// What becomes of an item that holds something else than its layout says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnCorrupt {
    /// It is moved, with its data, below [`Queue::aside_path`](crate::Queue::aside_path), and whoever came upon it gets the
    /// error `Undecodable` that says where it is now. The next call goes on with the next item.
    #[default]
    MoveAside,
    /// It stays where it is and is passed over, without a word.
    Skip,
}

impl Config {
    pub(super) fn item_path(&self, name: &str) -> String {
        path::join(&self.places.items, name)
    }

    pub(super) fn lock_path(&self, name: &str) -> String {
        path::join(&self.places.locks, name)
    }

    /// The children of a node; none if it is missing.
    pub(super) async fn children(&self, of: &str) -> Result<Vec<String>, Error> {
        listed(self.client.children(of).await)
    }

    /// The items, in their order, and the names of those that somebody works on, in one write.
    pub(super) async fn look(&self, state: &State) -> Result<(Vec<Name>, BTreeSet<String>), Error> {
        let items = self.client.children(&self.places.items).submit();
        let locks = self.client.children(&self.places.locks).submit();
        let items = listed(items.await)?;
        let locks = listed(locks.await)?;
        let names = Name::sorted(self.layout, &items);
        self.note_len(state, names.len());
        Ok((names, locks.into_iter().collect()))
    }

    /// Notes how many items there are, and warns before there are so many that nobody can list them any more.
    pub(super) fn note_len(&self, state: &State, items: usize) {
        if state.note_len(items) {
            tracing::warn!(
                queue = self.path,
                items,
                "queue is long, and every look lists all of it; bound it, divide it, or add consumers"
            );
        }
    }

    /// Reads items, and which of them somebody works on, as of after they were read: a claim that comes later changes the
    /// version of its item. Those that are gone are left out.
    pub(super) async fn read(&self, names: Vec<Name>) -> Result<Vec<Found>, Error> {
        let reads: Vec<_> = names
            .into_iter()
            .map(|name| {
                let read = self.client.get(&self.item_path(&name.text)).submit();
                (name, read)
            })
            .collect();
        let locks = self.client.children(&self.places.locks).submit();
        let mut found = Vec::new();
        for (name, read) in reads {
            let node = match read.await {
                Ok(node) => node,
                Err(error) if error.kind() == ErrorKind::NoNode => continue,
                Err(error) => return Err(error),
            };
            let at = self.item_path(&name.text);
            let (data, version) = (node.data.clone(), node.stat.version);
            let item = Item::read(self.layout, at, &name, node.data, node.stat);
            found.push(Found {
                name,
                data,
                version,
                item,
            });
        }
        let locks: BTreeSet<String> = listed(locks.await)?.into_iter().collect();
        found.retain(|found| !locks.contains(&found.name.text));
        Ok(found)
    }

    /// A transaction that takes the item as it was read.
    pub(super) fn taking(&self, multi: Multi, name: &str, version: i32) -> Multi {
        let item = self.item_path(name);
        if !self.is_locking {
            return multi.delete(&item, version);
        }
        // Nobody else may have the lock.
        let lock = self.lock_path(name);
        multi
            .create_with_acl(&lock, "", CreateMode::Ephemeral, self.acl.clone())
            .delete(&item, version)
            .delete(&lock, None)
    }

    /// Of how many operations such a transaction consists.
    pub(super) fn operations_of_taking(&self) -> usize {
        if self.is_locking { 3 } else { 1 }
    }

    /// Makes a transaction once; what refused it, with the number of the operation.
    pub(super) async fn commit(
        &self,
        marks: &Marks,
        parts: &Multi,
        op: OpKind,
        path: &str,
        what: &str,
    ) -> Result<Result<Applied, (Error, Option<usize>)>, Error> {
        let marked = Marked {
            client: &self.client,
            home: &self.places.marks,
            acl: &self.acl,
            marks,
            op,
            path,
            what,
        };
        marked.commit(parts).await
    }

    pub(super) async fn make_items(&self) -> Result<(), Error> {
        make_root(&self.client, &self.places.items, self.layout, &self.acl).await
    }

    pub(super) async fn make_locks(&self) -> Result<(), Error> {
        make_root(&self.client, &self.places.locks, self.layout, &self.acl).await
    }

    /// What the last transactions tell of the servers' time; makes an empty one if there was none of late.
    pub(super) async fn servers_time(&self, state: &State) -> Result<Anchor, Error> {
        let (now, generation) = (self.client.now(), self.client.generation());
        let known = *lock(&state.anchor);
        if let Some(anchor) = known.filter(|anchor| anchor.is_fresh(now, generation)) {
            return Ok(anchor);
        }
        loop {
            let (sent, generation) = (self.client.now(), self.client.generation());
            let (op, what) = (OpKind::Multi, "the servers' time was asked for");
            let parts = self.client.multi();
            let asked = self
                .commit(&state.marks, &parts, op, &self.path, what)
                .await?;
            match asked {
                // Settled, it may be of an earlier session or long ago.
                Ok(applied) if applied.results.is_none() => {}
                Ok(applied) => {
                    let anchor = Anchor::new(&applied.mark, sent, self.client.now(), generation);
                    *lock(&state.anchor) = Some(anchor);
                    return Ok(anchor);
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Moves an item out of the queue, with its data; where it is now, or nothing if it is not there as it was read.
    pub(super) async fn move_aside(
        &self,
        marks: &Marks,
        name: &str,
        data: &Bytes,
        version: i32,
    ) -> Result<Option<String>, Error> {
        let aside = path::join(&self.places.aside, &format!("{name}-"));
        let mode = CreateMode::PersistentSequential;
        let data = data.clone();
        let parts = self
            .client
            .multi()
            .create_with_acl(&aside, data, mode, self.acl.clone());
        let parts = self.taking(parts, name, version);
        let at = self.item_path(name);
        let what = format!("{at} was moved aside");
        loop {
            let moved = self
                .commit(marks, &parts, OpKind::Multi, &at, &what)
                .await?;
            match moved {
                Ok(applied) => {
                    let made = applied.results.as_ref().and_then(|results| results.first());
                    return Ok(Some(match made {
                        Some(MultiResult::Created { path, .. }) => path.clone(),
                        _ => format!("{aside}…"),
                    }));
                }
                Err((error, at)) => match (error.kind(), at) {
                    (ErrorKind::NoNode, Some(0)) => {
                        make_root(&self.client, &self.places.aside, self.layout, &self.acl).await?;
                    }
                    (ErrorKind::NoNode, Some(1)) if self.is_locking => self.make_locks().await?,
                    (ErrorKind::NoNode | ErrorKind::BadVersion | ErrorKind::NodeExists, _) => {
                        return Ok(None);
                    }
                    _ => return Err(error),
                },
            }
        }
    }

    /// The error for an item that holds something else, and where it is now if it was moved.
    pub(super) fn corrupt(&self, found: &Found, now_at: Option<&str>, why: &str) -> Error {
        let at = self.item_path(&found.name.text);
        let text = format!("{at} is no item of {}: {why}", self.layout);
        let hint = match now_at {
            Some(now_at) => {
                format!("its data are in {now_at} now; the next call goes on with the next item")
            }
            None => "the next take or claim moves it aside".to_owned(),
        };
        Error::new(ErrorKind::Undecodable, text)
            .with_op(OpKind::Get, &at)
            .with_origin(self.client.server(), self.client.session_id())
            .with_hint(hint)
    }
}

/// An item that was read: what it holds, or why it is none.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: Name,
    pub(super) data: Bytes,
    pub(super) version: i32,
    pub(super) item: Result<Item, String>,
}
