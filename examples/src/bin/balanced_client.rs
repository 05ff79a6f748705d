//! Calls a service of which there are many: hyper's client, balanced by tower over the instances that are registered now.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-examples --bin balanced_client`; each line on standard input is a call.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::balance::p2c::Balance;
use tower::load::{CompleteOnResponse, PendingRequestsDiscover};
use tower::{Service, ServiceExt as _};
use zk_examples::{connect, wait_for_a_line};
use zk_recipes::discovery::Discovery;

/// The longest greeting that is read, in bytes.
const LONGEST: usize = 4096;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One instance, as a service that answers a path with a text.
struct Endpoint {
    http: Client<HttpConnector, Body>,
    authority: String,
}

impl Service<&'static str> for Endpoint {
    type Response = String;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<String, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, path: &'static str) -> Self::Future {
        let (http, uri) = (
            self.http.clone(),
            format!("http://{}{path}", self.authority),
        );
        Box::pin(async move {
            let answer = http.request(Request::get(uri).body(Body::empty())?).await?;
            let body = to_bytes(Body::new(answer.into_body()), LONGEST).await?;
            Ok(String::from_utf8_lossy(&body).into_owned())
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let zk = connect().await?;
    let services = Discovery::new(&zk, "/services")?;
    let (view, driver) = services.view("greeter")?.keep();
    let driver = tokio::spawn(driver);
    let view = view.loaded().await?;
    let http = Client::builder(TokioExecutor::new()).build_http();
    let endpoints = view.discover(move |instance| {
        let authority = instance.authority()?;
        Some(Endpoint {
            http: http.clone(),
            authority,
        })
    });
    // The less busy of two that are drawn at random.
    let endpoints = PendingRequestsDiscover::new(endpoints, CompleteOnResponse::default());
    let mut balance = Balance::new(endpoints);
    println!("ready");
    while tokio::task::spawn_blocking(wait_for_a_line).await?? {
        // Waits while there is no instance.
        match balance.ready().await?.call("/").await {
            Ok(answer) => println!("{answer}"),
            Err(failure) => println!("failed: {failure}"),
        }
    }
    drop((balance, view));
    driver.await??;
    zk.close().await?;
    Ok(())
}
