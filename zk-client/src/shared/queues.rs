//! Event queues: where the events of watches wait, in wire order, for their readers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll, Waker};

use zk_session::{DutyId, SessionState, WatchEvent, WatchId};

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
    /// All watches are set again, and every event of the time between was delivered before this. Or another session takes
    /// over: then the watches of the one before have ended, and new ones can be set.
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
    /// The bytes of the paths in `events`.
    bytes: usize,
    /// How many events were left when it was last too long.
    kept: usize,
    waker: Option<Waker>,
    /// Its watches are not set again on another connection.
    ends_with_connection: bool,
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

    /// Whether anybody but a claim follows this watch, and no claim does.
    pub(crate) fn is_a_users(&self, id: WatchId) -> bool {
        let route = self.routes.get(&id);
        route.is_some_and(|route| route.claim.is_none())
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
        let over = matches!(event, WatchEvent::Ended(_) | WatchEvent::Removed);
        if over || (route.one_shot && fired) {
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

    /// Returns the watches that are over with the connection.
    pub(crate) fn suspended(&mut self, state: SessionState, wake: &mut Vec<Waker>) -> Vec<WatchId> {
        let mut over = Vec::new();
        for queue in self.queues.values_mut() {
            queue.push(SetEvent::Suspended, wake);
            if queue.ends_with_connection {
                over.extend(queue.end(state, wake));
            }
        }
        for id in &over {
            self.routes.remove(id);
        }
        over
    }

    /// The watches of this queue, which no claim follows, are over with the connection. Returns those that are now,
    /// if there is no connection but this `state`.
    pub(crate) fn end_with_connection(
        &mut self,
        queue: QueueId,
        state: Option<SessionState>,
    ) -> Vec<WatchId> {
        let Some(queue) = self.queues.get_mut(&queue) else {
            return Vec::new();
        };
        queue.ends_with_connection = true;
        let over = state.map(|state| queue.end(state, &mut Vec::new()));
        let over = over.unwrap_or_default();
        for id in &over {
            self.routes.remove(id);
        }
        over
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
            Some(event) => {
                queue.bytes = queue.bytes.saturating_sub(path_len(&event));
                Poll::Ready(event)
            }
            None => {
                queue.kept = 0;
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Queue {
    fn push(&mut self, event: SetEvent, wake: &mut Vec<Waker>) {
        // What was left over last time does not count again, or a set of very many watches would be collapsed at
        // each event.
        if self.events.len() >= MAX_EVENTS.max(2 * self.kept) || self.bytes >= MAX_PATHS {
            self.collapse();
        }
        self.bytes += path_len(&event);
        self.events.push_back(event);
        wake.extend(self.waker.take());
    }

    /// Tells that all its watches are over, and which they were.
    fn end(&mut self, state: SessionState, wake: &mut Vec<Waker>) -> Vec<WatchId> {
        let over: Vec<_> = std::mem::take(&mut self.watches).into_iter().collect();
        for &id in &over {
            let (tag, event) = (WatchTag(id), WatchEvent::Ended(state));
            self.push(SetEvent::Watch { tag, event }, wake);
        }
        over
    }

    /// Replaces what nobody fetched by one `Gap` per watch: memory stays bounded, and the reader knows. Whether the
    /// connection is up stays known, too, by the last that was said of it.
    fn collapse(&mut self) {
        let mut seen = BTreeSet::new();
        let mut connection = None;
        let mut ended = Vec::new();
        let mut gaps = VecDeque::new();
        for event in self.events.drain(..) {
            match event {
                SetEvent::Watch {
                    event: WatchEvent::Ended(_) | WatchEvent::Removed,
                    ..
                } => ended.push(event),
                SetEvent::Watch { tag, .. } if seen.insert(tag) => {
                    gaps.push_back(SetEvent::Watch {
                        tag,
                        event: WatchEvent::Gap,
                    })
                }
                SetEvent::Watch { .. } => {}
                SetEvent::Suspended | SetEvent::Restored => connection = Some(event),
            }
        }
        self.events = gaps;
        self.events.extend(connection);
        self.events.extend(ended);
        self.bytes = 0;
        self.kept = self.events.len();
    }
}

fn path_len(event: &SetEvent) -> usize {
    match event {
        SetEvent::Watch {
            event: WatchEvent::Fired { path, .. },
            ..
        } => path.len(),
        _ => 0,
    }
}

/// Events that a queue holds for a reader that does not come. A one-shot watch needs two; this is room for
/// a recursive watch through a burst.
const MAX_EVENTS: usize = 65_536;

/// Bytes of paths in the events that a queue holds: a server that invents events invents long paths for them.
const MAX_PATHS: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use zk_wire::EventType;

    use super::*;

    const WATCH: WatchTag = WatchTag(WatchId::from_raw(1));

    fn fired(tag: WatchTag, len: usize) -> SetEvent {
        SetEvent::Watch {
            tag,
            event: WatchEvent::Fired {
                kind: EventType::Created,
                path: "x".repeat(len),
                zxid: None,
            },
        }
    }

    fn gap(tag: WatchTag) -> SetEvent {
        SetEvent::Watch {
            tag,
            event: WatchEvent::Gap,
        }
    }

    #[test]
    fn events_that_nobody_fetches_become_one_gap_by_count_and_by_bytes() {
        for (len, count) in [(10, 3 * MAX_EVENTS), (MAX_PATHS / 4, 50)] {
            let mut queue = Queue::default();
            for _ in 0..count {
                queue.push(fired(WATCH, len), &mut Vec::new());
                assert!(queue.events.len() <= MAX_EVENTS && queue.bytes <= MAX_PATHS + len);
            }
            assert_eq!(queue.events.front(), Some(&gap(WATCH)));
        }
    }

    #[test]
    fn the_state_of_the_connection_and_the_end_of_watches_outlive_a_flood() {
        let mut queue = Queue::default();
        let ended = SetEvent::Watch {
            tag: WatchTag(WatchId::from_raw(2)),
            event: WatchEvent::Ended(SessionState::Closed),
        };
        let before = [SetEvent::Suspended, SetEvent::Restored, ended.clone()];
        for event in before {
            queue.push(event, &mut Vec::new());
        }
        for _ in 0..MAX_EVENTS {
            queue.push(fired(WATCH, 1), &mut Vec::new());
        }
        let left: Vec<_> = queue.events.drain(..4).collect();
        assert_eq!(left[..3], [gap(WATCH), SetEvent::Restored, ended]);
        assert_eq!(left[3], fired(WATCH, 1));
    }

    #[test]
    fn a_set_of_very_many_watches_is_not_collapsed_at_each_event() {
        let mut queue = Queue::default();
        let mut collapses = 0;
        for watch in 0..4 * MAX_EVENTS as u64 {
            let tag = WatchTag(WatchId::from_raw(watch));
            let before = queue.kept;
            queue.push(fired(tag, 1), &mut Vec::new());
            collapses += usize::from(queue.kept != before);
        }
        assert_eq!(collapses, 2, "at 65,536 and at twice as many");
        assert_eq!(queue.events.len(), 4 * MAX_EVENTS, "one for each watch");
    }
}
