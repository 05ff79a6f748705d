//! From one connection to the next, and the end.

use std::time::Duration;

use zk_wire::Moment;

use crate::connection::link::Link;
use crate::connection::timers::Timer;
use crate::event::{Action, Event, Settlement, WatchEvent};
use crate::ids::ConnId;
use crate::outcome::{FailCause, Fate, Outcome};
use crate::promises::duty::{Known, Work};
use crate::requests::in_flight::Slot;
use crate::requests::purpose::{DutyStep, Purpose};
use crate::requests::queue::Queued;
use crate::session::{Closing, Session};
use crate::state::{AuthFailure, ExpiryCause, SessionState};

/// The shortest time one attempt gets, however many servers share the session timeout.
const MIN_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a connection is given up.
#[derive(Debug)]
pub(crate) struct Break {
    /// One clause for [`ServerFailure`](crate::ServerFailure).
    pub(crate) text: String,
    /// What the oldest request in flight is told.
    pub(crate) head: Option<FailCause>,
    /// What the others are told.
    pub(crate) cause: FailCause,
    /// Whether the driver has to be told.
    pub(crate) hangup: bool,
    /// Whether it is about the encryption.
    pub(crate) tls: bool,
}

impl Break {
    /// We give it up.
    pub(crate) fn hang_up(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            head: None,
            cause: FailCause::ConnectionLost,
            hangup: true,
            tls: false,
        }
    }

    /// The server broke the protocol.
    pub(crate) fn protocol(text: impl Into<String>) -> Self {
        let text = text.into();
        let cause = FailCause::Protocol(text.clone());
        Self {
            text: format!("broke the protocol: {text}"),
            head: None,
            cause,
            hangup: true,
            tls: false,
        }
    }

    /// A frame is larger than the limit.
    pub(crate) fn too_large(len: usize, max: usize) -> Self {
        let head = Some(FailCause::FrameTooLarge { len, max });
        Self {
            head,
            ..Self::hang_up(format!("sent {len} bytes where at most {max} are accepted"))
        }
    }
}

impl Session {
    /// Asks the driver for a connection to the next server.
    pub(crate) fn dial(&mut self, now: Moment) {
        let conn = ConnId::from_raw(self.conn_ids.next());
        let server = self.servers.take_next();
        let give_up_at = now + self.connect_timeout();
        self.dialled_at = now;
        self.link = Link::Dialing {
            conn,
            server,
            securing: false,
        };
        self.timers.set(Timer::Dial, give_up_at);
        self.stats.dials += 1;
        self.actions.push_back(Action::Dial {
            conn,
            server,
            give_up_at,
        });
    }

    fn connect_timeout(&self) -> Duration {
        let servers = u32::try_from(self.servers.len()).unwrap_or(u32::MAX).max(1);
        let share = (self.timeout / servers).max(MIN_CONNECT_TIMEOUT);
        self.config.connect_timeout.unwrap_or(share)
    }

    /// The connection is over, whatever it was; the next attempt follows at once or after a pause.
    pub(crate) fn give_up(&mut self, now: Moment, why: Break) {
        let link = std::mem::replace(&mut self.link, Link::Down);
        let (Some(conn), Some(server)) = (link.conn(), link.server()) else {
            return;
        };
        if why.hangup {
            self.actions.push_back(Action::Hangup { conn });
        }
        if let Link::Handshake {
            presented: Some(presented),
            ..
        } = &link
        {
            if !presented.session.is_none() {
                self.looks.handshake_given_up();
            }
        }
        let pause = match &link {
            Link::Up(up) => self
                .servers
                .link_lost(now, server, now - up.since, why.text),
            _ => {
                let pause = self.servers.attempt_failed(now, server, why.text);
                if self.servers.all_failed() && !self.config.wait_for_connection {
                    self.fail_unsent(&FailCause::ConnectionLost);
                }
                pause
            }
        };
        if why.tls {
            self.servers.blame_tls(server);
        }
        self.link_is_over(now, &link, (why.head, &why.cause), pause);
    }

