//! Those who look on.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_recipes::{CreateMode, Leader, Leaders};

use super::{AT, election, spawned, warm_election};
use crate::kit::{World, settle};

async fn next(leaders: &mut Leaders) -> Option<Leader> {
    let next = timeout(Duration::from_secs(20), leaders.next()).await;
    next.unwrap().unwrap()
}

/// Whether nothing is told for a while.
async fn is_quiet(leaders: &mut Leaders) -> bool {
    timeout(Duration::from_secs(60), leaders.next())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_terms_begin_announce_and_end() {
    let world = World::new();
    let (zk, other, looker) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let mut leaders = election(&looker, "").observe();
    assert_eq!(next(&mut leaders).await, None, "there is no such path");
    let first = election(&zk, "a")
        .announcement("at a")
        .elected()
        .await
        .unwrap();
    let mut seen = next(&mut leaders).await.unwrap();
    if seen.epoch.is_none() {
        seen = next(&mut leaders).await.unwrap();
    }
    assert_eq!(
        (seen.contender.as_str(), &*seen.announcement),
        ("a", &b"at a"[..])
    );
    assert_eq!(seen.epoch, Some(first.epoch()));
    assert_eq!(Some(seen.session), zk.session_id());
    first.term().announce("at b").await.unwrap();
    let seen = next(&mut leaders).await.unwrap();
    assert_eq!(
        (seen.epoch, &*seen.announcement),
        (Some(first.epoch()), &b"at b"[..])
    );
    let second = spawned(election(&other, "b").elected());
    assert!(is_quiet(&mut leaders).await, "who waits is not told of");
    first.resign().await.unwrap();
    let second = second.await.unwrap().unwrap();
    let mut seen = next(&mut leaders).await.unwrap();
    while seen.epoch != Some(second.epoch()) {
        assert_eq!((seen.contender.as_str(), seen.epoch), ("b", None));
        assert!(seen.announcement.is_empty(), "of the last term");
        seen = next(&mut leaders).await.unwrap();
    }
    second.resign().await.unwrap();
    assert_eq!(next(&mut leaders).await, None);
    let third = election(&zk, "a").elected().await.unwrap();
    while next(&mut leaders).await.unwrap().epoch != Some(third.epoch()) {}
}

#[tokio::test(start_paused = true)]
async fn an_observer_asks_nothing_while_the_leader_stays_and_leaves_no_watch() {
    let world = World::new();
    let (zk, looker) = (world.client().await, world.client().await);
    let _leadership = warm_election(&zk, "a").await.elected().await.unwrap();
    let mut leaders = election(&looker, "").observe();
    assert!(next(&mut leaders).await.is_some());
    let before = world.asked(looker.session_id().unwrap());
    let waiting = spawned(election(&zk, "b").elected());
    assert!(is_quiet(&mut leaders).await);
    assert_eq!(
        world.asked(looker.session_id().unwrap()).all_since(&before),
        0
    );
    assert_eq!(looker.stats().watches, 2);
    drop(leaders);
    settle().await;
    assert_eq!(looker.stats().watches, 0);
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn an_observer_goes_on_after_outages_and_in_its_next_session() {
    let world = World::new();
    let (zk, other, looker) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let first = warm_election(&zk, "a").await.elected().await.unwrap();
    let mut leaders = election(&looker, "").observe();
    assert_eq!(next(&mut leaders).await.unwrap().epoch, Some(first.epoch()));
    // The leader changes while the observer is cut off, and then while it has no session.
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(looker.session_id().unwrap());
    first.resign().await.unwrap();
    let second = election(&other, "b").elected().await.unwrap();
    world.hooks.refuse_connections(false);
    let mut last = first_epoch(&mut leaders, second.epoch()).await;
    second.resign().await.unwrap();
    world.hooks.expire(looker.session_id().unwrap());
    let third = election(&zk, "a").elected().await.unwrap();
    last = last.max(first_epoch(&mut leaders, third.epoch()).await);
    assert_eq!(last, third.epoch());
}

/// Waits until this epoch is seen; no older one comes after a newer one.
async fn first_epoch(leaders: &mut Leaders, wanted: u64) -> u64 {
    let mut last = 0;
    while last != wanted {
        if let Some(epoch) = next(leaders).await.and_then(|leader| leader.epoch) {
            assert!(epoch >= last, "{epoch} after {last}");
            last = epoch;
        }
    }
    last
}

/// Epochs are seen in order, whatever comes in between; and the last leader is seen in the end.
#[tokio::test(start_paused = true)]
async fn an_observer_sees_epochs_in_order_and_ends_with_the_last() {
    let world = World::new();
    let looker = world.client().await;
    let mut leaders = election(&looker, "").observe();
    let mut candidates = Vec::new();
    for _ in 0..3 {
        let election = election(&world.client().await, "x");
        candidates.push(tokio::spawn(async move {
            let mut last = 0;
            for _ in 0..20 {
                let leadership = election.elected().await.unwrap();
                last = leadership.epoch();
                sleep(Duration::from_millis(50)).await;
                leadership.resign().await.unwrap();
            }
            last
        }));
    }
    let (mut seen, mut last) = (0, 0);
    loop {
        let leader = timeout(Duration::from_secs(5), leaders.next()).await;
        let Ok(leader) = leader else { break };
        if let Some(epoch) = leader.unwrap().and_then(|leader| leader.epoch) {
            assert!(epoch >= last, "{epoch} after {last}");
            seen += usize::from(epoch > last);
            last = epoch;
        }
    }
    assert!(seen > 10, "{seen}");
    for candidate in candidates {
        assert!(candidate.await.unwrap() <= last);
    }
    assert_eq!(election(&looker, "").leader().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_leader_of_curator_is_seen_without_an_epoch() {
    let world = World::new();
    let (zk, looker) = (world.client().await, world.client().await);
    let mut leaders = election(&looker, "").observe();
    assert_eq!(next(&mut leaders).await, None);
    zk.create(AT, "").parents().await.unwrap();
    let name = format!("{AT}/_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1-latch-");
    let create = zk
        .create(&name, "node-7")
        .mode(CreateMode::EphemeralSequential);
    let node = create.await.unwrap().path;
    let leader = next(&mut leaders).await.unwrap();
    assert_eq!((leader.contender.as_str(), leader.epoch), ("node-7", None));
    assert_eq!(leader.node, node);
    sleep(Duration::from_secs(1)).await;
    zk.delete(&node).await.unwrap();
    assert_eq!(next(&mut leaders).await, None);
}
