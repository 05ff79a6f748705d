//! What the keeper of a cache shares with its readers.

use zk_client::{Error, Moment, Zxid};

use super::asks::Mark;
use super::change::CacheChange;
use super::log::Log;
use super::scope::Scope;
use super::snapshot::CacheSnapshot;
use super::tree::Tree;

#[derive(Debug)]
pub(super) struct Picture {
    pub(super) tree: Tree,
    pub(super) log: Log,
    /// All was read at least once.
    pub(super) loaded: bool,
    /// Changes arrive as they happen.
    pub(super) fresh: bool,
    pub(super) as_of: Zxid,
    /// It shows all that was committed before this.
    pub(super) sure: Option<Moment>,
    /// Nobody keeps it any more; why, if it is for an error.
    pub(super) ended: Option<Option<Error>>,
}

/// How far a picture reaches.
#[cfg(feature = "discovery")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    /// The number of the change that comes next.
    pub(crate) told: u64,
    /// It shows all that was committed before this.
    pub(crate) sure: Option<Moment>,
}

#[cfg(feature = "discovery")]
impl Reach {
    pub(super) fn of(picture: &Picture) -> Self {
        Self {
            told: picture.log.end(),
            sure: picture.sure,
        }
    }
}

impl Picture {
    pub(super) fn new(backlog: usize) -> Self {
        Self {
            tree: Tree::default(),
            log: Log::new(backlog),
            loaded: false,
            fresh: false,
            as_of: Zxid::NONE,
            sure: None,
            ended: None,
        }
    }

    pub(super) fn snapshot(&self, scope: &Scope) -> CacheSnapshot {
        CacheSnapshot::new(scope, &self.tree, self.as_of, self.fresh)
    }

    /// Takes in how far it reaches by now.
    pub(super) fn reach(&mut self, mark: Mark) {
        self.as_of = self.as_of.max(mark.as_of.unwrap_or(Zxid::NONE));
        self.sure = self.sure.max(mark.sure);
    }

    /// Until all was read once there is nobody to tell: who comes then gets a snapshot.
    pub(super) fn tell(&mut self, changes: impl IntoIterator<Item = CacheChange>) {
        if self.loaded {
            changes.into_iter().for_each(|change| self.log.push(change));
        }
    }

    /// From here on it may be behind.
    pub(super) fn stale(&mut self) {
        if std::mem::replace(&mut self.fresh, false) {
            self.tell([CacheChange::Stale]);
        }
    }

    /// All was read, and told.
    pub(super) fn freshen(&mut self) {
        if !std::mem::replace(&mut self.fresh, true) {
            let as_of = self.as_of;
            self.tell([CacheChange::Fresh { as_of }]);
            self.loaded = true;
        }
    }
}
