//! One process: its session, what it is doing, and what it does next.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_checkers::{Conviction, NoteKind, Outcome};
use zk_session::{Event, Session, SessionConfig, SessionState, SessionTicket};
use zk_wire::{Moment, SessionId, Zxid};

use super::client::Client;
use super::journal::Scene;
use super::state::{Doing, Process, Variant};
use crate::plan::Plan;
use crate::schedule::Phase;

impl Process {
    pub(super) fn new(index: usize, plan: &Plan, variant: Variant, start: Moment) -> Self {
        let offset = plan.seed.client_stream(index, "clock").below(1 << 50);
        let offset = Duration::from_nanos(1 << 42 | offset);
        let seed = plan.seed.client_stream(index, "jitter.0").next();
        let session = Session::new(config(plan), start + offset, seed);
        Self {
            index,
            client: Client::new(session, index, offset),
            rng: plan.seed.client_stream(index, "workload"),
            layout: variant.layout,
            first_xid: variant.first_xid,
            doing: Doing::Connecting(None),
            values: 0,
            calls: plan.calls,
            draining: false,
            wishes: (0..plan.locks).collect(),
            doomed: BTreeSet::new(),
            guard_fate: None,
            cancel: None,
            session: SessionId::NONE,
            phase: Phase::Idle,
            seed: plan.seed,
            entered: [0; Phase::ALL.len()],
            incarnation: 0,
            sessions: 0,
            frozen: 0,
            alive: true,
            closing: false,
        }
    }

    /// Its number in the history: another one after each restart.
    pub(super) fn number(&self) -> u32 {
        self.incarnation * 16 + u32::try_from(self.index).unwrap_or(0)
    }

    /// Whose calls these are, and what had been seen.
    pub(super) fn view(&self) -> (SessionId, Zxid) {
        (self.session, self.client.session.last_zxid())
    }

