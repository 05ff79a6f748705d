//! The session core: calls of users, bytes of servers and time in any order. Every request that was accepted ends exactly
//! once, a session that is closed ends, and nothing grows without bound.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use zk_session::{
    Action, ConnId, Credential, DutyId, Event, LinkFailure, Obligation, RequestId, Session,
    SessionConfig, Submit, WatchId, WatchKind,
};
use zk_wire::frame::write_frame;
use zk_wire::{
    AddWatchMode, ConnectResponse, Create, CreateMode, Encode, EventType, Moment, MultiOp,
    ReplyHeader, Request, SessionId, WatcherEvent, Zxid, xid,
};

use crate::counting::within;
use crate::target::Target;

pub(super) const TARGET: Target = Target {
    name: "session",
    seeds,
    run,
};

/// What a whole run may take: inputs are at most some thousand bytes.
const BUDGET: usize = 8 * 1024 * 1024;

fn seeds() -> Vec<Vec<u8>> {
    vec![
        // Connect, ask, answer, let time pass, close.
        vec![0, 1, 2, 0, 3, 0, 12, 0, 12, 1, 14, 1, 15, 4, 18, 0],
        // A duty, its create lost, performed on the next connection.
        vec![0, 1, 6, 0, 13, 0, 0, 1, 7, 0, 12, 0, 12, 0, 15, 9],
        // Watches, events, a reconnect.
        vec![
            0, 1, 4, 0, 12, 0, 5, 1, 12, 0, 11, 2, 13, 0, 0, 1, 12, 0, 11, 1,
        ],
        // A hold and its checks.
        vec![
            0, 1, 6, 1, 16, 0, 8, 0, 15, 20, 12, 0, 15, 20, 12, 0, 15, 90,
        ],
    ]
}

struct Run<'a> {
    input: std::slice::Iter<'a, u8>,
    session: Session,
    now: Moment,
    conn: Option<ConnId>,
    opened: bool,
    buffer: BytesMut,
    /// xids that were sent and not answered, by kind.
    asked: Vec<i32>,
    zxid: i64,
    open: BTreeMap<RequestId, bool>,
    watches: Vec<WatchId>,
    duties: Vec<DutyId>,
}

fn run(input: &[u8]) -> Result<(), String> {
    within(BUDGET, || play(input))?
}

fn play(input: &[u8]) -> Result<(), String> {
    let mut config = SessionConfig::default();
    config.servers = 2;
    config.max_frame = 64 * 1024;
    config.max_queue = 64;
    config.request_timeout = Some(Duration::from_secs(20));
    config.auth = vec![Credential::new("digest", "a:b")];
    if input.first().is_some_and(|first| first % 2 == 0) {
        config.auth.clear();
    }
    let now = Moment::from_nanos(1);
    let mut run = Run {
        input: input.iter(),
        session: Session::new(config, now, 1),
        now,
        conn: None,
        opened: false,
        buffer: BytesMut::new(),
        asked: Vec::new(),
        zxid: 10,
        open: BTreeMap::new(),
        watches: Vec::new(),
        duties: Vec::new(),
    };
    run.drain()?;
    while let Some(what) = run.input.next().copied() {
        let with = run.byte();
        run.step(what, with);
        run.drain()?;
    }
    run.session.close(run.now);
    run.drain()?;
    let limit = run.now + Duration::from_secs(60);
    while !run.session.state().is_terminal() {
        let Some(at) = run.session.poll_timeout().filter(|at| *at <= limit) else {
            return Err(format!("{:?} after a close", run.session.state()));
        };
        run.now = run.now.max(at);
        run.session.handle_timeout(run.now);
        run.drain()?;
    }
    match run.open.iter().find(|(_, ended)| !**ended) {
        Some((id, _)) => Err(format!("{id} never ended")),
        None => Ok(()),
    }
}

