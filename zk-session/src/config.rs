//! What a session is told before it starts.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use zk_wire::frame::DEFAULT_MAX_FRAME;

/// Settings of one session.
///
/// Built from [`SessionConfig::default`] by assigning fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The session timeout to ask for; the server clamps it. Default 10 s.
    pub session_timeout: Duration,
    /// How many servers there are at first; a [`ServerId`](crate::ServerId) is an index below it. Default 1.
    pub servers: usize,
    /// Whether a read-only server is good enough. Default no.
    ///
    /// While it is attached to a read-only server, the session asks the others whether they can write, and goes to
    /// the first that can.
    pub read_only_ok: bool,
    /// The largest frame accepted from a server, in bytes. Default 4 MiB, because servers do not
    /// bound their replies by their own limit.
    pub max_frame: usize,
    /// The largest frame sent, in bytes; a larger request is refused when it is submitted, because
    /// the server would drop the connection. Default 1,048,575, the servers' `jute.maxbuffer`.
    pub max_request: usize,
    /// How many requests may wait to be sent or answered. Default 65,536.
    pub max_queue: usize,
    /// How many bytes of requests may wait to be sent. Default 64 MiB.
    pub max_queue_bytes: usize,
    /// Whether requests wait until there is a connection. If not, those that wait fail, not applied, once every server was
    /// tried in vain. Default yes.
    pub wait_for_connection: bool,
    /// Pauses between attempts to reach a server.
    pub backoff: Backoff,
    /// Whether reads that wait their turn are sent as one multiRead. Default [`Coalescing::Off`].
    pub coalescing: Coalescing,
    /// How `safe_until` is established while something is held.
    pub confirm: Confirm,
    /// How far two clocks may drift apart, as parts per million of the session timeout.
    /// Default 1,000 (0.1 %).
    pub clock_error_ppm: u32,
    /// The largest setWatches request, in bytes. Default 128 KiB, as in the Java client.
    pub set_watches_chunk: usize,
    /// Deadline given to requests that are submitted without one. Default none.
    pub request_timeout: Option<Duration>,
    /// How long one attempt to reach a server may take, handshake included. Default: the session
    /// timeout divided by the number of servers, but at least one second.
    pub connect_timeout: Option<Duration>,
    /// How long [`close`](crate::Session::close) waits for duties and for the server's answer.
    /// Default 3 s.
    pub close_grace: Duration,
    /// Whether the session counts as expired, without a server saying so, once nothing was heard for
    /// 4/3 of its timeout. Default no: only a server knows, and a new leader grants every session a
    /// fresh timeout.
    pub local_expiry: bool,
    /// Identities presented on every connection before anything else is sent.
    pub auth: Vec<Credential>,
    /// Who the client proves to be by SASL, on every connection before the identities. Default nobody.
    pub sasl: Option<DigestMd5>,
    /// Whether the driver encrypts connections. Decides nothing, but what an error suggests. Default no.
    pub encrypted: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_secs(10),
            servers: 1,
            read_only_ok: false,
            max_frame: 4 * 1024 * 1024,
            max_request: DEFAULT_MAX_FRAME,
            max_queue: 65_536,
            max_queue_bytes: 64 * 1024 * 1024,
            wait_for_connection: true,
            backoff: Backoff::default(),
            coalescing: Coalescing::Off,
            confirm: Confirm::default(),
            clock_error_ppm: 1_000,
            set_watches_chunk: 128 * 1024,
            request_timeout: None,
            connect_timeout: None,
            close_grace: Duration::from_secs(3),
            local_expiry: false,
            auth: Vec::new(),
            sasl: None,
            encrypted: false,
        }
    }
}

/// Pauses between attempts: uniform between zero and a bound that doubles from `base` to `cap`.
///
/// The first round over all servers has no pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The first bound. Default 50 ms.
    pub base: Duration,
    /// The last bound. Default 2 s.
    pub cap: Duration,
}

impl Backoff {
    /// A backoff with these bounds.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(50), Duration::from_secs(2))
    }
}

/// Whether reads without a watch (getData, getChildren) that wait their turn are sent together, as one multiRead.
///
/// They leave at once while fewer than four frames of reads are unanswered, and gather into the next multiRead
/// otherwise, unless something else waits behind them or their replies are large (32 KiB). Those that ask for the same share
/// one read, whatever its size: a server applies no write between the reads of one multiRead, so each sees the state that
/// it would have seen alone. Each keeps its own result, error, deadline and cancellation; order stays that of the queue. A multiRead that fails as a whole is asked again as single reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coalescing {
    /// Each read travels alone.
    Off,
    /// Each server is asked first whether it knows multiRead, with a few reads and nothing else in flight: servers
    /// before 3.6 answer with an error and close the connection, which is not tried again in this session.
    Probe,
    /// All servers are known to be of release 3.6 or later.
    Known,
}

/// How the session learns until when its held nodes are certainly safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Confirm {
    /// While something is held, one multi of checks is committed every sixth of the session timeout.
    Active {
        /// The servers' `tickTime`, if known. Half of it is the distance that makes a chain of
        /// confirms a proof; without it a quarter of the session timeout is used, which is never
        /// less where servers grant no timeout below two ticks: the rule, unless their `minSessionTimeout` is set lower.
        /// Then the tick has to be told here, or windows can be too long.
        tick: Option<Duration>,
    },
    /// Nothing extra is sent. A server cut off from its leader goes on answering for `blind`, so
    /// sessions shorter than that never have a safe window.
    Passive {
        /// `(syncLimit + 2) · tickTime` of the servers; 14 s with stock settings.
        blind: Duration,
    },
}

impl Confirm {
    /// The blind time of servers with stock settings: `(5 + 2) · 2 s`.
    pub const STOCK_BLIND: Duration = Duration::from_secs(14);
}

impl Default for Confirm {
    fn default() -> Self {
        Self::Active { tick: None }
    }
}

/// An identity for an auth packet. `Debug` shows the scheme only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    scheme: String,
    auth: Bytes,
}

impl Credential {
    /// An identity in this scheme, such as `digest` with `user:password`.
    pub fn new(scheme: impl Into<String>, auth: impl Into<Bytes>) -> Self {
        Self {
            scheme: scheme.into(),
            auth: auth.into(),
        }
    }

    /// The authentication scheme.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The secret for the server.
    #[must_use]
    pub const fn auth(&self) -> &Bytes {
        &self.auth
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}:<redacted>)", self.scheme)
    }
}

/// A user of SASL's mechanism DIGEST-MD5 and the password. `Debug` shows the user only.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestMd5 {
    user: String,
    password: String,
}

impl DigestMd5 {
    /// The user as the servers' JAAS section `Server` names it.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for DigestMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DigestMd5({:?}, <redacted>)", self.user)
    }
}
