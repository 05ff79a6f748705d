//! A session between a hostile server and an honest one, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use zk_session::{
    Action, ConnId, DutyId, Event, ExpiryCause, LinkFailure, Outcome, RequestId, ServerId, Session,
    SessionConfig, SessionState, Settlement, Submit, WatchEvent,
};
use zk_wire::{Moment, OpCode, Reader, Request, Response};

use crate::server::{Attack, Ear, Heard, Say, honest};

/// The largest frame accepted.
pub(crate) const LIMIT: usize = 1024 * 1024;

const LATENCY: Duration = Duration::from_millis(2);

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How the request of the case ended; the first, if there are several.
    pub(crate) outcome: Option<Outcome>,
    /// How many requests ended.
    pub(crate) done: usize,
    pub(crate) undecodable: bool,
    /// Why connections were given up, in order.
    pub(crate) failures: Vec<String>,
    pub(crate) dials: Vec<ServerId>,
    pub(crate) fired: usize,
    pub(crate) gaps: usize,
    pub(crate) restored: usize,
    pub(crate) doubts: usize,
    pub(crate) held_gone: usize,
    pub(crate) settlements: Vec<Settlement>,
    /// Paths of deletes that reached a server.
    pub(crate) deleted: Vec<String>,
    pub(crate) state: Option<SessionState>,
    pub(crate) cause: Option<ExpiryCause>,
    pub(crate) last_zxid: i64,
    pub(crate) bytes_sent: u64,
    pub(crate) steps: u64,
}

enum Delivery {
    Opened(ConnId),
    ToServer(ConnId, Vec<u8>),
    Said(ConnId, Say),
}

struct Open {
    /// Which of all connections it is, from 0.
    nth: usize,
    input: BytesMut,
    ear: Ear,
}

pub(crate) struct Rig {
    pub(crate) session: Session,
    pub(crate) now: Moment,
    pub(crate) report: Report,
    attack: Attack,
    asked: Option<(RequestId, OpCode)>,
    wire: BTreeMap<(Moment, u64), Delivery>,
    sequence: u64,
    open: BTreeMap<ConnId, Open>,
    failures: [Option<Moment>; 2],
}

impl Rig {
    pub(crate) fn new(config: SessionConfig, attack: Attack) -> Self {
        let now = Moment::from_nanos(1_000_000_000);
        let mut rig = Self {
            session: Session::new(config, now, 3),
            now,
            report: Report::default(),
            attack,
            asked: None,
            wire: BTreeMap::new(),
            sequence: 0,
            open: BTreeMap::new(),
            failures: [None; 2],
        };
        rig.pump();
        rig
    }

    /// Submits what the case is about.
    pub(crate) fn ask(&mut self, request: Request, submit: Submit) {
        let op = request.op_code();
        let submitted = self.session.submit(self.now, request, submit).unwrap();
        self.asked.get_or_insert((submitted.id, op));
        self.pump();
    }

    /// Runs until `done` or `time` is over.
    pub(crate) fn run(&mut self, time: Duration, done: impl Fn(&Self) -> bool) {
        let limit = self.now + time;
        while !done(self) && self.step(limit) {
            self.report.steps += 1;
            assert!(self.report.steps < 100_000, "it never comes to rest");
        }
    }

    pub(crate) fn finish(mut self) -> Report {
        self.report.state = Some(self.session.state());
        self.report.cause = self.session.expiry_cause();
        self.report.last_zxid = self.session.last_zxid().as_raw();
        self.report.bytes_sent = self.session.stats().bytes_sent;
        self.report
    }

