//! A session and a scripted server, joined by a wire with a delay, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use zk_session::{
    Action, ConnId, DutyId, Event, LinkFailure, Outcome, RequestId, ServerId, Session,
    SessionConfig, SessionState, Settlement, Submit, WatchEvent, WatchId, WatchKind,
};
use zk_wire::{Create, CreateMode, EventType, Moment, Request, WatcherEvent};

use crate::server::{Output, Received, Server, notification};

/// The session timeout of most tests.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(12);

/// The way in one direction.
pub(crate) const LATENCY: Duration = Duration::from_millis(5);

enum Delivery {
    Opened(ConnId),
    ToServer(ConnId, Vec<u8>),
    ToClient(ConnId, Vec<u8>),
    ClosedByServer(ConnId),
    Probed(ServerId),
}

pub(crate) struct Pair {
    pub(crate) session: Session,
    pub(crate) server: Server,
    pub(crate) now: Moment,
    pub(crate) latency: Duration,
    pub(crate) events: Vec<(Moment, Event)>,
    pub(crate) dials: Vec<(Moment, ServerId)>,
    pub(crate) probes: Vec<(Moment, ServerId)>,
    /// The server that says it can write; the others say nothing.
    pub(crate) writable: Option<ServerId>,
    pub(crate) hangups: usize,
    /// Sizes of the batches handed out.
    pub(crate) batches: Vec<usize>,
    wire: BTreeMap<(Moment, u64), Delivery>,
    sequence: u64,
    open: BTreeMap<ConnId, (ServerId, BytesMut)>,
}

impl Pair {
    pub(crate) fn new(config: SessionConfig) -> Self {
        let now = Moment::from_nanos(1_000_000_000);
        let timeout = config.session_timeout;
        Self::with_session(Session::new(config, now, 7), timeout)
    }

    pub(crate) fn with_session(session: Session, timeout: Duration) -> Self {
        let mut pair = Self {
            session,
            server: Server::new(timeout),
            now: Moment::from_nanos(1_000_000_000),
            latency: LATENCY,
            events: Vec::new(),
            dials: Vec::new(),
            probes: Vec::new(),
            writable: None,
            hangups: 0,
            batches: Vec::new(),
            wire: BTreeMap::new(),
            sequence: 0,
            open: BTreeMap::new(),
        };
        pair.pump();
        pair
    }

    /// A pair that is connected.
    pub(crate) fn connected(config: SessionConfig) -> Self {
        let mut pair = Self::new(config);
        pair.run_until(|pair| pair.session.state().is_connected());
        pair
    }

    /// With the usual settings.
    pub(crate) fn usual() -> Self {
        Self::connected(config())
    }

