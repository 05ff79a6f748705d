//! Secrets appear nowhere: in no log at whatever level, no error, no `Debug`.
//!
//! A program of its own: its subscriber is the process's and there before anything is said, because tracing remembers
//! whether a line is of interest and lets the thread that first says it decide.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

#[path = "../tls/kit.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod kit;

use std::fmt::{Debug, Write as _};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use zk_client::{
    Acl, BoxStream, Client, DigestMd5, Error, PipeTransport, ServerAddr, TlsConfig, Transport,
};
use zk_embedded::{EmbeddedServer, Match, PipeServer, ServerConfig};
use zk_recipes::Mutex as Lock;
use zk_tests::pki::{Authority, Request};
use zk_wire::jute::{Decode as _, Reader};
use zk_wire::{ConnectResponse, ErrorCode, OpCode};

use crate::kit::{builder, shows, trusting};

/// Everything that was said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Said {
    fn add(&self, text: &str) {
        let mut all = self.0.lock().unwrap();
        all.push_str(text);
        all.push('\n');
    }

    fn debug(&self, value: &impl Debug) {
        self.add(&format!("{value:?} {value:#?}"));
    }

    /// An error with all that caused it.
    fn error(&self, error: &Error) {
        self.debug(error);
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            self.add(&error.to_string());
            cause = error.source();
        }
    }

    /// That the secret is in it in no form.
    fn assert_without(&self, what: &str, secret: &[u8]) {
        let all = self.0.lock().unwrap();
        let hex: String = secret.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let numbers = format!("{secret:?}");
        let forms = [
            String::from_utf8_lossy(secret).into_owned(),
            secret.escape_ascii().to_string(),
            hex.to_uppercase(),
            hex,
            STANDARD.encode(secret).trim_end_matches('=').to_owned(),
            numbers.trim_matches(['[', ']']).to_owned(),
        ];
        for form in forms {
            assert!(!all.contains(&form), "the {what} was said as {form:?}");
        }
    }
}

/// Writes down each event and each span, at every level.
struct Scribe {
    said: Said,
    spans: AtomicU64,
}

struct Fields<'a>(&'a Said);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.add(&format!("{field}={value:?}"));
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Fields(&self.said));
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&self.said));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&self.said));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// All that this process says from now on, that of the other test too.
fn listen() -> Said {
    static SAID: LazyLock<Said> = LazyLock::new(|| {
        let said = Said::default();
        let scribe = Scribe {
            said: said.clone(),
            spans: AtomicU64::new(0),
        };
        tracing::subscriber::set_global_default(scribe).unwrap();
        said
    });
    let said = SAID.clone();
    tracing::trace!(heard = "the canary test listens", "hello");
    assert!(said.0.lock().unwrap().contains("the canary test listens"));
    said
}

const DIGEST: &str = "Canary-of-digest-7f3a";
const SASL: &str = "Canary-of-sasl-91bc";

