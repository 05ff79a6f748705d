//! The newest changes, for readers that come at their own pace.

use std::collections::VecDeque;

use super::change::CacheChange;

/// The newest changes. Older ones are dropped, so that nobody waits for a slow reader and none costs memory without bound.
#[derive(Debug)]
pub(super) struct Log {
    changes: VecDeque<CacheChange>,
    /// The number of the first.
    first: u64,
    weight: usize,
    most: usize,
}

/// What a reader that knows all changes before a number finds next.
#[derive(Debug)]
pub(super) enum Next<'a> {
    Change(&'a CacheChange),
    Nothing,
    /// It was dropped.
    Dropped,
}

impl Log {
    pub(super) fn new(most: usize) -> Self {
        Self {
            changes: VecDeque::new(),
            first: 0,
            weight: 0,
            most,
        }
    }

    pub(super) fn push(&mut self, change: CacheChange) {
        self.weight += change.weight();
        self.changes.push_back(change);
        while self.changes.len() > self.most || self.weight > MOST_BYTES {
            let Some(dropped) = self.changes.pop_front() else {
                break;
            };
            self.weight -= dropped.weight();
            self.first += 1;
        }
    }

    /// The number of the change that comes next.
    pub(super) fn end(&self) -> u64 {
        self.first + self.changes.len() as u64
    }

    pub(super) fn at(&self, number: u64) -> Next<'_> {
        let Some(index) = number.checked_sub(self.first) else {
            return Next::Dropped;
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.changes.get(index).map_or(Next::Nothing, Next::Change)
    }
}

/// Of paths and data in the changes that are kept.
const MOST_BYTES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str) -> CacheChange {
        let node = super::super::tests::node(1, 1, "");
        let path = path.into();
        CacheChange::Created { path, node }
    }

    #[test]
    fn the_newest_changes_are_kept_by_number_and_by_bytes() {
        let mut log = Log::new(3);
        for name in ["/a", "/b", "/c", "/d"] {
            log.push(told(name));
        }
        assert!(matches!(log.at(0), Next::Dropped));
        assert!(matches!(log.at(1), Next::Change(change) if change.path() == Some("/b")));
        assert!(matches!(log.at(log.end()), Next::Nothing));
        log.push(told(&"x".repeat(MOST_BYTES - 5)));
        assert!(matches!(log.at(log.end() - 4), Next::Dropped));
        assert!(matches!(log.at(log.end() - 3), Next::Change(_)));
        log.push(told(&"y".repeat(MOST_BYTES)));
        assert!(matches!(log.at(log.end() - 2), Next::Dropped));
        assert_eq!(log.weight, MOST_BYTES);
        assert_eq!(log.end(), 6);
    }
}