    /// Whether it has done all that it had to.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.doing, Doing::Over)
    }

    /// When it has to be stepped, unless something arrives before.
    pub(super) fn deadline(&self) -> Option<Moment> {
        if !self.alive || self.frozen > 0 {
            return None;
        }
        let session = self.client.deadline();
        session.into_iter().chain(self.doing.until()).min()
    }

    /// Takes what has arrived and does what is due.
    pub(super) fn step(&mut self, scene: &mut Scene<'_>) {
        if !self.alive || self.frozen > 0 || self.is_over() {
            return;
        }
        self.client.arrive(scene.now, scene.world);
        loop {
            self.client.flush(scene.now, scene.world);
            let mut idle = true;
            while let Some(event) = self.client.session.poll_event() {
                idle = false;
                self.heed(scene, &event);
            }
            if self.client.session.state().is_terminal() {
                idle = false;
                self.session_over(scene);
            } else if self.client.session.state().is_connected() {
                if let Some(xid) = self.first_xid.take() {
                    self.resume(scene, xid);
                    continue;
                }
            }
            if self.is_over() || (idle && !self.go_on(scene)) {
                return;
            }
        }
    }

    pub(super) fn enter(&mut self, scene: &mut Scene<'_>, phase: Phase) {
        self.phase = phase;
        let place = Phase::ALL.iter().position(|known| *known == phase);
        if let Some(count) = place.and_then(|place| self.entered.get_mut(place)) {
            *count += 1;
            scene.entered.push((self.index, phase, *count));
        }
    }

    fn heed(&mut self, scene: &mut Scene<'_>, event: &Event) {
        if let Event::State(state) = event {
            let what = match state {
                SessionState::Connected { .. } => {
                    self.session = self.client.session.session_id().unwrap_or_default();
                    NoteKind::Connected
                }
                SessionState::Suspended { .. } => NoteKind::Disconnected,
                SessionState::Expired => NoteKind::Expired,
                _ => NoteKind::Closed,
            };
            scene.note(self.number(), self.session, what);
        }
        self.take(scene, event);
    }

    /// The session has ended: the next one begins, unless the process is done.
    fn session_over(&mut self, scene: &mut Scene<'_>) {
        let closed = self.client.session.state() == SessionState::Closed;
        let was_closing = std::mem::take(&mut self.closing);
        self.call_over(scene, closed);
        if closed && !was_closing {
            self.doing = Doing::Over;
            self.client.hang_up(scene.world);
            return;
        }
        self.renew(scene);
    }

    fn renew(&mut self, scene: &mut Scene<'_>) {
        self.sessions += 1;
        let name = format!("jitter.{}", self.sessions);
        let seed = self.seed.client_stream(self.index, &name).next();
        let now = self.client.local(scene.now);
        let session = Session::new(config(scene.plan), now, seed);
        self.client.renew(session, scene.world);
        self.session = SessionId::NONE;
    }

    /// Takes its own session over, as another process would, and counts requests from there.
    fn resume(&mut self, scene: &mut Scene<'_>, next_xid: i32) {
        let Some(ticket) = self.client.session.ticket() else {
            return;
        };
        let ticket = SessionTicket::new(
            ticket.session(),
            ticket.password().clone(),
            next_xid,
            ticket.last_zxid(),
            ticket.smallest_timeout(),
        );
        let seed = self.seed.client_stream(self.index, "resumed").next();
        let now = self.client.local(scene.now);
        let session = Session::resume(config(scene.plan), ticket, now, seed);
        self.client.renew(session, scene.world);
    }

    /// The process stands still, once more.
    pub(super) fn freeze(&mut self, scene: &mut Scene<'_>) {
        self.frozen += 1;
        scene.note(self.number(), self.session, NoteKind::Paused);
    }

    /// It goes on, if nothing else holds it.
    pub(super) fn thaw(&mut self, scene: &mut Scene<'_>) {
        self.frozen = self.frozen.saturating_sub(1);
        if self.frozen == 0 {
            scene.note(self.number(), self.session, NoteKind::Resumed);
        }
    }

    /// It ends where it stands.
    pub(super) fn kill(&mut self, scene: &mut Scene<'_>) {
        if !self.alive || self.is_over() {
            return;
        }
        scene.note(self.number(), self.session, NoteKind::Crashed);
        for place in self.doing.open_calls() {
            scene.end(place, Outcome::Cancelled, |_, _| {});
        }
        self.doing = Doing::Connecting(None);
        self.alive = false;
        self.closing = false;
        self.client.hang_up(scene.world);
    }

    /// It starts again, as another one.
    pub(super) fn revive(&mut self, scene: &mut Scene<'_>) {
        if !self.alive {
            self.alive = true;
            self.incarnation += 1;
            self.guard_fate = None;
            self.cancel = None;
            self.renew(scene);
        }
    }

    /// Its session is about to be ended before its time.
    pub(super) fn doom(&mut self, scene: &mut Scene<'_>) -> Option<SessionId> {
        let session = Some(self.session).filter(|session| !session.is_none())?;
        self.doomed.insert(session);
        if let Some(hold) = self.doing.hold_mut() {
            scene.belief(hold, Conviction::Doubt, None);
            hold.judged = false;
        }
        Some(session)
    }

    /// Its client is closed in the middle of everything; another one takes its place.
    pub(super) fn close(&mut self, scene: &mut Scene<'_>) {
        if !self.alive || self.is_over() || self.closing || self.session.is_none() {
            return;
        }
        self.closing = true;
        self.doomed.insert(self.session);
        if let Some(hold) = self.doing.hold_mut() {
            scene.belief(hold, Conviction::Released, None);
            hold.judged = false;
        }
        let now = self.client.local(scene.now);
        self.client.session.close(now);
        self.client.flush(scene.now, scene.world);
    }
}

fn config(plan: &Plan) -> SessionConfig {
    let mut config = SessionConfig::default();
    config.session_timeout = plan.session;
    config.servers = plan.servers;
    config
}
