//! Looking at watches and futures: what has arrived, and nothing else.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use zk_client::{EventType, WatchEvent};
use zk_recipes::{Client, Watch};
use zk_wire::OpCode;

/// A kind of event and the node's path.
pub(super) type Seen = (EventType, String);

/// Shorthand for an expectation.
pub(super) fn event(kind: EventType, path: &str) -> Seen {
    (kind, path.to_owned())
}

/// Waits for the watch's next event, which must come from the server.
pub(super) async fn next(watch: &mut Watch) -> Seen {
    unpack(watch.next().await)
}

/// The events that have arrived and were not taken yet. Replies do not overtake events, so after any reply
/// these are all events of what was committed before that reply left the server.
pub(super) fn arrived(watch: &mut Watch) -> Vec<Seen> {
    let mut seen = Vec::new();
    while let Some(event) = at_once(watch.next()) {
        if event.is_none() {
            break;
        }
        seen.push(unpack(event));
    }
    seen
}

/// What the future yields when polled once.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    poll_once(future.as_mut())
}

/// As [`at_once`], and the future goes on.
pub(super) fn poll_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn unpack(event: Option<WatchEvent>) -> Seen {
    match event {
        Some(WatchEvent::Fired { kind, path, .. }) => (kind, path),
        other => panic!("not an event of the server: {other:?}"),
    }
}

/// How many requests left, but for pings, which leave when they like.
pub(super) fn sent(zk: &Client) -> u64 {
    let stats = zk.stats();
    stats.requests - stats.sent(OpCode::Ping)
}
