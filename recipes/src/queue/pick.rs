//! Finding what can be taken next, and waiting for it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;
use zk_client::{Client, Error, ErrorKind, Watch};

use super::choose::{Choice, choose, from, window};
use super::config::{Config, OnCorrupt};
use super::item::Item;
use super::layout::QueueLayout;
use super::name::Name;
use super::state::State;
use crate::renewal::renewed;

/// Looks for items.
pub(super) struct Picker<'a> {
    pub(super) config: &'a Config,
    pub(super) state: &'a State,
    /// False: yields nothing instead of waiting.
    pub(super) waits: bool,
}

impl Picker<'_> {
    /// Up to `wanted` items that can be taken, after so many races that were lost; none if there are none and it does not
    /// wait.
    pub(super) async fn pick(&self, wanted: usize, lost: u32) -> Result<Vec<Name>, Error> {
        loop {
            let generation = self.config.client.generation();
            match self.look_or_wait(wanted + WIDEST).await {
                Ok(Some(ready)) => {
                    let drawn = self.draw(window(&ready, lost))?;
                    return Ok(from(ready, drawn, wanted));
                }
                Ok(None) if self.waits => {}
                Ok(None) => return Ok(Vec::new()),
                Err(error) => renewed(&self.config.client, generation, error)?,
            }
        }
    }

    /// The items of these names that are there and that nobody works on; `None` if another session began meanwhile. What is
    /// no item is dealt with as the queue was told to.
    pub(super) async fn read(&self, names: Vec<Name>) -> Result<Option<Vec<Item>>, Error> {
        let generation = self.config.client.generation();
        let found = match self.config.read(names).await {
            Ok(found) => found,
            Err(error) => {
                renewed(&self.config.client, generation, error)?;
                return Ok(None);
            }
        };
        let mut items = Vec::new();
        for found in found {
            match (&found.item, self.config.on_corrupt) {
                (Ok(item), _) => items.push(item.clone()),
                (Err(_), OnCorrupt::Skip) => self.state.skip(&found.name.text),
                (Err(why), OnCorrupt::MoveAside) => {
                    let moved = self.move_aside(&found.name.text, &found.data, found.version);
                    if let Some(now_at) = moved.await? {
                        return Err(self.config.corrupt(&found, Some(&now_at), why));
                    }
                }
            }
        }
        Ok(Some(items))
    }

    async fn move_aside(
        &self,
        name: &str,
        data: &Bytes,
        version: i32,
    ) -> Result<Option<String>, Error> {
        let marks = &self.state.marks;
        self.config.move_aside(marks, name, data, version).await
    }

    /// Whether the item was claimed as often as it may be.
    pub(super) fn is_worn_out(&self, item: &Item) -> bool {
        let limit = self.config.max_attempts;
        limit.is_some_and(|limit| item.attempts() >= limit)
    }

    /// Moves an item aside that nobody ever completed.
    pub(super) async fn give_up(&self, item: &Item) -> Result<(), Error> {
        let moved = self.move_aside(item.name(), item.raw(), item.version());
        if let Some(now_at) = moved.await? {
            let attempts = item.attempts();
            tracing::warn!(
                item = item.node(),
                attempts,
                now_at,
                "item was never completed"
            );
        }
        Ok(())
    }

    /// What can be taken; or, after waiting for a change, nothing.
    async fn look_or_wait(&self, wanted: usize) -> Result<Option<Vec<Name>>, Error> {
        let (names, locked) = self.config.look(self.state).await?;
        let choice = self.choose(names, &locked, wanted).await?;
        if !choice.ready.is_empty() {
            return Ok(Some(choice.ready));
        }
        if !self.waits {
            return Ok(None);
        }
        // Again, to be told of what happens from here on.
        let client = &self.config.client;
        let (children, mut items) = watched(client, &self.config.places.items).await?;
        let (locked, mut locks) = if choice.is_locked {
            let (locked, watch) = watched(client, &self.config.places.locks).await?;
            (locked.into_iter().collect(), Some(watch))
        } else {
            (locked, None)
        };
        let names = Name::sorted(self.config.layout, &children);
        self.config.note_len(self.state, names.len());
        let choice = self.choose(names, &locked, wanted).await?;
        if !choice.ready.is_empty() {
            return Ok(Some(choice.ready));
        }
        let due = match choice.next_due {
            None => None,
            Some(due) => {
                let anchor = self.config.servers_time(self.state).await?;
                let left = due.saturating_sub(anchor.earliest(client.now()));
                Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
            }
        };
        // A watch ends with its session; a new look tells what there is in the next.
        tokio::select! {
            biased;
            _ = items.next() => {}
            _ = next_of(&mut locks) => {}
            () = after(due) => {}
        }
        Ok(None)
    }

    async fn choose(
        &self,
        names: Vec<Name>,
        locked: &BTreeSet<String>,
        wanted: usize,
    ) -> Result<Choice, Error> {
        let is_there = |text: &str| names.iter().any(|name| name.text == text);
        let skipped = self.state.skipped(is_there);
        let now = if self.config.layout == QueueLayout::Delay && !names.is_empty() {
            let anchor = self.config.servers_time(self.state).await?;
            anchor.earliest(self.config.client.now())
        } else {
            0
        };
        Ok(choose(names, &skipped, locked, now, wanted))
    }

    /// A number below `end`, or 0.
    fn draw(&self, end: usize) -> Result<usize, Error> {
        if end < 2 {
            return Ok(0);
        }
        let chance = u64::from_be_bytes(self.config.client.random()?);
        Ok(usize::try_from(chance % end as u64).unwrap_or(0))
    }
}

/// The children of a node, and a watch that tells of the next change of them; if the node is missing, of its creation.
pub(super) async fn watched(client: &Client, path: &str) -> Result<(Vec<String>, Watch), Error> {
    loop {
        match client.children(path).watch().await {
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            watched => return watched,
        }
        if let (None, watch) = client.exists(path).watch().await? {
            return Ok((Vec::new(), watch));
        }
    }
}

async fn next_of(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => drop(watch.next().await),
        None => std::future::pending().await,
    }
}

/// The servers' clock may be set, so it is looked at once in a while.
async fn after(due: Option<Duration>) {
    match due {
        Some(due) => sleep(due.min(LONGEST_SLEEP)).await,
        None => std::future::pending().await,
    }
}

const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Among how many one is drawn at most: see [`window`].
const WIDEST: usize = 15;
