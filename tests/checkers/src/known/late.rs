//! Requests that took place behind later ones of their session.

use std::collections::{BTreeMap, BTreeSet};

use zk_wire::{SessionId, Zxid};

use crate::history::History;

/// The transactions of a server that stood still: what it had of an older connection was carried out once it took up a handshake
/// that had been given up (`docs/decisions/020-a-write-is-bound-to-its-mark.md`). Whoever sent it had found it undone by then,
/// and no server shows in advance that it will be.
#[derive(Debug, Default)]
pub(crate) struct Late(BTreeSet<Zxid>);

/// So many numbers there are; they start again behind the last.
const RING: i32 = i32::MAX;

impl Late {
    pub(crate) fn of(history: &History) -> Self {
        let mut newest: BTreeMap<SessionId, i32> = BTreeMap::new();
        let mut late = BTreeSet::new();
        for change in history.truth.changes.iter().filter(|change| change.xid > 0) {
            let newest = newest.entry(change.session).or_insert(change.xid);
            let behind = *newest - change.xid;
            if (1..RING / 2).contains(&behind) {
                late.insert(change.zxid);
            } else {
                *newest = change.xid;
            }
        }
        Self(late)
    }

    pub(crate) fn has(&self, zxid: Zxid) -> bool {
        self.0.contains(&zxid)
    }
}
