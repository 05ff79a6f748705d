//! Configures and connects a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use zk_session::{Coalescing, Confirm, Credential, ServerId, SessionConfig};
use zk_wire::ConnectString;

pub use crate::driver::renewal::OnExpiry;

use crate::client::Client;
use crate::driver::renewal::Renewal;
use crate::driver::task::Driver;
use crate::error::{Error, ErrorKind, OpKind};
use crate::shared::clock::{Clock, SystemClock};
use crate::shared::entropy::{Entropy, SystemEntropy, draw};
use crate::shared::handle::Shared;
use crate::shared::scope::Scope;
use crate::spawner::{CurrentRuntime, Spawner};
use crate::state::State;
use crate::transport::{ServerAddr, TcpTransport, Transport};
use crate::unreachable::{refused, unreachable};

/// Options of a [`Client`]. Made by [`Client::builder`]; ends with [`connect`](Self::connect).
#[must_use = "a builder does nothing until .connect()"]
pub struct ClientBuilder {
    connect_string: String,
    config: SessionConfig,
    connect_timeout: Option<Duration>,
    request_timeout: Option<Duration>,
    patient: bool,
    coalescing: bool,
    multi_read_is_known: bool,
    on_expiry: OnExpiry,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    seed: Option<u64>,
    entropy: Arc<dyn Entropy>,
    spawner: Arc<dyn Spawner>,
}

impl Client {
    /// Starts to configure a client of the ensemble `host[:port][,host[:port]…][/chroot]`.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), zk_client::Error> {
    /// let zk = zk_client::Client::builder("zk1:2181,zk2:2181,zk3:2181/app").connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn builder(connect_string: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            connect_string: connect_string.into(),
            config: SessionConfig::default(),
            connect_timeout: None,
            request_timeout: None,
            patient: true,
            coalescing: true,
            multi_read_is_known: false,
            on_expiry: OnExpiry::default(),
            transport: None,
            clock: None,
            seed: None,
            entropy: Arc::new(SystemEntropy),
            spawner: Arc::new(CurrentRuntime),
        }
    }
}

