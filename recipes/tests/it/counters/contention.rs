//! Many writers at once.

use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{AtomicInt, AtomicLong, AtomicValue, ErrorKind, Mutex};
use zk_wire::{ErrorCode, OpCode};

use super::{PATH, counter, stored};
use crate::kit::World;

#[tokio::test(start_paused = true)]
async fn changes_of_many_writers_form_one_chain() {
    let world = World::new();
    let mut writers = Vec::new();
    for _ in 0..8 {
        let counter = counter(&world).await;
        writers.push(tokio::spawn(async move {
            let mut changes = Vec::new();
            for _ in 0..10 {
                changes.push(counter.increment().await.unwrap());
            }
            changes
        }));
    }
    let mut chain = Vec::new();
    for writer in writers {
        chain.extend(writer.await.unwrap());
    }
    chain.sort_by_key(|change| change.before);
    let expected: Vec<i64> = (0..80).collect();
    let befores: Vec<i64> = chain.iter().map(|change| change.before).collect();
    assert_eq!(befores, expected);
    assert!(chain.iter().all(|change| change.after == change.before + 1));
    assert_eq!(stored(&world), 80);
    world.until_empty(PATH).await;
}

/// The server refuses each conditional write as if somebody had been faster.
fn always_faster(world: &World) -> zk_embedded::RuleId {
    let writes = Match::op(OpCode::Multi).path(PATH).always();
    world.hooks.on(writes).error(ErrorCode::BadVersion)
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_their_end_is_told_as_contention() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicLong::new(&zk, PATH).unwrap().attempts(5);
    counter.set(1).await.unwrap();
    let rule = always_faster(&world);
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
    assert_eq!(error.fate(), zk_recipes::Fate::NotApplied);
    assert_eq!(world.hooks.fired(rule), 5);
    assert_eq!(counter.try_add(1).await.unwrap(), None);
    assert_eq!(world.hooks.fired(rule), 6, "one attempt");
    world.hooks.clear();
    assert_eq!(counter.try_add(1).await.unwrap().unwrap().after, 2);
}

#[tokio::test(start_paused = true)]
async fn pauses_between_attempts_are_bounded() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicLong::new(&zk, PATH).unwrap().attempts(64);
    counter.set(1).await.unwrap();
    let rule = always_faster(&world);
    let start = tokio::time::Instant::now();
    counter.increment().await.unwrap_err();
    let took = start.elapsed();
    assert_eq!(world.hooks.fired(rule), 64);
    // Half of 500 ms each on average, at most all of it.
    assert!(
        (Duration::from_secs(5)..Duration::from_secs(33)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_promoted_counter_takes_its_lock_only_after_its_attempts_and_lets_it_go() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = Mutex::new(&zk, "/locks/counter").unwrap();
    let counter = AtomicLong::new(&zk, PATH).unwrap().attempts(3);
    let counter = counter.promote(&mutex, Duration::from_secs(1));
    counter.set(1).await.unwrap();
    counter.increment().await.unwrap();
    assert_eq!(
        world.hooks.node("/locks/counter").map(|_| ()),
        None,
        "no lock was needed"
    );
    let writes = Match::op(OpCode::Multi).path(PATH).times(4);
    let rule = world.hooks.on(writes).error(ErrorCode::BadVersion);
    assert_eq!(counter.increment().await.unwrap().after, 3);
    assert_eq!(
        world.hooks.fired(rule),
        4,
        "three without the lock, one with it"
    );
    world.until_empty("/locks/counter").await;

    let held = mutex.acquire().await.unwrap();
    always_faster(&world);
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    held.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sums_that_do_not_fit_are_refused_and_change_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicInt::new(&zk, PATH).unwrap();
    counter.set(i32::MAX).await.unwrap();
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    assert_eq!(counter.get().await.unwrap(), i32::MAX);
    assert_eq!(counter.subtract(7).await.unwrap().after, i32::MAX - 7);
    assert_eq!(counter.decrement().await.unwrap().after, i32::MAX - 8);
}

/// Curator's `trySet` with its statistics: what was there, and what it took.
#[tokio::test(start_paused = true)]
async fn a_replaced_number_is_part_of_the_chain_and_what_it_took_is_told() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = Mutex::new(&zk, "/locks/n").unwrap();
    let counter = AtomicLong::new(&zk, PATH).unwrap().attempts(3);
    let first = counter.replace(7).await.unwrap();
    assert_eq!((first.before, first.after, first.attempts), (0, 7, 1));
    // Two races lost, then won.
    let writes = || Match::op(OpCode::Multi).path(PATH);
    for nth in 1..=2 {
        let race = writes().nth(nth);
        world.hooks.on(race).error(ErrorCode::BadVersion);
    }
    let second = counter.replace(-1).await.unwrap();
    assert_eq!((second.before, second.after, second.attempts), (7, -1, 3));
    // With all attempts lost it goes on under the lock, and those count on.
    let promoted = counter.clone().promote(&mutex, Duration::from_secs(5));
    for nth in 1..=4 {
        let race = writes().nth(nth);
        world.hooks.on(race).error(ErrorCode::BadVersion);
    }
    let third = promoted.increment().await.unwrap();
    assert_eq!((third.before, third.after, third.attempts), (-1, 0, 5));
    // What is no number is not replaced unseen.
    zk.set(PATH, "?").await.unwrap();
    let error = counter.replace(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    let value = AtomicValue::new(&zk, "/counters/v").unwrap();
    let replaced = value.update(|_| "x".into()).await.unwrap();
    assert_eq!((replaced.before, replaced.attempts), (None, 1));
}