#[tokio::test]
async fn passwords_and_keys_are_in_no_log_no_error_and_no_debug_output() {
    let said = listen();
    let authority = Authority::new("the authority");
    let mine = authority.issue(Request::subject("app"));
    let secret_key = mine.key.lines().nth(1).unwrap().to_owned();
    let server_key = authority.issue(Request::names(&["zk1"]));
    let configure = |config: &mut ServerConfig| {
        config.sasl_users.add("app", SASL);
        said.debug(config);
    };
    let tls = shows(&server_key).client_ca(authority.pem());
    said.debug(&tls);
    let server = EmbeddedServer::builder().tls(tls).configure(configure);
    said.debug(&server);
    let server = server.start().await.unwrap();
    let client = |user: &str, password: &str, digest: &str| {
        let tls: TlsConfig =
            trusting(&authority).client_certificate_pem(mine.certificate.clone(), mine.key.clone());
        said.debug(&tls);
        let user = DigestMd5::new(user, password);
        said.debug(&user);
        let client = builder(&[("zk1", server.addr())], tls).sasl(user);
        let client = client.auth("digest", format!("alice:{digest}"));
        said.debug(&client);
        client
    };
    let zk = client("app", SASL, DIGEST).connect().await.unwrap();
    said.debug(&zk);
    let acl = [Acl::digest("alice", DIGEST)];
    zk.create("/mine", "x").acl(acl).await.unwrap();
    said.debug(&Lock::new(&zk, "/lock").unwrap());
    let guard = Lock::new(&zk, "/lock").unwrap().acquire().await.unwrap();
    said.debug(&guard);
    server.hooks().cut_all();
    zk.get("/mine").await.unwrap();
    guard.release().await.unwrap();
    said.error(&zk.get("/missing").await.unwrap_err());

    // Refusals of everything that can be refused.
    let stranger = client("app", SASL, "another").connect().await.unwrap();
    said.error(&stranger.get("/mine").await.unwrap_err());
    // Nobody else is to meet the refusal of a reconnect below.
    stranger.close().await.unwrap();
    said.error(
        &client("app", "Canary-of-sasl-91bd", DIGEST)
            .connect()
            .await
            .unwrap_err(),
    );
    let unknown = client("app", SASL, DIGEST)
        .auth("nonesuch", DIGEST)
        .connect()
        .await;
    said.error(&unknown.unwrap_err());
    let rule = Match::op(OpCode::Sasl);
    server.hooks().on(rule).error(ErrorCode::AuthFailed);
    server.hooks().cut_all();
    said.error(&zk.get("/mine").await.unwrap_err());
    for unusable in [
        trusting(&authority).client_certificate_pem(mine.key.clone(), mine.key.clone()),
        trusting(&authority)
            .client_certificate_pem(mine.certificate.clone(), format!("{}x", mine.key)),
        TlsConfig::new().ca_pem(mine.key.clone()),
    ] {
        if let Err(error) = Client::builder("zk1").tls(unusable).connect().await {
            said.error(&error);
        }
    }
    said.assert_without("digest password", DIGEST.as_bytes());
    said.assert_without("SASL password", SASL.as_bytes());
    said.assert_without("wrong password", b"Canary-of-sasl-91bd");
    said.assert_without("client's key", secret_key.as_bytes());
    let secret_key = server_key.key.lines().nth(1).unwrap();
    said.assert_without("server's key", secret_key.as_bytes());
}

/// Keeps what servers say first on each connection.
#[derive(Debug)]
struct Eavesdropper {
    inner: PipeTransport,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

struct Overheard {
    stream: BoxStream,
    at: usize,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

#[async_trait]
impl Transport for Eavesdropper {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let stream = self.inner.dial(server).await?;
        let mut heard = self.heard.lock().unwrap();
        heard.push(Vec::new());
        Ok(Box::new(Overheard {
            stream,
            at: heard.len() - 1,
            heard: Arc::clone(&self.heard),
        }))
    }
}

impl AsyncRead for Overheard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let fresh = &buf.filled()[before..];
        self.heard.lock().unwrap()[self.at].extend_from_slice(fresh);
        read
    }
}

impl AsyncWrite for Overheard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whoever has it can take the session, and with it every lock.
#[tokio::test(start_paused = true)]
async fn the_password_of_the_session_is_in_no_log_no_error_and_no_debug_output() {
    let said = listen();
    let server = PipeServer::builder().in_memory();
    let heard = Arc::default();
    let transport = Eavesdropper {
        inner: PipeTransport::to(&server),
        heard: Arc::clone(&heard),
    };
    let client = Client::builder("embedded").transport(Arc::new(transport));
    let zk = client.clock(Arc::new(zk_client::TokioClock::default()));
    let zk = zk.connect().await.unwrap();
    let guard = Lock::new(&zk, "/lock").unwrap().acquire().await.unwrap();
    server.hooks().cut_all();
    zk.exists("/").await.unwrap();
    for value in [
        &zk as &dyn Debug,
        &guard,
        &zk.state(),
        &zk.session_id(),
        &zk.stats(),
        &server,
        &server.hooks(),
        &server.hooks().sessions(),
    ] {
        said.debug(&value);
    }
    server.hooks().expire(zk.session_id().unwrap());
    tokio::time::sleep(Duration::from_secs(1)).await;
    said.debug(&guard.held());
    let lost = guard.release().await;
    said.add(&format!("{lost:?}"));
    zk.close().await.unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 1, "{}", heard.len());
    for first in heard.iter().filter(|first| first.len() > 4) {
        let frame = bytes::Bytes::copy_from_slice(&first[4..]);
        let response = ConnectResponse::decode(&mut Reader::new(frame)).unwrap();
        if response.is_valid() {
            assert_eq!(response.password.len(), 16);
            said.assert_without("session's password", &response.password);
        }
    }
}
