//! The session itself: its parts, its getters and the outputs.

mod abort;
mod answer;
mod commands;
mod confirm_work;
mod cover;
mod detach;
mod duty_commands;
mod duty_work;
mod frames;
mod inputs;
mod joined_reads;
mod lifecycle;
mod moves;
mod probes;
mod receive;
mod rewatch;
mod transmit;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use zk_wire::{FrameDecoder, Moment, Password, SessionId, Zxid};

use crate::config::SessionConfig;
use crate::connection::auth_book::AuthBook;
use crate::connection::link::Link;
use crate::connection::probes::Probes;
use crate::connection::sasl::Sasl;
use crate::connection::servers::Servers;
use crate::connection::timers::Timers;
use crate::connection::xids::Xids;
use crate::connection::zxids::Zxids;
use crate::event::{Action, Event};
use crate::frame::FrameLog;
use crate::ids::{IdCounter, RequestId, ServerId};
use crate::implied::Implied;
use crate::promises::duty::Duties;
use crate::promises::holds::Holds;
use crate::promises::looks::Looks;
use crate::promises::safe_window::SafeWindow;
use crate::requests::coalescer::Coalescer;
use crate::requests::in_flight::InFlight;
use crate::requests::queue::SendQueue;
use crate::state::{Attempt, AuthFailure, ExpiryCause, ServerFailure, SessionState, Stage};
use crate::stats::SessionStats;
use crate::ticket::SessionTicket;
use crate::watches::WatchTable;

/// One ZooKeeper session. Performs no I/O, reads no clock, spawns nothing.
///
/// There are four kinds of methods: getters (`&self`), commands, inputs `handle_*` and outputs `poll_*`.
/// After any command or input, drain the outputs in this order: [`poll_action`](Self::poll_action),
/// [`poll_transmit`](Self::poll_transmit), [`poll_event`](Self::poll_event),
/// [`poll_timeout`](Self::poll_timeout). `now` must never go backwards between calls.
///
/// All paths are absolute server paths; a chroot is the business of whoever drives the session.
///
/// # Invariants
///
/// * A request accepted is in exactly one of: the queue, the requests in flight, settled.
/// * Nothing but the handshake leaves before the server has accepted the session, nothing but SASL before that is
///   done, and nothing but pings and auth packets before it has accepted every credential.
/// * In a terminal state nothing is queued, in flight, watched, promised or held, and no timer runs.
#[derive(Debug)]
pub struct Session {
    pub(crate) config: SessionConfig,
    pub(crate) state: SessionState,
    pub(crate) expiry_cause: Option<ExpiryCause>,
    pub(crate) auth_failure: Option<AuthFailure>,
    pub(crate) identity: Option<Identity>,
    /// The timeout in force: granted, or wanted before anything was granted.
    pub(crate) timeout: Duration,
    pub(crate) link: Link,
    pub(crate) decoder: FrameDecoder,
    pub(crate) servers: Servers,
    pub(crate) timers: Timers,
    pub(crate) xids: Xids,
    pub(crate) zxids: Zxids,
    pub(crate) auth: AuthBook,
    pub(crate) sasl: Sasl,
    pub(crate) queue: SendQueue,
    pub(crate) in_flight: InFlight,
    pub(crate) coalescer: Coalescer,
    pub(crate) deadlines: BTreeSet<(Moment, RequestId)>,
    pub(crate) watches: WatchTable,
    pub(crate) implied: Implied,
    pub(crate) duties: Duties,
    pub(crate) looks: Looks,
    pub(crate) holds: Holds,
    pub(crate) window: SafeWindow,
    pub(crate) closing: Option<Closing>,
    /// This server is left as soon as it owes no answer.
    pub(crate) leaving: bool,
    pub(crate) probes: Probes,
    /// What was handed out when the session was detached.
    pub(crate) parting: Option<SessionTicket>,
    /// When the current attempt to reach a server began.
    pub(crate) dialled_at: Moment,
    /// When a server was last heard in this session.
    pub(crate) last_heard: Option<Moment>,
    /// Whether the session was ever ready for requests.
    pub(crate) was_ready: bool,
    /// The servers do not know removeWatches (before 3.5), found out by asking.
    pub(crate) no_remove_watches: bool,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) frames: FrameLog,
    pub(crate) stats: SessionStats,
    pub(crate) conn_ids: IdCounter,
    pub(crate) request_ids: IdCounter,
    pub(crate) watch_ids: IdCounter,
    pub(crate) duty_ids: IdCounter,
}

