//! What a command runs under.

use std::time::Duration;

use zk_recipes::{Contender, Election, Error, LockGuard, Mutex};

/// What is held while the command runs.
pub(crate) enum Prize {
    Lock(Mutex),
    Leadership(Election),
}

/// The words in which messages and the command hear of it.
pub(super) struct Words {
    /// What was attempted: `acquire`.
    pub(super) acquire: &'static str,
    /// `held by`.
    pub(super) held_by: &'static str,
    /// The variables in which the command finds path and token.
    pub(super) path: &'static str,
    pub(super) token: &'static str,
}

impl Prize {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Lock(_) => Words {
                acquire: "acquire",
                held_by: "held by",
                path: "ZK_LOCK_PATH",
                token: "ZK_LOCK_TOKEN",
            },
            Self::Leadership(_) => Words {
                acquire: "lead",
                held_by: "led by",
                path: "ZK_ELECTION_PATH",
                token: "ZK_EPOCH",
            },
        }
    }

    pub(super) fn path(&self) -> &str {
        match self {
            Self::Lock(mutex) => mutex.path(),
            Self::Leadership(election) => election.path(),
        }
    }

    /// The holder first.
    pub(super) async fn contenders(&self) -> Result<Vec<Contender>, Error> {
        match self {
            Self::Lock(mutex) => mutex.contenders().await,
            Self::Leadership(election) => election.candidates().await,
        }
    }

    /// Waits for it, for ever or so long; `None` if it is not to be had at once and the limit is zero.
    pub(super) async fn acquire(
        &self,
        contender: String,
        limit: Option<Duration>,
    ) -> Result<Option<LockGuard>, Error> {
        match self {
            Self::Lock(mutex) => {
                let acquire = mutex.acquire().contender(contender);
                match limit {
                    None => acquire.await.map(Some),
                    Some(Duration::ZERO) => acquire.if_free().await,
                    Some(limit) => acquire.timeout(limit).await.map(Some),
                }
            }
            Self::Leadership(election) => {
                let elected = election.clone().contender(contender).elected();
                let leadership = match limit {
                    None => elected.await.map(Some),
                    Some(Duration::ZERO) => elected.if_free().await,
                    Some(limit) => elected.timeout(limit).await.map(Some),
                };
                Ok(leadership?.map(LockGuard::from))
            }
        }
    }
}
