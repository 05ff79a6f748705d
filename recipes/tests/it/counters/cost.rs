//! How many requests a change takes.

use zk_recipes::{AtomicInt, AtomicLong, BlockCounter, ErrorKind};

use super::{PATH, counter, stored};
use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn a_change_takes_one_request_while_nobody_else_writes() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicLong::new(&zk, PATH).unwrap();
    let session = zk.session_id().unwrap();
    counter.initialize(0).await.unwrap();
    counter.increment().await.unwrap();
    let before = world.asked(session);
    for n in 2..=11 {
        assert_eq!(counter.increment().await.unwrap().after, n);
    }
    assert_eq!(world.asked(session).all_since(&before), 10);
    assert_eq!(stored(&world), 11);
}

#[tokio::test(start_paused = true)]
async fn the_first_change_of_a_handle_takes_two_requests_and_its_mark_goes_with_it() {
    let world = World::new();
    counter(&world).await.increment().await.unwrap();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    let counter = AtomicLong::new(&zk, PATH).unwrap();
    assert_eq!(counter.increment().await.unwrap().after, 2);
    assert_eq!(
        world.asked(session).all_since(&before),
        2,
        "a read, a write"
    );
    assert!(
        world
            .left(PATH)
            .iter()
            .any(|mark| { world.hooks.node(mark).unwrap().stat.ephemeral_owner == session })
    );
    let clone = counter.clone();
    drop(counter);
    settle().await;
    assert_eq!(clone.increment().await.unwrap().after, 3, "clones share it");
    drop(clone);
    world.until_empty(PATH).await;
    settle().await;
    assert_eq!(
        world.asked(session).all_since(&before),
        4,
        "a write, a delete"
    );
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn with_others_writing_in_turn_a_change_takes_a_read_and_a_write() {
    let world = World::new();
    let (one, other) = (world.client().await, world.client().await);
    let ours = AtomicLong::new(&one, PATH).unwrap();
    let theirs = AtomicLong::new(&other, PATH).unwrap();
    for _ in 0..3 {
        ours.increment().await.unwrap();
        theirs.increment().await.unwrap();
    }
    let session = one.session_id().unwrap();
    let before = world.asked(session);
    for _ in 0..10 {
        ours.increment().await.unwrap();
        theirs.increment().await.unwrap();
    }
    assert_eq!(world.asked(session).all_since(&before), 20);
    // Alone again, it goes back to one request.
    ours.increment().await.unwrap();
    ours.increment().await.unwrap();
    let before = world.asked(session);
    ours.increment().await.unwrap();
    assert_eq!(world.asked(session).all_since(&before), 1);
}

#[tokio::test(start_paused = true)]
async fn numbers_from_blocks_ask_the_counter_once_per_block_and_are_never_handed_out_twice() {
    let world = World::new();
    let (one, other) = (world.client().await, world.client().await);
    let blocks = |zk| BlockCounter::new(AtomicLong::new(zk, PATH).unwrap(), 50).unwrap();
    let (ours, theirs) = (blocks(&one), blocks(&other));
    let session = one.session_id().unwrap();
    ours.next().await.unwrap();
    let before = world.asked(session);
    let mut numbers = vec![0];
    for _ in 0..99 {
        numbers.push(ours.next().await.unwrap());
        numbers.push(theirs.next().await.unwrap());
    }
    assert!(world.asked(session).all_since(&before) <= 3);
    assert_eq!(stored(&world), 200, "two blocks each");
    numbers.sort_unstable();
    let handed_out = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), handed_out);
    assert!(BlockCounter::new(AtomicLong::new(&one, PATH).unwrap(), 0).is_err());
}

/// Curator's `CachedAtomicInteger`.
#[tokio::test(start_paused = true)]
async fn blocks_are_taken_from_counters_of_four_bytes_too() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicInt::new(&zk, PATH).unwrap();
    counter.set(i32::MAX - 4).await.unwrap();
    let ids = BlockCounter::new(counter.clone(), 3).unwrap();
    for number in [i32::MAX - 4, i32::MAX - 3, i32::MAX - 2] {
        assert_eq!(ids.next().await.unwrap(), number);
    }
    assert_eq!(counter.get().await.unwrap(), i32::MAX - 1);
    let error = ids.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "no block is left: {error}");
    assert!(BlockCounter::new(counter, 1 << 31).is_err());
}

#[tokio::test(start_paused = true)]
async fn with_large_blocks_each_handle_has_an_epoch_of_its_own() {
    let world = World::new();
    let mut epochs = Vec::new();
    for _ in 0..3 {
        let zk = world.client().await;
        let ids = BlockCounter::new(AtomicLong::new(&zk, PATH).unwrap(), 1 << 32).unwrap();
        let first = ids.next().await.unwrap();
        let before = world.asked(zk.session_id().unwrap());
        for count in 1..100 {
            assert_eq!(ids.next().await.unwrap(), first + count);
        }
        assert_eq!(world.asked(zk.session_id().unwrap()).all_since(&before), 0);
        epochs.push((first >> 32, first & 0xffff_ffff));
    }
    assert_eq!(epochs, [(0, 0), (1, 0), (2, 0)]);
}
