//! Leaving.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use zk_client::{Claim, ClaimStatus, Error, ErrorKind, Settlement, Stat, path};

use super::decide::{self, Exit, is_member};
use super::site::Site;
use crate::barrier::withdraw::Place;
use crate::decided::decided;
use crate::renewal::renewed;
use crate::wait::late;

/// Leaving a barrier, with its options. Made by [`BarrierMember::leave`](crate::BarrierMember::leave); await it.
///
/// # Errors
///
/// `WaitTimedOut` when [`timeout`](Self::timeout) passed first: the member was withdrawn, others were still there. `NoAuth`;
/// `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, even before it is polled, the member is withdrawn.
///
/// # Ordering
///
/// The first list is queued at the first poll.
///
/// # On session events
///
/// Waits through a suspension. After an expiry the member is gone, and the next session waits until the others are.
#[must_use = "dropped, it withdraws the member without waiting for the others"]
pub struct Leave {
    claim: Claim,
    barrier: Site,
    node: String,
    timeout: Option<Duration>,
}

/// How a member left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// True if it was a member to the end; false if it had been lost before, or if it went by a delete of its own whose answer was
    /// lost and which took place after it had been found not to have.
    pub was_member: bool,
}

/// What is known while leaving.
struct Leaving {
    place: Place,
    was_member: bool,
    /// The `ready` of those who entered together; the next generation has another one.
    ready: Option<Stat>,
    /// The members that there were at the first look. A member of the next generation would wait for us to come again,
    /// so it must not be waited for.
    together: Option<BTreeSet<String>>,
    left: usize,
}

impl Leave {
    pub(super) fn new(claim: Claim, barrier: Site, node: String) -> Self {
        Self {
            claim,
            barrier,
            node,
            timeout: None,
        }
    }

    /// Gives up after this long. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<Left, Error> {
        let Self {
            claim,
            barrier,
            node,
            timeout,
        } = self;
        let mut leaving = Leaving {
            place: Place::of(claim),
            was_member: false,
            ready: None,
            together: None,
            left: 0,
        };
        let left = match timeout {
            None => barrier.leave(&mut leaving, &node).await,
            Some(limit) => {
                let leave = barrier.leave(&mut leaving, &node);
                match tokio::time::timeout(limit, leave).await {
                    Ok(left) => left,
                    Err(_) => {
                        leaving.place.withdraw(&barrier.client).await;
                        let why = format!("{} other members are still there", leaving.left);
                        return Err(late(&barrier.client, &barrier.path, limit, why));
                    }
                }
            }
        };
        match left {
            Ok(()) => Ok(Left {
                was_member: leaving.was_member,
            }),
            Err(error) => Err(barrier.client.explain(error).await),
        }
    }
}

impl Site {
    async fn leave(&self, leaving: &mut Leaving, node: &str) -> Result<(), Error> {
        loop {
            let generation = self.client.generation();
            match self.step_out(leaving, node).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => renewed(&self.client, generation, error)?,
            }
        }
    }

    /// Looks, and does one thing. True when all have left.
    async fn step_out(&self, leaving: &mut Leaving, node: &str) -> Result<bool, Error> {
        let at_ready = self.ready();
        let ready = self.client.exists(&at_ready).submit();
        let list = self.client.children(&self.path).submit();
        let ready = ready.await?;
        let children = match list.await {
            Ok(children) => children,
            Err(error) if error.kind() == ErrorKind::NoNode => Vec::new(),
            Err(error) => return Err(error),
        };
        let of_ours = |claim: &Claim| claim.generation() == self.client.generation();
        let mine = leaving.place.claim.as_ref().filter(|claim| of_ours(claim));
        let me = path::name(node);
        let is_there = mine.is_some() && children.iter().any(|name| name == me);
        // While our member is there, nobody takes away the `ready` that it entered by.
        if is_there && leaving.ready.is_none() {
            leaving.ready = ready;
        }
        let first = leaving.together.get_or_insert_with(|| {
            // Without a gate and without our member, which somebody may have deleted, nothing is left of what we entered.
            let known = is_there || ready.is_some();
            let members = children.iter().filter(|name| known && is_member(name));
            members.cloned().collect()
        });
        let children: Vec<String> = children
            .into_iter()
            .filter(|name| first.contains(name))
            .collect();
        leaving.left = children.iter().filter(|name| *name != me).count();
        match decide::leave(mine.map(|_| me), &children) {
            Exit::WaitFor(name) => self.until_gone(&path::join(&self.path, &name)).await?,
            Exit::Withdraw => {
                leaving.release().await?;
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("left-without-the-others") {
                    return Ok(true);
                }
            }
            Exit::Last => match ready {
                Some(_) => self.close(leaving, node, &at_ready).await?,
                None => leaving.release().await?,
            },
            Exit::Done => {
                // Curator's leave it to everybody to delete it, and a last member that was lost could not.
                let stale = ready.filter(|now| Some(now.czxid) == leaving.ready.map(|r| r.czxid));
                match stale {
                    Some(stale) => self.remove_ready(stale).await?,
                    None => return Ok(true),
                }
            }
        }
        Ok(false)
    }

    /// Deletes the last member and `ready` at once, so that no next generation sees one without the other.
    async fn close(&self, leaving: &mut Leaving, node: &str, ready: &str) -> Result<(), Error> {
        let close = self.client.multi().delete(node, None).delete(ready, None);
        match close.await {
            Ok(_) => {
                leaving.was_member = true;
                leaving.discard();
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NoNode => match error.operation() {
                // Somebody deleted our member, or its session is over.
                Some(0) => {
                    leaving.discard();
                    Ok(())
                }
                _ => leaving.release().await,
            },
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {
                decided(&self.client).await?;
                // It is the session's node: gone within the session, it was this that deleted it.
                if self.client.exists(node).await?.is_none() {
                    let same = leaving
                        .place
                        .claim
                        .as_ref()
                        .is_some_and(|claim| claim.generation() == self.client.generation());
                    leaving.was_member = same;
                    leaving.discard();
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Leaving {
    /// Deletes our member.
    async fn release(&mut self) -> Result<(), Error> {
        match self.place.release().await {
            Ok(Some(status)) => {
                self.was_member = status == ClaimStatus::Settled(Settlement::Deleted);
                Ok(())
            }
            Ok(None) => Ok(()),
            // The session goes on trying, and the list shows when it is gone.
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn discard(&mut self) {
        self.place.discard();
    }
}

impl IntoFuture for Leave {
    type Output = Result<Left, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leave")
            .field("node", &self.node)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
