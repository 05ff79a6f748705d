//! Calls that are dropped at any poll lose no item and leave nothing behind.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use zk_recipes::{Item, Queue, QueueLayout};

use super::{SOON, claim, items, queue_of, text};
use crate::kit::{WAITS_FOR_EVER, World, polled, settle};

const LAYOUTS: [QueueLayout; 2] = [QueueLayout::Fifo, QueueLayout::KazooLocking];

/// Drops a call at each poll; what it had taken the next one hands out, in the same handle or a clone.
async fn loses_no_item(start: impl Fn(Queue) -> Dropped) {
    for layout in LAYOUTS {
        let mut dropped = 0;
        for polls in 1.. {
            let world = World::new();
            let queue = queue_of(&world).await.layout(layout);
            queue.put_all(["a", "b", "c", "d"]).await.unwrap();
            let first = polled(start(queue.clone()), polls).await;
            let mut got: Vec<String> = first.iter().map(text).collect();
            got.extend(all(&queue).await);
            got.sort();
            assert_eq!(got, ["a", "b", "c", "d"], "{layout:?}, after {polls} polls");
            dropped += usize::from(first.is_none());
            if first.is_some() {
                break;
            }
        }
        assert!(dropped > 2, "it was dropped {dropped} times");
    }
}

type Dropped = Pin<Box<dyn Future<Output = Item>>>;

#[tokio::test(start_paused = true)]
async fn q9_a_take_that_is_dropped_at_any_poll_loses_no_item() {
    loses_no_item(|queue| Box::pin(async move { queue.take().await.unwrap() })).await;
}

#[tokio::test(start_paused = true)]
async fn q9_a_try_that_is_dropped_at_any_poll_loses_no_item() {
    loses_no_item(|queue| Box::pin(async move { queue.try_take().await.unwrap().unwrap() })).await;
}

#[tokio::test(start_paused = true)]
async fn q9_a_batch_that_is_dropped_at_any_poll_loses_no_item() {
    for polls in 1.. {
        let world = World::new();
        let queue = queue_of(&world).await;
        queue.put_all(["a", "b", "c", "d"]).await.unwrap();
        let first = polled(queue.take_many(3), polls).await;
        let ended = first.is_some();
        let mut got: Vec<String> = Vec::new();
        for item in first.into_iter().flat_map(Result::unwrap) {
            got.push(text(&item));
        }
        // One by one: what was taken together is handed out so, too.
        got.extend(all(&queue).await);
        assert_eq!(got, ["a", "b", "c", "d"], "after {polls} polls");
        if ended {
            break;
        }
    }
}

/// A take that timed out is a dropped one.
#[tokio::test(start_paused = true)]
async fn q9_a_take_that_times_out_while_its_answer_is_on_the_way_loses_no_item() {
    let mut timed_out = 0;
    for millis in 1..40 {
        let world = World::new();
        let queue = queue_of(&world).await;
        queue.put("x").await.unwrap();
        let first = queue.take().timeout(Duration::from_millis(millis)).await;
        timed_out += usize::from(first.is_err());
        let got = match first {
            Ok(item) => text(&item),
            Err(_) => text(&queue.take().timeout(SOON).await.unwrap()),
        };
        assert_eq!(got, "x", "after {millis} ms");
        assert_eq!(items(&world), [""; 0]);
    }
    assert!(timed_out > 20);
}

async fn all(queue: &Queue) -> Vec<String> {
    let mut got = Vec::new();
    while let Some(item) = queue.try_take().await.unwrap() {
        got.push(text(&item));
    }
    got
}

/// What runs in one handle that lives on leaves at most its mark.
async fn leaves_nothing<F: IntoFuture>(start: impl Fn(Queue) -> F, after: impl AsyncFn(&Queue)) {
    for layout in LAYOUTS {
        let mut dropped = 0;
        for polls in 1.. {
            let world = World::new();
            let zk = world.client().await;
            let queue = super::queue(&zk).layout(layout);
            queue.put_all(["a", "b"]).await.unwrap();
            let ended = polled(start(queue.clone()), polls).await.is_some();
            settle().await;
            settle().await;
            let stats = zk.stats();
            let open = (stats.watches, stats.queued, stats.in_flight);
            assert_eq!(open, (0, 0, 0), "{layout:?}, after {polls} polls");
            let sessions = world.hooks.sessions();
            let ephemerals: usize = sessions.iter().map(|one| one.ephemerals).sum();
            let left = (stats.duties, ephemerals);
            assert!(left == (0, 0) || left == (1, 1), "a mark at most: {left:?}");
            after(&queue).await;
            dropped += usize::from(!ended);
            if ended || polls > WAITS_FOR_EVER {
                break;
            }
        }
        assert!(dropped > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_dropped_at_any_poll_gives_the_item_back() {
    leaves_nothing(
        |queue| async move {
            let claimed = queue.claim().await.unwrap();
            claimed.lost().await;
        },
        async |queue| {
            let claimed = claim(queue).await;
            assert_eq!(claimed.data(), b"a");
            claimed.complete().await.unwrap();
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_is_dropped_at_any_poll_completes_or_gives_back() {
    leaves_nothing(
        |queue| async move {
            let claimed = queue.claim().await.unwrap();
            claimed.complete().await.unwrap();
        },
        async |queue| {
            let claimed = claim(queue).await;
            let attempt = claimed.attempt();
            assert!(claimed.data() == b"a" || attempt == 1);
            claimed.complete().await.unwrap();
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_dropped_at_any_poll_gives_the_item_back() {
    leaves_nothing(
        |queue| async move {
            let claimed = queue.claim().await.unwrap();
            claimed.release().await.unwrap();
        },
        async |queue| assert_eq!(claim(queue).await.data(), b"a"),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn consumed_work_that_is_dropped_at_any_poll_completes_or_gives_back() {
    leaves_nothing(
        |queue| async move {
            let work = |_, _| async {
                tokio::time::sleep(Duration::from_millis(15)).await;
                Ok::<(), zk_recipes::Error>(())
            };
            queue.consume(work).await.unwrap();
        },
        async |queue| {
            let next = claim(queue).await;
            assert!(next.data() == b"a" || next.attempt() == 1);
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_put_that_is_dropped_at_any_poll_is_there_once_or_not_at_all() {
    for bounded in [false, true] {
        for polls in 1.. {
            let world = World::new();
            let queue = queue_of(&world).await;
            let queue = if bounded {
                queue.strict_bound(5)
            } else {
                queue
            };
            let ended = polled(queue.put("x"), polls).await.is_some();
            settle().await;
            let there = items(&world).len();
            assert!(there <= 1 && (there == 1 || !ended), "after {polls} polls");
            drop(queue);
            world.until_empty("/queues/_marks_jobs").await;
            if ended {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn looks_and_removals_that_are_dropped_at_any_poll_leave_nothing() {
    for polls in 1.. {
        let world = World::new();
        let queue = queue_of(&world).await.layout(QueueLayout::Id);
        queue
            .put(zk_recipes::Entry::new("a").id("1"))
            .await
            .unwrap();
        let looks = async {
            queue.len().await.unwrap();
            queue.is_empty().await.unwrap();
            queue.list().await.unwrap();
            queue.peek().await.unwrap();
            queue.remove("1").await.unwrap();
            drop(queue.try_claim().await.unwrap());
        };
        let ended = polled(looks, polls).await.is_some();
        settle().await;
        assert_eq!(world.hooks.watch_count(), 0);
        assert!(items(&world).len() == usize::from(!ended) || !ended);
        drop(queue);
        world.until_empty("/queues/_marks_jobs").await;
        if ended {
            break;
        }
    }
}
