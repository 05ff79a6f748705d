//! Event queues: where the events of watches wait, in wire order, for their readers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll, Waker};

use zk_session::{DutyId, WatchEvent, WatchId};

/// Names one watch of a [`WatchSet`](crate::WatchSet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchTag(pub(crate) WatchId);

/// What a [`WatchSet`](crate::WatchSet) yields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetEvent {
    /// An event of one of the watches.
    Watch {
        /// Which one.
        tag: WatchTag,
        /// What happened.
        event: WatchEvent,
    },
    /// The connection went down: events that happen from here on arrive late.
    Suspended,
    /// All watches are set again, and every event of the time between was delivered before this.
    Restored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct QueueId(u64);

/// Where the events of a watch go: a queue, a claim, or both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) queue: Option<QueueId>,
    pub(crate) claim: Option<DutyId>,
    pub(crate) one_shot: bool,
}

impl Route {
    /// The route of the watch on a claim's own node that no queue follows.
    pub(crate) fn to_claim(duty: DutyId) -> Self {
        Self {
            queue: None,
            claim: Some(duty),
            one_shot: true,
        }
    }
}

/// All event queues of a client, and the routes of watches into them.
#[derive(Debug, Default)]
pub(crate) struct QueueTable {
    queues: BTreeMap<QueueId, Queue>,
    routes: BTreeMap<WatchId, Route>,
    next: u64,
}

#[derive(Debug, Default)]
struct Queue {
    /// The watches whose events come here.
    watches: BTreeSet<WatchId>,
    events: VecDeque<SetEvent>,
    waker: Option<Waker>,
}

impl QueueTable {
    pub(crate) fn open(&mut self) -> QueueId {
        self.next += 1;
        let id = QueueId(self.next);
        self.queues.insert(id, Queue::default());
        id
    }

    /// How many queues are open and how many watches lead somewhere.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.queues.len(), self.routes.len())
    }

    /// Closes a queue and says which watches nobody listens to any more.
    pub(crate) fn close(&mut self, queue: QueueId) -> Vec<WatchId> {
        let mut orphans = Vec::new();
        for id in self.queues.remove(&queue).unwrap_or_default().watches {
            match self.routes.get_mut(&id) {
                // A claim goes on listening.
                Some(route) if route.claim.is_some() => route.queue = None,
                Some(_) => {
                    self.routes.remove(&id);
                    orphans.push(id);
                }
                None => {}
            }
        }
        orphans
    }

    pub(crate) fn route(&mut self, id: WatchId, route: Route) {
        self.routes.insert(id, route);
        if let Some(queue) = route.queue.and_then(|queue| self.queues.get_mut(&queue)) {
            queue.watches.insert(id);
        }
    }

    pub(crate) fn unroute(&mut self, id: WatchId) -> bool {
        let Some(route) = self.routes.remove(&id) else {
            return false;
        };
        if let Some(queue) = route.queue.and_then(|queue| self.queues.get_mut(&queue)) {
            queue.watches.remove(&id);
        }
        true
    }

    /// Delivers an event; returns the claim whose own node it is about, if there is one.
    pub(crate) fn fire(
        &mut self,
        id: WatchId,
        event: WatchEvent,
        wake: &mut Vec<Waker>,
    ) -> Option<(DutyId, WatchEvent)> {
        let route = *self.routes.get(&id)?;
        let fired = matches!(event, WatchEvent::Fired { .. });
        if matches!(event, WatchEvent::Ended(_)) || (route.one_shot && fired) {
            self.unroute(id);
        }
        if let Some(queue) = route.queue.and_then(|queue| self.queues.get_mut(&queue)) {
            queue.push(
                SetEvent::Watch {
                    tag: WatchTag(id),
                    event: event.clone(),
                },
                wake,
            );
        }
        Some((route.claim?, event))
    }

    pub(crate) fn suspended(&mut self, wake: &mut Vec<Waker>) {
        for queue in self.queues.values_mut() {
            queue.push(SetEvent::Suspended, wake);
        }
    }

    pub(crate) fn restored(&mut self, wake: &mut Vec<Waker>) {
        for queue in self.queues.values_mut() {
            queue.push(SetEvent::Restored, wake);
        }
    }

    pub(crate) fn poll(&mut self, queue: QueueId, cx: &mut Context<'_>) -> Poll<SetEvent> {
        let Some(queue) = self.queues.get_mut(&queue) else {
            return Poll::Pending;
        };
        match queue.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Queue {
    fn push(&mut self, event: SetEvent, wake: &mut Vec<Waker>) {
        if self.events.len() >= MAX_EVENTS {
            self.collapse();
        }
        self.events.push_back(event);
        wake.extend(self.waker.take());
    }

    /// Replaces what nobody fetched by one `Gap` per watch: memory stays bounded, and the reader knows.
    fn collapse(&mut self) {
        let mut tags: Vec<WatchTag> = Vec::new();
        for event in self.events.drain(..) {
            if let SetEvent::Watch { tag, .. } = event {
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
        }
        let gaps = tags.into_iter().map(|tag| SetEvent::Watch {
            tag,
            event: WatchEvent::Gap,
        });
        self.events.extend(gaps);
    }
}

/// Events that a queue holds for a reader that does not come. A one-shot watch needs two; this is room for
/// a recursive watch through a burst.
const MAX_EVENTS: usize = 65_536;
