//! A queue that is divided.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use zk_client::{CreateMode, Error, ErrorKind, path};

use super::config::Config;
use super::handle::Queue;
use super::name::is_uuid;
use super::place::make_root;
use super::state::lock;
use crate::renewal::renewed;
use crate::uuid::new_uuid;
use crate::{Election, Term};

/// A queue that is divided into several below its node, for more items than one node should have: what Curator's
/// `QueueSharder` does, on the same nodes.
///
/// Producers [pick](Self::pick) a part once in a while and put into it; consumers look which [parts](Self::parts) there are,
/// and consume each as a queue of its own. Order holds within a part. One of all who [grow](Self::grow) it adds a part when
/// each has as many items as it should have.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Queue, ShardedQueue};
/// # let zk = zk_recipes::Client::dev().await?;
/// let mails = ShardedQueue::new(&Queue::new(&zk, "/queues/mails")?).threshold(5_000);
/// let part = mails.pick().await?;
/// part.put("to ada").await?;
/// for part in mails.parts().await? {
///     assert_eq!(part.take().await?.data(), b"to ada");
/// }
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct ShardedQueue {
    config: Arc<Config>,
    threshold: usize,
    max_parts: usize,
    every: Duration,
    /// The parts that are to have no more items until they have half as many.
    full: Arc<Mutex<BTreeSet<String>>>,
}

impl ShardedQueue {
    /// Divides a queue: its parts are below its node, and as it is otherwise, but each with locks and marks of its own. Sends
    /// nothing.
    #[must_use]
    pub fn new(queue: &Queue) -> Self {
        Self {
            config: Arc::clone(&queue.config),
            threshold: 10_000,
            max_parts: 10,
            every: Duration::from_secs(30),
            full: Arc::default(),
        }
    }

    /// Sets how many items a part should have. Default: 10,000, as Curator's.
    #[must_use]
    pub fn threshold(mut self, items: usize) -> Self {
        self.threshold = items.max(1);
        self
    }

    /// Sets how many parts there may be. Default: 10, as Curator's.
    #[must_use]
    pub fn max_parts(mut self, parts: usize) -> Self {
        self.max_parts = parts.max(1);
        self
    }

    /// Sets how often whoever grows it looks. Default: 30 s, as Curator's.
    #[must_use]
    pub fn check_every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// The parts that there are, in the order of their names; none if nobody has put anything yet.
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
    /// As a read.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; after an expiry it goes on in the next session.
    pub async fn parts(&self) -> Result<Vec<Queue>, Error> {
        loop {
            let generation = self.config.client.generation();
            match self.names().await {
                #[cfg(feature = "__seeded-bugs")]
                Ok(names) if zk_client::seeded::is_on("later-parts-not-looked-at") => {
                    return Ok(names.iter().take(1).map(|name| self.part(name)).collect());
                }
                Ok(names) => return Ok(names.iter().map(|name| self.part(name)).collect()),
                Err(error) => self.go_on(generation, error).await?,
            }
        }
    }

    /// A part to put into: any that has fewer items than it should have, or was full and has half as many now; any at all if
    /// there is none. Makes the first part.
    ///
    /// # Errors
    ///
    /// As [`parts`](Self::parts).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the first part is made or not.
    ///
    /// # Ordering
    ///
    /// As reads.
    ///
    /// # On session events
    ///
    /// As [`parts`](Self::parts).
    pub async fn pick(&self) -> Result<Queue, Error> {
        loop {
            let generation = self.config.client.generation();
            match self.pick_now().await {
                Ok(part) => return Ok(part),
                Err(error) => self.go_on(generation, error).await?,
            }
        }
    }

    /// Adds parts for as long as it runs, while it leads the election: one when each has as many items as it should have.
    /// Curator's sharders stand in elections of the layout [`Latch`](crate::ElectionLayout::Latch) without a contender's name.
    ///
    /// # Errors
    ///
    /// Those of the election and of the queue; it never ends without one.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the candidacy is withdrawn; parts that were added stay.
    ///
    /// # Ordering
    ///
    /// Parts are added in transactions that are refused once the term is over.
    ///
    /// # On session events
    ///
    /// After an expiry it stands again.
    pub async fn grow(&self, election: &Election) -> Result<(), Error> {
        let lead = election.lead(|term| {
            let sharded = self.clone();
            async move { sharded.grow_for(&term).await }
        });
        match lead.await {
            Ok(error) | Err(error) => Err(self.config.client.explain(error).await),
        }
    }

    /// Adds parts during a term, until something fails.
    async fn grow_for(&self, term: &Term) -> Error {
        let client = &self.config.client;
        loop {
            let generation = client.generation();
            if let Err(error) = self.add_if_full(term).await {
                if let Err(error) = renewed(client, generation, error) {
                    return error;
                }
                // The term is over with its session: whoever leads drops this.
                std::future::pending::<()>().await;
            }
            sleep(self.every).await;
        }
    }