    fn pump(&mut self) {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Dial { conn, server, .. } => {
                    self.report.dials.push(server);
                    self.deliver(LATENCY, Delivery::Opened(conn));
                }
                Action::Hangup { conn } => {
                    self.open.remove(&conn);
                }
                other => panic!("unknown action {other:?}"),
            }
        }
        let mut bytes = Vec::new();
        while let Some(transmit) = self.session.poll_transmit(self.now, &mut bytes) {
            let sent = std::mem::take(&mut bytes);
            self.deliver(LATENCY, Delivery::ToServer(transmit.conn, sent));
        }
        while let Some(event) = self.session.poll_event() {
            self.note(event);
        }
        for index in 0..2 {
            let failure = self.session.server_failure(ServerId::from_index(index));
            let at = failure.map(|failure| failure.at);
            if at.is_some() && at != self.failures[index] {
                let text = failure.map(|failure| failure.text.clone());
                self.report.failures.extend(text);
            }
            self.failures[index] = at;
        }
        // It looks at everything, which is too much where there is much.
        let stats = self.session.stats();
        if stats.in_flight + stats.queued < 100 {
            self.session.check_invariants();
        }
    }

    fn note(&mut self, event: Event) {
        let report = &mut self.report;
        match event {
            Event::Done { id, outcome } => {
                report.done += 1;
                let Some((_, op)) = self.asked.filter(|(asked, _)| *asked == id) else {
                    return;
                };
                assert!(report.outcome.is_none(), "{id} ended twice");
                if let Outcome::Reply {
                    result: Ok(body), ..
                } = &outcome
                {
                    let decoded = Response::decode(op, &mut Reader::new(body.clone()));
                    report.undecodable = decoded.is_err();
                }
                report.outcome = Some(outcome);
            }
            Event::Watch { event, .. } => match event {
                WatchEvent::Fired { .. } => report.fired += 1,
                WatchEvent::Gap => report.gaps += 1,
                _ => {}
            },
            Event::WatchesRestored => report.restored += 1,
            Event::Doubt { in_doubt: true } => report.doubts += 1,
            Event::HoldGone { .. } => report.held_gone += 1,
            Event::Duty { settled, .. } => report.settlements.push(settled),
            _ => {}
        }
    }

    fn step(&mut self, limit: Moment) -> bool {
        let timeout = self.session.poll_timeout();
        let delivery = self.wire.keys().next().map(|(at, _)| *at);
        let (at, is_timeout) = match (timeout, delivery) {
            (Some(timeout), Some(delivery)) if timeout < delivery => (timeout, true),
            (_, Some(delivery)) => (delivery, false),
            (Some(timeout), None) => (timeout, true),
            (None, None) => return false,
        };
        if at > limit {
            self.now = limit;
            return false;
        }
        self.now = self.now.max(at);
        if is_timeout {
            self.session.handle_timeout(self.now);
            self.pump();
        } else if let Some((_, delivery)) = self.wire.pop_first() {
            self.arrive(delivery);
        }
        true
    }

    fn deliver(&mut self, delay: Duration, delivery: Delivery) {
        self.sequence += 1;
        self.wire
            .insert((self.now + delay, self.sequence), delivery);
    }

    fn arrive(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Opened(conn) => {
                let nth = self.report.dials.len() - 1;
                let ear = Ear::default();
                let input = BytesMut::new();
                self.open.insert(conn, Open { nth, input, ear });
                self.session.handle_connected(self.now, conn);
                self.pump();
            }
            Delivery::ToServer(conn, bytes) => {
                let Some(open) = self.open.get_mut(&conn) else {
                    return;
                };
                for heard in open.ear.listen(&bytes) {
                    self.react(conn, &heard);
                }
            }
            Delivery::Said(conn, say) => self.say(conn, say),
        }
    }

    fn react(&mut self, conn: ConnId, heard: &Heard) {
        let Some(nth) = self.open.get(&conn).map(|open| open.nth) else {
            return;
        };
        if let Heard::Request {
            request: Request::Delete { path, .. },
            ..
        } = heard
        {
            self.report.deleted.push(path.clone());
        }
        for say in (self.attack)(nth, heard).unwrap_or_else(|| honest(heard)) {
            self.deliver(LATENCY, Delivery::Said(conn, say));
        }
    }

    fn say(&mut self, conn: ConnId, say: Say) {
        match say {
            Say::Bytes(bytes) => self.bytes(conn, &bytes),
            Say::Repeat(bytes, times) => (0..times).for_each(|_| self.bytes(conn, &bytes)),
            Say::Drip(bytes, piece, every) => {
                let (now, later) = bytes.split_at(piece.min(bytes.len()));
                self.bytes(conn, now);
                if !later.is_empty() && self.open.contains_key(&conn) {
                    let rest = Say::Drip(later.to_vec(), piece, every);
                    self.deliver(every, Delivery::Said(conn, rest));
                }
            }
            Say::Close => {
                if self.open.remove(&conn).is_some() {
                    let why = LinkFailure::new("the server closed the connection");
                    self.session.handle_disconnected(self.now, conn, why);
                    self.pump();
                }
            }
        }
    }

    fn bytes(&mut self, conn: ConnId, bytes: &[u8]) {
        if let Some(open) = self.open.get_mut(&conn) {
            open.input.extend_from_slice(bytes);
            self.session.handle_bytes(self.now, conn, &mut open.input);
            self.pump();
        }
    }

    /// A duty for a node below `/locks` with the mark `m`.
    pub(crate) fn oblige(&mut self) -> DutyId {
        self.session.oblige(zk_session::Obligation::DeleteMarked {
            parent: "/locks".to_owned(),
            mark: "m".to_owned(),
        })
    }

    pub(crate) fn perform(&mut self, duty: DutyId) {
        self.session.perform(self.now, duty);
        self.pump();
    }

    pub(crate) fn hold(&mut self, duty: DutyId) {
        assert!(self.session.hold(self.now, duty), "nothing to hold");
        self.pump();
    }

    pub(crate) fn close(&mut self) {
        self.session.close(self.now);
        self.pump();
    }
}
