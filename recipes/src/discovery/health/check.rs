//! What is checked, and how often.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use zk_client::{Error, ErrorKind, ServerAddr, TcpTransport, Transport};

use super::http;
use super::verdict::Verdict;
use crate::discovery::wanted::WhileUnhealthy;

/// A check of an instance's health, made by the process that registered it or by one beside it.
///
/// Begun with [`Registration::check`](crate::discovery::Registration::check). Unless set otherwise, it is made every 10
/// seconds, may take 2, and one result turns the verdict.
#[derive(Debug)]
#[must_use = "a check does nothing until a registration is checked by it"]
pub struct Check {
    probe: Probe,
    interval: Duration,
    timeout: Duration,
    rise: u32,
    fall: u32,
    policy: WhileUnhealthy,
    transport: Arc<dyn Transport>,
}

#[derive(Debug)]
enum Probe {
    Tcp(ServerAddr),
    Http(ServerAddr, String),
    Ttl(watch::Receiver<Beat>, Duration),
}

#[derive(Debug, Clone)]
struct Beat {
    /// Whether there was any.
    any: bool,
    result: Result<(), String>,
}

/// Tells a [check by heartbeats](Check::ttl) that an instance is well. Once it is dropped, nothing does any more.
#[derive(Debug)]
pub struct Heartbeat {
    beats: watch::Sender<Beat>,
}

impl Heartbeat {
    /// The instance is well, for the next span of time.
    pub fn pass(&self) {
        self.beat(Ok(()));
    }

    /// It is not, until it is said to be.
    pub fn fail(&self, why: impl Into<String>) {
        self.beat(Err(why.into()));
    }

    fn beat(&self, result: Result<(), String>) {
        self.beats.send_replace(Beat { any: true, result });
    }
}

impl Check {
    /// Passes if a TCP connection comes about. It is closed at once.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::new(Probe::Tcp(ServerAddr::new(host, port)))
    }

    /// Passes if a plain HTTP GET of `path` is answered with a status from 200 to 299. Nothing but the status is read; a
    /// redirection is not followed.
    ///
    /// # Errors
    ///
    /// `InvalidConfig` if host or path cannot stand in a request.
    pub fn http(host: impl Into<String>, port: u16, path: &str) -> Result<Self, Error> {
        let server = ServerAddr::new(host, port);
        let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if path.starts_with('/') && fits(path) && fits(&server.host) && !server.host.is_empty() {
            return Ok(Self::new(Probe::Http(server, path.to_owned())));
        }
        let text = format!("no health check can ask {:?} for {path:?}", server.host);
        let hint = "the path begins with a slash; what is not printable ASCII is percent-encoded";
        Err(Error::new(ErrorKind::InvalidConfig, text).with_hint(hint))
    }

    /// Passes as long as the heartbeat is heard at least every `ttl`. The first `ttl` begins with the check.
    pub fn ttl(ttl: Duration) -> (Heartbeat, Self) {
        let (beats, heard) = watch::channel(Beat {
            any: false,
            result: Ok(()),
        });
        (Heartbeat { beats }, Self::new(Probe::Ttl(heard, ttl)))
    }

    fn new(probe: Probe) -> Self {
        Self {
            probe,
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(2),
            rise: 1,
            fall: 1,
            policy: WhileUnhealthy::Drain,
            transport: Arc::new(TcpTransport::default()),
        }
    }

    /// Sets the time between two attempts. A heartbeat has none.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how long an attempt may take before it has failed. A heartbeat has its own.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how many failures in a row make the instance unhealthy.
    pub fn fall(mut self, failures: u32) -> Self {
        self.fall = failures;
        self
    }

    /// Sets how many passes in a row make an unhealthy instance healthy.
    pub fn rise(mut self, passes: u32) -> Self {
        self.rise = passes;
        self
    }

    /// Sets what becomes of the instance while it is unhealthy. Default: it is drained.
    pub fn while_unhealthy(mut self, policy: WhileUnhealthy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how connections are opened. Default: plain TCP.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    pub(super) fn policy(&self) -> WhileUnhealthy {
        self.policy
    }

    pub(super) fn verdict(&self) -> Verdict {
        Verdict::new(self.rise, self.fall)
    }

    /// The next result, when it is due.
    pub(super) async fn result(&mut self, first: bool) -> Result<(), String> {
        if let Probe::Ttl(heard, ttl) = &mut self.probe {
            return beat(heard, *ttl).await;
        }
        if !first {
            sleep(self.interval).await;
        }
        let limit = self.timeout;
        match timeout(limit, self.attempt()).await {
            Ok(result) => result,
            Err(_) => Err(format!("no answer within {limit:?}")),
        }
    }

    async fn attempt(&self) -> Result<(), String> {
        let (server, path) = match &self.probe {
            Probe::Tcp(server) => (server, None),
            Probe::Http(server, path) => (server, Some(path)),
            Probe::Ttl(..) => return Ok(()),
        };
        let dialled = self.transport.dial(server).await;
        let stream = dialled.map_err(|error| format!("{server}: {error}"))?;
        let Some(path) = path else {
            return Ok(());
        };
        match http::get(stream, server, path).await {
            Ok(200..=299) => Ok(()),
            Ok(status) => Err(format!("{server} answered {path} with status {status}")),
            Err(error) => Err(format!("{server}: {error}")),
        }
    }
}

/// Waits for a beat, or for as long as one may be missing.
async fn beat(heard: &mut watch::Receiver<Beat>, ttl: Duration) -> Result<(), String> {
    let next = async {
        if heard.changed().await.is_err() {
            pending::<()>().await;
        }
        heard.borrow_and_update().clone().result
    };
    match timeout(ttl, next).await {
        Ok(result) => result,
        Err(_) => {
            let heard = heard.borrow();
            match (heard.any, &heard.result) {
                // It said so, and nothing else since.
                (true, Err(why)) => Err(why.clone()),
                _ => Err(format!("no heartbeat within {ttl:?}")),
            }
        }
    }
}
