//! The one task of a client: moves bytes between the session core and a socket, and wakes who waits.
//!
//! Each turn locks the core once: what was read goes in, actions, bytes and events come out. Everything
//! that may block or call foreign code (sockets, wakers) happens outside the lock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};
use zk_session::{Action, ConnId, LinkFailure, ServerId, SessionState};
use zk_wire::Moment;

use crate::driver::dial::{Dial, Progress, failure};
use crate::driver::limits::TURNS;
use crate::driver::link::{Link, Received};
use crate::driver::probe::Probe;
use crate::driver::renewal::Renewal;
use crate::secure::Secure;
use crate::shared::handle::Shared;
use crate::shared::inner::{Effects, Inner};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::narrator::{Narrator, Note, Stage};
use crate::telemetry::trace;
use crate::transport::Transport;
use crate::unreachable::outage;

/// Runs until the session ends for good.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    transport: Arc<dyn Transport>,
    security: Option<Arc<dyn Secure>>,
    renewal: Renewal,
    dial: Option<Dial>,
    probe: Option<Probe>,
    link: Option<Link>,
    sleep: Option<(Moment, Pin<Box<Sleep>>)>,
    effects: Effects,
    narrator: Narrator,
    metrics: Metrics,
    ended: bool,
}

/// What happened outside the lock since the last turn.
#[derive(Default)]
struct News {
    securing: Option<ConnId>,
    connected: Option<ConnId>,
    received: Received,
    broken: Option<(ConnId, LinkFailure)>,
    probed: Option<(ServerId, bool)>,
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        transport: Arc<dyn Transport>,
        security: Option<Arc<dyn Secure>>,
        renewal: Renewal,
        narrator: Narrator,
        metrics: Metrics,
    ) -> Self {
        Self {
            shared,
            transport,
            security,
            renewal,
            dial: None,
            probe: None,
            link: None,
            sleep: None,
            effects: Effects::default(),
            narrator,
            metrics,
            ended: false,
        }
    }

    /// Moves what can be moved without waiting.
    fn poll_io(&mut self, cx: &mut Context<'_>, news: &mut News) {
        if let Some(dial) = &mut self.dial {
            let conn = dial.conn;
            match dial.poll(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(Progress::Securing)) => news.securing = Some(conn),
                Poll::Ready(Ok(Progress::Done(stream))) => {
                    self.dial = None;
                    self.link = Some(Link::new(conn, stream));
                    news.connected = Some(conn);
                }
                Poll::Ready(Err(failure)) => {
                    self.dial = None;
                    news.broken = Some((conn, failure));
                }
            }
        }
        if let Some(Poll::Ready(probed)) = self.probe.as_mut().map(|probe| probe.poll(cx)) {
            self.probe = None;
            news.probed = Some(probed);
        }
        if let Some(link) = &mut self.link {
            // Reading first: an answer that came before the connection broke still counts.
            let read = link.poll_read(cx, &mut news.received);
            let moved = read.and_then(|()| {
                let written = link.poll_write(cx);
                // What does not take our bytes any more may have said why since we listened.
                written.or_else(|error| link.poll_read(cx, &mut news.received).and(Err(error)))
            });
            if let Err(error) = moved {
                news.broken = Some((link.conn, failure(&error)));
            }
        }
    }

    /// One exchange with the core; returns when it wants to be called at the latest.
    fn turn(&mut self, cx: &mut Context<'_>, news: News) -> Option<Moment> {
        let now = self.shared.clock.now();
        let traces = trace::is_heard();
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        let heard = inner.core.last_heard();
        inner.stall.ran(now, heard);
        inner.core.trace_frames(traces);
        if let Some(conn) = news.securing {
            inner.core.handle_securing(now, conn);
        }
        if let Some(conn) = news.connected {
            inner.core.handle_connected(now, conn);
        }
        if news.received.bytes {
            if let Some(link) = &mut self.link {
                inner.core.handle_bytes(now, link.conn, &mut link.input);
            }
        }
        if let Some((conn, why)) = news.broken {
            inner.core.handle_disconnected(now, conn, why);
            self.shared.attempts.send_modify(|count| *count += 1);
            self.link = self.link.take().filter(|link| link.conn != conn);
        }
        if let Some((server, can_write)) = news.probed {
            inner.core.handle_probe(now, server, can_write);
        }
        if inner.core.poll_timeout().is_some_and(|at| at <= now) {
            inner.core.handle_timeout(now);
        }
        inner.dispatch(now, &mut self.effects);
        self.renew(now, &mut inner);
        self.act(&mut inner);
        if let Some(link) = self.link.as_mut().filter(|link| link.output.is_empty()) {
            let batch = inner.core.poll_transmit(now, &mut link.output);
            debug_assert!(
                batch.is_none_or(|batch| batch.conn == link.conn),
                "bytes for another link"
            );
        }
        if traces {
            inner.note_frames(now, &mut self.effects);
        }
        inner.dispatch(now, &mut self.effects);
        self.note_state(&inner);
        self.metrics.look(&inner.core, now);
        if !inner
            .driver
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            inner.driver = Some(cx.waker().clone());
        }
        let due = inner.core.poll_timeout();
        inner.stall.due(due);
        due
    }

    /// Puts a new session in the place of one that expired, if that is the policy.
    fn renew(&mut self, now: Moment, inner: &mut Inner) {
        match inner.core.state() {
            SessionState::Expired => match self.renewal.next_session(now, inner.servers.len()) {
                Some(session) => {
                    inner.replace_session(session, &mut self.effects.wake);
                    self.link = None;
                    self.dial = None;
                }
                None => self.ended = true,
            },
            SessionState::AuthFailed | SessionState::Closed => self.ended = true,
            _ => {}
        }
    }

    /// Remembers the state the session went into, to be told after the lock.
    fn note_state(&mut self, inner: &Inner) {
        if let Some(state) = self.effects.state {
            self.metrics.state(state);
            self.effects.notes.push(Note::State(Box::new(Stage {
                state,
                session: inner.core.session_id(),
                timeout: inner.core.negotiated_timeout(),
                generation: inner.generation,
                server: self.shared.server_name(inner),
                expiry: inner.expiry.clone(),
            })));
        }
    }

    /// A server is dialled, so the attempt before, if there was one, has failed.
    fn note_failures(&mut self, inner: &Inner) {
        let servers = inner.servers.len();
        let failed = |index: &usize| {
            let server = ServerId::from_index(*index);
            inner.core.server_failure(server).is_some()
        };
        match (0..servers).filter(failed).count() {
            0 => {}
            // Spelled out for each server: not worth it before each of them has failed.
            failed if failed < servers => self.effects.notes.push(Note::Failed { outage: None }),
            _ => {
                let outage = outage(&self.shared, inner);
                self.effects.notes.push(Note::Failed { outage });
            }
        }
    }

    fn act(&mut self, inner: &mut Inner) {
        while let Some(action) = inner.core.poll_action() {
            match action {
                Action::Dial { conn, server, .. } => {
                    inner.dialled = Some(server);
                    if let Some(name) = inner.servers.get(server.index()).cloned() {
                        self.note_failures(inner);
                        let server = name.clone();
                        self.effects.notes.push(Note::Dialling { conn, server });
                        let (transport, security) =
                            (Arc::clone(&self.transport), self.security.clone());
                        self.dial = Some(Dial::start(conn, transport, security, name));
                    }
                }
                Action::Probe { server, .. } => {
                    let name = inner.servers.get(server.index()).cloned();
                    let (transport, security) = (&self.transport, &self.security);
                    let start =
                        |name| Probe::start(server, Arc::clone(transport), security.clone(), name);
                    self.probe = name.map(start);
                }
                Action::Hangup { conn } => {
                    self.probe = None;
                    self.dial = self.dial.take().filter(|dial| dial.conn != conn);
                    if let Some(mut link) = self.link.take_if(|link| link.conn == conn) {
                        link.flush_now();
                    }
                }
                _ => {}
            }
        }
    }

    /// Announces the state before anybody whose request ended with it runs.
    fn carry_out(&mut self) {
        if let Some(state) = self.effects.state.take() {
            self.shared.state.send(state);
        }
        self.effects.wake.drain(..).for_each(Waker::wake);
        if !self.effects.notes.is_empty() {
            let now = self.shared.clock.now();
            for note in self.effects.notes.drain(..) {
                self.narrator.tell(now, note);
            }
        }
        self.metrics.tell(&mut self.effects.measured);
    }

    /// True if there is more to do at once; otherwise something will wake the task.
    fn is_busy(&mut self, cx: &mut Context<'_>, more: bool, deadline: Option<Moment>) -> bool {
        more || self.link.as_ref().is_some_and(Link::can_write)
            || self.dial.as_ref().is_some_and(Dial::is_new)
            || self.probe.as_ref().is_some_and(Probe::is_new)
            || self.poll_sleep(cx, deadline)
    }

    /// True if it is time to look at the clock.
    fn poll_sleep(&mut self, cx: &mut Context<'_>, deadline: Option<Moment>) -> bool {
        let Some(deadline) = deadline else {
            self.sleep = None;
            return false;
        };
        if self.sleep.as_ref().is_none_or(|(at, _)| *at != deadline) {
            let until = Instant::now() + (deadline - self.shared.clock.now());
            match &mut self.sleep {
                Some((at, sleep)) => {
                    *at = deadline;
                    sleep.as_mut().reset(until);
                }
                None => self.sleep = Some((deadline, Box::pin(sleep_until(until)))),
            }
        }
        let due = self
            .sleep
            .as_mut()
            .is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready());
        if due {
            // Whether the deadline has passed is for the clock to say: tokio's timers round, and stop while
            // the machine is suspended.
            self.sleep = None;
        }
        due
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        for _ in 0..TURNS {
            let mut news = News::default();
            this.poll_io(cx, &mut news);
            let more = news.received.more;
            let deadline = this.turn(cx, news);
            this.carry_out();
            if this.ended {
                return Poll::Ready(());
            }
            if !this.is_busy(cx, more, deadline) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Driver {
    /// The runtime ended under us: nobody will ping any more. Say goodbye as far as the socket takes it without
    /// waiting, so that ephemeral nodes go now and not at the session timeout.
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        let shared = Arc::clone(&self.shared);
        {
            let mut inner = shared.lock();
            if !self.ended {
                let mut goodbye = Vec::new();
                let _ = inner.core.abort(&mut goodbye);
                if let Some(link) = &mut self.link {
                    link.output.append(&mut goodbye);
                }
                inner.dispatch(now, &mut self.effects);
                self.note_state(&inner);
            }
        }
        // Whoever holds something knows that it is over before the server does.
        self.carry_out();
        if let Some(link) = &mut self.link {
            link.flush_now();
        }
    }
}
