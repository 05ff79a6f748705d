//! If / then / else.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use zk_client::{Client, Error, ErrorKind, Fate, Fenced, Multi, OpKind};

use super::guards::{ABSENCE, Absence, guard_absent, guardable, is_mismatch, topmost_missing};
use super::results::Results;
use super::typed::{Transaction, decoded};
use crate::cell::pause;

/// One of two transactions, by conditions on nodes: `then` if all of them hold, else `otherwise`. Await it.
///
/// Either branch takes place at one zxid at which its premise is true. For `then` the conditions are part of the transaction.
/// Servers have no else, so `otherwise` is a second transaction: when the first was refused, the node of the condition that
/// did not hold is read, and the second carries the condition that it is still so. If that fails too, things have changed
/// in between and it begins anew. The other conditions may hold or not when `otherwise` takes place: one that does not is
/// enough. Between the two transactions others may write.
///
/// The condition that a node is missing is guarded by a create and a delete within the transaction: needs CREATE and DELETE on
/// the parent, shows to whoever watches the place, and leaves nothing.
///
/// **Safety**: level D, as [`Transaction`].
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use zk_recipes::{Conditional, Decided, Transaction};
/// # let zk = zk_recipes::Client::dev().await?;
/// # zk.create("/config", "a").await?;
/// let switch = Conditional::new(&zk)
///     .version("/config", 0)
///     .missing("/frozen")
///     .then(Transaction::new(&zk).with(zk.set("/config", "b")))
///     .otherwise(Transaction::new(&zk).with(zk.create("/refused", "")))
///     .await?;
/// match switch {
///     Decided::Then((stat,)) => assert_eq!(stat.version, 1),
///     Decided::Otherwise { because, .. } => println!("not now: {because}"),
/// }
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
///
/// # Errors
///
/// As [`Transaction`], of the branch that was to take place; the conditions count among the operations that
/// [`Error::operation`] numbers, a missing node as two. `Contended` if things changed between the two transactions at each
/// of 64 attempts: nothing was applied.
///
/// # Cancel safety
///
/// Uncertain: once a transaction is written to the socket it may commit. Never both.
///
/// # Ordering
///
/// The first transaction is queued at first poll, what follows behind whatever was queued meanwhile.
///
/// # On session events
///
/// Waits through a suspension while nothing is sent; fails with unknown fate if the answer to a transaction was lost.
#[must_use = "a transaction does nothing until it is awaited"]
pub struct Conditional<A = (), B = ()> {
    client: Client,
    fences: Multi,
    conditions: Vec<Condition>,
    then: Transaction<A>,
    otherwise: Transaction<B>,
}

/// Which branch was taken, and what it yielded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third branch")]
pub enum Decided<A, B = ()> {
    /// All conditions held.
    Then(A),
    /// One did not.
    Otherwise {
        /// Which one.
        because: Unmet,
        /// What the other branch yielded.
        results: B,
    },
}

/// A condition that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unmet {
    /// The node should exist.
    Exists(String),
    /// The node should not exist.
    Missing(String),
    /// The node's data should have this version.
    Version(String, i32),
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(f, "{path} does not exist"),
            Self::Missing(path) => write!(f, "{path} exists"),
            Self::Version(path, version) => {
                write!(f, "{path} is missing or not at version {version}")
            }
        }
    }
}

/// A condition, as its opposite will be told.
#[derive(Debug, Clone)]
struct Condition {
    unmet: Unmet,
    /// Of a missing node: the node that is guarded, itself or one above it.
    anchor: String,
}

impl Condition {
    fn path(&self) -> &str {
        match &self.unmet {
            Unmet::Exists(path) | Unmet::Missing(path) | Unmet::Version(path, _) => path,
        }
    }

    fn operations(&self) -> usize {
        match self.unmet {
            Unmet::Missing(_) => ABSENCE,
            Unmet::Exists(_) | Unmet::Version(..) => 1,
        }
    }

    fn add_to(&self, multi: Multi) -> Multi {
        match &self.unmet {
            Unmet::Exists(path) => multi.check(path, None),
            Unmet::Version(path, version) => multi.check(path, *version),
            Unmet::Missing(_) => guard_absent(multi, &self.anchor),
        }
    }
}

/// How the first transaction ended, unless it was applied.
enum Refused {
    /// By this condition.
    By(Unmet),
    /// By a guard that was out of date.
    Again,
}

impl Conditional {
    /// Without conditions and branches. Sends nothing.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            fences: client.multi(),
            conditions: Vec::new(),
            then: Transaction::new(client),
            otherwise: Transaction::new(client),
        }
    }
}

impl<A, B> Conditional<A, B> {
    /// Adds the condition that a node exists.
    pub fn exists(self, path: &str) -> Self {
        self.when(Unmet::Exists(path.to_owned()))
    }

    /// Adds the condition that a node does not exist.
    pub fn missing(self, path: &str) -> Self {
        self.when(Unmet::Missing(path.to_owned()))
    }

    /// Adds the condition that a node's data has this version.
    pub fn version(self, path: &str, version: i32) -> Self {
        self.when(Unmet::Version(path.to_owned(), version))
    }

    fn when(mut self, unmet: Unmet) -> Self {
        let mut condition = Condition {
            unmet,
            anchor: String::new(),
        };
        condition.anchor = condition.path().to_owned();
        self.conditions.push(condition);
        self
    }

