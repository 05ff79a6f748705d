//! What the copies of a handle share.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use zk_client::Error;

use super::clock::Anchor;
use super::item::Item;
use super::size::Size;
use crate::cell::Marks;

/// A taking that is under way: what it took, or nothing if others were faster.
pub(super) type Taking = Pin<Box<dyn Future<Output = Result<Option<Vec<Item>>, Error>> + Send>>;

/// What the copies of a handle share.
#[derive(Default)]
pub(super) struct State {
    pub(super) marks: Arc<Marks>,
    pub(super) anchor: Mutex<Option<Anchor>>,
    /// Taken for a call that was dropped before it could hand them out.
    ready: Mutex<VecDeque<Item>>,
    /// Takings whose calls were dropped.
    unfinished: Mutex<VecDeque<Taking>>,
    /// Items that hold something else, and stay.
    skipped: Mutex<BTreeSet<String>>,
    /// How many items there were when the queue was last listed.
    size: Mutex<Size>,
}

impl State {
    /// Items that were taken already.
    pub(super) fn ready(&self, wanted: usize) -> Vec<Item> {
        let mut ready = lock(&self.ready);
        let count = wanted.min(ready.len());
        ready.drain(..count).collect()
    }

    /// Hands out up to `wanted` of the items, and keeps the others for the next call.
    pub(super) fn hand_out(&self, items: Vec<Item>, wanted: usize) -> Vec<Item> {
        lock(&self.ready).extend(items);
        self.ready(wanted)
    }

    /// A taking that nobody waits for any more.
    pub(super) fn unfinished(&self) -> Option<Taking> {
        lock(&self.unfinished).pop_front()
    }

    /// Runs a taking; if the call is dropped meanwhile, the next one goes on with it.
    pub(super) fn run(&self, taking: Taking) -> Running<'_> {
        Running {
            state: self,
            taking: Some(taking),
        }
    }

    pub(super) fn skip(&self, name: &str) {
        lock(&self.skipped).insert(name.to_owned());
    }

    /// The names to pass over, of those that are there.
    pub(super) fn skipped(&self, there: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let mut skipped = lock(&self.skipped);
        skipped.retain(|name| there(name));
        skipped.clone()
    }

    /// Notes how many there are; whether that is to be warned of.
    pub(super) fn note_len(&self, len: usize) -> bool {
        lock(&self.size).note(len)
    }

    pub(super) fn last_len(&self) -> usize {
        lock(&self.size).last()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("ready", &lock(&self.ready).len())
            .field("unfinished", &lock(&self.unfinished).len())
            .finish_non_exhaustive()
    }
}

/// A taking, and where it goes if it is dropped.
#[must_use = "a future does nothing until it is awaited"]
pub(super) struct Running<'a> {
    state: &'a State,
    taking: Option<Taking>,
}

impl Future for Running<'_> {
    type Output = Result<Option<Vec<Item>>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(taking) = &mut self.taking else {
            return Poll::Pending;
        };
        let polled = taking.as_mut().poll(cx);
        if polled.is_ready() {
            self.taking = None;
        }
        polled
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("dropped-take-loses-the-item") {
            return;
        }
        if let Some(taking) = self.taking.take() {
            lock(&self.state.unfinished).push_back(taking);
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
