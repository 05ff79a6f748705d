//! What `lock` says when the lock is gone or may be.

use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{Client, Held, LockLost, State};

/// Why the lock was lost. A node that is gone may be the first news of a session that is gone: a moment later it is known.
pub(super) async fn told(client: &Client, held: &Held, lost: &LockLost) -> String {
    if lost.expiry.is_none() {
        let _ = timeout(NEWS, settled(client)).await;
        if let Some(expiry) = held.expiry() {
            let (path, token) = (held.path(), held.token());
            return format!("lost the lock {path} (token {token}): {}", expiry.reason());
        }
    }
    lost.to_string()
}

/// Waits until the connection is there or known to be over.
async fn settled(client: &Client) {
    let mut states = client.watch_state();
    while matches!(states.changed().await, Some(State::Suspended { .. })) {}
}

/// Why it is not certain any more that the lock is held.
pub(super) fn doubt(client: &Client, title: &str) -> String {
    let mut text = format!(
        "it is not certain any more that {title} is held: the servers confirmed it too long ago"
    );
    let stall = client.longest_stall();
    if stall >= client.session_timeout() / 4 {
        text.push_str(&format!(
            " (zkctl did not run for {:.1} s)",
            stall.as_secs_f64()
        ));
    } else if let Some(outage) = client.outage() {
        text.push_str(&format!(" ({outage})"));
    }
    text
}

/// Why the watchdog had to act.
pub(super) fn unseen(client: &Client, title: &str) -> String {
    format!(
        "zkctl did not run for {:.1} s and could not see whether {title} is held",
        client.longest_stall().as_secs_f64()
    )
}

/// How long the fate of the session is waited for.
const NEWS: Duration = Duration::from_secs(1);
