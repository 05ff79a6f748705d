//! Counters, values and barriers dropped after each number of polls: nothing is left behind, and what is written is written
//! once or not at all.

mod barriers;
mod caches;
mod counters;
#[cfg(feature = "discovery")]
mod discovery;
mod groups;
mod nodes;
mod partition;
mod transactions;
mod values;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use zk_recipes::Client;

use crate::kit::World;

const PATH: &str = "/d/n";

type Dropped = Pin<Box<dyn Future<Output = ()>>>;

/// Runs `start` on a new world until it was polled so many times, with whatever is under way arriving in between, and drops
/// it: for each number, until it completes, or for as many as `waits` says if it never does. Then nothing may be open, and
/// `check` looks at what was written and is told whether it completed.
async fn at_every_poll(
    waits: Option<usize>,
    setup: impl AsyncFn(&World, &Client),
    start: impl Fn(Client) -> Dropped,
    check: impl AsyncFn(&World, bool),
) {
    let mut seen_dropped = 0;
    for polls in 1.. {
        let world = World::new();
        let operator = world.client().await;
        setup(&world, &operator).await;
        operator.close().await.unwrap();
        let zk = world.client().await;
        let mut future = start(zk.clone());
        let mut completed = false;
        for _ in 0..polls {
            let once = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx)));
            if once.await.is_ready() {
                completed = true;
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(future);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let stats = zk.stats();
        let open = (stats.watches, stats.duties, stats.queued, stats.in_flight);
        assert_eq!(open, (0, 0, 0, 0), "after {polls} polls");
        assert_eq!(world.hooks.watch_count(), 0, "after {polls} polls");
        let sessions = world.hooks.sessions();
        let ephemerals: usize = sessions.iter().map(|session| session.ephemerals).sum();
        assert_eq!(
            ephemerals,
            0,
            "after {polls} polls: {:?}",
            world.hooks.paths()
        );
        check(&world, completed).await;
        seen_dropped += usize::from(!completed);
        if completed || waits.is_some_and(|waits| polls > waits) {
            assert!(waits.is_none() || !completed, "it did not wait");
            break;
        }
    }
    assert!(seen_dropped > 0, "it was never dropped");
}

async fn nothing(_: &World, _: &Client) {}

async fn anything(_: &World, _: bool) {}
