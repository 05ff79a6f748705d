//! What a command runs under.

use std::time::Duration;

use zk_recipes::{Client, DoubleBarrier, Election, Error, ErrorKind, LockGuard, Mutex, Semaphore};

use super::grip::{Grip, Membership};
use crate::{output, permits};

/// What is held while the command runs.
pub(crate) enum Prize {
    Lock(Mutex),
    Leadership(Election),
    Permit(Semaphore),
    Step(Step),
}

/// A step that members of a barrier take together.
pub(crate) struct Step {
    pub(crate) barrier: DoubleBarrier,
    /// How many there must be.
    pub(crate) members: u16,
    pub(crate) client: Client,
    /// How long the others may take to end, too.
    pub(crate) patience: Option<Duration>,
}

/// The words in which messages and the command hear of it.
pub(super) struct Words {
    /// What was attempted: `acquire`.
    pub(super) acquire: &'static str,
    /// `held by`.
    pub(super) held_by: &'static str,
    /// What shows who is there.
    pub(super) show: &'static str,
    /// The variables in which the command finds path and token.
    pub(super) path: &'static str,
    pub(super) token: &'static str,
}

impl Prize {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Lock(_) => Words {
                acquire: "acquire",
                held_by: "it is held by",
                show: "locks",
                path: "ZK_LOCK_PATH",
                token: "ZK_LOCK_TOKEN",
            },
            Self::Leadership(_) => Words {
                acquire: "lead",
                held_by: "it is led by",
                show: "locks",
                path: "ZK_ELECTION_PATH",
                token: "ZK_EPOCH",
            },
            Self::Permit(_) => Words {
                acquire: "acquire a permit of",
                held_by: "its permits are with",
                show: "sem show",
                path: "ZK_SEM_PATH",
                token: "ZK_SEM_PERMIT",
            },
            Self::Step(_) => Words {
                acquire: "enter",
                held_by: "there are",
                show: "ls",
                path: "ZK_BARRIER_PATH",
                token: "ZK_BARRIER_MEMBER",
            },
        }
    }

    pub(super) fn path(&self) -> &str {
        match self {
            Self::Lock(mutex) => mutex.path(),
            Self::Leadership(election) => election.path(),
            Self::Permit(semaphore) => semaphore.path(),
            Self::Step(step) => step.barrier.path(),
        }
    }

    /// Who is in the way, in words; `None` if nobody is, or nobody can tell.
    pub(super) async fn in_the_way(&self) -> Option<String> {
        let held_by = self.words().held_by;
        let contenders = match self {
            Self::Lock(mutex) => mutex.contenders().await,
            Self::Leadership(election) => election.candidates().await,
            Self::Permit(semaphore) => return permits::in_the_way(semaphore, held_by).await,
            Self::Step(step) => return step.who_is_there().await,
        };
        let contenders = contenders.ok()?;
        let holder = contenders.first()?;
        let text = output::printable(&holder.text);
        Some(format!("{held_by} {text} (token {})", holder.token))
    }

    /// How many are ahead of the last one, which is us; of a semaphore's queue nobody sees the length.
    pub(super) async fn ahead(&self) -> Option<usize> {
        let contenders = match self {
            Self::Lock(mutex) => mutex.contenders().await,
            Self::Leadership(election) => election.candidates().await,
            Self::Permit(_) | Self::Step(_) => return None,
        };
        Some(contenders.ok()?.len().saturating_sub(1))
    }

    /// Waits for it, for ever or so long; `None` if it is not to be had at once and the limit is zero.
    pub(super) async fn acquire(
        &self,
        contender: String,
        limit: Option<Duration>,
    ) -> Result<Option<Grip>, Error> {
        match self {
            Self::Lock(mutex) => {
                let acquire = mutex.acquire().contender(contender);
                let guard = match limit {
                    None => acquire.await.map(Some),
                    Some(Duration::ZERO) => acquire.if_free().await,
                    Some(limit) => acquire.timeout(limit).await.map(Some),
                };
                Ok(guard?.map(Grip::Alone))
            }
            Self::Leadership(election) => {
                let elected = election.clone().contender(contender).elected();
                let leadership = match limit {
                    None => elected.await.map(Some),
                    Some(Duration::ZERO) => elected.if_free().await,
                    Some(limit) => elected.timeout(limit).await.map(Some),
                };
                Ok(leadership?.map(LockGuard::from).map(Grip::Alone))
            }
            Self::Permit(semaphore) => {
                let acquire = semaphore.acquire().contender(contender);
                let permit = match limit {
                    None => acquire.await.map(Some),
                    Some(Duration::ZERO) => acquire.if_free().await,
                    Some(limit) => acquire.timeout(limit).await.map(Some),
                };
                Ok(permit?.map(Grip::Shared))
            }
            Self::Step(step) => step.enter(limit).await.map(Some),
        }
    }
}

impl Step {
    async fn enter(&self, limit: Option<Duration>) -> Result<Grip, Error> {
        let enter = self.barrier.enter();
        let member = match limit {
            None => enter.await?,
            Some(limit) => enter.timeout(limit).await?,
        };
        Ok(Grip::Together(Membership {
            member,
            client: self.client.clone(),
            path: self.barrier.path().to_owned(),
            patience: self.patience,
        }))
    }

    async fn who_is_there(&self) -> Option<String> {
        let children = match self.client.children(self.barrier.path()).await {
            Ok(children) => children,
            Err(error) if error.kind() == ErrorKind::NoNode => Vec::new(),
            Err(_) => return None,
        };
        let members = children.iter().filter(|name| *name != READY).count();
        Some(format!("{members} of {} members are there", self.members))
    }
}

/// The child that says that all have entered.
const READY: &str = "ready";
