//! What can be held and given back.

use std::future::Future;

use zk_client::Error;
use zk_recipes::{Held, Holding, LockGuard, Released};

/// A guard of any recipe.
pub(super) trait Guard: Send {
    /// What it stands for.
    fn helds(&self) -> Vec<Held>;

    /// Gives all of it back.
    fn give_back(self) -> impl Future<Output = Result<Released, Error>> + Send;
}

impl<K: Holding> Guard for LockGuard<K> {
    fn helds(&self) -> Vec<Held> {
        vec![self.held()]
    }

    fn give_back(self) -> impl Future<Output = Result<Released, Error>> + Send {
        self.release()
    }
}
