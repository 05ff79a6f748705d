//! The server: connections, time, and everything they act on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use zk_wire::jute::Encode;
use zk_wire::{FrameDecoder, Moment, ReplyHeader, SessionId, Zxid, frame};

use super::acl::Schemes;
use super::config::ServerConfig;
use super::conn::{Conn, ConnKey, Stage};
use super::line::{Line, Mode, Outbox};
use super::record::Recorder;
use super::rules::Rules;
use super::sessions::Sessions;
use super::tree::Tree;
use super::truth::{Fact, Witnessed};
use super::waiting::{Arrived, Ask, NewSession, Reviving, Row};
use super::watches::Watches;

/// A ZooKeeper server, stand-alone or a member of an ensemble, as a state machine: bytes, hang-ups and the time go in, bytes and
/// hang-ups come out.
///
/// It does no I/O, and the time is what the caller says it is. Whoever drives it passes on what it
/// reports with [`poll_ready`](Self::poll_ready) after every call, and calls
/// [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout).
///
/// It is for development and tests: nothing is written to a disk.
#[derive(Debug)]
pub struct ServerCore {
    pub(super) config: ServerConfig,
    pub(super) tree: Tree,
    pub(super) sessions: Sessions,
    pub(super) watches: Watches,
    pub(super) rules: Rules,
    pub(super) recorder: Recorder,
    pub(super) conns: BTreeMap<ConnKey, Conn>,
    /// The last transaction that was tried.
    pub(super) zxid: Zxid,
    pub(super) mode: Mode,
    /// 0 for a stand-alone server, the number in the ensemble for a member.
    pub(super) number: u8,
    pub(super) line: Line,
    /// What waits for a commit, its own or that of a request before it in the same session.
    pub(super) parked: BTreeMap<Row, VecDeque<Arrived>>,
    pub(super) establishing: BTreeMap<SessionId, NewSession>,
    pub(super) reviving: BTreeMap<ConnKey, Reviving>,
    /// Connections that may have input to read, now that something was answered.
    pub(super) unread: BTreeSet<ConnKey>,
    /// `None` if nobody wants to know.
    pub(super) truth: Option<Vec<Witnessed>>,
    /// Writes of connections that are gone, which take effect when they are let go.
    pub(super) postponed: Vec<Arc<Ask>>,
    /// The end of a session that is being carried out node by node.
    pub(super) ending: Option<Zxid>,
    pub(super) touches_held: bool,
    /// Sessions that are gone are silently replaced.
    pub(super) substitutes: bool,
    pub(super) refusing: bool,
    pub(super) next_reaping: Moment,
    ready: BTreeSet<ConnKey>,
    last_conn: u64,
}

