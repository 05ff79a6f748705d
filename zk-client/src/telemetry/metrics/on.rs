//! Everything is measured; handles are made once per name and label.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use zk_session::{FailCause, Outcome, Session, SessionStats};
use zk_wire::{Moment, OpCode};

use crate::state::State;

/// What happened while the core was locked.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    requests: Vec<(OpCode, &'static str, Duration)>,
    gaps: u64,
}

impl Measured {
    /// A request ended after so long.
    pub(crate) fn request(&mut self, op: OpCode, outcome: &Outcome, took: Duration) {
        self.requests.push((op, result(outcome), took));
    }

    /// A watch was told that it may have missed events.
    pub(crate) fn gap(&mut self) {
        self.gaps += 1;
    }
}

/// The instruments of one client.
pub(crate) struct Metrics {
    client: String,
    requests: BTreeMap<(OpCode, &'static str), Counter>,
    seconds: BTreeMap<OpCode, Histogram>,
    gaps: Counter,
    in_flight: Gauge,
    queue_length: Gauge,
    queue_bytes: Gauge,
    watches: Gauge,
    duties: Gauge,
    safe_window: Gauge,
    link_up: Gauge,
    reconnects: Counter,
    was_suspended: bool,
    stats: SessionStats,
    safe: f64,
}

impl Metrics {
    pub(crate) fn new(client: &str) -> Self {
        let name = || client.to_owned();
        Self {
            client: name(),
            requests: BTreeMap::new(),
            seconds: BTreeMap::new(),
            gaps: counter!("zk_watch_gaps_total", "client" => name()),
            in_flight: gauge!("zk_requests_in_flight", "client" => name()),
            queue_length: gauge!("zk_queue_length", "client" => name()),
            queue_bytes: gauge!("zk_queue_bytes", "client" => name()),
            watches: gauge!("zk_watches", "client" => name()),
            duties: gauge!("zk_duties_open", "client" => name()),
            safe_window: gauge!("zk_safe_window_seconds", "client" => name()),
            link_up: gauge!("zk_link_up", "client" => name()),
            reconnects: counter!("zk_reconnects_total", "client" => name()),
            was_suspended: false,
            stats: SessionStats::default(),
            safe: 0.0,
        }
    }

    /// Notes the gauges, while the core is locked.
    pub(crate) fn look(&mut self, core: &Session, now: Moment) {
        self.stats = core.stats();
        // Below zero once it is over.
        self.safe = core.safe_until().map_or(0.0, |until| {
            (until - now).as_secs_f64() - (now - until).as_secs_f64()
        });
    }

    /// The session went into this state.
    pub(crate) fn state(&mut self, state: State) {
        self.link_up
            .set(if state.is_connected() { 1.0 } else { 0.0 });
        if state.is_connected() && self.was_suspended {
            self.reconnects.increment(1);
        }
        self.was_suspended = matches!(state, State::Suspended { .. });
        let end = match state {
            State::Expired { .. } => "expired",
            State::AuthFailed => "auth_failed",
            State::Closed => "closed",
            State::Connecting | State::Connected { .. } | State::Suspended { .. } => return,
        };
        counter!("zk_sessions_total", "client" => self.client.clone(), "end" => end).increment(1);
    }

    /// Hands over what was noted, after the lock.
    pub(crate) fn tell(&mut self, measured: &mut Measured) {
        for (op, result, took) in measured.requests.drain(..) {
            let client = &self.client;
            self.requests
                .entry((op, result))
                .or_insert_with(|| {
                    let (op, client) = (op.name(), client.clone());
                    counter!("zk_requests_total", "client" => client, "op" => op, "result" => result)
                })
                .increment(1);
            self.seconds
                .entry(op)
                .or_insert_with(|| {
                    let (op, client) = (op.name(), client.clone());
                    histogram!("zk_request_seconds", "client" => client, "op" => op)
                })
                .record(took.as_secs_f64());
        }
        self.gaps.increment(std::mem::take(&mut measured.gaps));
        self.in_flight.set(count(self.stats.in_flight));
        self.queue_length.set(count(self.stats.queued));
        self.queue_bytes.set(count(self.stats.queued_bytes));
        self.watches.set(count(self.stats.watches));
        self.duties.set(count(self.stats.duties));
        self.safe_window.set(self.safe);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

/// A label of few values.
fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Reply { result: Ok(_), .. } => "ok",
        Outcome::Reply {
            result: Err(code), ..
        } => code.name(),
        Outcome::Failed { cause, .. } => match cause {
            FailCause::ConnectionLost => "ConnectionLost",
            FailCause::TimedOut => "TimedOut",
            FailCause::SessionExpired => "SessionExpired",
            FailCause::AuthFailed => "AuthFailed",
            FailCause::Closed => "Closed",
            FailCause::FrameTooLarge { .. } => "FrameTooLarge",
            FailCause::Protocol(_) => "Protocol",
            _ => "Withdrawn",
        },
    }
}
