//! A service behind the gate, called over HTTP by stale writers: what to do for a service of one's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::request::Builder;
use axum::http::{HeaderMap, HeaderName, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use zk_recipes::gate::header::{self, HeaderError};
use zk_recipes::gate::{BreachKind, GateError, MemoryGate, StaleToken, StaleWriters, TokenGate};

/// What the service stores in.
type Stored = Arc<MemoryGate<Vec<u8>>>;

/// The longest value, in bytes.
const LONGEST: usize = 4096;

/// The token of a request. Two are none: who put the second one there?
fn token(headers: &HeaderMap) -> Result<u64, HeaderError> {
    let mut sent = headers.get_all(header::NAME).iter();
    let token = header::parse(sent.next().map(|value| value.as_bytes()))?;
    match sent.next() {
        None => Ok(token),
        Some(_) => Err(HeaderError::Malformed),
    }
}

/// Compares, remembers and writes in one step.
async fn put(State(stored): State<Stored>, headers: HeaderMap, body: Bytes) -> Response {
    let token = match token(&headers) {
        Ok(token) => token,
        Err(error) => return (status(error.status()), format!("{error}\n")).into_response(),
    };
    match stored.enter(token) {
        Ok(mut stored) => *stored = body.to_vec(),
        Err(stale) => return refuse(stale),
    }
    StatusCode::NO_CONTENT.into_response()
}

/// Compares first and writes then, as one who checks the header in a layer of its own.
async fn put_in_two_steps(
    State(stored): State<Stored>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = match token(&headers) {
        Ok(token) => token,
        Err(error) => return (status(error.status()), format!("{error}\n")).into_response(),
    };
    if let Err(stale) = StaleToken::check(token, stored.highest()) {
        return refuse(stale);
    }
    // A holder, here one with an even token, stands still here until the next one has written, or for a moment if none does.
    let start = Instant::now();
    let is_alone = || stored.highest().is_none_or(|highest| highest <= token);
    while token % 2 == 0 && is_alone() && start.elapsed() < Duration::from_millis(5) {
        tokio::task::yield_now().await;
    }
    let highest = stored.highest().unwrap_or(0).max(token);
    match stored.enter(highest) {
        Ok(mut stored) => *stored = body.to_vec(),
        Err(stale) => return refuse(stale),
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn read(State(stored): State<Stored>) -> Vec<u8> {
    stored.read(Clone::clone)
}

/// The answer to a stale one names the highest token, in the same header.
fn refuse(stale: StaleToken) -> Response {
    let highest = [(
        HeaderName::from_static("fencing-token"),
        header::format(stale.highest),
    )];
    (status(StaleToken::STATUS), highest, format!("{stale}\n")).into_response()
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap()
}

/// The service, and a client of it.
struct Remote {
    runtime: Runtime,
    address: SocketAddr,
    http: Client<HttpConnector, Body>,
}

impl Remote {
    fn new(put: axum::routing::MethodRouter<Stored>) -> Self {
        let stored: Stored = Arc::new(MemoryGate::new(Vec::new()));
        let routes = Router::new()
            .route("/value", put.merge(get(read)))
            .with_state(stored);
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, routes).await });
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self {
            runtime,
            address,
            http,
        }
    }

    /// What is answered to a request, and the token in that.
    fn ask(&self, request: Builder, body: &[u8]) -> Result<Answer, Box<dyn std::error::Error>> {
        let request = request
            .uri(format!("http://{}/value", self.address))
            .body(Body::from(body.to_vec()))?;
        self.runtime.block_on(async {
            let answer = self.http.request(request).await?;
            let highest = answer.headers().get(header::NAME);
            Ok(Answer {
                status: answer.status().as_u16(),
                highest: highest.map(|value| header::parse(Some(value.as_bytes()))),
                body: to_bytes(Body::new(answer.into_body()), LONGEST).await?,
            })
        })
    }
}

struct Answer {
    status: u16,
    highest: Option<Result<u64, HeaderError>>,
    body: Bytes,
}

/// What went wrong besides a stale token.
#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl TokenGate for Remote {
    type Error = Failed;

    fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<Failed>> {
        let failed = |what: String| GateError::Failed(Failed(what));
        let request = Request::put("/").header(header::NAME, header::format(token));
        let answer = self
            .ask(request, value)
            .map_err(|e| failed(e.to_string()))?;
        match (answer.status, answer.highest) {
            (204, _) => Ok(()),
            (StaleToken::STATUS, Some(Ok(highest))) => Err(StaleToken::new(token, highest).into()),
            (status, highest) => Err(failed(format!("status {status}, token {highest:?}"))),
        }
    }

    fn read(&self) -> Result<Vec<u8>, Failed> {
        let answer = self.ask(Request::get("/"), b"");
        let answer = answer.map_err(|e| Failed(e.to_string()))?;
        Ok(answer.body.to_vec())
    }
}

#[test]
fn a_service_lets_no_stale_write_through_over_http() {
    let service = Remote::new(axum::routing::put(put));
    let checked = StaleWriters::new().rounds(10).check(&service).unwrap();
    assert!(checked.refused >= 30, "{checked:?}");
}

#[test]
fn a_service_that_compares_and_writes_in_two_steps_is_found_out_over_http() {
    let service = Remote::new(axum::routing::put(put_in_two_steps));
    let breach = StaleWriters::new().check(&service).unwrap_err();
    let raced = matches!(
        breach.kind,
        BreachKind::Overwritten { .. } | BreachKind::StaleAccepted { .. }
    );
    assert!(raced, "{breach}");
}

#[test]
fn a_request_without_one_token_is_answered_with_what_to_do_and_writes_nothing() {
    let service = Remote::new(axum::routing::put(put));
    service.write(7, b"kept").unwrap();
    let with = |values: &[&str]| {
        let mut request = Request::put("/");
        for value in values {
            request = request.header(header::NAME, *value);
        }
        let answer = service.ask(request, b"lost").unwrap();
        (
            answer.status,
            String::from_utf8(answer.body.to_vec()).unwrap(),
        )
    };
    for (values, status, says) in [
        (&[][..], 428, "send the token of the lock's holder"),
        (&["07"], 400, "decimal digits"),
        (&["8, 9"], 400, "decimal digits"),
        (&["8", "9"], 400, "decimal digits"),
        (&["6"], 412, "with token 7"),
    ] {
        let (answered, text) = with(values);
        assert_eq!(answered, status, "{values:?}: {text}");
        assert!(text.contains(says), "{values:?}: {text}");
    }
    assert_eq!(service.read().unwrap(), b"kept");
}
