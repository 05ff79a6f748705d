//! What `lock` says when the lock is gone or may be.

use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{Client, Held, LockLost, State};

/// Why the lock was lost. A node that is gone may be the first news of a session that is gone.
pub(super) async fn told(client: &Client, held: &Held, lost: &LockLost) -> String {
    if lost.expiry.is_none() {
        if let Some(news) = expired(client, held).await {
            return news;
        }
    }
    lost.to_string()
}

/// Why it is not certain any more that the lock is held.
pub(super) async fn doubt(client: &Client, held: &Held) -> String {
    let stall = client.longest_stall();
    let is_stall = stall >= client.session_timeout() / 4;
    if is_stall {
        if let Some(news) = expired(client, held).await {
            return news;
        }
    }
    let mut text = format!(
        "it is not certain any more that {} is held: the servers confirmed it too long ago",
        title(held)
    );
    if is_stall {
        let seconds = stall.as_secs_f64();
        text.push_str(&format!(" (zkctl did not run for {seconds:.1} s)"));
    } else if let Some(outage) = client.outage() {
        text.push_str(&format!(" ({outage})"));
    }
    text
}

/// Why the watchdog had to act.
pub(super) async fn unseen(client: &Client, held: &Held) -> String {
    let stall = client.longest_stall().as_secs_f64();
    match expired(client, held).await {
        Some(news) => news,
        None => format!(
            "zkctl did not run for {stall:.1} s and could not see whether {} is held",
            title(held)
        ),
    }
}

/// The lock and its token, as messages name them.
pub(super) fn title(held: &Held) -> String {
    format!("{} (token {})", held.path(), held.token())
}

/// That the session has expired, if it has: known when the connection is there again, or a moment later.
async fn expired(client: &Client, held: &Held) -> Option<String> {
    let _ = timeout(NEWS, settled(client)).await;
    let expiry = held.expiry()?;
    Some(format!(
        "lost {} {}: {}",
        held.kind(),
        title(held),
        expiry.reason()
    ))
}

/// Waits until the connection is there or known to be over.
async fn settled(client: &Client) {
    let mut states = client.watch_state();
    while matches!(states.changed().await, Some(State::Suspended { .. })) {}
}

/// How long the fate of the session is waited for.
const NEWS: Duration = Duration::from_secs(1);
