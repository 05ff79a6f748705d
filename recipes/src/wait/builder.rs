//! The wait itself, as a builder.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use zk_client::{Client, Error, ErrorKind, OpKind};

use super::until::{until_absent, until_counted_down, until_present};

/// A wait for a condition on one node, with its options. Made by [`Barrier::wait`](crate::Barrier::wait),
/// [`EventFlag::wait`](crate::EventFlag::wait) and [`CountDownLatch::wait`](crate::CountDownLatch::wait); await it.
///
/// # Errors
///
/// `WaitTimedOut` when [`timeout`](Self::timeout) passed first; `NoAuth`; `Undecodable` for a latch that holds something
/// else; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Inert: its watch goes with the future.
///
/// # Ordering
///
/// The first read is queued at the first poll.
///
/// # On session events
///
/// Waits through a suspension; what changed meanwhile is seen after it. After an expiry it goes on in the next session.
#[must_use = "a wait does nothing until it is awaited"]
#[derive(Clone)]
pub struct Wait {
    client: Client,
    path: String,
    condition: Condition,
    timeout: Option<Duration>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The node is gone.
    Absent,
    /// The node is there.
    Present,
    /// The number in the node is not above 0.
    CountedDown,
    /// The same, or there is no node.
    CountedDownOrMissing,
}

impl Wait {
    pub(crate) fn new(client: &Client, path: &str, condition: Condition) -> Self {
        Self {
            client: client.terse().patient(),
            path: path.to_owned(),
            condition,
            timeout: None,
        }
    }

    /// Gives up after this long, with the error `WaitTimedOut`. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<(), Error> {
        let Self {
            client,
            path,
            condition,
            timeout,
        } = self;
        let wait = async {
            match condition {
                Condition::Absent => until_absent(&client, &path).await,
                Condition::Present => until_present(&client, &path).await,
                Condition::CountedDown => until_counted_down(&client, &path, false).await,
                Condition::CountedDownOrMissing => until_counted_down(&client, &path, true).await,
            }
        };
        let waited = match timeout {
            None => wait.await,
            Some(limit) => match tokio::time::timeout(limit, wait).await {
                Ok(waited) => waited,
                Err(_) => return Err(late(&client, &path, limit, condition.to_string())),
            },
        };
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(client.explain(error).await),
        }
    }
}

/// The error of a wait that took too long.
pub(crate) fn late(client: &Client, path: &str, limit: Duration, why: String) -> Error {
    let text = format!("waited {limit:?} for {path} in vain: {why}");
    let error = Error::new(ErrorKind::WaitTimedOut, text)
        .with_op(OpKind::Wait, path)
        .with_origin(client.server(), client.session_id());
    match client.outage() {
        Some(outage) => error.with_hint(outage),
        None => error,
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "it is still there",
            Self::Present => "it is not there",
            Self::CountedDown | Self::CountedDownOrMissing => "it has not been counted down to 0",
        })
    }
}

impl IntoFuture for Wait {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("path", &self.path)
            .field("condition", &self.condition)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
