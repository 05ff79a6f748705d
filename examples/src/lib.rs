//! What the programs in `src/bin` share, so that each is about one thing.

use std::io;

use zk_recipes::{Client, Error};

/// A client of the servers in `ZK_CONNECT`.
///
/// # Errors
///
/// As [`ClientBuilder::connect`](zk_recipes::ClientBuilder::connect).
pub async fn connect() -> Result<Client, Error> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    Client::builder(servers).connect().await
}

/// Resolves when the program is to stop: Ctrl-C, or SIGTERM as orchestrators send it.
pub async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    // Without a handler the signal ends the program, which is right as well.
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Stands still, with all that this thread does, until a line comes in; false if there will be none.
///
/// # Errors
///
/// If standard input cannot be read.
pub fn wait_for_a_line() -> io::Result<bool> {
    Ok(io::stdin().read_line(&mut String::new())? > 0)
}
