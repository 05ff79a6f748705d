//! Configures and connects a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use zk_session::{
    Coalescing, Confirm, Credential, DigestMd5, ServerId, SessionConfig, SessionTicket,
};

pub use crate::driver::renewal::OnExpiry;

use crate::client::Client;
use crate::driver::renewal::Renewal;
use crate::driver::task::Driver;
use crate::ensemble::Ensemble;
use crate::error::{Error, ErrorKind, OpKind};
use crate::identity::Identity;
use crate::resolver::{Resolver, SystemResolver};
use crate::secure::Secure;
use crate::shared::clock::{Clock, SystemClock};
use crate::shared::entropy::{Entropy, SystemEntropy, draw};
use crate::shared::handle::Shared;
use crate::shared::scope::Scope;
use crate::spawner::{CurrentRuntime, Spawner};
use crate::state::State;
use crate::tcp::TcpTransport;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::narrator::Narrator;
#[cfg(feature = "__tls")]
use crate::tls::TlsConfig;
use crate::tracking::{follow_config, follow_service};
use crate::transport::Transport;
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
    /// Whether the oldest server does, if anybody said.
    knows_multi_read: Option<bool>,
    on_expiry: OnExpiry,
    ticket: Option<SessionTicket>,
    tracks: bool,
    transport: Option<Arc<dyn Transport>>,
    #[cfg(feature = "__tls")]
    tls: Option<TlsConfig>,
    resolver: Arc<dyn Resolver>,
    clock: Option<Arc<dyn Clock>>,
    seed: Option<u64>,
    entropy: Arc<dyn Entropy>,
    spawner: Arc<dyn Spawner>,
    name: String,
}

impl Client {
    /// Starts to configure a client of the ensemble `host[:port][,host[:port]…][/chroot]`, or of the servers of a service
    /// (DNS SRV), `dns-srv://name[/chroot]`, which are looked up again every minute and when the connection is lost.
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
            knows_multi_read: None,
            on_expiry: OnExpiry::default(),
            ticket: None,
            tracks: false,
            transport: None,
            #[cfg(feature = "__tls")]
            tls: None,
            resolver: Arc::new(SystemResolver),
            clock: None,
            seed: None,
            entropy: Arc::new(SystemEntropy),
            spawner: Arc::new(CurrentRuntime),
            name: "zk".to_owned(),
        }
    }
}

impl ClientBuilder {
    /// Sets the name of this client in logs and metrics. Default: `zk`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

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

    /// Sets how many requests may wait to be sent or answered, and how many bytes of them to be sent. Default: 65,536
    /// and 64 MiB.
    ///
    /// Beyond that requests fail with `QueueFull` and were not applied. What cleans up is exempt.
    pub fn max_queue(mut self, requests: usize, bytes: usize) -> Self {
        self.config.max_queue = requests;
        self.config.max_queue_bytes = bytes;
        self
    }

    /// Sets whether reads that wait their turn travel together. Default: on.
    ///
    /// Reads without a watch (`get`, `children` without metadata) leave at once while fewer than four frames of reads are
    /// unanswered, and gather into one request otherwise, unless something else is queued behind them or recent replies
    /// had more than 32 KiB. Who asks for the same then shares one read, whatever its size. Results, errors, order, deadlines and cancellation are those of single reads. It needs servers from 3.6: under load, once per
    /// connection, the client lets everything be answered and then asks, and an older server hangs up then, once in a
    /// session. See [`servers_from`](Self::servers_from).
    pub fn read_coalescing(mut self, on: bool) -> Self {
        self.coalescing = on;
        self
    }

    /// Tells the release of the oldest server, so that servers need not be asked for what they know: what that one lacks is
    /// not tried. Default: nothing is assumed. At present it matters for [`read_coalescing`](Self::read_coalescing) alone.
    pub fn servers_from(mut self, major: u32, minor: u32) -> Self {
        self.knows_multi_read = Some((major, minor) >= (3, 6));
        self
    }

    /// Sets whether requests wait until there is a connection, for as long as they may take. Default: yes.
    ///
    /// If not, those that have not left fail with `ConnectionLost`, not applied, each time all servers were tried once in
    /// vain. Recipes then fail in an outage where they would have gone on after it.
    pub fn wait_for_connection(mut self, wait: bool) -> Self {
        self.config.wait_for_connection = wait;
        self
    }

