//! The part of a client that lives under its one lock: the session core and whoever waits for it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zk_session::{
    DutyId, Event, FailCause, Outcome, Rejected, RequestId, ServerId, Session, SessionState,
    SessionStats, Settlement, Submit, WatchEvent, WatchId, WatchKind,
};
use zk_wire::{ErrorCode, EventType, Moment, OpCode, Request, SessionId};

use crate::expiry::{Expiry, LostHold};
use crate::shared::claim_table::{ClaimTable, Loss, OwnWatch, Watched};
use crate::shared::queues::{QueueTable, Route};
use crate::shared::stall::{Stall, StallGauge};
use crate::state::State;
use crate::telemetry::metrics::Measured;
use crate::telemetry::narrator::Note;
use crate::telemetry::trace::{Journey, Sent};
use crate::transport::ServerAddr;

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
    /// The size of its frame.
    pub(crate) len: usize,
}

/// What waits for a request's outcome.
#[derive(Debug)]
enum Slot {
    Waiting {
        waker: Option<Waker>,
        op: OpCode,
        since: Moment,
        sent: Option<Box<Sent>>,
    },
    Done(Answered),
    /// The read that sets the watch on a claim's own node; nobody polls it.
    OwnWatch {
        duty: DutyId,
        watch: Option<WatchId>,
    },
}

/// The outcome of a request, and what it spent its time with if somebody listens.
pub(crate) type Answered = (Outcome, Option<Box<Journey>>);

#[expect(
    clippy::disallowed_types,
    reason = "looked up for every request and never iterated, so its order is nobody's"
)]
type Slots = std::collections::HashMap<RequestKey, Slot>;

/// The part under the lock.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) core: Session,
    pub(crate) generation: u64,
    /// Where a [`ServerId`] is a place in.
    pub(crate) servers: Vec<ServerAddr>,
    slots: Slots,
    pub(crate) queues: QueueTable,
    pub(crate) claims: ClaimTable,
    /// The server that was dialled last.
    pub(crate) dialled: Option<ServerId>,
    pub(crate) stall: StallGauge,
    /// What the sessions before this one did.
    earlier: SessionStats,
    /// How the last session that expired did.
    pub(crate) expiry: Option<Arc<Expiry>>,
    /// Set while the driver sleeps; taken by whoever gives it work.
    pub(crate) driver: Option<Waker>,
    /// What was submitted last gives the driver nothing to do: an answer, which wakes it anyhow, has to come first.
    pub(crate) quiet: bool,
}

/// How much the client keeps for futures, watches and claims: what a leak would show in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    requests: usize,
    queues: usize,
    routes: usize,
    claims: usize,
}

/// What a round of events asks the driver to do after it unlocked.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) wake: Vec<Waker>,
    /// The last state the session went into.
    pub(crate) state: Option<State>,
    /// What is told in the log.
    pub(crate) notes: Vec<Note>,
    pub(crate) measured: Measured,
}

impl Inner {
    pub(crate) fn new(core: Session, servers: Vec<ServerAddr>) -> Self {
        Self {
            core,
            generation: 1,
            servers,
            slots: Slots::new(),
            queues: QueueTable::default(),
            claims: ClaimTable::default(),
            dialled: None,
            stall: StallGauge::default(),
            earlier: SessionStats::default(),
            expiry: None,
            driver: None,
            quiet: false,
        }
    }

    /// Takes a list of servers in the place of the one there is. False if the session takes none any more.
    pub(crate) fn update_servers(&mut self, now: Moment, servers: Vec<ServerAddr>) -> bool {
        let place = |server: &ServerAddr| {
            let at = self.servers.iter().position(|old| old == server);
            at.map(ServerId::from_index)
        };
        let origins: Vec<_> = servers.iter().map(place).collect();
        if !self.core.update_servers(now, &origins) {
            return false;
        }
        self.dialled = self.dialled.and_then(|dialled| {
            let at = origins.iter().position(|origin| *origin == Some(dialled));
            at.map(ServerId::from_index)
        });
        self.servers = servers;
        true
    }

    pub(crate) fn open(&self) -> Open {
        let (queues, routes) = self.queues.len();
        Open {
            requests: self.slots.len(),
            queues,
            routes,
            claims: self.claims.len(),
        }
    }

