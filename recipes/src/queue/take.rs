//! Taking: an item is deleted, and then handed out.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use zk_client::{Error, ErrorKind, OpKind};

use super::config::Config;
use super::item::Item;
use super::pick::Picker;
use super::state::State;
use crate::cell::{Marks, pause};
use crate::wait::late;

/// A wait for an item that is taken out of the queue, with its options. Made by [`Queue::take`](crate::Queue::take); await it
/// for the item.
///
/// # Errors
///
/// `WaitTimedOut` when [`timeout`](Self::timeout) passed first; `Undecodable` for an item that holds something else, which
/// says where it is now; `NoAuth`; `SessionExpired` only with `OnExpiry::Stop`, or with the fate *unknown* if the session
/// ended before a lost answer was settled: the item that it names was taken, or is still there; so, too, with `ConnectionLost`
/// where the mark may have been deleted by somebody; `Closed`.
///
/// # Cancel safety
///
/// Resumable: a dropped call loses nothing. What it had taken is handed out by the next call of this handle or of a clone; if
/// there is none, it is as if the process had ended right after the call.
///
/// # Ordering
///
/// The queue's, as far as the server knows that answers. One handle whose calls come one after another gets items in order;
/// of calls at the same time none waits for another.
///
/// # On session events
///
/// Waits through a suspension; after an expiry it goes on in the next session.
#[must_use = "a take does nothing until it is awaited"]
pub struct Take {
    many: TakeMany,
}

/// A wait for up to so many items that are taken in one transaction, at least one. Made by
/// [`Queue::take_many`](crate::Queue::take_many).
///
/// # Errors
///
/// As [`Take`]; `FrameTooLarge` where they do not fit into one answer or request.
///
/// # Cancel safety
///
/// Resumable, as [`Take`].
///
/// # Ordering
///
/// As [`Take`].
///
/// # On session events
///
/// As [`Take`].
#[must_use = "a take does nothing until it is awaited"]
pub struct TakeMany {
    pub(super) config: Arc<Config>,
    pub(super) state: Arc<State>,
    pub(super) wanted: usize,
    timeout: Option<Duration>,
}

impl Take {
    pub(super) fn new(many: TakeMany) -> Self {
        Self { many }
    }

    /// Gives up after this long, with the error `WaitTimedOut`. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.many.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<Item, Error> {
        loop {
            if let Some(item) = self.many.take().await?.pop() {
                return Ok(item);
            }
        }
    }
}

impl TakeMany {
    pub(super) fn new(config: &Arc<Config>, state: &Arc<State>, wanted: usize) -> Self {
        Self {
            config: Arc::clone(config),
            state: Arc::clone(state),
            wanted: wanted.clamp(1, MOST_AT_ONCE),
            timeout: None,
        }
    }

    /// Gives up after this long, with the error `WaitTimedOut`. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn take(&self) -> Result<Vec<Item>, Error> {
        let take = take(&self.config, &self.state, self.wanted, true);
        let taken = match self.timeout {
            None => take.await,
            Some(limit) => match tokio::time::timeout(limit, take).await {
                Ok(taken) => taken,
                Err(_) => return Err(nothing_came(&self.config, limit)),
            },
        };
        match taken {
            Ok(items) => Ok(items),
            Err(error) => Err(self.config.client.explain(error).await),
        }
    }
}

/// How many items a batch may have: each is a read, and they are all in memory at once.
const MOST_AT_ONCE: usize = 256;

/// Takes up to `wanted` items. If it does not wait there may be none.
pub(super) async fn take(
    config: &Arc<Config>,
    state: &State,
    wanted: usize,
    waits: bool,
) -> Result<Vec<Item>, Error> {
    let picker = Picker {
        config,
        state,
        waits,
    };
    let mut lost = 0;
    loop {
        let ready = state.ready(wanted);
        if !ready.is_empty() {
            return Ok(ready);
        }
        if let Some(taking) = state.unfinished() {
            if let Some(items) = state.run(taking).await? {
                return Ok(state.hand_out(items, wanted));
            }
            continue;
        }
        let names = picker.pick(wanted, lost).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let Some(found) = picker.read(names).await? else {
            continue;
        };
        if !found.is_empty() {
            let (config, marks) = (Arc::clone(config), Arc::clone(&state.marks));
            let taking = Box::pin(async move { take_all(&config, &marks, found).await });
            if let Some(items) = state.run(taking).await? {
                return Ok(state.hand_out(items, wanted));
            }
        }
        lost += 1;
        pause(&config.client, lost).await?;
    }
}

/// Takes the items that are still as they were read, in one transaction; nothing if none is.
async fn take_all(
    config: &Config,
    marks: &Marks,
    mut items: Vec<Item>,
) -> Result<Option<Vec<Item>>, Error> {
    let mut versions: Vec<_> = items
        .iter()
        .map(|item| (item.name().to_owned(), item.version()))
        .collect();
    let kept = delete_all(config, marks, &mut versions).await?;
    items.retain(|item| versions.iter().any(|(name, _)| name == item.name()));
    Ok(kept.then_some(items))
}

/// Deletes those of the nodes that are still at these versions, and leaves them in the list; whether there was one.
pub(super) async fn delete_all(
    config: &Config,
    marks: &Marks,
    items: &mut Vec<(String, i32)>,
) -> Result<bool, Error> {
    while let Some((first, _)) = items.first() {
        let path = config.item_path(first);
        let what = match items.len() {
            1 => format!("{path} was taken"),
            count => format!("{path} and {} more were taken", count - 1),
        };
        let mut parts = config.client.multi();
        for (name, version) in items.iter() {
            parts = config.taking(parts, name, *version);
        }
        let taken = config.commit(marks, &parts, OpKind::Delete, &path, &what);
        let Err((error, at)) = taken.await? else {
            return Ok(true);
        };
        let each = config.operations_of_taking();
        let (item, step) = match at {
            Some(at) if at / each < items.len() => (at / each, at % each),
            _ => return Err(error),
        };
        #[cfg(feature = "__seeded-bugs")]
        if error.kind() == ErrorKind::NoNode && zk_client::seeded::is_on("taken-by-all-who-saw-it")
        {
            return Ok(true);
        }
        match error.kind() {
            ErrorKind::NoNode if config.is_locking && step == 0 => config.make_locks().await?,
            ErrorKind::NoNode | ErrorKind::BadVersion | ErrorKind::NodeExists => {
                items.remove(item);
            }
            _ => return Err(error),
        }
    }
    Ok(false)
}

/// The error of a wait that took too long.
pub(super) fn nothing_came(config: &Config, limit: Duration) -> Error {
    let why = "there was nothing to take".to_owned();
    late(&config.client, &config.path, limit, why)
}

impl IntoFuture for Take {
    type Output = Result<Item, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl IntoFuture for TakeMany {
    type Output = Result<Vec<Item>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.take().await })
    }
}

impl fmt::Debug for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.many.fmt(f)
    }
}

impl fmt::Debug for TakeMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeMany")
            .field("path", &self.config.path)
            .field("wanted", &self.wanted)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
