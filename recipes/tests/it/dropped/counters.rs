//! Counters.

use zk_recipes::{AtomicInt, AtomicLong, BlockCounter, Client, Layout};

use super::{Dropped, PATH, anything, at_every_poll, nothing};
use crate::kit::World;

fn counter(zk: &Client) -> AtomicLong {
    AtomicLong::new(zk, PATH).unwrap().layout(Layout::Kazoo)
}

fn stored(world: &World) -> Option<i64> {
    let data = world.hooks.node(PATH)?.data?;
    std::str::from_utf8(&data).unwrap().parse().ok()
}

async fn five(_: &World, operator: &Client) {
    operator.create(PATH, "5").parents().await.unwrap();
}

/// Drops a change of 5 at every poll: after it the number is 5 or the result, and the result if it completed.
async fn change(result: i64, start: impl Fn(Client) -> Dropped) {
    at_every_poll(None, five, start, async |world, completed| {
        let now = stored(world).unwrap();
        assert!(now == result || !completed && now == 5, "{now}");
        let after = counter(&world.client().await).increment().await.unwrap();
        assert_eq!(
            after.before, now,
            "the next change works, and nothing comes after"
        );
    })
    .await;
}

macro_rules! change {
    ($result:literal, |$counter:ident| $call:expr) => {
        change($result, |zk| {
            Box::pin(async move {
                let $counter = counter(&zk);
                $call.await.unwrap();
            })
        })
        .await
    };
}

#[tokio::test(start_paused = true)]
async fn a_dropped_change_of_a_counter_is_made_once_or_not_at_all() {
    change!(6, |counter| counter.increment());
    change!(4, |counter| counter.decrement());
    change!(12, |counter| counter.add(7));
    change!(-2, |counter| counter.subtract(7));
    change!(6, |counter| counter.try_add(1));
    change!(9, |counter| async {
        let done = counter.compare_and_set(5, 9).await?;
        assert!(done.is_done());
        Ok::<(), zk_recipes::Error>(())
    });
    change!(-1, |counter| counter.set(-1));
    change!(-3, |counter| counter.replace(-3));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_initialize_of_a_counter_makes_it_or_not() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            assert!(counter(&zk).initialize(3).await.unwrap());
        })
    };
    at_every_poll(None, nothing, start, async |world, completed| {
        let now = stored(world);
        assert!(now == Some(3) || !completed && now.is_none(), "{now:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_get_of_a_counter_changes_nothing() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            assert_eq!(counter(&zk).get().await.unwrap(), 5);
        })
    };
    at_every_poll(None, five, start, async |world, _| {
        assert_eq!(stored(world), Some(5))
    })
    .await;
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            assert_eq!(AtomicInt::new(&zk, PATH).unwrap().get().await.unwrap(), 0);
        })
    };
    at_every_poll(None, nothing, start, anything).await;
}

/// One handle, dropped in every call: no number comes twice.
#[tokio::test(start_paused = true)]
async fn a_dropped_next_of_a_block_counter_hands_out_nothing_twice() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let ids = BlockCounter::new(counter(&zk), 2).unwrap();
            let mut numbers = Vec::new();
            for _ in 0..5 {
                numbers.push(ids.next().await.unwrap());
            }
            assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
        })
    };
    at_every_poll(None, five, start, async |world, completed| {
        let now = stored(world).unwrap();
        assert!([5, 7, 9, 11].contains(&now), "{now}");
        assert!(!completed || now == 11);
    })
    .await;
    let world = World::new();
    let zk = world.client().await;
    let ids = BlockCounter::new(AtomicLong::new(&zk, PATH).unwrap(), 1).unwrap();
    let mut last = -1;
    for millis in (1..60).chain((1..60).rev()) {
        let limit = std::time::Duration::from_millis(millis);
        if let Ok(next) = tokio::time::timeout(limit, ids.next()).await {
            let next = next.unwrap();
            assert!(next > last, "{next} after {last}");
            last = next;
        }
    }
    assert!(last > 20);
}
