//! What is in our hands while the command runs.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{
    BarrierMember, Client, ErrorKind, Expiry, Held, HoldKind, LockGuard, LockLost, Moment, Permit,
};

use crate::exit::Failure;
use crate::signals::Signals;

/// What is in our hands while the command runs.
pub(crate) enum Grip {
    Alone(LockGuard),
    Shared(Permit),
    Together(Membership),
}

/// A member of a barrier that has entered.
pub(crate) struct Membership {
    pub(crate) member: BarrierMember,
    pub(crate) client: Client,
    pub(crate) path: String,
    /// How long the others may take to end, too.
    pub(crate) patience: Option<Duration>,
}

/// A view on what is held, for those who keep an eye on it.
#[derive(Clone)]
pub(crate) enum Sight {
    Hold(Held),
    /// A member is there as long as its session; there is no proof to wait for, as nobody is kept out.
    Member {
        client: Client,
        path: String,
        generation: u64,
    },
}

/// A hold that is over: why, and whether the servers have said so of the session.
pub(crate) struct Lost {
    pub(super) why: String,
    pub(super) by_expiry: bool,
}

impl Lost {
    pub(crate) fn of(lost: &LockLost) -> Self {
        Self {
            why: lost.to_string(),
            by_expiry: lost.expiry.is_some(),
        }
    }
}

/// How it was given back.
pub(super) enum End {
    /// It was held to the end.
    Kept,
    /// It had been lost before.
    LostBefore,
    /// Nobody said so in time, or before the next signal; it goes with the session.
    Unsaid,
}

impl Grip {
    pub(super) fn sight(&self) -> Sight {
        match self {
            Self::Alone(guard) => Sight::Hold(guard.held()),
            Self::Shared(permit) => Sight::Hold(permit.held()),
            Self::Together(membership) => Sight::Member {
                client: membership.client.clone(),
                path: membership.path.clone(),
                generation: membership.client.generation(),
            },
        }
    }

    /// Waits for the loss.
    pub(super) fn lost(&self) -> Pin<Box<dyn Future<Output = Lost>>> {
        match self {
            Self::Alone(guard) => {
                let lost = guard.lost();
                Box::pin(async move { Lost::of(&lost.await) })
            }
            Self::Shared(permit) => {
                let lost = permit.lost();
                Box::pin(async move { Lost::of(&lost.await) })
            }
            Self::Together(membership) => {
                let lost = membership.member.lost();
                Box::pin(async move {
                    let lost = lost.await;
                    Lost {
                        why: lost.to_string(),
                        by_expiry: lost.expiry.is_some(),
                    }
                })
            }
        }
    }

    /// Gives it back: the command has ended. Members of a barrier wait for each other here.
    pub(super) async fn release(self, signals: &mut Signals) -> Result<End, Failure> {
        let released = async {
            match self {
                Self::Alone(guard) => timeout(RELEASE, guard.release())
                    .await
                    .map(|released| released.map(|released| released.was_held)),
                Self::Shared(permit) => timeout(RELEASE, permit.release())
                    .await
                    .map(|released| released.map(|released| released.was_held)),
                Self::Together(Membership {
                    member, patience, ..
                }) => {
                    let leave = member.leave();
                    let left = match patience {
                        Some(limit) => leave.timeout(limit).await,
                        None => leave.await,
                    };
                    Ok(left.map(|left| left.was_member))
                }
            }
        };
        let released = tokio::select! {
            biased;
            released = released => released,
            _ = signals.next() => return Ok(End::Unsaid),
        };
        match released {
            Ok(Ok(true)) => Ok(End::Kept),
            Ok(Ok(false)) => Ok(End::LostBefore),
            // Others have not left: that is news, not a release that goes on by itself.
            Ok(Err(error)) if error.kind() == ErrorKind::WaitTimedOut => Err(error.into()),
            Ok(Err(_)) | Err(_) => Ok(End::Unsaid),
        }
    }

    /// Gives it back without the command having run.
    pub(super) async fn abandon(self, signals: &mut Signals) {
        match self {
            Self::Alone(_) | Self::Shared(_) => drop(self.release(signals).await),
            // Withdrawn: nobody waits for a member that never worked.
            Self::Together(membership) => drop(membership),
        }
    }
}

impl Sight {
    /// The path, and the number that tells this hold from others, as messages name them.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Hold(held) => {
                let number = match held.kind() {
                    HoldKind::Permit | HoldKind::ReadLock => "identity",
                    HoldKind::Leadership => "epoch",
                    _ => "token",
                };
                format!("{} ({number} {})", held.path(), held.token())
            }
            Self::Member { path, .. } => format!("the place in {path}"),
        }
    }

    /// What stands before that when it is lost.
    pub(super) fn noun(&self) -> String {
        match self {
            Self::Hold(held) => held.kind().to_string(),
            Self::Member { .. } => String::new(),
        }
    }

    pub(super) fn path(&self) -> &str {
        match self {
            Self::Hold(held) => held.path(),
            Self::Member { path, .. } => path,
        }
    }

    /// The number and what it is called, in objects.
    pub(super) fn number(&self) -> Option<(&'static str, u64)> {
        match self {
            Self::Hold(held) if held.is_shared() => Some(("permit", held.token())),
            Self::Hold(held) => Some(("token", held.token())),
            Self::Member { .. } => None,
        }
    }

    /// Until when it is certainly held. A member is one until somebody says otherwise.
    pub(super) fn safe_until(&self) -> Option<Moment> {
        match self {
            Self::Hold(held) => held.safe_until(),
            Self::Member { client, .. } => Some(client.now() + client.session_timeout()),
        }
    }

    /// How much longer.
    pub(super) fn safe_for(&self) -> Option<Duration> {
        match self {
            Self::Hold(held) => held.safe_for(),
            Self::Member { client, .. } => Some(client.session_timeout()),
        }
    }

    /// Waits until that is not certain any more.
    pub(super) fn doubted(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        match self {
            Self::Hold(held) => Box::pin(held.doubted()),
            Self::Member { .. } => Box::pin(std::future::pending()),
        }
    }

    /// Waits for a request to let go.
    pub(super) fn revoked(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        match self {
            Self::Hold(held) => Box::pin(held.revoked()),
            Self::Member { .. } => Box::pin(std::future::pending()),
        }
    }

    /// How its session expired, if it has.
    pub(super) fn expiry(&self) -> Option<Arc<Expiry>> {
        match self {
            Self::Hold(held) => held.expiry(),
            Self::Member {
                client, generation, ..
            } => client
                .last_expiry()
                .filter(|expiry| expiry.generation == *generation),
        }
    }
}

/// How long a release may take before the end of the session has to do.
const RELEASE: Duration = Duration::from_secs(5);