    /// Lets the outputs of the session take effect. Called after every input and command.
    pub(crate) fn pump(&mut self) {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Dial { conn, server, .. } => {
                    self.dials.push((self.now, server));
                    self.open.insert(conn, (server, BytesMut::new()));
                    if self.server.silent {
                        continue;
                    }
                    self.deliver(self.latency, Delivery::Opened(conn));
                }
                Action::Probe { server, .. } => {
                    self.probes.push((self.now, server));
                    if self.writable.is_some() {
                        self.deliver(self.latency * 2, Delivery::Probed(server));
                    }
                }
                Action::Hangup { conn } => {
                    self.hangups += 1;
                    self.open.remove(&conn);
                    self.server.disconnect(conn.as_raw());
                }
                other => panic!("unknown action {other:?}"),
            }
        }
        loop {
            let mut bytes = Vec::new();
            let Some(transmit) = self.session.poll_transmit(self.now, &mut bytes) else {
                break;
            };
            assert_eq!(transmit.len, bytes.len());
            self.batches.push(bytes.len());
            self.deliver(self.latency, Delivery::ToServer(transmit.conn, bytes));
        }
        while let Some(event) = self.session.poll_event() {
            self.events.push((self.now, event));
        }
        self.session.check_invariants();
    }

    /// Lets the next thing happen, if it happens no later than `limit`.
    pub(crate) fn step(&mut self, limit: Moment) -> bool {
        let timeout = self.session.poll_timeout();
        let delivery = self.wire.keys().next().copied();
        let (at, is_timeout) = match (timeout, delivery) {
            (Some(timeout), Some((delivery, _))) if timeout < delivery => (timeout, true),
            (_, Some((delivery, _))) => (delivery, false),
            (Some(timeout), None) => (timeout, true),
            (None, None) => return false,
        };
        if at > limit {
            return false;
        }
        self.now = self.now.max(at);
        if is_timeout {
            self.session.handle_timeout(self.now);
        } else if let Some((_, delivery)) = self.wire.pop_first() {
            self.arrive(delivery);
        }
        self.pump();
        true
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        let limit = self.now + time;
        while self.step(limit) {}
        self.now = limit;
    }

    /// Runs until `done`, which must be within an hour of virtual time.
    pub(crate) fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let limit = self.now + Duration::from_secs(3600);
        while !done(self) {
            assert!(
                self.step(limit),
                "it never happened; events: {:?}",
                self.events
            );
        }
    }

    /// Runs until nothing is on the wire.
    pub(crate) fn settle(&mut self) {
        self.run_until(|pair| pair.wire.is_empty());
    }

    pub(crate) fn submit_with(&mut self, request: Request, submit: Submit) -> RequestId {
        let submitted = self.session.submit(self.now, request, submit).unwrap();
        self.pump();
        submitted.id
    }

    pub(crate) fn submit(&mut self, request: Request) -> RequestId {
        self.submit_with(request, Submit::new())
    }

    pub(crate) fn watch(&mut self, request: Request, kind: WatchKind) -> WatchId {
        let submit = Submit::new().watch(kind);
        let submitted = self.session.submit(self.now, request, submit).unwrap();
        self.pump();
        self.settle();
        submitted.watch.unwrap()
    }

    /// The server tells of an event.
    pub(crate) fn notify(&mut self, kind: EventType, path: &str, zxid: i64) {
        let bytes = notification(&WatcherEvent::new(kind, path), zxid);
        self.server_sends(bytes);
    }

    /// The server sends these bytes.
    pub(crate) fn server_sends(&mut self, bytes: Vec<u8>) {
        self.server_sends_soon(bytes);
        self.settle();
    }

    /// The server tells of an event, while other things go on.
    pub(crate) fn notify_soon(&mut self, kind: EventType, path: &str, zxid: i64) {
        self.server_sends_soon(notification(&WatcherEvent::new(kind, path), zxid));
    }

    /// The server sends these bytes, while other things go on.
    pub(crate) fn server_sends_soon(&mut self, bytes: Vec<u8>) {
        let conn = self.conn();
        self.deliver(self.latency, Delivery::ToClient(conn, bytes));
    }

    /// The connection breaks.
    pub(crate) fn cut(&mut self) {
        let conn = self.conn();
        self.arrive(Delivery::ClosedByServer(conn));
        self.pump();
    }

    pub(crate) fn reconnect(&mut self) {
        self.cut();
        self.run_until(|pair| pair.session.state().is_connected());
    }

    /// Whether there is a connection, or one is being made.
    pub(crate) fn has_conn(&self) -> bool {
        !self.open.is_empty()
    }

    pub(crate) fn conn(&self) -> ConnId {
        *self.open.keys().next_back().unwrap()
    }

    /// How a request ended: at most once.
    pub(crate) fn outcome(&self, id: RequestId) -> Option<&Outcome> {
        let mut outcomes = self.events.iter().filter_map(|(_, event)| match event {
            Event::Done { id: done, outcome } if *done == id => Some(outcome),
            _ => None,
        });
        let outcome = outcomes.next();
        assert!(outcomes.next().is_none(), "{id} ended twice");
        outcome
    }

    pub(crate) fn states(&self) -> Vec<SessionState> {
        let states = self.events.iter().filter_map(|(_, event)| match event {
            Event::State(state) => Some(*state),
            _ => None,
        });
        states.collect()
    }

    pub(crate) fn doubts(&self) -> Vec<(Moment, bool)> {
        let doubts = self.events.iter().filter_map(|(at, event)| match event {
            Event::Doubt { in_doubt } => Some((*at, *in_doubt)),
            _ => None,
        });
        doubts.collect()
    }

    pub(crate) fn watched(&self, watch: WatchId) -> Vec<WatchEvent> {
        let events = self.events.iter().filter_map(|(_, event)| match event {
            Event::Watch { id, event } if *id == watch => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    pub(crate) fn settlement(&self, duty: DutyId) -> Option<Settlement> {
        let mut settled = self.events.iter().filter_map(|(_, event)| match event {
            Event::Duty { id, settled } if *id == duty => Some(*settled),
            _ => None,
        });
        let settlement = settled.next();
        assert!(settled.next().is_none(), "{duty} ended twice");
        settlement
    }

    pub(crate) fn received(&self, matches: impl Fn(&Request) -> bool) -> Vec<&Received> {
        self.server
            .log
            .iter()
            .filter(|received| matches(&received.request))
            .collect()
    }

    fn deliver(&mut self, delay: Duration, delivery: Delivery) {
        self.sequence += 1;
        self.wire
            .insert((self.now + delay, self.sequence), delivery);
    }

    fn arrive(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Opened(conn) if self.server.accepts => {
                self.session.handle_connected(self.now, conn);
            }
            Delivery::Opened(conn) => self.lost(conn, "connection refused"),
            Delivery::Probed(server) => {
                let can_write = self.writable == Some(server);
                self.session.handle_probe(self.now, server, can_write);
            }
            Delivery::ClosedByServer(conn) => self.lost(conn, "connection reset"),
            Delivery::ToServer(conn, bytes) => {
                let Some((server, _)) = self.open.get(&conn) else {
                    return;
                };
                let from = (conn.as_raw(), *server);
                for output in self.server.receive(self.now, from, &bytes) {
                    match output {
                        Output::Bytes { delay, bytes } => {
                            self.deliver(delay + self.latency, Delivery::ToClient(conn, bytes));
                        }
                        Output::Close => self.deliver(self.latency, Delivery::ClosedByServer(conn)),
                    }
                }
            }
            Delivery::ToClient(conn, bytes) => {
                let Some((_, input)) = self.open.get_mut(&conn) else {
                    return;
                };
                input.extend_from_slice(&bytes);
                self.session.handle_bytes(self.now, conn, input);
            }
        }
    }

    fn lost(&mut self, conn: ConnId, why: &str) {
        if self.open.remove(&conn).is_some() {
            self.server.disconnect(conn.as_raw());
            self.session
                .handle_disconnected(self.now, conn, LinkFailure::new(why));
        }
    }
}

pub(crate) fn config() -> SessionConfig {
    let mut config = SessionConfig::default();
    config.session_timeout = TIMEOUT;
    config.servers = 3;
    config
}

pub(crate) fn get(path: &str) -> Request {
    Request::GetData {
        path: path.to_owned(),
        watch: false,
    }
}

pub(crate) fn get_watched(path: &str) -> Request {
    Request::GetData {
        path: path.to_owned(),
        watch: true,
    }
}

pub(crate) fn set(path: &str) -> Request {
    Request::SetData {
        path: path.to_owned(),
        data: None,
        version: -1,
    }
}

pub(crate) fn create(path: &str, mode: CreateMode) -> Request {
    Request::Create(Create::new(path, "", mode))
}

pub(crate) fn is_get(request: &Request) -> bool {
    matches!(request, Request::GetData { .. })
}

pub(crate) fn is_create(request: &Request) -> bool {
    matches!(request, Request::Create(_))
}

pub(crate) fn is_delete(request: &Request) -> bool {
    matches!(request, Request::Delete { .. })
}

pub(crate) fn is_multi(request: &Request) -> bool {
    matches!(request, Request::Multi(_))
}
