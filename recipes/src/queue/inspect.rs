//! Looking at a queue, and removing items by id.

use zk_client::{Error, ErrorKind, OpKind};

use super::config::{Config, OnCorrupt};
use super::handle::Queue;
use super::item::{Item, Listed};
use super::layout::QueueLayout;
use super::name::{Name, sanitised};
use super::pick::Picker;
use super::take::delete_all;
use crate::renewal::renewed;

impl Queue {
    /// How many items there are, whether somebody works on them or not.
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
    pub async fn len(&self) -> Result<usize, Error> {
        self.list().await.map(|items| items.len())
    }

    /// Whether there is no item.
    ///
    /// # Errors
    ///
    /// As [`len`](Self::len).
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
    /// As [`len`](Self::len).
    pub async fn is_empty(&self) -> Result<bool, Error> {
        self.len().await.map(|len| len == 0)
    }

    /// The items, in the order in which they would be handed out, without their data. In a delay queue those that are not due
    /// yet are among them.
    ///
    /// # Errors
    ///
    /// As [`len`](Self::len).
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
    /// As [`len`](Self::len).
    pub async fn list(&self) -> Result<Vec<Listed>, Error> {
        let config = &self.config;
        loop {
            let generation = config.client.generation();
            match config.look(&self.state).await {
                Ok((names, locked)) => {
                    let listed = names.iter().map(|name| {
                        let is_claimed = locked.contains(&name.text);
                        Listed::new(config.item_path(&name.text), name, is_claimed)
                    });
                    return Ok(listed.collect());
                }
                Err(error) => self.go_on(generation, error).await?,
            }
        }
    }

    /// The item that would be handed out next, which stays where it is; nothing if there is none.
    ///
    /// # Errors
    ///
    /// `Undecodable` for an item that holds something else; as [`len`](Self::len).
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
    /// As [`len`](Self::len).
    pub async fn peek(&self) -> Result<Option<Item>, Error> {
        let picker = Picker {
            config: &self.config,
            state: &self.state,
            waits: false,
        };
        loop {
            let generation = self.config.client.generation();
            let peeked = async {
                let names = picker.pick(1, 0).await?;
                let is_empty = names.is_empty();
                let found = self.config.read(names).await?.into_iter().next();
                Ok((is_empty, found))
            };
            match peeked.await {
                Ok((true, _)) => return Ok(None),
                Ok((false, None)) => {}
                Ok((false, Some(found))) => match (&found.item, self.config.on_corrupt) {
                    (Ok(item), _) => return Ok(Some(item.clone())),
                    (Err(_), OnCorrupt::Skip) => self.state.skip(&found.name.text),
                    (Err(why), OnCorrupt::MoveAside) => {
                        return Err(self.config.corrupt(&found, None, why));
                    }
                },
                Err(error) => self.go_on(generation, error).await?,
            }
        }
    }

    /// Takes the items with this id out of the queue, whatever characters it has, and tells how many there were. One that
    /// somebody works on is left alone.
    ///
    /// # Errors
    ///
    /// `Misuse` if the queue has no ids; as [`Take`](crate::Take).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: each is removed or not. Its mark goes.
    ///
    /// # Ordering
    ///
    /// The list is queued at the first poll.
    ///
    /// # On session events
    ///
    /// As [`len`](Self::len).
    pub async fn remove(&self, id: &str) -> Result<usize, Error> {
        let config = &self.config;
        if config.layout != QueueLayout::Id {
            return Err(self.has_no_ids());
        }
        let id = sanitised(id);
        loop {
            let generation = config.client.generation();
            match self.remove_now(config, &id).await {
                Ok(removed) => return Ok(removed),
                Err(error) => self.go_on(generation, error).await?,
            }
        }
    }

    async fn remove_now(&self, config: &Config, id: &str) -> Result<usize, Error> {
        let (names, locked) = config.look(&self.state).await?;
        let is_meant =
            |name: &Name| name.label.id.as_deref() == Some(id) && !locked.contains(&name.text);
        let names: Vec<Name> = names.into_iter().filter(is_meant).collect();
        // What they hold does not matter, but nobody may have them.
        let found = config.read(names).await?;
        let mut removed = 0;
        for found in found {
            let mut item = vec![(found.name.text, found.version)];
            let is_removed = delete_all(config, &self.state.marks, &mut item).await?;
            removed += usize::from(is_removed);
        }
        Ok(removed)
    }

    async fn go_on(&self, generation: u64, error: Error) -> Result<(), Error> {
        match renewed(&self.config.client, generation, error) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.config.client.explain(error).await),
        }
    }

    fn has_no_ids(&self) -> Error {
        let path = self.path();
        let text = format!(
            "cannot remove from {path} by id: {} has none",
            self.config.layout
        );
        Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Delete, path)
            .with_hint("give the queue the layout QueueLayout::Id, here and where it is put")
    }
}
