//! Items that move from member to member.

use std::time::Duration;

use zk_recipes::ItemStanding;
use zk_wire::OpCode;

use super::{PATH, SETTLE, Worker, items, partitioner};
use crate::kit::{ROUND_TRIP, World, settle};

#[tokio::test(start_paused = true)]
async fn one_member_owns_all_with_a_token_for_each_in_three_round_trips_after_the_settling() {
    let world = World::new();
    let zk = world.client().await;
    let locks = items(20)
        .into_iter()
        .map(|item| format!("{PATH}/locks/{item}"));
    for lock in locks {
        zk.create(&lock, "").parents().await.unwrap();
    }
    let mut worker = Worker::new(&partitioner(&zk, 20), "a");
    while worker.division.members().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = world.asked(zk.session_id().unwrap());
    let start = tokio::time::Instant::now();
    while worker.standings(ItemStanding::Owned) < 20 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = start.elapsed();
    // The reads of many travel together, which costs two more than one alone.
    assert!(took <= ROUND_TRIP * 3, "{took:?}");
    let asked = world.asked(zk.session_id().unwrap());
    assert_eq!(asked.since(&before, OpCode::Create2), 20);
    let lists = asked.since(&before, OpCode::GetChildren) + asked.since(&before, OpCode::MultiRead);
    assert!(lists <= 20, "{lists}");
    worker.take().await;
    assert_eq!(worker.items(), items(20));
    let mut tokens: Vec<_> = worker.has.values().map(zk_recipes::Owned::token).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 20);
    let owned = &worker.has["shard-00"];
    zk.create("/by-the-owner", "")
        .fenced_by(owned)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_comes_takes_its_items_from_others_which_keep_all_else() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut first = Worker::new(&partitioner(&zk, 20), "a");
    assert_eq!(first.settled().await, items(20));
    let tokens: Vec<_> = first
        .has
        .values()
        .map(|owned| (owned.item().to_owned(), owned.token()))
        .collect();
    let mut second = Worker::new(&partitioner(&other, 20), "b");
    assert_eq!(
        second.settled().await,
        Vec::<String>::new(),
        "the first has not let go"
    );
    let recalled = first.recalled();
    assert!((4..17).contains(&recalled.len()), "{recalled:?}");
    assert_eq!(second.standings(ItemStanding::Waiting), recalled.len());
    assert_eq!(first.standings(ItemStanding::Recalled), recalled.len());
    first.let_go();
    assert_eq!(second.settled().await, recalled);
    for (item, token) in tokens {
        match (first.has.get(&item), second.has.get(&item)) {
            (Some(kept), None) => assert_eq!(kept.token(), token, "it did not move"),
            (None, Some(moved)) => assert!(moved.token() > token),
            _ => panic!("{item} is not one member's"),
        }
    }
    // It goes again, and its items with it.
    second.division.leave();
    for owned in second.has.values() {
        owned.recalled().await;
        assert!(owned.held().is_held());
    }
    assert_eq!(
        first.standings(ItemStanding::Waiting),
        recalled.len(),
        "no gap"
    );
    assert!(!second.driver.is_finished(), "it waits for its items");
    second.let_go();
    second.driver.await.unwrap().unwrap();
    assert_eq!(first.settled().await, items(20));
}

#[tokio::test(start_paused = true)]
async fn an_owner_lets_go_in_its_own_time_and_the_next_one_has_it_one_message_later() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut first = Worker::new(&partitioner(&zk, 4), "a");
    first.settled().await;
    let mut second = Worker::new(&partitioner(&other, 4), "b");
    second.settled().await;
    let item = first.recalled().pop().expect("some item moves");
    // However long it takes.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(first.has[&item].held().is_held());
    second.take().await;
    assert!(second.has.is_empty());
    let owned = first.has.remove(&item).unwrap();
    owned.recalled().await;
    let token = owned.token();
    let start = tokio::time::Instant::now();
    let (released, granted) = tokio::join!(owned.release(), second.division.next());
    assert!(released.unwrap().was_held);
    let took = start.elapsed();
    assert!(
        took <= ROUND_TRIP,
        "{took:?}: half a trip to the server, half to the next owner"
    );
    let granted = granted.unwrap();
    assert_eq!(granted.item(), item);
    assert!(granted.token() > token);
    assert!(!granted.is_recalled());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_alone_is_told_to_let_go_at_once() {
    let world = World::new();
    let zk = world.client().await;
    let mut worker = Worker::new(&partitioner(&zk, 4), "a");
    worker.settled().await;
    worker.division.leave();
    settle().await;
    assert_eq!(worker.recalled(), items(4));
    worker.let_go();
    worker.driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_item_that_its_owner_let_go_of_unasked_is_its_again_after_the_settling() {
    let world = World::new();
    let zk = world.client().await;
    let mut worker = Worker::new(&partitioner(&zk, 2), "a");
    worker.settled().await;
    let owned = worker.has.remove("shard-00").unwrap();
    let token = owned.token();
    drop(owned);
    settle().await;
    assert_eq!(worker.standings(ItemStanding::Resting), 1);
    let before = world.asked(zk.session_id().unwrap());
    tokio::time::sleep(SETTLE / 2).await;
    let asked = world.asked(zk.session_id().unwrap());
    assert_eq!(asked.since(&before, OpCode::Create2), 0, "it is no loop");
    assert_eq!(worker.settled().await, items(2));
    assert!(worker.has["shard-00"].token() > token);
}

#[tokio::test(start_paused = true)]
async fn what_was_recalled_before_it_was_taken_is_let_go_of_when_the_next_is_asked_for() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    // Granted, and nobody asks for it.
    let mut first = Worker::new(&partitioner(&zk, 20), "a");
    tokio::time::sleep(SETTLE * 2).await;
    let mut second = Worker::new(&partitioner(&other, 20), "b");
    assert_eq!(second.settled().await, Vec::<String>::new());
    first.take().await;
    assert_eq!(first.recalled(), Vec::<String>::new());
    second.settled().await;
    assert_eq!(first.has.len() + second.has.len(), 20);
    assert!(!second.has.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_away_for_less_than_the_settling_moves_nothing() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut first = Worker::new(&partitioner(&zk, 20), "a");
    let mut second = Worker::new(&partitioner(&other, 20), "b");
    first.settled().await;
    second.settled().await;
    let before = world.asked(zk.session_id().unwrap());
    // Its node is gone for a moment, and made again by its keeper.
    for _ in 0..10 {
        zk.delete(&format!("{PATH}/party/b")).await.unwrap();
        tokio::time::sleep(SETTLE / 3).await;
    }
    tokio::time::sleep(SETTLE * 5).await;
    assert_eq!((first.recalled(), second.recalled()), (vec![], vec![]));
    let asked = world.asked(zk.session_id().unwrap());
    assert_eq!(asked.since(&before, OpCode::Create2), 0);
}

#[tokio::test(start_paused = true)]
async fn those_who_come_and_go_all_the_time_put_a_division_off_for_some_time_only() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut worker = Worker::new(&partitioner(&zk, 4), "a");
    let group = partitioner(&other, 4).group().unwrap();
    let flapping = tokio::spawn(async move {
        for n in 0.. {
            let (membership, driver) = group.join(&format!("z{n}"), "").unwrap();
            let driver = tokio::spawn(driver);
            tokio::time::sleep(SETTLE / 3).await;
            membership.leave();
            driver.await.unwrap().unwrap();
        }
    });
    tokio::time::sleep(SETTLE * 12).await;
    worker.take().await;
    assert!(!worker.has.is_empty());
    flapping.abort();
}
