//! What is handed out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use zk_client::{Error, Stat, Zxid};

use super::envelope;
use super::layout::QueueLayout;
use super::name::{Label, Name};
use crate::value::{Stored, decode_stored};

/// An item of a queue, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    node: String,
    raw: Bytes,
    records: Vec<Bytes>,
    label: Label,
    stat: Stat,
}

/// An item in a list: what its name says, and whether somebody works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// The path of its node.
    pub node: String,
    /// Its priority, if the queue has them and its name says one.
    pub priority: Option<i32>,
    /// When it is due, in a delay queue.
    pub due: Option<SystemTime>,
    /// Its id, in a queue with ids, as it stands in the name.
    pub id: Option<String>,
    /// Whether somebody has claimed it.
    pub is_claimed: bool,
}

impl Item {
    /// What was read; the error says why it is no item.
    pub(super) fn read(
        layout: QueueLayout,
        node: String,
        name: &Name,
        raw: Bytes,
        stat: Stat,
    ) -> Result<Self, String> {
        let records = if layout.has_envelope() {
            envelope::decode(&raw)?
        } else {
            vec![raw.clone()]
        };
        Ok(Self {
            node,
            raw,
            records,
            label: name.label.clone(),
            stat,
        })
    }

    /// The path of its node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Its data: the first record, and nearly always the only one.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.records.first().map_or(&[], |record| record)
    }

    /// The value that its data are.
    ///
    /// # Errors
    ///
    /// `Undecodable` if they are none, with the path of its node and the reason. The item is where it was.
    pub fn value<T: Stored>(&self) -> Result<T, Error> {
        decode_stored(&self.node, self.data(), self.stat.mzxid)
    }

    /// All its records. Other than one only if it was put so ([`Entry::records`](crate::Entry::records)).
    #[must_use]
    pub fn records(&self) -> &[Bytes] {
        &self.records
    }

    /// Its priority, if the queue has them and its name says one.
    #[must_use]
    pub fn priority(&self) -> Option<i32> {
        self.label.priority
    }

    /// When it was due, in a delay queue.
    #[must_use]
    pub fn due(&self) -> Option<SystemTime> {
        self.label.due.map(moment)
    }

    /// Its id, in a queue with ids, as it stands in the name.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.label.id.as_deref()
    }

    /// The transaction that put it. Tells it from every other item of any queue.
    #[must_use]
    pub fn put(&self) -> Zxid {
        self.stat.czxid
    }

    /// How often it had been claimed by this library when it was read.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.stat.version).unwrap_or(u32::MAX)
    }

    /// Its node's name.
    pub(super) fn name(&self) -> &str {
        self.node.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// What its node holds.
    pub(super) fn raw(&self) -> &Bytes {
        &self.raw
    }

    pub(super) fn version(&self) -> i32 {
        self.stat.version
    }

    /// As it stands after a claim.
    pub(super) fn claimed(mut self) -> Self {
        self.stat.version = self.stat.version.wrapping_add(1);
        self
    }
}

impl Listed {
    pub(super) fn new(node: String, name: &Name, is_claimed: bool) -> Self {
        let Label { priority, due, id } = name.label.clone();
        let due = due.map(moment);
        Self {
            node,
            priority,
            due,
            id,
            is_claimed,
        }
    }
}

fn moment(millis: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