    /// What follows the end of a connection that was taken out of its place already.
    pub(crate) fn link_is_over(
        &mut self,
        now: Moment,
        link: &Link,
        (head, cause): (Option<FailCause>, &FailCause),
        pause: Duration,
    ) {
        for timer in [
            Timer::Dial,
            Timer::Read,
            Timer::Frame,
            Timer::Ping,
            Timer::Confirm,
            Timer::DutyRetry,
            Timer::Look,
            Timer::Leave,
            Timer::Probe,
        ] {
            self.timers.stop(timer);
        }
        self.leaving = false;
        self.probes.stop();
        if link.up().is_some() {
            self.stats.connections_lost += 1;
            if self.state.is_connected() {
                self.set_state(SessionState::Suspended { since: now });
            }
            self.connection_lost(head, cause);
        }
        if self.closing.is_some() && self.identity.is_none() {
            // No session was made, and none is wanted any more.
            self.end(SessionState::Closed, &FailCause::Closed);
        } else if pause.is_zero() {
            self.dial(now);
        } else {
            self.timers.set(Timer::Backoff, now + pause);
        }
    }

    /// Everything that lived on the connection alone is gone.
    fn connection_lost(&mut self, mut head: Option<FailCause>, cause: &FailCause) {
        self.window.disconnected();
        self.holds.disconnected();
        self.auth.start_over();
        self.sasl.start_over();
        self.coalescer.start_over();
        for slot in self.in_flight.drain() {
            let cause = head.take().unwrap_or_else(|| cause.clone());
            self.lose(slot, cause);
        }
        self.duties.lose_connection();
        for purpose in self.queue.drop_connection_bound() {
            if let Purpose::Duty(id, _) = purpose {
                if let Some(duty) = self.duties.get_mut(id) {
                    duty.work = Work::Idle;
                }
            }
        }
    }

    /// A request on the wire will not be answered.
    pub(crate) fn lose(&mut self, slot: Slot, cause: FailCause) {
        if let Some(watch) = &slot.watch {
            self.watches.forget(watch.id);
        }
        match slot.purpose {
            Purpose::User { id, duty } => {
                if let Some(deadline) = slot.deadline {
                    self.deadlines.remove(&(deadline, id));
                }
                if let Some(duty) = duty.and_then(|duty| self.duties.get_mut(duty)) {
                    if duty.known == Known::InFlight(id) {
                        duty.create_unknown();
                        #[cfg(feature = "__seeded-bugs")]
                        if crate::seeded::is_on("lost-create-forgotten") {
                            duty.known = Known::Nothing;
                        }
                    }
                }
                if !slot.abandoned {
                    let fate = Fate::Unknown;
                    #[cfg(feature = "__seeded-bugs")]
                    let fate = if crate::seeded::is_on("unknown-told-as-not-applied") {
                        Fate::NotApplied
                    } else {
                        fate
                    };
                    let outcome = Outcome::Failed { cause, fate };
                    self.events.push_back(Event::Done { id, outcome });
                }
            }
            Purpose::Duty(id, step) => {
                #[cfg(feature = "__seeded-bugs")]
                if crate::seeded::is_on("guard-forgotten-after-a-failed-release") {
                    return self.settle(id, Settlement::Undone);
                }
                if let Some(duty) = self.duties.get_mut(id) {
                    duty.work = Work::Idle;
                    duty.delete_unanswered |= step == DutyStep::Delete;
                }
                let too_large = matches!(cause, FailCause::FrameTooLarge { .. });
                if too_large && step == DutyStep::ListAll {
                    self.settle(id, Settlement::ListTooLarge);
                }
            }
            Purpose::Close => {
                if self.closing.is_some() {
                    self.closing = Some(Closing::Duties);
                    self.advance_close();
                }
            }
            Purpose::Reads(reads) => self.lose_reads(reads, &cause),
            Purpose::Rewatch
            | Purpose::Unwatch
            | Purpose::Renew { .. }
            | Purpose::Confirm { .. } => {}
        }
    }

