//! Running the body until nothing came between.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use zk_client::{Acl, Client, Error, ErrorKind, Fenced, OpKind};

use super::commit::{Committed, Committer, Fence};
use super::tx::{Tx, end};
use crate::cell::{Marks, pause, validated};
use crate::renewal::renewed;

/// Optimistic transactions over any nodes (software transactional memory): a closure reads and writes, and all that it wrote
/// is committed in one transaction under the condition that all it read is still so. Else it runs again.
///
/// Whatever returned `Ok` took place exactly once, at one zxid at which everything read was as it was read, nodes that did
/// not exist included. A lost answer is settled before anything else happens, by an ephemeral node (the *mark*) below the
/// path given here, which is written with each transaction. Clones share what is known of the marks; any number of
/// transactions may run at once.
///
/// **Safety**: level D with [`fenced_by`](Self::fenced_by): nothing is written after one of the holds has ended.
///
/// A version is all that servers compare: a node that was deleted and made again, and written as often as before, between the
/// read and the commit, is taken for the same. Where that can be, write that a thing is gone instead of deleting it. Lists of
/// children cannot be a condition at all. An absent node is guarded by a create and a delete within the transaction: needs
/// CREATE and DELETE on its parent, and shows to whoever watches the place.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use zk_recipes::{Error, Stm};
/// # let zk = zk_recipes::Client::dev().await?;
/// # zk.create("/bank/ada", "7").parents().await?; zk.create("/bank/bob", "1").await?;
/// # fn number(data: Option<zk_recipes::Bytes>) -> i64 {
/// #     data.and_then(|data| std::str::from_utf8(&data).ok()?.parse().ok()).unwrap_or(0)
/// # }
/// let bank = Stm::new(&zk, "/bank/marks")?;
/// let left = bank.run(|tx| async move {
///     let (ada, bob) = (number(tx.get("/bank/ada").await?), number(tx.get("/bank/bob").await?));
///     tx.set("/bank/ada", (ada - 5).to_string())?;
///     tx.set("/bank/bob", (bob + 5).to_string())?;
///     Ok::<_, Error>(ada - 5)
/// }).await?;
/// assert_eq!(left, 2);
/// # zk.close().await?;
/// # Ok::<(), Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Stm {
    client: Client,
    home: String,
    acl: Vec<Acl>,
    attempts: u32,
    timeout: Option<Duration>,
    max_operations: usize,
    fences: Vec<Fence>,
    marks: Arc<Marks>,
}

impl Stm {
    /// Transactions whose marks stand below `home`, which needs nothing else to do with what they are about. Sends nothing;
    /// where `home` is missing the first commit makes it and its parents, as containers.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, home: &str) -> Result<Self, Error> {
        Ok(Self {
            client: client.terse(),
            home: validated(home, "the home of marks")?,
            acl: vec![Acl::open()],
            attempts: ATTEMPTS,
            timeout: None,
            max_operations: MAX_OPERATIONS,
            fences: Vec::new(),
            marks: Arc::default(),
        })
    }

    /// Sets the ACL of what is created. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Sets how often the body runs before the error is `Contended`. Each attempt that fails is a success of somebody else.
    /// Default: 64.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets after how long no further attempt is begun; the error is `Contended` then, too. An attempt that is under way is
    /// not given up, so that its outcome is known. Default: none.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how many reads and writes of different nodes a transaction may have. Default: 1000. What they may have in bytes
    /// is up to [`ClientBuilder::max_request`](crate::ClientBuilder::max_request) and the servers' `jute.maxbuffer`.
    #[must_use]
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations;
        self
    }

    /// Commits only while `held` is held: a guard, a term, a permit, or a view on one. May be called for any number of holds.
    #[must_use]
    pub fn fenced_by(mut self, held: &impl Fenced) -> Self {
        self.fences.push(Fence::of(held));
        self
    }

    /// Runs `body` and commits what it wrote; again if something that it read has changed meanwhile.
    ///
    /// If the body ends with an error nothing is written, and that error is handed on as soon as it is certain that all that
    /// was read was there at one moment; else the body runs again, as its error may be due to a mixture.
    ///
    /// # Errors
    ///
    /// Those of the body. `Contended` if others were faster at each attempt; `LockLost` if a hold that fences it is over
    /// ([`Error::lost_hold`] says which); what the server refuses of the writes, such as `NodeExists` for a node that was
    /// created without having been read; `NoAuth`; `FrameTooLarge`. With unknown fate only `SessionExpired`, if the session
    /// ended before a lost answer was settled, `TimedOut`, and what was found when the mark had been deleted by somebody: it
    /// was applied once or not at all, and will not be any more.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: what it wrote is applied once or not at all. Its mark goes.
    ///
    /// # Ordering
    ///
    /// As the body awaits; the commit is queued when it has ended.
    ///
    /// # On session events
    ///
    /// Waits through a suspension. After an expiry it goes on in the next session, except as said above.
    pub async fn run<W, F, T, E>(&self, mut body: W) -> Result<T, E>
    where
        W: FnMut(Tx) -> F,
        F: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let begun = self.client.now();
        let mut lost = 0;
        loop {
            let generation = self.client.generation();
            let tx = Tx::new(&self.client, self.max_operations);
            let attempt = tx.attempt();
            let yielded = body(tx).await;
            let attempt = end(&attempt);
            if let (Err(_), Some(error)) = (&yielded, attempt.failed) {
                match renewed(&self.client, generation, error) {
                    Ok(()) => continue,
                    Err(_) => return yielded,
                }
            }
            let steps = attempt.sets.steps(yielded.is_ok());
            if self.commit(&steps).await? == Committed::Yes {
                return yielded;
            }
            lost += 1;
            let waited = self.client.now() - begun;
            if lost >= self.attempts || self.timeout.is_some_and(|timeout| waited >= timeout) {
                return Err(self.contended(lost, waited).into());
            }
            pause(&self.client, lost).await?;
        }
    }

    async fn commit(&self, steps: &[super::sets::Step]) -> Result<Committed, Error> {
        if steps.is_empty() {
            return Ok(Committed::Yes);
        }
        let committer = Committer {
            client: &self.client,
            home: &self.home,
            acl: &self.acl,
            fences: &self.fences,
            marks: &self.marks,
        };
        match committer.commit(steps).await {
            Err(error) => Err(self.client.explain(error).await),
            committed => committed,
        }
    }

    fn contended(&self, lost: u32, waited: Duration) -> Error {
        let home = &self.home;
        let text = format!(
            "cannot commit a transaction with its mark below {home}: others were faster {lost} times in {:.1} s",
            waited.as_secs_f64()
        );
        Error::new(ErrorKind::Contended, text)
            .with_op(OpKind::Multi, home)
            .with_hint("nothing was written; allow more attempts or time, or read less")
    }
}

impl fmt::Debug for Stm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stm")
            .field("home", &self.home)
            .field("fences", &self.fences)
            .finish_non_exhaustive()
    }
}

const ATTEMPTS: u32 = 64;
const MAX_OPERATIONS: usize = 1000;
