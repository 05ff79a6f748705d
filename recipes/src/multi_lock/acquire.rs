//! Acquiring several locks, all or none.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use zk_client::{Error, ErrorKind, OpKind};

use super::guard::{MultiGuard, first};
use crate::contend::Contention;
use crate::lock::{Exclusive, Held, HoldError, OnDoubt, guard, unanswered};

/// The acquisition of several locks with its options. Made by [`MultiLock::acquire`](crate::MultiLock::acquire); await it
/// for a guard, or end it with [`hold`](Self::hold).
///
/// # Errors
///
/// As [`Acquire`](crate::Acquire), for the first lock that fails: no further one is touched, and those that were taken are
/// released. `AcquireTimedOut` names the lock at which others were ahead.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, none of the locks is held and no contender is left behind.
///
/// # Ordering
///
/// One after the other in the order of the paths, whatever order they were given in, so that two of them never wait for
/// each other. Whoever has one keeps it while it waits for the next.
///
/// # On session events
///
/// Waits through a suspension. If one of those it has is lost while it waits for the next, it starts again with all of
/// them, within the same timeout.
#[derive(Clone)]
#[must_use = "an acquisition does nothing until it is awaited"]
pub struct AcquireAll {
    parts: Vec<Contention>,
    timeout: Option<Duration>,
    on_doubt: OnDoubt,
}

impl AcquireAll {
    /// The parts come in the order in which they are acquired.
    pub(super) fn new(parts: Vec<Contention>) -> Self {
        Self {
            parts,
            timeout: None,
            on_doubt: OnDoubt::default(),
        }
    }

    /// Gives up after this long, for all of them together. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the text by which operators recognise this contender. Default: host name and process id.
    pub fn contender(mut self, text: impl Into<String>) -> Self {
        let data = Bytes::from(text.into());
        for part in &mut self.parts {
            part.data = data.clone();
        }
        self
    }

    /// Sets what [`hold`](Self::hold) does in doubt. Default: [`OnDoubt::Stop`].
    pub fn on_doubt(mut self, on_doubt: OnDoubt) -> Self {
        self.on_doubt = on_doubt;
        self
    }

    /// Acquires the locks, runs `work`, and releases them; yields what the work yields. The work gets the views in the
    /// order of the paths, and is dropped when one of the locks is lost, or in doubt unless [`on_doubt`](Self::on_doubt)
    /// says else.
    ///
    /// # Errors
    ///
    /// Those of acquiring as [`HoldError::Acquire`]; [`HoldError::Lost`] and [`HoldError::Doubt`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the locks released.
    ///
    /// # Ordering
    ///
    /// The work starts when all are held, and the release is queued when the work is over.
    ///
    /// # On session events
    ///
    /// A suspension that outlasts the safe window is doubt; an expiry is a loss.
    pub async fn hold<W, F>(self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Vec<Held>) -> F,
        F: Future,
    {
        let on_doubt = self.on_doubt;
        let guard = self.run().await?;
        let helds = guard.helds();
        let doubted = async {
            match on_doubt {
                OnDoubt::Stop => first(helds.iter().map(Held::doubted).collect()).await,
                OnDoubt::Continue => std::future::pending().await,
            }
        };
        let output = tokio::select! {
            biased;
            lost = guard.lost() => return Err(lost.into()),
            () = doubted => {
                // A loss ends doubt too; it is the better news to give.
                return Err(match (helds.iter().find_map(Held::loss), helds.first()) {
                    (None, Some(held)) => HoldError::Doubt {
                        path: held.path().to_owned(),
                        token: held.token(),
                    },
                    (Some(lost), _) => lost.into(),
                    (None, None) => Error::new(ErrorKind::Bug, "nothing is held").into(),
                });
            }
            output = work(helds.clone()) => output,
        };
        match guard.release().await {
            Ok(released) if !released.was_held => match helds.iter().find_map(Held::loss) {
                Some(lost) => Err(lost.into()),
                None => Ok(output),
            },
            // Whether the answers to the deletes came in time says nothing about the work.
            Ok(_) | Err(_) => Ok(output),
        }
    }

    /// Acquires the locks if nobody holds or waits for any of them; `None` otherwise, and none of them is held then.
    /// Never waits for other contenders, so the timeout has no effect.
    ///
    /// # Errors
    ///
    /// As [`AcquireAll`], without `AcquireTimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: no contender is left behind.
    ///
    /// # Ordering
    ///
    /// One round trip for each, in the order of the paths, until one is not free.
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn if_free(mut self) -> Result<Option<MultiGuard>, Error> {
        for part in &mut self.parts {
            part.waits = false;
        }
        match self.take(None).await {
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(unanswered(&self.paths())),
            result => result,
        }
    }

    async fn run(mut self) -> Result<MultiGuard, Error> {
        for part in &mut self.parts {
            // The one deadline is the caller's; how long an outage lasts is for the session to say.
            part.client = part.client.patient();
        }
        let deadline = self.timeout.map(|limit| Instant::now() + limit);
        match self.take(deadline).await? {
            Some(guard) => Ok(guard),
            None => Err(Error::new(ErrorKind::Bug, "a waiting contender gave up")),
        }
    }

    /// Takes them all; `None` if it does not wait and one is not free.
    async fn take(&self, deadline: Option<Instant>) -> Result<Option<MultiGuard>, Error> {
        'again: loop {
            let mut taken = MultiGuard::new();
            for part in &self.parts {
                let lost = taken.lost();
                let run = async {
                    match deadline {
                        None => Some(part.run().await),
                        Some(deadline) => timeout_at(deadline, part.run()).await.ok(),
                    }
                };
                #[cfg(feature = "__seeded-bugs")]
                let lost = async {
                    if zk_client::seeded::is_on("lost-part-unnoticed") {
                        std::future::pending::<()>().await;
                    }
                    lost.await
                };
                let grant = tokio::select! {
                    biased;
                    _ = lost => continue 'again,
                    grant = run => grant,
                };
                match grant {
                    Some(Ok(Some(grant))) => {
                        let (client, path) = (&part.client, &part.path);
                        taken.push(guard(client, path, grant, Exclusive::new()));
                    }
                    Some(Ok(None)) => return Ok(None),
                    Some(Err(error)) => {
                        drop(taken);
                        return Err(part.client.explain(error).await);
                    }
                    None => {
                        #[cfg(feature = "__seeded-bugs")]
                        if zk_client::seeded::is_on("other-parts-kept-after-a-failure") {
                            std::mem::forget(taken);
                        }
                        return Err(self.too_late(part));
                    }
                }
            }
            #[cfg(feature = "__seeded-bugs")]
            if zk_client::seeded::is_on("lost-part-unnoticed") {
                return Ok(Some(taken));
            }
            if taken.is_held() {
                return Ok(Some(taken));
            }
        }
    }

    fn paths(&self) -> String {
        let paths: Vec<&str> = self.parts.iter().map(|part| part.path.as_str()).collect();
        paths.join(", ")
    }

    fn too_late(&self, part: &Contention) -> Error {
        let (paths, path) = (self.paths(), &part.path);
        let limit = self.timeout.unwrap_or_default();
        let text = format!("cannot acquire {paths} within {limit:?}: others are ahead at {path}");
        Error::new(ErrorKind::AcquireTimedOut, text)
            .with_op(OpKind::Acquire, path)
            .with_hint(format!("`zkctl locks {path}` shows who"))
    }
}

impl IntoFuture for AcquireAll {
    type Output = Result<MultiGuard, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for AcquireAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireAll")
            .field("paths", &self.paths())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
