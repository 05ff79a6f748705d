//! What is said when something held is gone or may be.

use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{Client, State};

use super::grip::{Lost, Sight};

/// Why it was lost. A node that is gone may be the first news of a session that is gone.
pub(super) async fn told(client: &Client, sight: &Sight, lost: Lost) -> String {
    if !lost.by_expiry {
        if let Some(news) = expired(client, sight).await {
            return news;
        }
    }
    lost.why
}

/// Why it is not certain any more that it is held.
pub(super) async fn doubt(client: &Client, sight: &Sight) -> String {
    let stall = client.longest_stall();
    let is_stall = stall >= client.session_timeout() / 4;
    if is_stall {
        if let Some(news) = expired(client, sight).await {
            return news;
        }
    }
    let mut text = format!(
        "it is not certain any more that {} is held: the servers confirmed it too long ago",
        sight.title()
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
pub(super) async fn unseen(client: &Client, sight: &Sight) -> String {
    let stall = client.longest_stall().as_secs_f64();
    match expired(client, sight).await {
        Some(news) => news,
        None => format!(
            "zkctl did not run for {stall:.1} s and could not see whether {} is held",
            sight.title()
        ),
    }
}

/// That the session has expired, if it has: known when the connection is there again, or a moment later.
async fn expired(client: &Client, sight: &Sight) -> Option<String> {
    let _ = timeout(NEWS, settled(client)).await;
    let expiry = sight.expiry()?;
    let what = [sight.noun(), sight.title()].join(" ");
    Some(format!("lost {}: {}", what.trim_start(), expiry.reason()))
}

/// Waits until the connection is there or known to be over.
async fn settled(client: &Client) {
    let mut states = client.watch_state();
    while matches!(states.changed().await, Some(State::Suspended { .. })) {}
}

/// How long the fate of the session is waited for.
const NEWS: Duration = Duration::from_secs(1);