    /// Adds credentials, presented on each connection before anything else: `("digest", "user:password")`.
    pub fn auth(mut self, scheme: impl Into<String>, auth: impl Into<Bytes>) -> Self {
        self.config.auth.push(Credential::new(scheme, auth));
        self
    }

    /// Proves by SASL who the client is, on each connection before anything else, and that the server knows the password,
    /// too. Needs servers with `authProvider.sasl` and a JAAS file. Default: nobody.
    ///
    /// The password itself is not sent, but whoever reads the exchange may try passwords against it at leisure: encrypt
    /// the connection.
    pub fn sasl(mut self, user: DigestMd5) -> Self {
        self.config.sasl = Some(user);
        self
    }

    /// Sets what happens when the session expires. Default: [`OnExpiry::NewSession`].
    pub fn on_expiry(mut self, policy: OnExpiry) -> Self {
        self.on_expiry = policy;
        self
    }

    /// Takes over the session that another client [left](Client::detach), with its ephemeral nodes.
    ///
    /// If it has expired meanwhile the client goes on with a new session, of [generation](Client::generation) 2; with
    /// [`OnExpiry::Stop`] [`connect`](Self::connect) fails with `SessionExpired` instead.
    pub fn resume(mut self, ticket: SessionTicket) -> Self {
        self.ticket = Some(ticket);
        self
    }

    /// Lets the client use servers that have lost their quorum and can only read. Default: no.
    ///
    /// On such a server writes fail with `ReadOnlyServer`, and the client asks the others whether they can write; it goes
    /// to the first that can. A session that was made by a read-only server has no ephemeral nodes, and gets another
    /// [id](Client::session_id) there. Servers need `readonlymode.enabled`, and from 3.7 `localSessionsEnabled`.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.config.read_only_ok = read_only;
        self
    }

    /// Sets how long [`close`](Client::close) and [`detach`](Client::detach) may take. Default: 3 s.
    pub fn close_grace(mut self, grace: Duration) -> Self {
        self.config.close_grace = grace;
        self
    }

    /// Lets the client follow the ensemble's own list of its servers (`/zookeeper/config`, from 3.5), as
    /// [`update_servers`](Client::update_servers) would. Default: no, because servers may know each other by addresses
    /// that clients cannot reach.
    ///
    /// A list in which one of the servers does not tell its port for clients is not taken.
    pub fn track_ensemble(mut self, track: bool) -> Self {
        self.tracks = track;
        self
    }

    /// Sets how it is proven that held nodes are safe. Default: [`Confirm::Active`], one small quorum write
    /// every sixth of the session timeout while something is held.
    pub fn confirm(mut self, confirm: Confirm) -> Self {
        self.config.confirm = confirm;
        self
    }

    /// Encrypts every connection, whatever [transport](Self::transport) it goes over. Default: plain text.
    ///
    /// Servers listen for it on a port of its own (`secureClientPort`, often 2281).
    #[cfg(feature = "__tls")]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.config.encrypted = true;
        self.tls = Some(tls);
        self
    }

    /// Sets how bytes reach a server. Default: [`TcpTransport`].
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets how names become addresses. Default: [`SystemResolver`]. A [`transport`](Self::transport) of your own looks
    /// up servers itself; services (`dns-srv://`) are looked up here in any case.
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
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
    /// `InvalidConfig` for a malformed connect string, or if a file that TLS needs cannot be used; `NoServerReachable`
    /// with one reason per server, or `Tls` if all of them are about the encryption; `AuthFailed`; `SessionExpired` if
    /// the session to [resume](Self::resume) is gone and none may follow it.
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
        let ensemble = Ensemble::find(&self.connect_string, &*self.resolver).await?;
        let (security, has_certificate) = self.security().await?;
        let seed = match self.seed {
            Some(seed) => seed,
            None => u64::from_be_bytes(draw(&*self.entropy)?),
        };
        self.config.servers = ensemble.servers.len();
        self.config.coalescing = match (self.coalescing, self.knows_multi_read) {
            (false, _) | (_, Some(false)) => Coalescing::Off,
            (true, None) => Coalescing::Probe,
            (true, Some(true)) => Coalescing::Known,
        };
        let session_timeout = self.config.session_timeout;
        // What servers grant to those who ask for less; nobody means to give up before.
        let patience = session_timeout.max(SHORTEST_SESSION);
        let limit = self.connect_timeout.unwrap_or(patience);
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let resolver = self.resolver;
        let transport = self
            .transport
            .unwrap_or_else(|| Arc::new(TcpTransport::new(Arc::clone(&resolver), seed)));
        let mut renewal = Renewal {
            config: self.config,
            policy: self.on_expiry,
            ticket: self.ticket,
            seed,
        };
        let identity = Identity::new(&renewal.config, has_certificate);
        let core = renewal.first_session(clock.now());
        let request_timeout = self
            .request_timeout
            .unwrap_or_else(|| patience.saturating_mul(2));
        let shared = Arc::new(Shared::new(
            core,
            clock,
            self.entropy,
            ensemble.servers,
            Some(request_timeout),
            self.on_expiry == OnExpiry::Stop,
            identity,
        ));
        let narrator = Narrator::new(&self.name, &shared.lock().servers, ensemble.chroot.path());
        let metrics = Metrics::new(&self.name);
        let driver = Driver::new(
            Arc::clone(&shared),
            transport,
            security,
            renewal,
            narrator,
            metrics,
        );
        self.spawner.spawn(Box::pin(driver));
        if let Some(service) = ensemble.service {
            let follow = follow_service(Arc::clone(&shared), resolver, service);
            self.spawner.spawn(Box::pin(follow));
        }
        if self.tracks {
            let follow = follow_config(Arc::clone(&shared));
            self.spawner.spawn(Box::pin(follow));
        }
        let client = Client::new(Scope::new(Arc::clone(&shared), ensemble.chroot));
        let started = shared.clock.now();
        let connected = timeout(limit, first_connection(&shared, self.patient)).await;
        match connected {
            Ok(Ok(())) => Ok(client),
            Ok(Err(State::AuthFailed)) => Err(refused(&shared)),
            Ok(Err(State::Expired { .. })) => Err(outlived(&shared)),
            Ok(Err(_)) | Err(_) => Err(unreachable(&shared, started)),
        }
    }
}

