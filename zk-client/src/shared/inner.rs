//! The part of a client that lives under its one lock: the session core and whoever waits for it.

use std::collections::HashMap;
use std::task::{Context, Poll, Waker};

use zk_session::{
    DutyId, Event, FailCause, Outcome, Rejected, RequestId, ServerId, Session, SessionState,
    Submit, WatchEvent, WatchId, WatchKind,
};
use zk_wire::{ErrorCode, EventType, Moment, Request};

use crate::shared::claim_table::{ClaimTable, Loss, OwnWatch};
use crate::shared::queues::{QueueTable, Route};
use crate::state::State;

/// Identifies a request across sessions: ids start anew with each session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RequestKey {
    generation: u64,
    id: RequestId,
}

/// A request that the core accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    pub(crate) key: RequestKey,
    pub(crate) watch: Option<WatchId>,
}

/// What waits for a request's outcome.
#[derive(Debug)]
enum Slot {
    Waiting(Option<Waker>),
    Done(Outcome),
    /// The read that sets the watch on a claim's own node; nobody polls it.
    OwnWatch(DutyId),
}

/// The part under the lock.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) core: Session,
    pub(crate) generation: u64,
    slots: HashMap<RequestKey, Slot>,
    pub(crate) queues: QueueTable,
    pub(crate) claims: ClaimTable,
    /// The server that was dialled last.
    pub(crate) dialled: Option<ServerId>,
    /// Set while the driver sleeps; taken by whoever gives it work.
    pub(crate) driver: Option<Waker>,
}

/// What a round of events asks the driver to do after it unlocked.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) wake: Vec<Waker>,
    /// The last state the session went into.
    pub(crate) state: Option<State>,
}

impl Inner {
    pub(crate) fn new(core: Session) -> Self {
        Self {
            core,
            generation: 1,
            slots: HashMap::new(),
            queues: QueueTable::default(),
            claims: ClaimTable::default(),
            dialled: None,
            driver: None,
        }
    }

    pub(crate) fn submit(
        &mut self,
        now: Moment,
        request: Request,
        options: Submit,
    ) -> Result<Accepted, Rejected> {
        let submitted = self.core.submit(now, request, options)?;
        let key = RequestKey {
            generation: self.generation,
            id: submitted.id,
        };
        self.slots.insert(key, Slot::Waiting(None));
        Ok(Accepted {
            key,
            watch: submitted.watch,
        })
    }

    /// Submits the read that watches a claim's own node.
    fn submit_own_watch(
        &mut self,
        now: Moment,
        duty: DutyId,
        request: Request,
        options: Submit,
    ) -> Result<Option<WatchId>, Rejected> {
        let submitted = self.core.submit(now, request, options)?;
        let key = RequestKey {
            generation: self.generation,
            id: submitted.id,
        };
        self.slots.insert(key, Slot::OwnWatch(duty));
        Ok(submitted.watch)
    }

    pub(crate) fn poll_outcome(&mut self, key: RequestKey, cx: &mut Context<'_>) -> Poll<Outcome> {
        match self.slots.get_mut(&key) {
            Some(Slot::Waiting(waker)) => {
                if !waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                    *waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
            Some(Slot::Done(_)) => match self.slots.remove(&key) {
                Some(Slot::Done(outcome)) => Poll::Ready(outcome),
                _ => Poll::Pending,
            },
            Some(Slot::OwnWatch(_)) | None => Poll::Pending,
        }
    }

    pub(crate) fn abandon(&mut self, now: Moment, key: RequestKey) {
        if let Some(Slot::Waiting(_)) = self.slots.remove(&key) {
            if key.generation == self.generation {
                let _ = self.core.abandon(now, key.id);
            }
        }
    }

    /// Moves the core's events to whoever waits for them. The caller carries out the effects, unlocked.
    pub(crate) fn dispatch(&mut self, now: Moment, effects: &mut Effects) {
        while let Some(event) = self.core.poll_event() {
            match event {
                Event::Done { id, outcome } => self.done(now, id, outcome, effects),
                Event::Watch { id, event } => {
                    if let Some((duty, event)) = self.queues.fire(id, event, &mut effects.wake) {
                        self.own_node_event(now, duty, &event);
                    }
                }
                Event::WatchesRestored => self.queues.restored(&mut effects.wake),
                Event::State(state) => self.state_changed(&state, effects),
                Event::Duty { id, settled } => self.claims.settled(id, settled),
                Event::HoldGone { duty, .. } => self.node_gone(duty),
                Event::Doubt { in_doubt } => self.claims.doubt(in_doubt),
                _ => {}
            }
        }
    }

    fn done(&mut self, now: Moment, id: RequestId, outcome: Outcome, effects: &mut Effects) {
        let key = RequestKey {
            generation: self.generation,
            id,
        };
        match self.slots.get_mut(&key) {
            Some(slot @ Slot::Waiting(_)) => {
                if let Slot::Waiting(Some(waker)) = std::mem::replace(slot, Slot::Done(outcome)) {
                    effects.wake.push(waker);
                }
            }
            Some(&mut Slot::OwnWatch(duty)) => {
                self.slots.remove(&key);
                self.own_watch_answered(now, duty, &outcome);
            }
            Some(Slot::Done(_)) | None => {}
        }
    }

    fn state_changed(&mut self, state: &SessionState, effects: &mut Effects) {
        if matches!(state, SessionState::Suspended { .. }) {
            self.queues.suspended(&mut effects.wake);
        }
        if state.is_terminal() {
            self.claims.session_ended(state);
        }
        effects.state = Some(State::from_core(state, self.generation));
    }

    /// Starts the next generation in place of a session that expired.
    pub(crate) fn replace_session(&mut self, core: Session) {
        self.core = core;
        self.generation += 1;
    }

    pub(crate) fn watch_own_node(&mut self, now: Moment, duty: DutyId, path: String, route: Route) {
        self.claims.set_own(
            duty,
            OwnWatch {
                path: path.as_str().into(),
                route,
            },
        );
        let request = Request::GetData { path, watch: true };
        let options = Submit::new().watch(WatchKind::Data).exempt();
        if let Ok(Some(id)) = self.submit_own_watch(now, duty, request, options) {
            self.queues.route(id, route);
        }
    }

    fn rewatch_own_node(&mut self, now: Moment, duty: DutyId) {
        if let Some(own) = self.claims.own(duty) {
            self.watch_own_node(now, duty, own.path.to_string(), own.route);
        }
    }

    fn node_gone(&mut self, duty: DutyId) {
        // The answer to the close may have come in the same read as the event.
        let closed = self.core.is_closing() || self.core.state() == SessionState::Closed;
        let why = if closed {
            Loss::Closed
        } else {
            Loss::NodeDeleted
        };
        self.claims.gone(duty, why);
    }

    fn own_node_event(&mut self, now: Moment, duty: DutyId, event: &WatchEvent) {
        match event {
            WatchEvent::Fired {
                kind: EventType::Deleted,
                ..
            } => self.node_gone(duty),
            WatchEvent::Fired { .. } | WatchEvent::Gap => self.rewatch_own_node(now, duty),
            _ => {}
        }
    }

    fn own_watch_answered(&mut self, now: Moment, duty: DutyId, outcome: &Outcome) {
        match outcome {
            Outcome::Reply {
                result: Err(ErrorCode::NoNode),
                ..
            } => self.node_gone(duty),
            Outcome::Failed {
                cause: FailCause::ConnectionLost,
                ..
            } => {
                self.rewatch_own_node(now, duty);
            }
            Outcome::Reply { .. } | Outcome::Failed { .. } => {}
        }
    }
}
