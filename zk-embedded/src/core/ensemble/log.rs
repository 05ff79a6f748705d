//! A server's log: what it has promised to remember.

use std::collections::VecDeque;
use std::sync::Arc;

use zk_wire::Zxid;

use crate::core::line::Stamp;
use crate::core::waiting::Proposal;

/// One transaction.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    pub(super) proposal: Proposal,
}

impl Entry {
    pub(super) fn zxid(&self) -> Zxid {
        self.stamp.zxid
    }
}

/// The newest transactions. What came before is in the tree alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Arc<Entry>>,
    /// The last transaction before the first entry.
    base: Zxid,
}

impl Log {
    /// The log of a server whose tree is at that transaction.
    pub(super) fn after(base: Zxid) -> Self {
        Self {
            entries: VecDeque::new(),
            base,
        }
    }

    pub(super) fn push(&mut self, entry: Arc<Entry>) {
        self.entries.push_back(entry);
    }

    /// The last transaction in it.
    pub(super) fn last(&self) -> Zxid {
        self.entries.back().map_or(self.base, |entry| entry.zxid())
    }

    /// The entries after that transaction.
    pub(super) fn since(&self, zxid: Zxid) -> impl Iterator<Item = &Arc<Entry>> {
        let from = self.entries.partition_point(|entry| entry.zxid() <= zxid);
        self.entries.range(from..)
    }

    /// Drops what lies behind that transaction. `true` if there was anything.
    pub(super) fn cut_after(&mut self, zxid: Zxid) -> bool {
        let keep = self.entries.partition_point(|entry| entry.zxid() <= zxid);
        let cuts = keep < self.entries.len();
        self.entries.truncate(keep);
        cuts
    }

    /// Drops the oldest entries, as long as they are carried out and there are more than a few.
    pub(super) fn trim(&mut self, applied: Zxid) {
        while self.entries.len() > KEPT {
            match self.entries.front() {
                Some(oldest) if oldest.zxid() <= applied => self.base = oldest.zxid(),
                _ => return,
            }
            self.entries.pop_front();
        }
    }

    /// Whether whoever stands at that transaction of the other log stands on this log, too.
    pub(super) fn continues(&self, zxid: Zxid, other: &Self) -> bool {
        if zxid == self.base {
            return true;
        }
        let find = |log: &Self| log.find(zxid).cloned();
        match (find(self), find(other)) {
            // After a restored backup two transactions may bear the same zxid.
            (Some(ours), Some(theirs)) => Arc::ptr_eq(&ours, &theirs),
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// The last transaction that both logs have in common, as far as they remember.
    pub(super) fn fork(&self, other: &Self) -> Zxid {
        let shared = |entry: &&Arc<Entry>| {
            other
                .find(entry.zxid())
                .is_some_and(|theirs| Arc::ptr_eq(entry, theirs))
        };
        self.entries
            .iter()
            .rev()
            .find(shared)
            .map_or(self.base, |entry| entry.zxid())
    }

    fn find(&self, zxid: Zxid) -> Option<&Arc<Entry>> {
        let at = self
            .entries
            .binary_search_by_key(&zxid, |entry| entry.zxid());
        self.entries.get(at.ok()?)
    }
}

/// Enough for whoever was away for a while; others get the whole tree.
const KEPT: usize = 500;
