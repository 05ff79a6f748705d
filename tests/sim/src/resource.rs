//! Resources outside ZooKeeper that locks protect.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One resource per lock that checks fencing tokens, and one that does not.
#[derive(Debug, Default)]
pub struct Resource {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    highest: BTreeMap<(usize, bool), u64>,
    stale: u64,
    refused: u64,
}

impl Resource {
    /// A use with a token. Without a check everything is let pass, and stale uses are counted.
    pub fn write(&self, lock: usize, token: u64, checked: bool) -> bool {
        let mut state = self.lock();
        let highest = state.highest.entry((lock, checked)).or_default();
        let is_stale = token < *highest;
        *highest = token.max(*highest);
        match (is_stale, checked) {
            (true, true) => {
                state.refused += 1;
                false
            }
            (true, false) => {
                state.stale += 1;
                true
            }
            (false, _) => true,
        }
    }

    /// How many stale uses the unchecked resource let pass.
    #[must_use]
    pub fn stale(&self) -> u64 {
        self.lock().stale
    }

    /// How many stale uses the checked resource refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
