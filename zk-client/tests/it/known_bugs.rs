//! Bugs that other clients had, and what their suites ask for: each by its id in
//! `docs/client-defects.md` and `docs/client-behaviours.md`.

use std::future::Future;
use std::time::Duration;

mod broken_links;
mod chroots;
mod closing;
mod connecting;
mod failover;
mod links;
mod reconnecting;
mod requests;
mod watching;

/// What the future yields within a minute of virtual time: a test fails rather than waits for ever.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    let ended = tokio::time::timeout(limit, future).await;
    ended.unwrap_or_else(|_| panic!("it has not happened after a minute"))
}
