//! What is contended for: each recipe in one form, so that one stage serves them all.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use zk_client::{Client, Error};
use zk_recipes::{
    Election, Held, HoldError, Leadership, LockGuard, Mutex, Permit, ReadGuard, Released, RwLock,
    Semaphore, WriteGuard,
};

/// Which recipe, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Mutex,
    /// A reader, and others who write.
    Reader,
    /// A writer, and others who write.
    Writer,
    /// The one permit of a semaphore.
    Permit,
    Candidate,
}

impl What {
    pub(super) const ALL: [Self; 5] = [
        Self::Mutex,
        Self::Reader,
        Self::Writer,
        Self::Permit,
        Self::Candidate,
    ];

    /// Whether the token is the creation zxid of the holder's node.
    pub(super) fn is_token_of_creation(self) -> bool {
        self != Self::Candidate
    }

    pub(super) fn ours(self, zk: &Client, path: &str) -> Recipe {
        match self {
            Self::Mutex => Recipe::Mutex(Mutex::new(zk, path).unwrap()),
            Self::Reader => Recipe::Reader(RwLock::new(zk, path).unwrap()),
            Self::Writer => Recipe::Writer(RwLock::new(zk, path).unwrap()),
            Self::Permit => Recipe::Permit(Semaphore::new(zk, path, 1).unwrap()),
            Self::Candidate => Recipe::Candidate(Election::new(zk, path).unwrap()),
        }
    }

    /// Those who keep ours out.
    pub(super) fn theirs(self, zk: &Client, path: &str) -> Recipe {
        match self {
            Self::Reader => Self::Writer.ours(zk, path),
            _ => self.ours(zk, path),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Debug, Clone)]
pub(super) enum Recipe {
    Mutex(Mutex),
    Reader(RwLock),
    Writer(RwLock),
    Permit(Semaphore),
    Candidate(Election),
}

#[derive(Debug)]
pub(super) enum Guard {
    Mutex(LockGuard),
    Reader(ReadGuard),
    Writer(WriteGuard),
    Permit(Permit),
    Candidate(Leadership),
}

impl Recipe {
    pub(super) async fn acquire(&self) -> Result<Guard, Error> {
        Ok(match self {
            Self::Mutex(mutex) => Guard::Mutex(mutex.acquire().await?),
            Self::Reader(lock) => Guard::Reader(lock.read().await?),
            Self::Writer(lock) => Guard::Writer(lock.write().await?),
            Self::Permit(permits) => Guard::Permit(permits.acquire().await?),
            Self::Candidate(election) => Guard::Candidate(election.elected().await?),
        })
    }

    pub(super) async fn acquire_within(&self, limit: Duration) -> Result<Guard, Error> {
        Ok(match self {
            Self::Mutex(mutex) => Guard::Mutex(mutex.acquire().timeout(limit).await?),
            Self::Reader(lock) => Guard::Reader(lock.read().timeout(limit).await?),
            Self::Writer(lock) => Guard::Writer(lock.write().timeout(limit).await?),
            Self::Permit(permits) => Guard::Permit(permits.acquire().timeout(limit).await?),
            Self::Candidate(election) => Guard::Candidate(election.elected().timeout(limit).await?),
        })
    }

    pub(super) async fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        Ok(match self {
            Self::Mutex(mutex) => mutex.try_acquire().await?.map(Guard::Mutex),
            Self::Reader(lock) => lock.try_read().await?.map(Guard::Reader),
            Self::Writer(lock) => lock.try_write().await?.map(Guard::Writer),
            Self::Permit(permits) => permits.try_acquire().await?.map(Guard::Permit),
            Self::Candidate(election) => election.elected().if_free().await?.map(Guard::Candidate),
        })
    }

    /// Runs work while it is held. A leader that was deposed before its work would stand again, so that it has one turn.
    pub(super) async fn hold<W, F>(&self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        match self {
            Self::Mutex(mutex) => mutex.hold(work).await,
            Self::Reader(lock) => lock.read().hold(work).await,
            Self::Writer(lock) => lock.write().hold(work).await,
            Self::Permit(permits) => permits.hold(work).await,
            Self::Candidate(election) => {
                let leadership = election.elected().await?;
                let output = tokio::select! {
                    biased;
                    lost = leadership.lost() => return Err(lost.into()),
                    output = work(leadership.term().held().clone()) => output,
                };
                leadership.resign().await?;
                Ok(output)
            }
        }
    }
}

impl Guard {
    pub(super) fn held(&self) -> Held {
        match self {
            Self::Mutex(guard) => guard.held(),
            Self::Reader(guard) => guard.held(),
            Self::Writer(guard) => guard.held(),
            Self::Permit(guard) => guard.held(),
            Self::Candidate(leadership) => leadership.term().held().clone(),
        }
    }

    pub(super) async fn release(self) -> Result<Released, Error> {
        match self {
            Self::Mutex(guard) => guard.release().await,
            Self::Reader(guard) => guard.release().await,
            Self::Writer(guard) => guard.release().await,
            Self::Permit(guard) => guard.release().await,
            Self::Candidate(leadership) => leadership.resign().await,
        }
    }
}