/// Who the session is for the servers.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) id: SessionId,
    pub(crate) password: Password,
    /// Only read-only servers know it; it cannot be taken anywhere else.
    pub(crate) read_only: bool,
}

/// How far a close is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Duties are worked off first.
    Duties,
    /// closeSession waits for its turn.
    Queued,
    /// closeSession was sent: nothing may follow it.
    Sent,
    /// The session is left to somebody else as soon as nothing is queued, unanswered or to be cleaned up.
    Detaching,
}

impl Session {
    /// A new session; it dials at once. Equal seeds and equal inputs give equal outputs.
    #[must_use]
    pub fn new(config: SessionConfig, now: Moment, seed: u64) -> Self {
        Self::start(config, None, now, seed)
    }

    /// Takes over a session from the process that made the ticket. It has no watches yet, and an id
    /// of its own for every request.
    #[must_use]
    pub fn resume(config: SessionConfig, ticket: SessionTicket, now: Moment, seed: u64) -> Self {
        Self::start(config, Some(ticket), now, seed)
    }

    fn start(
        mut config: SessionConfig,
        ticket: Option<SessionTicket>,
        now: Moment,
        seed: u64,
    ) -> Self {
        let auth = AuthBook::new(std::mem::take(&mut config.auth));
        let sasl = Sasl::new(config.sasl.take(), seed);
        let ticket = ticket.as_ref();
        let smallest = ticket.map(SessionTicket::smallest_timeout);
        let identity = ticket.map(|ticket| Identity {
            id: ticket.session(),
            password: ticket.password().clone(),
            read_only: false,
        });
        let mut session = Self {
            state: SessionState::Connecting,
            expiry_cause: None,
            auth_failure: None,
            identity,
            timeout: smallest.unwrap_or(config.session_timeout),
            link: Link::Down,
            decoder: FrameDecoder::new(config.max_frame),
            servers: Servers::new(config.servers, config.backoff, seed),
            timers: Timers::default(),
            xids: Xids::starting_at(ticket.map_or(1, SessionTicket::next_xid)),
            zxids: Zxids::resumed(ticket.map_or(Zxid::NONE, SessionTicket::last_zxid)),
            auth,
            sasl,
            queue: SendQueue::default(),
            in_flight: InFlight::default(),
            coalescer: Coalescer::new(config.coalescing),
            deadlines: BTreeSet::new(),
            watches: WatchTable::default(),
            implied: Implied::default(),
            duties: Duties::default(),
            looks: Looks::default(),
            holds: Holds::default(),
            window: SafeWindow::new(config.confirm, config.clock_error_ppm, smallest),
            closing: None,
            leaving: false,
            probes: Probes::new(seed),
            parting: None,
            dialled_at: now,
            last_heard: None,
            was_ready: false,
            no_remove_watches: false,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            frames: FrameLog::default(),
            stats: SessionStats::default(),
            conn_ids: IdCounter::default(),
            request_ids: IdCounter::default(),
            watch_ids: IdCounter::default(),
            duty_ids: IdCounter::default(),
            config,
        };
        session.dial(now);
        session
    }

    /// Hands out ids from where `earlier` stopped. Whoever replaces a session by another one then never takes a watch,
    /// a duty or a request of the one for one of the other, however late it hears of it.
    #[must_use]
    pub fn numbered_after(mut self, earlier: &Self) -> Self {
        self.request_ids = earlier.request_ids;
        self.watch_ids = earlier.watch_ids;
        self.duty_ids = earlier.duty_ids;
        self
    }