    pub(crate) fn submit(
        &mut self,
        now: Moment,
        request: Request,
        options: Submit,
    ) -> Result<Accepted, Rejected> {
        let op = request.op_code();
        let due = self.core.poll_timeout();
        let submitted = self.core.submit(now, request, options)?;
        self.quiet = self.core.is_gathering() && self.core.poll_timeout() == due;
        let key = RequestKey {
            generation: self.generation,
            id: submitted.id,
        };
        let waiting = Slot::Waiting {
            waker: None,
            op,
            since: now,
            sent: None,
        };
        self.slots.insert(key, waiting);
        Ok(Accepted {
            key,
            watch: submitted.watch,
            len: submitted.len,
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
        let watch = submitted.watch;
        self.slots.insert(key, Slot::OwnWatch { duty, watch });
        Ok(watch)
    }

    pub(crate) fn poll_outcome(&mut self, key: RequestKey, cx: &mut Context<'_>) -> Poll<Answered> {
        match self.slots.get_mut(&key) {
            Some(Slot::Waiting { waker, .. }) => {
                if !waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                    *waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
            Some(Slot::Done(_)) => match self.slots.remove(&key) {
                Some(Slot::Done(answered)) => Poll::Ready(answered),
                _ => Poll::Pending,
            },
            Some(Slot::OwnWatch { .. }) | None => Poll::Pending,
        }
    }

    pub(crate) fn abandon(&mut self, now: Moment, key: RequestKey) {
        if let Some(Slot::Waiting { .. }) = self.slots.remove(&key) {
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
                    if event == WatchEvent::Gap {
                        effects.measured.gap();
                    }
                    if let Some((duty, event)) = self.queues.fire(id, event, &mut effects.wake) {
                        self.own_node_event(now, duty, &event);
                    }
                }
                Event::WatchesRestored => self.queues.restored(&mut effects.wake),
                Event::State(state) => self.state_changed(now, &state, effects),
                Event::Duty { id, settled } => {
                    if matches!(settled, Settlement::Refused(_) | Settlement::ListTooLarge) {
                        effects.notes.push(Note::NotCleaned(settled));
                    }
                    self.claims.settled(id, settled);
                }
                Event::HoldGone { duty, .. } => self.node_gone(duty),
                Event::Doubt { in_doubt } => self.claims.doubt(in_doubt),
                _ => {}
            }
        }
    }

    /// Notes when requests left, for whoever listens, and what is to be told of frames.
    pub(crate) fn note_frames(&mut self, now: Moment, effects: &mut Effects) {
        while let Some(frame) = self.core.poll_frame() {
            for id in &frame.requests {
                let key = RequestKey {
                    generation: self.generation,
                    id: *id,
                };
                if let Some(Slot::Waiting { sent, .. }) = self.slots.get_mut(&key) {
                    let xid = frame.xid;
                    *sent = Some(Box::new(Sent { xid, at: now }));
                }
            }
            effects.notes.push(Note::Frame(frame));
        }
    }

    fn done(&mut self, now: Moment, id: RequestId, outcome: Outcome, effects: &mut Effects) {
        let key = RequestKey {
            generation: self.generation,
            id,
        };
        match self.slots.get_mut(&key) {
            Some(slot @ Slot::Waiting { .. }) => {
                let mut journey = None;
                if let Slot::Waiting {
                    op, since, sent, ..
                } = slot
                {
                    effects.measured.request(*op, &outcome, now - *since);
                    journey = sent.as_ref().map(|sent| {
                        Box::new(Journey {
                            xid: sent.xid,
                            queued: sent.at - *since,
                            wire: now - sent.at,
                        })
                    });
                }
                let done = Slot::Done((outcome, journey));
                if let Slot::Waiting { waker, .. } = std::mem::replace(slot, done) {
                    effects.wake.extend(waker);
                }
            }
            Some(&mut Slot::OwnWatch { duty, watch }) => {
                self.slots.remove(&key);
                self.own_watch_answered(now, duty, watch, &outcome);
            }
            Some(Slot::Done(_)) | None => {}
        }
    }

    fn state_changed(&mut self, now: Moment, state: &SessionState, effects: &mut Effects) {
        if matches!(state, SessionState::Suspended { .. }) {
            for id in self.queues.suspended(*state, &mut effects.wake) {
                self.core.forget_watch(now, id);
            }
        }
        if *state == SessionState::Expired {
            self.expiry = Some(Arc::new(self.describe_expiry(now)));
        }
        if state.is_terminal() {
            self.claims.session_ended(state);
        }
        effects.state = Some(State::from_core(state, self.generation));
    }

    /// What is known about the session that expired just now.
    fn describe_expiry(&self, now: Moment) -> Expiry {
        let heard = self.core.last_heard();
        let stall = self.stall.since(heard);
        let silent_since = heard.map_or(now, |heard| self.stall.heard_before(heard));
        Expiry {
            session: self.core.session_id().unwrap_or(SessionId::NONE),
            generation: self.generation,
            timeout: self.core.negotiated_timeout(),
            silence: now - silent_since,
            stall: stall.map_or(Duration::ZERO, Stall::len),
            lost: self.claims.held(),
        }
    }

    /// The longest time since a server was last heard in which the driver should have run and did not.
    pub(crate) fn longest_stall(&self) -> Duration {
        let stall = self.stall.since(self.core.last_heard());
        stall.map_or(Duration::ZERO, Stall::len)
    }

    /// Counters of all sessions, and gauges of the current one.
    pub(crate) fn stats(&self) -> SessionStats {
        self.core.stats().continuing(&self.earlier)
    }

    /// Starts the next generation in place of a session that expired. With its watches gone, nothing is left to restore.
    pub(crate) fn replace_session(&mut self, core: Session, wake: &mut Vec<Waker>) {
        self.earlier = self.stats();
        // Readers of its watches may still be about, and give them up when the next ones are set.
        self.core = core.numbered_after(&self.core);
        self.generation += 1;
        self.queues.restored(wake);
    }

    pub(crate) fn watch_own_node(&mut self, now: Moment, duty: DutyId, path: String, route: Route) {
        let own = OwnWatch {
            path: path.as_str().into(),
            route,
            by_exists: false,
            watched: Watched::NotYet,
        };
        self.ask_for_own_node(now, duty, own);
    }

    fn rewatch_own_node(&mut self, now: Moment, duty: DutyId) {
        if let Some(own) = self.claims.own(duty) {
            self.ask_for_own_node(now, duty, own);
        }
    }

    fn ask_for_own_node(&mut self, now: Moment, duty: DutyId, mut own: OwnWatch) {
        own.watched = Watched::NotYet;
        let (path, route) = (own.path.to_string(), own.route);
        let (request, kind) = if own.by_exists {
            (Request::Exists { path, watch: true }, WatchKind::Exist)
        } else {
            (Request::GetData { path, watch: true }, WatchKind::Data)
        };
        self.claims.set_own(duty, own);
        self.core.set_watched(now, duty, false);
        let options = Submit::new().watch(kind).exempt();
        if let Ok(Some(id)) = self.submit_own_watch(now, duty, request, options) {
            self.queues.route(id, route);
        }
    }

    /// The servers do not let us read our own node. Some let us ask whether it exists.
    fn own_node_refused(&mut self, now: Moment, duty: DutyId) {
        match self.claims.own(duty) {
            Some(own) if !own.by_exists => {
                let by_exists = true;
                self.ask_for_own_node(now, duty, OwnWatch { by_exists, ..own });
            }
            _ => self.claims.set_watched(duty, Watched::Never),
        }
    }

    /// Marks the node as held, and tells the core whether its end would be seen.
    pub(crate) fn hold(&mut self, now: Moment, duty: DutyId, title: Option<LostHold>) {
        self.claims.hold(duty, title);
        self.core.hold(now, duty);
        let watched = self.claims.watched(duty) == Watched::Yes;
        self.core.set_watched(now, duty, watched);
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

    fn own_watch_answered(
        &mut self,
        now: Moment,
        duty: DutyId,
        watch: Option<WatchId>,
        outcome: &Outcome,
    ) {
        let set = matches!(outcome, Outcome::Reply { result: Ok(_), .. });
        if let (false, Some(watch)) = (set, watch) {
            // It was not set on a node of ours, so no event will take the route away.
            self.queues.unroute(watch);
            self.core.forget_watch(now, watch);
        }
        match outcome {
            Outcome::Reply { result: Ok(_), .. } => {
                self.claims.set_watched(duty, Watched::Yes);
                self.core.set_watched(now, duty, true);
            }
            Outcome::Reply {
                result: Err(ErrorCode::NoAuth),
                ..
            } => self.own_node_refused(now, duty),
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
            // Throttled, say: until it is watched the rounds of checks look after it.
            Outcome::Reply { .. } | Outcome::Failed { .. } => {}
        }
    }
}
