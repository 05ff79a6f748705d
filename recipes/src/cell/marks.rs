//! Marks that are kept for the next transaction.

use std::sync::{Mutex, PoisonError};

use zk_client::Client;

use super::mark::Mark;

/// Marks that wait for the next transaction: as many as were ever under way at once.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<Vec<Mark>>);

impl Marks {
    /// A mark of this session that was made before, if one is free. It goes with whoever takes it, unless it is put back.
    pub(super) fn take(&self, client: &Client) -> Option<Mark> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mark) = free.pop() {
            if mark.is_current(client) {
                return Some(mark);
            }
        }
        None
    }

    pub(super) fn put_back(&self, mark: Mark) {
        if mark.made {
            let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            free.push(mark);
        }
    }
}
