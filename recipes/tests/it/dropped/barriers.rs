//! Barriers.

use zk_recipes::{Barrier, Client, CountDownLatch, CyclicBarrier, DoubleBarrier, EventFlag};

use super::{Dropped, PATH, anything, at_every_poll, nothing};
use crate::kit::World;

fn is_there(world: &World) -> bool {
    world.hooks.node(PATH).is_some()
}

async fn set(_: &World, operator: &Client) {
    Barrier::new(operator, PATH).unwrap().set().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_set_of_a_barrier_or_flag_makes_it_or_not() {
    let barrier = |zk: Client| -> Dropped {
        Box::pin(async move { Barrier::new(&zk, PATH).unwrap().set().await.unwrap() })
    };
    let flag = |zk: Client| -> Dropped {
        Box::pin(async move { EventFlag::new(&zk, PATH).unwrap().set().await.unwrap() })
    };
    let check = async |world: &World, completed: bool| assert!(is_there(world) || !completed);
    at_every_poll(None, nothing, barrier, check).await;
    at_every_poll(None, nothing, flag, check).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_removal_of_a_barrier_or_flag_is_made_or_not() {
    let barrier = |zk: Client| -> Dropped {
        Box::pin(async move { assert!(Barrier::new(&zk, PATH).unwrap().remove().await.unwrap()) })
    };
    let flag = |zk: Client| -> Dropped {
        Box::pin(async move { assert!(EventFlag::new(&zk, PATH).unwrap().clear().await.unwrap()) })
    };
    let check = async |world: &World, completed: bool| assert!(!is_there(world) || !completed);
    at_every_poll(None, set, barrier, check).await;
    at_every_poll(None, set, flag, check).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_look_at_a_barrier_flag_or_latch_changes_nothing() {
    let barrier = |zk: Client| -> Dropped {
        Box::pin(async move { assert!(Barrier::new(&zk, PATH).unwrap().is_set().await.unwrap()) })
    };
    let flag = |zk: Client| -> Dropped {
        Box::pin(async move { assert!(EventFlag::new(&zk, PATH).unwrap().is_set().await.unwrap()) })
    };
    let latch = |zk: Client| -> Dropped {
        Box::pin(async move {
            let latch = CountDownLatch::new(&zk, "/d/l", 3).unwrap();
            assert_eq!(latch.remaining().await.unwrap(), 3);
        })
    };
    let check = async |world: &World, _| {
        assert!(is_there(world));
        assert!(world.hooks.node("/d/l").is_none());
    };
    at_every_poll(None, set, barrier, check).await;
    at_every_poll(None, set, flag, check).await;
    at_every_poll(None, set, latch, check).await;
}

#[tokio::test(start_paused = true)]
async fn a15_a_dropped_wait_leaves_no_watch() {
    let barrier = |zk: Client| -> Dropped {
        Box::pin(async move { Barrier::new(&zk, PATH).unwrap().wait().await.unwrap() })
    };
    at_every_poll(Some(12), set, barrier, anything).await;
    at_every_poll(None, nothing, barrier, anything).await;
    let flag = |zk: Client| -> Dropped {
        Box::pin(async move { EventFlag::new(&zk, PATH).unwrap().wait().await.unwrap() })
    };
    at_every_poll(Some(12), nothing, flag, anything).await;
    let latch = |zk: Client| -> Dropped {
        Box::pin(async move {
            CountDownLatch::new(&zk, PATH, 1)
                .unwrap()
                .wait()
                .await
                .unwrap()
        })
    };
    at_every_poll(Some(12), nothing, latch, anything).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_count_down_counts_once_or_not_at_all() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let latch = CountDownLatch::new(&zk, PATH, 2).unwrap();
            assert_eq!(latch.count_down().await.unwrap(), 1);
        })
    };
    at_every_poll(None, nothing, start, async |world, completed| {
        let zk = world.client().await;
        let left = CountDownLatch::new(&zk, PATH, 2)
            .unwrap()
            .remaining()
            .await
            .unwrap();
        assert!(left == 1 || !completed && left == 2, "{left}");
    })
    .await;
}

/// A14: at no point is a member left behind.
#[tokio::test(start_paused = true)]
async fn a14_a_dropped_enter_leaves_no_member() {
    let alone = |zk: Client| -> Dropped {
        Box::pin(async move {
            drop(
                DoubleBarrier::new(&zk, PATH, 2)
                    .unwrap()
                    .enter()
                    .await
                    .unwrap(),
            );
        })
    };
    at_every_poll(Some(25), nothing, alone, anything).await;
    let complete = |zk: Client| -> Dropped {
        Box::pin(async move {
            drop(
                DoubleBarrier::new(&zk, PATH, 1)
                    .unwrap()
                    .enter()
                    .await
                    .unwrap(),
            );
        })
    };
    at_every_poll(None, nothing, complete, anything).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_leave_withdraws_its_member() {
    let start = |zk: Client| -> Dropped {
        let barrier = DoubleBarrier::new(&zk, PATH, 1).unwrap();
        Box::pin(async move {
            let member = barrier.enter().await.unwrap();
            assert!(member.leave().await.unwrap().was_member);
        })
    };
    at_every_poll(None, nothing, start, async |world, completed| {
        assert!(!completed || world.left(PATH).is_empty());
        // A gate that was left behind does not keep the next from entering.
        let zk = world.client().await;
        let member = DoubleBarrier::new(&zk, PATH, 1)
            .unwrap()
            .enter()
            .await
            .unwrap();
        assert!(member.leave().await.unwrap().was_member);
        assert_eq!(world.left(PATH), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lost_of_a_member_leaves_the_membership_as_it_is() {
    let world = World::new();
    let zk = world.client().await;
    let member = DoubleBarrier::new(&zk, PATH, 1)
        .unwrap()
        .enter()
        .await
        .unwrap();
    for millis in 0..20 {
        let limit = std::time::Duration::from_millis(millis);
        assert!(tokio::time::timeout(limit, member.lost()).await.is_err());
    }
    assert!(member.is_member());
    assert!(member.leave().await.unwrap().was_member);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_arrival_leaves_no_party() {
    let alone = |zk: Client| -> Dropped {
        Box::pin(async move {
            CyclicBarrier::new(&zk, PATH, 2)
                .unwrap()
                .arrive()
                .await
                .unwrap();
        })
    };
    at_every_poll(Some(25), nothing, alone, anything).await;
    let complete = |zk: Client| -> Dropped {
        Box::pin(async move {
            CyclicBarrier::new(&zk, PATH, 1)
                .unwrap()
                .arrive()
                .await
                .unwrap();
        })
    };
    at_every_poll(None, nothing, complete, anything).await;
}