    /// A user's request was taken out of the queue: tells nobody, forgets all about it.
    pub(crate) fn unqueue(&mut self, queued: &Queued) {
        let Purpose::User { id, duty } = queued.purpose else {
            return;
        };
        if let Some(deadline) = queued.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        if let Some((watch, _)) = queued.watch {
            self.watches.forget(watch);
        }
        if let Some(duty) = duty.and_then(|duty| self.duties.get_mut(duty)) {
            if duty.known == Known::Unsent(id) {
                duty.known = Known::Nothing;
            }
        }
    }

    /// What users wait to send is not sent.
    fn fail_unsent(&mut self, cause: &FailCause) {
        for queued in self.queue.take_users() {
            self.unqueue(&queued);
            if let Some(id) = queued.purpose.user() {
                let outcome = Outcome::Failed {
                    cause: cause.clone(),
                    fate: Fate::NotApplied,
                };
                self.events.push_back(Event::Done { id, outcome });
            }
        }
    }

    /// Once SASL is done and every credential accepted: watches are registered again, then duties go on, then
    /// whatever waits in the queue is released, all without waiting for each other's answers.
    pub(crate) fn ready_if_authenticated(&mut self, now: Moment) {
        let complete = self.sasl.is_done() && self.auth.complete();
        let Some(up) = self.link.up_mut().filter(|up| complete && !up.ready) else {
            return;
        };
        up.ready = true;
        let read_only = up.read_only;
        self.timers.set(Timer::Read, now + self.timeout * 2 / 3);
        self.set_state(SessionState::Connected { read_only });
        if self.was_ready {
            self.register_watches_again();
        }
        self.was_ready = true;
        let looks = self.looks.take_all();
        self.look_again(looks);
        self.resume_duties();
        self.schedule_confirms(now);
        if read_only {
            self.start_probes(now);
        } else {
            self.probes.found();
        }
    }

    /// The session is over, as far as this client is concerned.
    pub(crate) fn expire(&mut self, cause: ExpiryCause) {
        if self.closing.is_some() {
            // It was to end anyway, and it did.
            self.end(SessionState::Closed, &FailCause::Closed);
            return;
        }
        self.expiry_cause = Some(cause);
        self.end(SessionState::Expired, &FailCause::SessionExpired);
    }

    /// The session is over because one side does not take the other for who it says it is.
    pub(crate) fn end_unauthenticated(&mut self, why: AuthFailure) {
        self.auth_failure = Some(why);
        self.end(SessionState::AuthFailed, &FailCause::AuthFailed);
    }

    /// Enters a terminal state. Everybody who waits for anything is told.
    pub(crate) fn end(&mut self, state: SessionState, cause: &FailCause) {
        if self.state.is_terminal() {
            return;
        }
        if let Some(conn) = std::mem::replace(&mut self.link, Link::Down).conn() {
            self.actions.push_back(Action::Hangup { conn });
        }
        self.set_state(state);
        self.closing = None;
        self.leaving = false;
        self.probes.stop();
        for slot in self.in_flight.drain() {
            self.lose(slot, cause.clone());
        }
        self.fail_unsent(cause);
        self.queue.clear();
        for (id, sent) in self.auth.drain_waiters() {
            let fate = if sent {
                Fate::Unknown
            } else {
                Fate::NotApplied
            };
            let outcome = Outcome::Failed {
                cause: cause.clone(),
                fate,
            };
            self.events.push_back(Event::Done { id, outcome });
        }
        for id in self.watches.drain() {
            self.events.push_back(Event::Watch {
                id,
                event: WatchEvent::Ended(state),
            });
        }
        let handed_over = self.parting.is_some();
        for (id, mut settled) in self.duties.drain() {
            if handed_over && settled == Settlement::Moot {
                settled = Settlement::HandedOver;
            }
            self.events.push_back(Event::Duty { id, settled });
        }
        self.deadlines.clear();
        self.looks.over();
        self.holds.over();
        self.window.over();
        self.timers.stop_all();
    }
}