    /// The next thing for the driver to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing for the application.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). Changes with every input and command.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        self.timers.earliest().into_iter().chain(deadline).min()
    }

    /// Where the session is.
    #[must_use]
    pub const fn state(&self) -> SessionState {
        self.state
    }

    /// How it became known that the session expired.
    #[must_use]
    pub const fn expiry_cause(&self) -> Option<ExpiryCause> {
        self.expiry_cause
    }

    /// Why authentication failed, once the session ended because of it.
    #[must_use]
    pub const fn auth_failure(&self) -> Option<AuthFailure> {
        self.auth_failure
    }

    /// The session's id, once a server gave it one.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.identity.as_ref().map(|identity| identity.id)
    }

    /// What another process needs to take the session over; `None` before it exists, after it ended,
    /// and while only read-only servers know it.
    #[must_use]
    pub fn ticket(&self) -> Option<SessionTicket> {
        let identity = self
            .identity
            .as_ref()
            .filter(|identity| !identity.read_only)?;
        if self.state.is_terminal() {
            return None;
        }
        Some(SessionTicket::new(
            identity.id,
            identity.password.clone(),
            self.xids.peek(),
            self.zxids.seen(),
            self.window.smallest().unwrap_or(self.timeout),
        ))
    }

    /// The session timeout in force; the one asked for until a server granted one.
    #[must_use]
    pub const fn negotiated_timeout(&self) -> Duration {
        self.timeout
    }

    /// The newest transaction seen, in replies, pings and events.
    #[must_use]
    pub const fn last_zxid(&self) -> Zxid {
        self.zxids.seen()
    }

    /// Until when the session certainly lives, as far as is proven: nothing else can own what it owns
    /// before. `None` if nothing is proven.
    ///
    /// Does not cover a pause between looking and acting, nor a leader that has stopped processing
    /// pings: only fencing tokens and guarded writes do.
    #[must_use]
    pub const fn safe_until(&self) -> Option<Moment> {
        self.window.until()
    }

    /// Whether what is held is in doubt.
    #[must_use]
    pub const fn in_doubt(&self) -> bool {
        self.holds.in_doubt()
    }

    /// The server we are attached to or trying to reach.
    #[must_use]
    pub const fn server(&self) -> Option<ServerId> {
        self.link.server()
    }

    /// The attempt to reach a server that is under way; `None` while there is a session on a connection, and
    /// between attempts.
    #[must_use]
    pub const fn attempt(&self) -> Option<Attempt> {
        let stage = match self.link {
            Link::Dialing {
                securing: false, ..
            } => Stage::Dialing,
            Link::Dialing { securing: true, .. } => Stage::Securing,
            Link::Handshake { .. } => Stage::Handshake,
            Link::Down | Link::Up(_) => return None,
        };
        match self.link.server() {
            Some(server) => Some(Attempt {
                server,
                since: self.dialled_at,
                stage,
            }),
            None => None,
        }
    }

    /// When bytes of a server that knew the session last arrived; `None` before the first.
    #[must_use]
    pub const fn last_heard(&self) -> Option<Moment> {
        self.last_heard
    }

    /// What last went wrong with a server, if its last attempt failed.
    #[must_use]
    pub fn server_failure(&self, server: ServerId) -> Option<&ServerFailure> {
        self.servers.failure(server)
    }

    /// Counters and gauges.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        let mut stats = self.stats.clone();
        stats.queued = self.queue.len();
        stats.queued_bytes = self.queue.bytes();
        stats.in_flight = self.in_flight.len();
        stats.watches = self.watches.len();
        stats.duties = self.duties.len();
        stats.held = self.holds.len();
        stats
    }

    /// Checks what the types cannot; for tests, after each step. Does nothing in release builds.
    pub fn check_invariants(&self) {
        self.queue.check_invariants();
        self.in_flight.check_invariants();
        self.watches.check_invariants();
        self.duties.check_invariants();
        self.window.check_invariants();
        debug_assert!(
            self.in_flight.is_empty() || self.link.is_ready(),
            "in flight nowhere"
        );
        debug_assert_eq!(
            self.state.is_connected(),
            self.link.is_ready(),
            "{:?}",
            self.state
        );
        let waiting = self
            .queue
            .iter()
            .filter_map(|queued| Some((queued.deadline, queued.purpose.user()?)));
        let deadlines: BTreeSet<_> = waiting
            .chain(self.in_flight.users())
            .filter_map(|(deadline, id)| Some((deadline?, id)))
            .collect();
        debug_assert_eq!(self.deadlines, deadlines, "deadlines of nobody");
        if self.state.is_terminal() {
            debug_assert!(self.queue.is_empty(), "queued at the end");
            debug_assert!(self.link.conn().is_none(), "connected at the end");
            debug_assert_eq!(self.watches.len(), 0, "watching at the end");
            debug_assert_eq!(self.duties.len(), 0, "obliged at the end");
            debug_assert!(self.holds.is_empty(), "holding at the end");
            debug_assert_eq!(self.poll_timeout(), None, "waiting at the end");
            debug_assert_eq!(self.safe_until(), None, "safe at the end");
        } else {
            debug_assert!(
                self.link.conn().is_some() || self.poll_timeout().is_some(),
                "nothing would ever happen"
            );
        }
    }

    /// Reports a state, unless it is the one reported last.
    pub(crate) fn set_state(&mut self, state: SessionState) {
        if self.state != state {
            self.state = state;
            self.events.push_back(Event::State(state));
        }
    }
}