impl ClientBuilder {
    /// Sets the session timeout to ask for; the server clamps it (stock: 4 to 40 s). Default: 10 s.
    ///
    /// After this long without contact the server deletes the session's ephemeral nodes. Shorter means faster
    /// fail-over and more pings.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.config.session_timeout = timeout;
        self
    }

    /// Sets how long [`connect`](Self::connect) tries. Default: the session timeout, but at least 4 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Lets [`connect`](Self::connect) fail as soon as each server was tried once and none answered, instead of
    /// trying until the connect timeout. For command line tools. Default: off.
    pub fn fail_fast(mut self) -> Self {
        self.patient = false;
        self
    }

    /// Sets how long a request may take from being queued to its answer. Default: twice the session timeout, by
    /// when either a server answers or the session has expired, but at least 8 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// Sets the largest request, in bytes of its frame. Default: 1,048,575, the servers' own limit (`jute.maxbuffer`).
    ///
    /// Raise it only together with `jute.maxbuffer` on every server: a server hangs up on a larger request.
    pub fn max_request(mut self, bytes: usize) -> Self {
        self.config.max_request = bytes;
        self
    }

    /// Sets the largest reply, in bytes of its frame. Default: 4 MiB, because servers do not bound their replies by
    /// their own limit.
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.config.max_frame = bytes;
        self
    }

    /// Sets whether reads that wait their turn travel together. Default: on.
    ///
    /// Reads without a watch (`get`, `children` without metadata) leave at once while fewer than four frames of reads are
    /// unanswered, and gather into one request otherwise, unless something else is queued behind them or recent replies
    /// had more than 32 KiB. Results,
    /// errors, order, deadlines and cancellation are those of single reads. It needs servers from 3.6: under load, once per
    /// connection, the client lets everything be answered and then asks, and an older server hangs up then, once in a
    /// session. See [`servers_from`](Self::servers_from).
    pub fn read_coalescing(mut self, on: bool) -> Self {
        self.coalescing = on;
        self
    }

    /// Tells that all servers are of this release or a later one, so that they need not be asked for what they know.
    /// Default: nothing is assumed. At present it matters for [`read_coalescing`](Self::read_coalescing) alone.
    pub fn servers_from(mut self, major: u32, minor: u32) -> Self {
        self.multi_read_is_known = (major, minor) >= (3, 6);
        self
    }

    /// Adds credentials, presented on each connection before anything else: `("digest", "user:password")`.
    pub fn auth(mut self, scheme: impl Into<String>, auth: impl Into<Bytes>) -> Self {
        self.config.auth.push(Credential::new(scheme, auth));
        self
    }

    /// Sets what happens when the session expires. Default: [`OnExpiry::NewSession`].
    pub fn on_expiry(mut self, policy: OnExpiry) -> Self {
        self.on_expiry = policy;
        self
    }

    /// Sets how it is proven that held nodes are safe. Default: [`Confirm::Active`], one small quorum write
    /// every sixth of the session timeout while something is held.
    pub fn confirm(mut self, confirm: Confirm) -> Self {
        self.config.confirm = confirm;
        self
    }

    /// Sets how bytes reach a server. Default: [`TcpTransport`].
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the seed of all chance in the session (order of servers, pauses between attempts), so that a run can
    /// be repeated. Default: from the [entropy](Self::entropy).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets where randomness comes from. Default: [`SystemEntropy`]. For simulations alone: two clients, in whatever
    /// process, that draw the same bytes take each other's nodes for their own.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Sets where the client's task runs. Default: the runtime in which [`connect`](Self::connect) is awaited.
    pub fn spawner(mut self, spawner: Arc<dyn Spawner>) -> Self {
        self.spawner = spawner;
        self
    }

    /// Starts the client's task, on the current tokio runtime unless told otherwise, and waits for the first connection.
    ///
    /// # Errors
    ///
    /// `InvalidConfig` for a malformed connect string; `NoServerReachable` with one reason per server;
    /// `AuthFailed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the task ends and a session that was made is closed.
    ///
    /// # Ordering
    ///
    /// Requests of the returned client come after the connection.
    ///
    /// # On session events
    ///
    /// A session that expires while connecting is replaced by a new one.
    pub async fn connect(mut self) -> Result<Client, Error> {
        let parsed: ConnectString = self.connect_string.parse().map_err(|e| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("cannot use {:?}: {e}", self.connect_string),
            )
            .with_op(OpKind::Connect, &self.connect_string)
        })?;
        let servers: Vec<ServerAddr> = parsed
            .hosts
            .iter()
            .map(|h| ServerAddr::new(&h.host, h.port))
            .collect();
        let seed = match self.seed {
            Some(seed) => seed,
            None => u64::from_be_bytes(draw(&*self.entropy)?),
        };
        self.config.servers = servers.len();
        self.config.coalescing = match (self.coalescing, self.multi_read_is_known) {
            (false, _) => Coalescing::Off,
            (true, false) => Coalescing::Probe,
            (true, true) => Coalescing::Known,
        };
        let session_timeout = self.config.session_timeout;
        // What servers grant to those who ask for less; nobody means to give up before.
        let patience = session_timeout.max(SHORTEST_SESSION);
        let limit = self.connect_timeout.unwrap_or(patience);
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let transport = self.transport.unwrap_or_else(TcpTransport::shared);
        let mut renewal = Renewal {
            config: self.config,
            policy: self.on_expiry,
            seed,
        };
        let identities = identities(&renewal.config.auth);
        let core = renewal.first_session(clock.now());
        let request_timeout = self
            .request_timeout
            .unwrap_or_else(|| patience.saturating_mul(2));
        let shared = Arc::new(Shared::new(
            core,
            clock,
            self.entropy,
            servers,
            Some(request_timeout),
            identities,
        ));
        let driver = Driver::new(Arc::clone(&shared), transport, renewal);
        self.spawner.spawn(Box::pin(driver));
        let client = Client::new(Scope::new(Arc::clone(&shared), parsed.chroot));
        let started = shared.clock.now();
        let connected = timeout(limit, first_connection(&shared, self.patient)).await;
        match connected {
            Ok(Ok(())) => Ok(client),
            Ok(Err(State::AuthFailed)) => Err(refused(&shared)),
            Ok(Err(_)) | Err(_) => Err(unreachable(&shared, started)),
        }
    }
}

/// Two ticks of a stock server.
const SHORTEST_SESSION: Duration = Duration::from_secs(4);

async fn first_connection(shared: &Shared, patient: bool) -> Result<(), State> {
    let mut states = shared.state.subscribe();
    let mut attempts = shared.attempts.subscribe();
    loop {
        let state = *states.borrow_and_update();
        match state {
            State::Connected { .. } => return Ok(()),
            State::AuthFailed | State::Closed => return Err(state),
            _ if !patient && every_server_failed(shared) => return Err(state),
            _ => {}
        }
        tokio::select! {
            biased;
            changed = states.changed() => changed.map_err(|_| State::Closed)?,
            changed = attempts.changed() => changed.map_err(|_| State::Closed)?,
        }
    }
}

fn every_server_failed(shared: &Shared) -> bool {
    let inner = shared.lock();
    (0..shared.servers.len()).all(|i| inner.core.server_failure(ServerId::from_index(i)).is_some())
}

/// Who the client is, without secrets.
fn identities(auth: &[Credential]) -> String {
    let names: Vec<String> = auth
        .iter()
        .map(|credential| {
            let user = credential
                .auth()
                .split(|byte| *byte == b':')
                .next()
                .unwrap_or_default();
            match credential.scheme() {
                "digest" => format!("digest:{}", String::from_utf8_lossy(user)),
                scheme => scheme.to_owned(),
            }
        })
        .collect();
    names.join(", ")
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("connect_string", &self.connect_string)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
