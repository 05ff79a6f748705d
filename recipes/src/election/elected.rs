//! Becoming leader.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{ClaimStatus, Error, ErrorKind, MultiResult, OpKind, path};

use super::leadership::Leadership;
use super::record;
use super::successor;
use super::term::Term;
use crate::contend::{Contention, Grant};
use crate::lock::{Exclusive, HoldKind, guard};

/// A candidacy with its options. Made by [`Election::elected`](crate::Election::elected); await it to become leader.
///
/// # Errors
///
/// `AcquireTimedOut` when [`timeout`](Self::timeout) passed first; `MixedContenders`; `NoAuth`, also without WRITE on the
/// election's node; `NoNode` when the client's chroot is missing; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, no candidate, watch or queued request is left behind.
///
/// # Ordering
///
/// Candidates lead in the order in which their nodes are created. The create is queued at the first poll.
///
/// # On session events
///
/// Waits through a suspension. After an expiry the candidate stands again at the tail with the next session.
#[derive(Clone)]
#[must_use = "a candidacy does nothing until it is awaited"]
pub struct Elected {
    contention: Contention,
    announcement: Bytes,
    accepts: bool,
    timeout: Option<Duration>,
}

impl Elected {
    pub(super) fn new(contention: Contention, announcement: Bytes, accepts: bool) -> Self {
        Self {
            contention,
            announcement,
            accepts,
            timeout: None,
        }
    }

    /// Gives up after this long. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Becomes leader if nobody leads or waits to; `None` otherwise. Never waits for other candidates, so the timeout has
    /// no effect.
    ///
    /// # Errors
    ///
    /// As [`Elected`], without `AcquireTimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: no candidate is left behind.
    ///
    /// # Ordering
    ///
    /// Two round trips, the first queued at first poll.
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn if_free(mut self) -> Result<Option<Leadership>, Error> {
        self.contention.waits = false;
        match self.stand().await {
            Ok(leadership) => Ok(leadership),
            Err(error) => Err(self.contention.client.explain(error).await),
        }
    }

    async fn run(mut self) -> Result<Leadership, Error> {
        // The one deadline is the caller's; how long an outage lasts is for the session to say.
        self.contention.client = self.contention.client.patient();
        let run = self.stand();
        let result = match self.timeout {
            None => run.await,
            Some(limit) => match tokio::time::timeout(limit, run).await {
                Ok(result) => result,
                Err(_) => return Err(too_late(&self.contention.path, limit)),
            },
        };
        match result {
            Ok(Some(leadership)) => Ok(leadership),
            Ok(None) => Err(Error::new(ErrorKind::Bug, "a waiting candidate gave up")),
            Err(error) => Err(self.contention.client.explain(error).await),
        }
    }

    /// `None` if it does not wait and somebody is ahead.
    async fn stand(&self) -> Result<Option<Leadership>, Error> {
        loop {
            let Some(grant) = self.first().await? else {
                return Ok(None);
            };
            if let Some(leadership) = self.begin(grant).await? {
                return Ok(Some(leadership));
            }
        }
    }

    /// Waits until first, in the order of arrival or in the place that a leader offers.
    async fn first(&self) -> Result<Option<Grant>, Error> {
        if !self.accepts || !self.contention.waits {
            return self.contention.run().await;
        }
        tokio::select! {
            biased;
            grant = self.contention.run() => grant,
            grant = successor::accept(&self.contention) => grant.map(Some),
        }
    }

    /// Begins the term of a candidate that is first. `None`: its node or session is gone.
    async fn begin(&self, grant: Grant) -> Result<Option<Leadership>, Error> {
        let Contention { client, path, .. } = &self.contention;
        let Grant { claim, node, .. } = grant;
        let record = record::beginning(path::name(&node.path), &self.announcement);
        let epoch = loop {
            // Its node may be there still when its session is over, and a next one would begin a term that nobody leads.
            let write = client.multi().in_generation(claim.generation());
            let write = write.check(&node.path, None);
            match write.set(path, record.clone(), None).await {
                Ok(results) => match results.as_slice() {
                    [_, MultiResult::Set(stat)] => break stat.mzxid.as_raw() as u64,
                    _ => {
                        return Err(Error::new(ErrorKind::Bug, "a multi without its results"));
                    }
                },
                // A second record of the same term is as good: none of this node's can come after its end.
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                Err(error) if error.kind() == ErrorKind::SessionExpired => return Ok(None),
                Err(error) if error.kind() == ErrorKind::NoAuth => {
                    return Err(error.with_hint(format!(
                        "a term is written down in {path}: give its candidates WRITE there"
                    )));
                }
                Err(error) => return Err(error),
            }
        };
        if !matches!(claim.status(), ClaimStatus::Held { .. }) {
            return Ok(None);
        }
        #[cfg(feature = "__seeded-bugs")]
        let epoch = if zk_client::seeded::is_on("epoch-of-the-candidate") {
            node.stat.czxid.as_raw() as u64
        } else {
            epoch
        };
        claim.hold_as(path, epoch);
        let grant = Grant {
            claim,
            node,
            token: epoch,
        };
        let guard = guard(client, path, grant, Exclusive::new()).of(HoldKind::Leadership);
        let term = Term::new(client.clone(), guard.held());
        Ok(Some(Leadership::new(guard, term)))
    }
}

impl IntoFuture for Elected {
    type Output = Result<Leadership, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Elected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elected")
            .field("path", &self.contention.path)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn too_late(path: &str, limit: Duration) -> Error {
    Error::new(
        ErrorKind::AcquireTimedOut,
        format!("not elected at {path} within {limit:?}: others are ahead"),
    )
    .with_op(OpKind::Acquire, path)
    .with_hint(format!("`zkctl locks {path}` shows who"))
}
