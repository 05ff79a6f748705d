//! Watches as owned streams, and sets of watches that keep the order of the wire.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use zk_session::{DutyId, WatchEvent};
use zk_wire::Chroot;

pub use crate::shared::queues::{SetEvent, WatchTag};

use crate::shared::handle::Shared;
use crate::shared::queues::{QueueId, Route};

/// The events of one watch, in the order of the server's transactions.
///
/// A one-shot watch yields one event and ends. A persistent watch yields events until it is dropped, and
/// [`WatchEvent::Gap`] where events may have been missed (after a reconnect). Each ends with
/// [`WatchEvent::Ended`] when the session does. Dropping it removes the watch from the server.
#[must_use = "dropping a watch removes it"]
pub struct Watch {
    set: WatchSet,
    one_shot: bool,
    ended: bool,
}

impl Watch {
    pub(crate) fn new(set: WatchSet, one_shot: bool) -> Self {
        Self {
            set,
            one_shot,
            ended: false,
        }
    }

    /// Makes the watch end with the connection that it was set on, instead of being set again on the next: the last event
    /// is [`WatchEvent::Ended`] then, with `Suspended`. If there is no connection now, it is over at once.
    pub fn ending_with_connection(self) -> Self {
        self.set.end_with_connection();
        self
    }

    /// The next event; `None` when there will be no more.
    ///
    /// # Errors
    ///
    /// None; the end of the session comes as [`WatchEvent::Ended`].
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no event.
    ///
    /// # Ordering
    ///
    /// Events come in the order of the server's transactions. An event is queued before any reply that
    /// reflects the change is handed out.
    ///
    /// # On session events
    ///
    /// A suspension is not told (see [`Client::watch_state`](crate::Client::watch_state)); the watch is set
    /// again on the next connection. After an expiry `Ended`, then `None`.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        if self.ended {
            return Poll::Ready(None);
        }
        loop {
            match self.set.poll_event(cx) {
                Poll::Ready(SetEvent::Watch { event, .. }) => {
                    self.ended = match event {
                        WatchEvent::Ended(_) | WatchEvent::Removed => true,
                        WatchEvent::Fired { .. } => self.one_shot,
                        _ => false,
                    };
                    return Poll::Ready(Some(event));
                }
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Stream for Watch {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        self.poll_event(cx)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Several watches with one queue of events in wire order, for code that must not see two events swapped.
///
/// Dropping the set removes all its watches.
pub struct WatchSet {
    shared: Arc<Shared>,
    chroot: Chroot,
    queue: QueueId,
}

impl WatchSet {
    pub(crate) fn new(shared: Arc<Shared>, chroot: Chroot) -> Self {
        let queue = shared.lock().queues.open();
        Self {
            shared,
            chroot,
            queue,
        }
    }

    /// The next event.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no event.
    ///
    /// # Ordering
    ///
    /// Wire order over all watches of the set.
    ///
    /// # On session events
    ///
    /// [`SetEvent::Suspended`] and [`SetEvent::Restored`]; `Ended` for each watch when the session ends. The
    /// call waits for ever on a set without watches whose session is over.
    pub async fn next(&mut self) -> SetEvent {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Removes one watch of the set.
    pub fn forget(&mut self, tag: WatchTag) {
        self.shared.with(|inner, now| {
            if inner.queues.unroute(tag.0) {
                inner.core.forget_watch(now, tag.0);
            }
        });
    }

    pub(crate) fn queue(&self) -> QueueId {
        self.queue
    }

    fn end_with_connection(&self) {
        self.shared.with(|inner, now| {
            let state = inner.core.state();
            let gone = (!state.is_connected()).then_some(state);
            for id in inner.queues.end_with_connection(self.queue, gone) {
                inner.core.forget_watch(now, id);
            }
        });
    }

    /// The route of the watch on a claim's own node.
    pub(crate) fn own_route(&self, duty: DutyId) -> Route {
        Route {
            queue: Some(self.queue),
            claim: Some(duty),
            one_shot: true,
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<SetEvent> {
        let event = self.shared.lock().queues.poll(self.queue, cx);
        event.map(|event| strip(&self.chroot, event))
    }
}

impl Drop for WatchSet {
    fn drop(&mut self) {
        self.shared.with(|inner, now| {
            for id in inner.queues.close(self.queue) {
                inner.core.forget_watch(now, id);
            }
        });
    }
}

impl fmt::Debug for WatchSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchSet")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// A path outside the chroot (possible for a recursive watch above it) is passed through.
fn strip(chroot: &Chroot, event: SetEvent) -> SetEvent {
    match event {
        SetEvent::Watch {
            tag,
            event: WatchEvent::Fired { kind, path, zxid },
        } => {
            let path = chroot
                .strip(&path)
                .map_or_else(|| path.clone(), ToOwned::to_owned);
            SetEvent::Watch {
                tag,
                event: WatchEvent::Fired { kind, path, zxid },
            }
        }
        other => other,
    }
}
