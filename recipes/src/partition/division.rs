//! One member's part in a division.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::owned::Owned;
use super::slot::Slot;
use crate::lock::Held;

/// How an item stands with this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemStanding {
    /// It waits until whoever has it lets go.
    Waiting,
    /// It owns it.
    Owned,
    /// It owns it and is to let go of it.
    Recalled,
    /// It lost it, and whoever works on it has not dropped it.
    Lost,
    /// It let go of it without having been asked, and takes it again after the settling time if it is still to be its.
    Resting,
}

/// One member's part in a division, while a [driver](crate::Partitioner::join) keeps it. Dropped, the member leaves.
#[derive(Debug)]
pub struct Division {
    member: String,
    granted: mpsc::UnboundedReceiver<Owned>,
    told: watch::Receiver<Told>,
    closing: watch::Sender<bool>,
}

/// What whoever divides tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) members: Vec<String>,
    items: BTreeMap<Arc<str>, (Slot, Option<Held>)>,
}

impl Told {
    /// An item stands so from now on.
    pub(super) fn stand(&mut self, item: &Arc<str>, slot: Slot) {
        match slot {
            Slot::Apart => drop(self.items.remove(item)),
            Slot::Owned { .. } => {
                self.items.entry(Arc::clone(item)).or_insert((slot, None)).0 = slot
            }
            Slot::Queued | Slot::Resting => drop(self.items.insert(Arc::clone(item), (slot, None))),
        }
    }

    /// An item is held so.
    pub(super) fn hold(&mut self, item: &Arc<str>, held: Held) {
        if let Some((_, holding)) = self.items.get_mut(item) {
            *holding = Some(held);
        }
    }
}

fn standing(slot: Slot, held: Option<&Held>) -> Option<ItemStanding> {
    match slot {
        Slot::Apart => None,
        Slot::Queued => Some(ItemStanding::Waiting),
        Slot::Resting => Some(ItemStanding::Resting),
        Slot::Owned { .. } if held.is_some_and(|held| held.loss().is_some()) => {
            Some(ItemStanding::Lost)
        }
        Slot::Owned { is_recalled: true } => Some(ItemStanding::Recalled),
        Slot::Owned { is_recalled: false } => Some(ItemStanding::Owned),
    }
}

/// The driver's side.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) grant: mpsc::UnboundedSender<Owned>,
    pub(super) told: watch::Sender<Told>,
    pub(super) closing: watch::Receiver<bool>,
}

impl Division {
    pub(super) fn new(member: &str) -> (Self, Desk) {
        let (grant, granted) = mpsc::unbounded_channel();
        let (told, tell) = watch::channel(Told::default());
        let (closing, close) = watch::channel(false);
        let division = Self {
            member: member.to_owned(),
            granted,
            told: tell,
            closing,
        };
        let desk = Desk {
            grant,
            told,
            closing: close,
        };
        (division, desk)
    }

    /// What this member calls itself.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.member
    }

    /// The members among which items are divided, as of the last division; empty before the first.
    #[must_use]
    pub fn members(&self) -> Vec<String> {
        self.told.borrow().members.clone()
    }

    /// The items that this member has to do with, and how they stand with it, as far as this process knows.
    #[must_use]
    pub fn items(&self) -> BTreeMap<String, ItemStanding> {
        let told = self.told.borrow();
        let items = told.items.iter();
        items
            .filter_map(|(item, (slot, held))| {
                Some((item.to_string(), standing(*slot, held.as_ref())?))
            })
            .collect()
    }

    /// The next item that this member owns; `None` when the driver has ended. What was recalled or lost before it was asked
    /// for is let go of at once: ask again soon, as nobody else works on an item that waits here.
    ///
    /// # Errors
    ///
    /// None: why the driver ended, the driver says.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no item.
    ///
    /// # Ordering
    ///
    /// In the order in which they were granted.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session, in which items are granted anew.
    pub async fn next(&mut self) -> Option<Owned> {
        loop {
            let owned = self.granted.recv().await?;
            if !owned.is_recalled() && owned.held().is_held() {
                return Some(owned);
            }
        }
    }

    /// Leaves: the others are told at once, and all items are recalled when these had time to wait for them, after the settling
    /// time and a quarter of it, or at once if there are no others. The driver ends when all are let go of.
    ///
    /// Who is in a hurry drops what it owns; each item is then nobody's for that time at most.
    pub fn leave(&self) {
        self.closing.send_replace(true);
    }
}