    /// Sets what to do if all conditions hold. Default: nothing.
    pub fn then<R: Results>(self, then: Transaction<R>) -> Conditional<R, B> {
        Conditional {
            client: self.client,
            fences: self.fences,
            conditions: self.conditions,
            then,
            otherwise: self.otherwise,
        }
    }

    /// Sets what to do if a condition does not hold. Default: nothing, and then nothing more is sent.
    pub fn otherwise<R: Results>(self, otherwise: Transaction<R>) -> Conditional<A, R> {
        Conditional {
            client: self.client,
            fences: self.fences,
            conditions: self.conditions,
            then: self.then,
            otherwise,
        }
    }

    /// Commits either branch only while `held` is held. May be called for any number of holds.
    pub fn fenced_by(mut self, held: &impl Fenced) -> Self {
        self.fences = self.fences.fenced_by(held);
        self
    }
}

impl<A: Results, B: Results> Conditional<A, B> {
    async fn run(mut self) -> Result<Decided<A, B>, Error> {
        for lost in 0..ATTEMPTS {
            if lost > 0 {
                pause(&self.client, lost).await?;
            }
            let mut multi = self.fences.clone();
            for condition in &self.conditions {
                multi = condition.add_to(multi);
            }
            let because = match multi.and(self.then.multi()).await {
                Ok(results) => {
                    let skipped = self.conditions.iter().map(Condition::operations).sum();
                    return Ok(Decided::Then(decoded(results, skipped)?));
                }
                Err(error) => match self.refused(error).await? {
                    Refused::By(unmet) => unmet,
                    Refused::Again => continue,
                },
            };
            if self.otherwise.is_empty() {
                let results = decoded(Vec::new(), 0)?;
                return Ok(Decided::Otherwise { because, results });
            }
            let Some((guard, operations)) = self.still(&because).await? else {
                continue;
            };
            match guard.and(self.otherwise.multi()).await {
                Ok(results) => {
                    let results = decoded(results, operations)?;
                    return Ok(Decided::Otherwise { because, results });
                }
                Err(error) if mismatch(&error).is_some_and(|at| at < operations) => {}
                Err(error) => return Err(error),
            }
        }
        Err(self.contended())
    }

    /// Which condition the first transaction was refused by; the error if it was none.
    async fn refused(&mut self, error: Error) -> Result<Refused, Error> {
        let Some(mut at) = mismatch(&error) else {
            return Err(error);
        };
        for condition in &mut self.conditions {
            if at >= condition.operations() {
                at -= condition.operations();
                continue;
            }
            let Unmet::Missing(path) = &condition.unmet else {
                return Ok(Refused::By(condition.unmet.clone()));
            };
            // The node that was guarded exists, or its parent does not.
            if error.kind() == ErrorKind::NodeExists && condition.anchor == *path {
                return Ok(Refused::By(condition.unmet.clone()));
            }
            return match topmost_missing(&self.client, path).await? {
                Absence::Present(_) => Ok(Refused::By(condition.unmet.clone())),
                Absence::Missing(anchor) => {
                    condition.anchor = anchor;
                    Ok(Refused::Again)
                }
            };
        }
        Err(error)
    }

    /// The beginning of a transaction that takes place only while the condition does not hold, and how many operations it
    /// has; nothing if the condition holds by now.
    async fn still(&self, unmet: &Unmet) -> Result<Option<(Multi, usize)>, Error> {
        let multi = self.fences.clone();
        let (path, version) = match unmet {
            Unmet::Missing(path) => return Ok(Some((multi.check(path, None), 1))),
            Unmet::Exists(path) => (path, None),
            Unmet::Version(path, version) => (path, Some(*version)),
        };
        match (topmost_missing(&self.client, path).await?, version) {
            (Absence::Missing(anchor), _) => Ok(Some((guard_absent(multi, &anchor), ABSENCE))),
            (Absence::Present(stat), Some(version)) if ![-1, stat.version].contains(&version) => {
                let other = guardable(path, stat.version)?;
                Ok(Some((multi.check(path, other), 1)))
            }
            (Absence::Present(_), _) => Ok(None),
        }
    }

    fn contended(&self) -> Error {
        let first = self.conditions.first().map_or("/", Condition::path);
        let text = format!(
            "cannot decide on a transaction about {first}: things changed {ATTEMPTS} times between its branches"
        );
        Error::new(ErrorKind::Contended, text)
            .with_op(OpKind::Multi, first)
            .with_hint("nothing was written; try again")
    }
}

/// The operation by whose condition a transaction was refused.
fn mismatch(error: &Error) -> Option<usize> {
    let is_refused = error.fate() == Fate::NotApplied && is_mismatch(error.kind());
    error.operation().filter(|_| is_refused)
}

impl<A: Results + 'static, B: Results + 'static> IntoFuture for Conditional<A, B> {
    type Output = Result<Decided<A, B>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<A, B> fmt::Debug for Conditional<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conditional")
            .field("conditions", &self.conditions)
            .field("then", &self.then)
            .field("otherwise", &self.otherwise)
            .finish_non_exhaustive()
    }
}

/// How often it begins anew.
const ATTEMPTS: u32 = 64;