    /// Reads and writes that may be done again, in the next session too, failed. (A closure that does them would make futures
    /// that cannot be spawned.)
    async fn go_on(&self, generation: u64, error: Error) -> Result<(), Error> {
        let client = &self.config.client;
        match renewed(client, generation, error) {
            Ok(()) => Ok(()),
            Err(error) => Err(client.explain(error).await),
        }
    }

    async fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = self.config.children(&self.config.path).await?;
        names.retain(|name| name.strip_prefix(PART).is_some_and(is_uuid));
        names.sort_unstable();
        Ok(names)
    }

    /// The parts with how many items they have.
    async fn sizes(&self) -> Result<Vec<(String, usize)>, Error> {
        let reads: Vec<_> = self
            .names()
            .await?
            .into_iter()
            .map(|name| {
                let items = self.part(&name).config.places.items.clone();
                let read = self.config.client.exists(&items).submit();
                (name, read)
            })
            .collect();
        let mut sizes = Vec::with_capacity(reads.len());
        for (name, read) in reads {
            let children = read.await?.map_or(0, |stat| stat.num_children);
            sizes.push((name, usize::try_from(children).unwrap_or(0)));
        }
        Ok(sizes)
    }

    async fn pick_now(&self) -> Result<Queue, Error> {
        let client = &self.config.client;
        let sizes = self.sizes().await?;
        if sizes.is_empty() {
            let name = format!("{PART}{}", new_uuid(client)?);
            let part = self.part(&name);
            make_root(client, part.path(), self.config.layout, &self.config.acl).await?;
            return Ok(part);
        }
        let open = {
            let mut full = lock(&self.full);
            open(&sizes, self.threshold, &mut full)
        };
        let chance = u64::from_be_bytes(client.random()?);
        let at = usize::try_from(chance % open.len().max(1) as u64).unwrap_or(0);
        let name = open.get(at).or_else(|| sizes.first().map(|(name, _)| name));
        Ok(self.part(name.map_or("", String::as_str)))
    }

    async fn add_if_full(&self, term: &Term) -> Result<(), Error> {
        let client = &self.config.client;
        let sizes = self.sizes().await?;
        let is_full = sizes.iter().all(|(_, items)| *items >= self.threshold);
        if sizes.is_empty() || !is_full || sizes.len() >= self.max_parts {
            return Ok(());
        }
        let name = format!("{PART}{}", new_uuid(client)?);
        let part = path::join(&self.config.path, &name);
        let acl = self.config.acl.clone();
        let multi = client.multi().fenced_by(term);
        let create = multi.create_with_acl(&part, "", CreateMode::Persistent, acl);
        match create.await {
            // Added or not: the next look tells. After the term there is nothing to add.
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::ConnectionLost | ErrorKind::LockLost
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// A part as a queue of its own.
    fn part(&self, name: &str) -> Queue {
        Queue::part(&self.config, name)
    }
}

/// The parts to put into.
fn open(sizes: &[(String, usize)], threshold: usize, full: &mut BTreeSet<String>) -> Vec<String> {
    full.retain(|name| sizes.iter().any(|(part, _)| part == name));
    for (name, items) in sizes {
        if *items >= threshold {
            full.insert(name.clone());
        } else if *items <= threshold / 2 {
            full.remove(name);
        }
    }
    let names = sizes.iter().map(|(name, _)| name.clone());
    let open: Vec<String> = names.clone().filter(|name| !full.contains(name)).collect();
    if open.is_empty() {
        names.collect()
    } else {
        open
    }
}

impl fmt::Debug for ShardedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedQueue")
            .field("path", &self.config.path)
            .field("threshold", &self.threshold)
            .field("max_parts", &self.max_parts)
            .finish_non_exhaustive()
    }
}

/// What the names of parts begin with.
const PART: &str = "queue-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_was_full_is_put_into_again_when_it_has_half_as_many_items() {
        let sizes = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
        let mut full = BTreeSet::new();
        assert_eq!(open(&sizes(9, 3), 10, &mut full), ["a", "b"]);
        assert_eq!(open(&sizes(10, 3), 10, &mut full), ["b"]);
        assert_eq!(open(&sizes(6, 3), 10, &mut full), ["b"]);
        assert_eq!(open(&sizes(5, 3), 10, &mut full), ["a", "b"]);
        assert_eq!(
            open(&sizes(10, 12), 10, &mut full),
            ["a", "b"],
            "all are full"
        );
        assert_eq!(open(&sizes(0, 12)[1..], 10, &mut full), ["b"]);
        assert_eq!(full.len(), 1, "what is gone is forgotten");
    }
}