impl Run<'_> {
    fn byte(&mut self) -> u8 {
        self.input.next().copied().unwrap_or(0)
    }

    /// Takes all outputs; complains about a second end.
    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..10_000 {
            let mut idle = true;
            while let Some(action) = self.session.poll_action() {
                idle = false;
                match action {
                    Action::Dial { conn, .. } => {
                        self.conn = Some(conn);
                        self.opened = false;
                        self.asked.clear();
                        self.buffer.clear();
                    }
                    Action::Hangup { conn } if self.conn == Some(conn) => self.conn = None,
                    _ => {}
                }
            }
            let mut sent = Vec::new();
            while self.session.poll_transmit(self.now, &mut sent).is_some() {
                idle = false;
            }
            self.note_xids(&sent);
            while let Some(event) = self.session.poll_event() {
                idle = false;
                if let Event::Done { id, .. } = event {
                    match self.open.insert(id, true) {
                        Some(false) => {}
                        Some(true) => return Err(format!("{id} ended twice")),
                        None => return Err(format!("{id} ended, and nobody asked")),
                    }
                }
            }
            self.session.check_invariants();
            if idle {
                return Ok(());
            }
        }
        Err("the outputs never end".to_owned())
    }

    fn note_xids(&mut self, mut sent: &[u8]) {
        while let [a, b, c, d, rest @ ..] = sent {
            let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            let (frame, rest) = rest.split_at(len.min(rest.len()));
            if let [a, b, c, d, ..] = frame {
                let xid = i32::from_be_bytes([*a, *b, *c, *d]);
                if xid > 0 {
                    self.asked.push(xid);
                }
            }
            sent = rest;
        }
    }

    fn step(&mut self, what: u8, with: u8) {
        let path = format!("/n{}", with % 4);
        match what % 20 {
            0 => self.open_connection(),
            1 => self.greet(with),
            2 => self.submit(Request::GetData { path, watch: false }, Submit::new()),
            3 => {
                let (data, version) = (Some("x".into()), -1);
                self.submit(
                    Request::SetData {
                        path,
                        data,
                        version,
                    },
                    Submit::new(),
                );
            }
            4 => {
                let submit = Submit::new().watch(WatchKind::Data);
                self.submit(Request::GetData { path, watch: true }, submit);
            }
            5 => {
                let mode = AddWatchMode::PersistentRecursive;
                let submit = Submit::new().watch(WatchKind::Recursive);
                self.submit(Request::AddWatch { path, mode }, submit);
            }
            6 => {
                let duty = self.session.oblige(Obligation::DeleteMarked {
                    parent: "/".to_owned(),
                    mark: format!("m{}", with % 4),
                });
                self.duties.push(duty);
                let name = format!("/m{}-", with % 4);
                let create = Create::new(&name, "", CreateMode::EphemeralSequential);
                self.submit(Request::Create(create), Submit::new().duty(duty));
            }
            7 => self.with_duty(with, |session, now, duty| session.perform(now, duty)),
            8 => self.with_duty(with, |session, now, duty| {
                session.hold(now, duty);
            }),
            9 => self.with_duty(with, |session, now, duty| session.discharge(now, duty)),
            10 => {
                let version = -1;
                let ops = vec![MultiOp::Check { path, version }; usize::from(with % 3)];
                self.submit(Request::Multi(ops), Submit::new());
            }
            11 => self.notify(with, &path),
            12 => self.answer(with),
            13 => self.disconnect(),
            14 => self.raw(with),
            15 => self.pass(Duration::from_millis(u64::from(with) * 100)),
            16 => self.answer_create(with),
            17 => {
                if let Some(watch) = self.watches.get(usize::from(with)).copied() {
                    self.session.forget_watch(self.now, watch);
                }
            }
            18 => {
                let open = self.open.iter().filter(|(_, ended)| !**ended);
                let id = open.map(|(id, _)| *id).nth(usize::from(with % 8));
                if let Some(id) = id {
                    let _ = self.session.abandon(self.now, id);
                    self.open.insert(id, true);
                    self.open.remove(&id);
                }
            }
            _ => {
                let credential = Credential::new("digest", vec![with]);
                if let Ok(id) = self.session.add_auth(self.now, credential) {
                    self.open.entry(id).or_insert(false);
                }
            }
        }
    }

    fn submit(&mut self, request: Request, submit: Submit) {
        if let Ok(submitted) = self.session.submit(self.now, request, submit) {
            self.open.insert(submitted.id, false);
            self.watches.extend(submitted.watch);
        }
    }

    fn with_duty(&mut self, with: u8, work: fn(&mut Session, Moment, DutyId)) {
        if let Some(duty) = self
            .duties
            .get(usize::from(with) % self.duties.len().max(1))
        {
            work(&mut self.session, self.now, *duty);
        }
    }

    fn open_connection(&mut self) {
        if let Some(conn) = self.conn {
            self.opened = true;
            self.session.handle_connected(self.now, conn);
        }
    }

    fn disconnect(&mut self) {
        if let Some(conn) = self.conn.take() {
            let why = LinkFailure::new("cut");
            self.session.handle_disconnected(self.now, conn, why);
        }
    }

    fn greet(&mut self, with: u8) {
        let response = ConnectResponse {
            protocol_version: 0,
            timeout_ms: if with % 8 == 7 { 0 } else { 6_000 },
            session_id: SessionId::from_raw(if with % 16 == 15 { 8 } else { 7 }),
            password: vec![1; 16].into(),
            read_only: [None, Some(false), Some(false), Some(true)][usize::from(with % 4)],
        };
        self.frame(|out| response.encode(out));
        // Its identities are accepted.
        if with & 0x40 == 0 {
            self.reply(xid::AUTH, 0, &[]);
        }
    }

    /// Answers the oldest request, well or with an error, or another one.
    fn answer(&mut self, with: u8) {
        let place = if with & 0x40 == 0 {
            0
        } else {
            self.asked.len().saturating_sub(1)
        };
        if place >= self.asked.len() {
            return self.reply(xid::PING, 0, &[]);
        }
        let xid = self.asked.remove(place);
        self.zxid += 1;
        match with % 8 {
            // The end of a multi, an empty list, and enough zeros for anything else.
            0 => self.reply(xid, 0, &[0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff]),
            1 => self.reply(xid, 0, &[0; 80]),
            2 => self.reply(xid, -101, &[]),
            3 => self.reply(xid, -102, &[]),
            4 => self.reply(xid, -112, &[]),
            5 => self.reply(xid, -6, &[]),
            6 => self.reply(xid, 0, &[]),
            _ => {
                let body: Vec<u8> = self.input.by_ref().take(40).copied().collect();
                self.reply(xid, 0, &body);
            }
        }
    }

    fn answer_create(&mut self, with: u8) {
        if self.asked.is_empty() {
            return;
        }
        let xid = self.asked.remove(0);
        let path = format!("/m{}-0000000001", with % 4);
        let mut body = Vec::new();
        zk_wire::jute::put_str(&mut body, &path);
        body.extend_from_slice(&[0; 68]);
        self.zxid += 1;
        self.reply(xid, 0, &body);
    }

    fn notify(&mut self, with: u8, path: &str) {
        let event = WatcherEvent::new(EventType::from_raw(i32::from(with % 6)), path);
        let mut body = Vec::new();
        event.encode(&mut body);
        self.reply(xid::NOTIFICATION, 0, &body);
    }

    /// Bytes as the input has them.
    fn raw(&mut self, with: u8) {
        let bytes: Vec<u8> = self
            .input
            .by_ref()
            .take(usize::from(with % 48))
            .copied()
            .collect();
        self.buffer.extend_from_slice(&bytes);
        self.deliver();
    }

    fn reply(&mut self, xid: i32, err: i32, body: &[u8]) {
        let zxid = Zxid::from_raw(self.zxid);
        let body = body.to_vec();
        self.frame(move |out| {
            ReplyHeader { xid, zxid, err }.encode(out);
            out.extend_from_slice(&body);
        });
    }

    fn frame(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, write);
        self.buffer.extend_from_slice(&bytes);
        self.deliver();
    }

    fn deliver(&mut self) {
        if let Some(conn) = self.conn.filter(|_| self.opened) {
            self.session.handle_bytes(self.now, conn, &mut self.buffer);
        }
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..100 {
            let Some(at) = self.session.poll_timeout().filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(at);
            self.session.handle_timeout(self.now);
            let mut sent = Vec::new();
            while self.session.poll_transmit(self.now, &mut sent).is_some() {}
            self.note_xids(&sent);
        }
        self.now = self.now.max(until);
    }
}
