//! What can be held and given back.

use std::future::Future;

use zk_client::Error;
use zk_recipes::{Held, Holding, Leadership, LockGuard, MultiGuard, ReentrantGuard, Released};

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

impl<K: Holding> Guard for Vec<LockGuard<K>> {
    fn helds(&self) -> Vec<Held> {
        self.iter().map(LockGuard::held).collect()
    }

    async fn give_back(self) -> Result<Released, Error> {
        let mut ended = Ok(None);
        for guard in self {
            let released = guard.release().await;
            ended = match (ended, released) {
                (Err(error), _) | (_, Err(error)) => Err(error),
                (Ok(Some(before)), Ok(now)) if now.was_held => Ok(Some(before)),
                (Ok(_), Ok(now)) => Ok(Some(now)),
            };
        }
        let none = || Error::new(zk_client::ErrorKind::Bug, "nothing was held");
        ended.and_then(|released| released.ok_or_else(none))
    }
}

impl Guard for MultiGuard {
    fn helds(&self) -> Vec<Held> {
        self.helds()
    }

    fn give_back(self) -> impl Future<Output = Result<Released, Error>> + Send {
        self.release()
    }
}

impl Guard for ReentrantGuard {
    fn helds(&self) -> Vec<Held> {
        vec![self.held()]
    }

    fn give_back(self) -> impl Future<Output = Result<Released, Error>> + Send {
        self.release()
    }
}

impl Guard for Leadership {
    fn helds(&self) -> Vec<Held> {
        vec![self.term().held().clone()]
    }

    fn give_back(self) -> impl Future<Output = Result<Released, Error>> + Send {
        self.resign()
    }
}
