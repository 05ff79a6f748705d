//! A service that is found by others: it is registered while it runs and is well.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-examples --bin discovered_service -- 127.0.0.1:8080`, as often as you like with
//! other ports, and `balanced_client` to call them.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use zk_examples::{connect, stopped};
use zk_recipes::discovery::{Check, Discovery, Instance, WhileUnhealthy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let listener =
        tokio::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let address = listener.local_addr()?;
    let zk = connect().await?;
    let services = Discovery::new(&zk, "/services")?;
    let me = Instance::builder("greeter").address(address.ip().to_string());
    let (registration, driver) = services.register(me.port(address.port()).build())?;
    let driver = tokio::spawn(driver);
    let check = Check::http(address.ip().to_string(), address.port(), "/health")?
        .interval(Duration::from_secs(2))
        .while_unhealthy(WhileUnhealthy::Withdraw);
    let (_health, checking) = registration.check(check);
    tokio::spawn(checking);
    println!("listening on {address}");
    let routes = Router::new()
        .route("/health", get(async || "well\n"))
        .route("/", get(async move || format!("{address} greets you")));
    let last_words = async move {
        stopped().await;
        // Callers hear of it before the door is closed.
        registration.unregister();
        driver.await
    };
    let (send, receive) = tokio::sync::oneshot::channel();
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move {
            let _ = send.send(last_words.await);
        })
        .await?;
    receive.await???;
    zk.close().await?;
    Ok(())
}
