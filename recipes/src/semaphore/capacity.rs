//! How many permits there are, and who says so.
//!
//! Curator's semaphore is told by its caller, or by a shared count: four bytes, big-endian, at any path. kazoo writes the
//! number its caller says as decimal text into the semaphore's own node, and refuses callers who say another.

use zk_client::{Bytes, Client, CreateMode, Error, ErrorKind, Node, OpKind, Pending, Stat, Watch};

use crate::contend::Layout;

/// How many permits a semaphore has.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    pub(super) client: Client,
    pub(super) layout: Layout,
    /// The semaphore.
    pub(super) path: String,
    /// What the caller said.
    pub(super) said: u32,
    /// The node that says it instead.
    pub(super) stored: Option<String>,
}

/// What a node says.
enum Found {
    Count(u32),
    /// Nothing yet; its metadata if it exists.
    Nothing(Option<Stat>),
    /// Something that is no count.
    Other(usize),
}

impl Capacity {
    /// Whether it can change while somebody waits.
    fn is_live(&self) -> bool {
        self.stored.is_some()
    }

    /// The node to read.
    fn node(&self) -> Option<&str> {
        match (&self.stored, self.layout) {
            (Some(node), _) => Some(node),
            (None, Layout::Kazoo) => Some(&self.path),
            (None, Layout::Curator) => None,
        }
    }

    /// Asks, at call time.
    pub(super) fn ask(&self) -> Option<Pending<Node>> {
        Some(self.client.get(self.node()?).submit())
    }

    /// What was asked, or what it is by then.
    pub(super) async fn answer(&self, asked: Option<Pending<Node>>) -> Result<u32, Error> {
        let Some(asked) = asked else {
            return Ok(self.said);
        };
        let mut answer = asked.await;
        loop {
            match self.found(answer)? {
                Found::Nothing(stat) => self.begin(stat).await?,
                found => return self.judge(found),
            }
            answer = match self.ask() {
                Some(asked) => asked.await,
                None => return Ok(self.said),
            };
        }
    }

    /// What it is now, and a watch if it can change.
    pub(super) async fn watched(&self) -> Result<(u32, Option<Watch>), Error> {
        let Some(node) = self.node().filter(|_| self.is_live()) else {
            return Ok((self.said, None));
        };
        loop {
            let (answer, watch) = match self.client.get(node).watch().await {
                Ok((node, watch)) => (Ok(node), Some(watch)),
                Err(error) => (Err(error), None),
            };
            match self.found(answer)? {
                Found::Nothing(stat) => self.begin(stat).await?,
                found => return Ok((self.judge(found)?, watch)),
            }
        }
    }

    /// Changes it for everybody.
    pub(super) async fn write(&self, count: u32) -> Result<(), Error> {
        let Some(node) = self.stored.as_deref() else {
            let text = format!(
                "cannot change the capacity of {}: each program says it for itself",
                self.path
            );
            return Err(Error::new(ErrorKind::Misuse, text)
                .with_op(OpKind::Set, &self.path)
                .with_hint("store it with .stored_at(path)"));
        };
        match self.client.set(node, self.encode(count)?).await {
            Err(error) if error.kind() == ErrorKind::NoNode => self.create(node, count).await,
            result => result.map(drop),
        }
    }

    fn found(&self, answer: Result<Node, Error>) -> Result<Found, Error> {
        let node = match answer {
            Ok(node) => node,
            Err(error) if error.kind() == ErrorKind::NoNode => return Ok(Found::Nothing(None)),
            Err(error) => return Err(error),
        };
        let count = match self.layout {
            Layout::Curator => {
                let bytes: Result<[u8; 4], _> = node.data[..].try_into();
                bytes.ok().map(i32::from_be_bytes)
            }
            Layout::Kazoo => std::str::from_utf8(&node.data)
                .ok()
                .and_then(|text| text.trim().parse().ok()),
        };
        Ok(match count {
            // kazoo's counter makes its node empty first; whoever reads before it is filled sees no count.
            None if node.data.is_empty() => Found::Nothing(Some(node.stat)),
            None => Found::Other(node.data.len()),
            // Both libraries let nobody in.
            Some(count) => Found::Count(u32::try_from(count).unwrap_or(0)),
        })
    }

    fn judge(&self, found: Found) -> Result<u32, Error> {
        match found {
            Found::Count(count) if self.is_live() || count == self.said => Ok(count),
            Found::Count(count) => Err(self.misuse(
                &format!(
                    "{count} permits are stored there, and this program says {}",
                    self.said
                ),
                "give all programs one capacity, or let the stored one count with .stored_at(path)",
            )),
            // kazoo lets its users keep something else in the node.
            Found::Other(_) | Found::Nothing(_) if !self.is_live() => Ok(self.said),
            Found::Other(length) => {
                let node = self.node().unwrap_or_default();
                let wanted = match self.layout {
                    Layout::Curator => "4 bytes, big-endian",
                    Layout::Kazoo => "decimal text",
                };
                Err(self.misuse(
                    &format!("{node} holds {length} bytes that are no count ({wanted})"),
                    "choose another node, or write one with set_capacity",
                ))
            }
            Found::Nothing(_) => Ok(self.said),
        }
    }

    /// Stores what the caller said, unless somebody is faster. Whether it was applied is for the next read to tell.
    async fn begin(&self, stat: Option<Stat>) -> Result<(), Error> {
        let Some(node) = self.node() else {
            return Ok(());
        };
        let stored = match stat {
            None => self.create(node, self.said).await,
            Some(stat) => {
                let set = self.client.set(node, self.encode(self.said)?);
                set.version(stat.version).await.map(drop)
            }
        };
        match stored {
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::BadVersion | ErrorKind::NoNode | ErrorKind::ConnectionLost
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    async fn create(&self, node: &str, count: u32) -> Result<(), Error> {
        let create = self.client.create(node, self.encode(count)?);
        let create = create.mode(CreateMode::Persistent).parents();
        let create = match self.layout {
            Layout::Curator => create.as_containers(),
            Layout::Kazoo => create,
        };
        match create.await {
            Err(error) if error.kind() != ErrorKind::NodeExists => Err(error),
            _ => Ok(()),
        }
    }

    fn encode(&self, count: u32) -> Result<Bytes, Error> {
        let Ok(signed) = i32::try_from(count) else {
            return Err(self.misuse(&format!("{count} permits are more than fit"), "say less"));
        };
        Ok(match self.layout {
            Layout::Curator => Bytes::copy_from_slice(&signed.to_be_bytes()),
            Layout::Kazoo => Bytes::from(count.to_string()),
        })
    }

    fn misuse(&self, why: &str, hint: &str) -> Error {
        let path = &self.path;
        let text = format!("cannot take the capacity of {path}: {why}");
        Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Acquire, path)
            .with_hint(hint)
    }
}