impl ClientBuilder {
    /// What encrypts connections, found to be usable, and whether it shows a certificate.
    #[cfg(feature = "__tls")]
    async fn security(&mut self) -> Result<(Option<Arc<dyn Secure>>, bool), Error> {
        let Some(tls) = self.tls.take() else {
            return Ok((None, false));
        };
        let shows = tls.has_identity();
        let unusable = |why: String| {
            Error::new(ErrorKind::InvalidConfig, why).with_op(OpKind::Connect, &self.connect_string)
        };
        tls.material().await.map_err(unusable)?;
        Ok((Some(Arc::new(tls)), shows))
    }

    #[cfg(not(feature = "__tls"))]
    async fn security(&mut self) -> Result<(Option<Arc<dyn Secure>>, bool), Error> {
        Ok((None, false))
    }
}

/// Two ticks of a stock server.
const SHORTEST_SESSION: Duration = Duration::from_secs(4);

async fn first_connection(shared: &Shared, patient: bool) -> Result<(), State> {
    let mut states = shared.state.subscribe();
    let mut attempts = shared.attempts.subscribe();
    loop {
        let state = states.take();
        match state {
            State::Connected { .. } => return Ok(()),
            _ if shared.is_last(state) => return Err(state),
            _ if !patient && every_server_failed(shared) => return Err(state),
            _ => {}
        }
        tokio::select! {
            biased;
            changed = states.changed() => { changed.ok_or(State::Closed)?; }
            changed = attempts.changed() => changed.map_err(|_| State::Closed)?,
        }
    }
}

fn every_server_failed(shared: &Shared) -> bool {
    let inner = shared.lock();
    (0..inner.servers.len()).all(|i| inner.core.server_failure(ServerId::from_index(i)).is_some())
}

/// The session to resume is gone.
fn outlived(shared: &Shared) -> Error {
    let expiry = shared.lock().expiry.clone();
    let text = match expiry {
        Some(expiry) => format!("cannot resume session {}: it has expired", expiry.session),
        None => "cannot resume the session: it has expired".to_owned(),
    };
    Error::new(ErrorKind::SessionExpired, text)
        .with_op(OpKind::Connect, "/")
        .with_hint(
            "a session outlives the client that left it by its timeout alone; connect without it",
        )
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("connect_string", &self.connect_string)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