impl ServerCore {
    /// A server that was never written to.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        let line = Line::Own {
            held: false,
            queue: VecDeque::new(),
        };
        // A stand-alone server has the number 1 in its session ids.
        let sessions = Sessions::new(Some(config.tick), config.session_epoch_ms, 1);
        Self::with(config, 0, Mode::Standalone, line, sessions)
    }

    /// A member of an ensemble, with this number from 1, that has not joined yet.
    pub(super) fn member(config: ServerConfig, number: u8) -> Self {
        let line = Line::Ensemble(Outbox::default());
        let sessions = Sessions::new(None, config.session_epoch_ms, number);
        Self::with(config, number, Mode::Idle, line, sessions)
    }

    fn with(config: ServerConfig, number: u8, mode: Mode, line: Line, sessions: Sessions) -> Self {
        Self {
            tree: Tree::new(config.seed),
            sessions,
            watches: if config.version.watch_modes_coexist() {
                Watches::default()
            } else {
                Watches::with_single_modes(config.version.confuses_watchers())
            },
            rules: Rules::default(),
            recorder: Recorder::new(config.log_limit),
            conns: BTreeMap::new(),
            zxid: config.first_zxid,
            mode,
            number,
            line,
            parked: BTreeMap::new(),
            establishing: BTreeMap::new(),
            reviving: BTreeMap::new(),
            unread: BTreeSet::new(),
            truth: None,
            postponed: Vec::new(),
            ending: None,
            touches_held: false,
            substitutes: false,
            refusing: false,
            next_reaping: Moment::ZERO + config.reaper_interval,
            ready: BTreeSet::new(),
            last_conn: u64::from(number) << MEMBER_SHIFT,
            config,
        }
    }

    /// A client has connected from `address`.
    pub fn accept(&mut self, now: Moment, address: IpAddr) -> ConnKey {
        self.last_conn += 1;
        let key = ConnKey::from_raw(self.last_conn);
        let schemes = Schemes {
            sasl: !self.config.sasl_users.is_empty(),
            x509: self.config.x509,
        };
        self.conns
            .insert(key, Conn::new(address, schemes, now, now + HANDSHAKE_LIMIT));
        if self.refusing || self.is_full(address) {
            self.close(key);
        }
        key
    }

    /// The client has a certificate of this subject, which somebody has verified.
    pub fn present_certificate(&mut self, key: ConnKey, subject: &str) {
        if let Some(conn) = self.conns.get_mut(&key) {
            Arc::make_mut(&mut conn.identities).prove("x509", subject.to_owned());
        }
    }

    /// Whether the newest connection is one too many.
    fn is_full(&self, address: IpAddr) -> bool {
        let (total, each) = (
            self.config.max_connections,
            self.config.max_connections_per_address,
        );
        if total == 0 && each == 0 {
            return false;
        }
        let open = || {
            let conns = self.conns.values();
            conns.filter(|conn| conn.stage != Stage::Closing)
        };
        let here = || open().filter(|conn| conn.address == address).count();
        (total > 0 && open().count() > total) || (each > 0 && here() > each)
    }

    /// Bytes have arrived. All of them are taken out of `bytes`.
    pub fn handle_bytes(&mut self, now: Moment, key: ConnKey, bytes: &mut BytesMut) {
        let bytes = bytes.split();
        if let Some(conn) = self.conns.get_mut(&key) {
            if conn.stage != Stage::Closing {
                conn.input.unsplit(bytes);
                self.read_input(now, key);
            }
        }
    }

    /// The client has hung up, or the driver has after a close. The session lives on.
    pub fn handle_disconnected(&mut self, _now: Moment, key: ConnKey) {
        self.detach(key);
        self.reviving.remove(&key);
        self.unread.remove(&key);
        self.conns.remove(&key);
        self.ready.remove(&key);
    }

    /// It is `now`: sessions expire, delayed replies leave, the reaper runs. May be called too early or
    /// too often.
    pub fn handle_timeout(&mut self, now: Moment) {
        for session in self.sessions.due(now) {
            self.witness_fact(now, || Fact::SessionExpired { session });
            self.end_session(now, session);
        }
        if self.next_reaping <= now {
            self.next_reaping = now + self.config.reaper_interval.max(Duration::from_millis(1));
            if self.reaps() {
                self.reap(now);
            }
        }
        let mut silent = Vec::new();
        for (&key, conn) in &mut self.conns {
            if conn.output.release(now) {
                self.ready.insert(key);
            }
            if matches!(conn.stage, Stage::New { until } if until <= now) {
                silent.push(key);
            }
        }
        for key in silent {
            self.close(key);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let of_conn = |conn: &Conn| {
            let handshake = match conn.stage {
                Stage::New { until } => Some(until),
                Stage::Establishing | Stage::Open(_) | Stage::Closing => None,
            };
            handshake
                .into_iter()
                .chain(conn.output.next_release())
                .min()
        };
        self.conns
            .values()
            .filter_map(of_conn)
            .chain(self.sessions.next_expiry())
            .chain(self.reaps().then_some(self.next_reaping))
            .min()
    }

    /// A connection that has something to send, is to be hung up, or may want input again.
    pub fn poll_ready(&mut self) -> Option<ConnKey> {
        self.ready.pop_first()
    }

    /// Appends what this connection sends now.
    pub fn poll_transmit(&mut self, now: Moment, key: ConnKey, out: &mut Vec<u8>) {
        if let Some(conn) = self.conns.get_mut(&key) {
            let before = out.len();
            conn.output.take(out);
            if out.len() > before {
                // Room has been made: whatever was left unread for want of it is read now.
                self.read_input(now, key);
            }
        }
    }

    /// Whether the connection is to be hung up, now that everything is sent: then hang up and report it
    /// with [`handle_disconnected`](Self::handle_disconnected).
    #[must_use]
    pub fn poll_closed(&self, key: ConnKey) -> bool {
        match self.conns.get(&key) {
            Some(conn) => conn.stage == Stage::Closing && conn.output.is_empty(),
            None => true,
        }
    }

    /// Whether the driver should read from the connection. A client that does not read its answers, or
    /// has too much waiting, is not listened to; that bounds what it can make the server remember.
    #[must_use]
    pub fn wants_input(&self, key: ConnKey) -> bool {
        self.conns.get(&key).is_some_and(Conn::wants_input)
    }

    /// Cuts frames from a connection's input and handles them, as long as it may be read from.
    pub(super) fn read_input(&mut self, now: Moment, key: ConnKey) {
        let mut decoder = FrameDecoder::new(self.config.max_frame);
        while let Some(conn) = self.conns.get_mut(&key) {
            if !conn.wants_input() {
                return;
            }
            let stage = conn.stage;
            if let (Stage::New { .. }, Some(word)) = (stage, conn.input.first_chunk::<4>()) {
                let word = *word;
                if is_four_letter_word(word) {
                    self.answer_word(key, word);
                    return;
                }
            }
            let frame = match decoder.next(&mut conn.input) {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(_) => return self.close(key),
            };
            match stage {
                Stage::New { .. } => self.handle_handshake(now, key, frame),
                Stage::Open(session) => self.handle_request(now, key, session, frame),
                Stage::Establishing | Stage::Closing => return,
            }
        }
    }

    /// Stops listening; the driver hangs up once everything is sent.
    pub(super) fn close(&mut self, key: ConnKey) {
        self.detach(key);
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.stage = Stage::Closing;
            conn.input = BytesMut::new();
            conn.output.held = false;
            // Answers to requests that are still in line go nowhere.
            conn.output.muted = true;
            self.ready.insert(key);
        }
    }

    /// Closes without waiting for what is delayed or held: that is lost.
    pub(super) fn cut(&mut self, key: ConnKey) {
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.output.drop_held_back();
        }
        self.close(key);
    }

    /// Separates a connection from its session and its watches.
    fn detach(&mut self, key: ConnKey) {
        self.watches.forget(key);
        let session = self.conns.get(&key).and_then(Conn::session);
        if let Some(session) = session.and_then(|session| self.sessions.get_mut(session)) {
            // Another connection may have taken the session over.
            if session.conn == Some(key) {
                session.conn = None;
            }
        }
    }

    /// The wall clock.
    pub(super) fn wall_ms(&self, now: Moment) -> i64 {
        let elapsed = i64::try_from(now.as_nanos() / 1_000_000).unwrap_or(i64::MAX);
        self.config.wall_ms.saturating_add(elapsed)
    }

    /// Sends a frame behind everything that is on its way.
    pub(super) fn send(&mut self, key: ConnKey, payload: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        frame::write_frame(&mut bytes, payload);
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.output.push(&bytes);
            self.recorder.sent += 1;
            self.ready.insert(key);
        }
    }

    /// Sends a frame and what follows it no sooner than at that time.
    pub(super) fn send_at(&mut self, key: ConnKey, at: Moment, payload: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        frame::write_frame(&mut bytes, payload);
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.output.push_at(at, bytes);
            self.recorder.sent += 1;
            self.ready.insert(key);
        }
    }

    /// Sends a reply that may overtake others: of pings, auth packets and refusals.
    pub(super) fn send_urgent(
        &mut self,
        key: ConnKey,
        header: ReplyHeader,
        body: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut bytes = Vec::new();
        frame::write_frame(&mut bytes, |out| {
            header.encode(out);
            body(out);
        });
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.output.push_urgent(&bytes);
            self.recorder.sent += 1;
            self.ready.insert(key);
        }
    }

    /// Calls for the driver's attention.
    pub(super) fn mark_ready(&mut self, key: ConnKey) {
        if self.conns.contains_key(&key) {
            self.ready.insert(key);
        }
    }

    /// The session has been heard of. A member of an ensemble tells its leader when that asks.
    pub(super) fn touch(&mut self, now: Moment, session: SessionId) {
        if self.touches_held {
            return;
        }
        match &mut self.line {
            Line::Own { .. } => {
                self.sessions.touch(now, session);
                if self.truth.is_some() {
                    self.witness_touch(now, session);
                }
            }
            Line::Ensemble(outbox) => {
                if let Some(known) = self.sessions.get(session) {
                    outbox.touched.insert(session, known.timeout);
                }
            }
        }
    }

    fn witness_touch(&mut self, now: Moment, session: SessionId) {
        if let Some(known) = self.sessions.get(session) {
            let expires_at = known.expires_at;
            self.witness_fact(now, || Fact::SessionTouched {
                session,
                expires_at,
            });
        }
    }

    /// One server collects what has outlived itself, and only if there may be anything.
    fn reaps(&self) -> bool {
        matches!(self.mode, Mode::Standalone | Mode::Leader) && self.tree.has_mortals()
    }
}

/// Whether these bytes, the first of a connection, are a command and no frame length.
///
/// As lengths all of them are absurd, so ZooKeeper tells them apart the same way.
fn is_four_letter_word(word: [u8; 4]) -> bool {
    word.iter().all(u8::is_ascii_lowercase)
}

/// The connections of a member have its number in the upper bits of their own.
pub(super) const MEMBER_SHIFT: u32 = 48;

/// As long as a stock server waits for the first frame of a connection.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
