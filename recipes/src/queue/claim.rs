//! Claiming: an item stays in the queue, behind a lock, until it is completed.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use zk_client::{Client, CreateMode, Error, ErrorKind, Fate, MultiResult, Zxid};

use super::claimed::Claimed;
use super::config::Config;
use super::item::Item;
use super::pick::Picker;
use super::state::State;
use super::take::nothing_came;
use crate::cell::pause;
use crate::decided::decided;
use crate::lock::{Held, HoldKind};
use crate::renewal::renewed;

/// A wait for an item to work on, with its options. Made by [`Queue::claim`](crate::Queue::claim); await it for the
/// [`Claimed`] item.
///
/// # Errors
///
/// `WaitTimedOut` when [`timeout`](Self::timeout) passed first; `Undecodable` for an item that holds something else, which
/// says where it is now; `NoAuth`; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point no lock is left behind, and the item keeps its place.
///
/// # Ordering
///
/// The queue's, as far as the server knows that answers; items that somebody works on are passed over.
///
/// # On session events
///
/// Waits through a suspension; after an expiry it goes on in the next session.
#[must_use = "a claim does nothing until it is awaited"]
pub struct ClaimNext {
    config: Arc<Config>,
    state: Arc<State>,
    timeout: Option<Duration>,
}

impl ClaimNext {
    pub(super) fn new(config: &Arc<Config>, state: &Arc<State>) -> Self {
        Self {
            config: Arc::clone(config),
            state: Arc::clone(state),
            timeout: None,
        }
    }

    /// Gives up after this long, with the error `WaitTimedOut`. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<Claimed, Error> {
        let claim = async {
            loop {
                if let Some(claimed) = claim(&self.config, &self.state, true).await? {
                    return Ok(claimed);
                }
            }
        };
        let claimed = match self.timeout {
            None => claim.await,
            Some(limit) => match tokio::time::timeout(limit, claim).await {
                Ok(claimed) => claimed,
                Err(_) => return Err(nothing_came(&self.config, limit)),
            },
        };
        match claimed {
            Ok(claimed) => Ok(claimed),
            Err(error) => Err(self.config.client.explain(error).await),
        }
    }
}

/// Claims the next item; nothing if there is none and it does not wait.
pub(super) async fn claim(
    config: &Arc<Config>,
    state: &Arc<State>,
    waits: bool,
) -> Result<Option<Claimed>, Error> {
    let picker = Picker {
        config,
        state,
        waits,
    };
    let mut lost = 0;
    loop {
        let generation = config.client.generation();
        let names = picker.pick(1, lost).await?;
        if names.is_empty() {
            return Ok(None);
        }
        let Some(items) = picker.read(names).await? else {
            continue;
        };
        for item in items {
            if picker.is_worn_out(&item) {
                picker.give_up(&item).await?;
                continue;
            }
            if let Some(claimed) = attempt(config, state, item).await? {
                return Ok(Some(claimed));
            }
        }
        // Where the session ended, nobody was faster.
        if config.client.generation() == generation {
            lost += 1;
        }
        pause(&config.client, lost).await?;
    }
}

/// Locks the item and counts the claim, in one transaction; nothing if somebody else was faster.
///
/// Every claim writes the item as it was. So its version tells this claim from every later one, and how many there were.
async fn attempt(
    config: &Arc<Config>,
    state: &Arc<State>,
    item: Item,
) -> Result<Option<Claimed>, Error> {
    let client = &config.client;
    let lock = config.lock_path(item.name());
    loop {
        // What tells our lock from every other of this name: kazoo's consumers write such an id, too.
        let id = format!("{:032x}", u128::from_be_bytes(client.random()?));
        let generation = client.generation();
        let claim = client.claim_node(&lock);
        // No create of the claim's own makes it.
        claim.expected();
        let multi = client
            .multi()
            .create_with_acl(&lock, id.clone(), CreateMode::Ephemeral, config.acl.clone())
            .set(item.node(), item.raw().clone(), item.version());
        let token = match multi.await {
            Ok(results) => claimed_at(&results),
            Err(error) if error.fate() == Fate::NotApplied => {
                let step = error.operation();
                match (error.kind(), step) {
                    (ErrorKind::NoNode, Some(0)) => {
                        claim.absent();
                        config.make_locks().await?;
                        continue;
                    }
                    // Taken, or claimed and given back: the lock could have been made.
                    (ErrorKind::NoNode | ErrorKind::BadVersion, _) => {
                        claim.absent();
                        return Ok(None);
                    }
                    // If the lock that is there is one of this session that was to be deleted just now, that was left to
                    // this claim, which might have made it: dropping it sees to that.
                    (ErrorKind::NodeExists, _) => return Ok(None),
                    (ErrorKind::ConnectionLost, _) => continue,
                    _ => renewed(client, generation, error)?,
                }
                continue;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {
                match settle(config, &lock, &id, generation).await? {
                    Settled::Yes(token) => Some(token),
                    Settled::No => {
                        claim.absent();
                        continue;
                    }
                    Settled::Over => None,
                }
            }
            Err(error) => {
                renewed(client, generation, error)?;
                return Ok(None);
            }
        };
        let Some(token) = token else { return Ok(None) };
        if client.generation() != claim.generation() {
            // Made in a session that began since: it is to be deleted there.
            client.claim_node(&lock).located(&lock);
            return Ok(None);
        }
        let token = u64::try_from(token.as_raw()).unwrap_or_default();
        claim.located(&lock);
        claim.watch_own(&lock, None);
        claim.hold_as(item.node(), token);
        let (client, status) = (client.clone(), claim.follow());
        let held = Held::new(
            client,
            item.node(),
            &lock,
            token,
            claim.generation(),
            status,
        );
        let held = held.of(HoldKind::Claim);
        return Ok(Some(Claimed::new(
            config,
            state,
            claim,
            held,
            item.claimed(),
        )));
    }
}

/// The transaction of a claim: the item's last change.
fn claimed_at(results: &[MultiResult]) -> Option<Zxid> {
    match results.last() {
        Some(MultiResult::Set(stat)) => Some(stat.mzxid),
        _ => None,
    }
}

/// What became of a claim.
enum Settled {
    Yes(Zxid),
    No,
    /// Its session is over, and with it the lock.
    Over,
}

/// Finds out whether a claim whose answer was lost took place: then the lock is ours, and is what it was made as.
async fn settle(config: &Config, lock: &str, id: &str, generation: u64) -> Result<Settled, Error> {
    let client = &config.client;
    let looked = match decided(client).await {
        Ok(()) => client.get(lock).await,
        Err(error) => Err(error),
    };
    // The lock has gone with its session, and the item is where it was.
    let over = |client: &Client| client.generation() != generation;
    match looked {
        _ if over(client) => Ok(Settled::Over),
        Ok(node) if node.data == id.as_bytes() => Ok(Settled::Yes(node.stat.czxid)),
        Ok(_) => Ok(Settled::No),
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(Settled::No),
        Err(error) => renewed(client, generation, error).map(|()| Settled::Over),
    }
}

impl IntoFuture for ClaimNext {
    type Output = Result<Claimed, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for ClaimNext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimNext")
            .field("path", &self.config.path)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
