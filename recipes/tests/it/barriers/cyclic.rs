//! Barriers that open again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Client, CyclicBarrier, ErrorKind};
use zk_wire::OpCode;

use super::spawned;
use crate::kit::{World, settle};

const PATH: &str = "/barriers/c";

fn barrier(zk: &Client, parties: u16) -> CyclicBarrier {
    CyclicBarrier::new(zk, PATH, parties).unwrap()
}

#[tokio::test(start_paused = true)]
async fn parties_pass_together_round_after_round() {
    let world = World::new();
    let mut parties = Vec::new();
    for _ in 0..3 {
        let barrier = barrier(&world.client().await, 3);
        parties.push(tokio::spawn(async move {
            let mut rounds = Vec::new();
            for _ in 0..5 {
                rounds.push(barrier.arrive().await.unwrap());
            }
            rounds
        }));
    }
    for party in parties {
        let rounds = timeout(Duration::from_secs(60), party)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(rounds, [1, 2, 3, 4, 5]);
    }
    world.until_empty(PATH).await;
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn seven_parties_at_a_barrier_of_three_make_two_rounds_and_one_waits() {
    let world = World::new();
    let mut arrived = Vec::new();
    for _ in 0..7 {
        arrived.push(spawned(barrier(&world.client().await, 3).arrive()));
    }
    sleep(Duration::from_secs(5)).await;
    let mut sizes = BTreeMap::new();
    let (done, waiting): (Vec<_>, Vec<_>) = arrived.into_iter().partition(|a| a.is_finished());
    for party in done {
        *sizes.entry(party.await.unwrap().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(sizes, BTreeMap::from([(1, 3), (2, 3)]));
    assert_eq!(waiting.len(), 1);
    assert_eq!(world.left(PATH).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a14_a_party_that_gives_up_is_withdrawn_and_does_not_count() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let error = barrier(&zk, 2)
        .arrive()
        .timeout(Duration::from_millis(200))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
    assert_eq!(
        world.left(PATH),
        Vec::<String>::new(),
        "told before it was withdrawn"
    );
    let waiting = spawned(barrier(&other, 2).arrive());
    sleep(Duration::from_secs(2)).await;
    assert!(!waiting.is_finished());
    assert_eq!(barrier(&zk, 2).arrive().await.unwrap(), 1);
    assert_eq!(waiting.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_an_arrival_may_be_lost() {
    for (op, applied) in [
        (OpCode::Create2, true),
        (OpCode::Create2, false),
        (OpCode::Multi, true),
        (OpCode::Multi, false),
        (OpCode::GetData, false),
        (OpCode::GetChildren, false),
    ] {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        barrier(&zk, 1).arrive().await.unwrap();
        for round in 2..6 {
            let waiting = spawned(barrier(&other, 2).arrive());
            settle().await;
            let rule = Match::op(op)
                .path(PATH)
                .session(zk.session_id().unwrap())
                .times(1);
            let rule = world.hooks.on(rule);
            let rule = if applied {
                rule.cut_after_apply()
            } else {
                rule.cut_before_apply()
            };
            assert_eq!(
                barrier(&zk, 2).arrive().await.unwrap(),
                round,
                "{op:?}, {applied}"
            );
            let theirs = timeout(Duration::from_secs(20), waiting).await.unwrap();
            assert_eq!(theirs.unwrap().unwrap(), round);
            assert_eq!(world.hooks.fired(rule), 1, "{op:?}");
        }
        world.until_empty(PATH).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_expiry_without_a_round_arrives_again_and_one_with_a_round_is_told_as_unknown() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let waiting = spawned(barrier(&zk, 2).arrive());
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    sleep(Duration::from_secs(5)).await;
    assert!(!waiting.is_finished());
    assert_eq!(barrier(&other, 2).arrive().await.unwrap(), 1);
    assert_eq!(waiting.await.unwrap().unwrap(), 1);

    let waiting = spawned(barrier(&zk, 2).arrive());
    settle().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    assert_eq!(barrier(&other, 2).arrive().await.unwrap(), 2);
    world.hooks.expire(zk.session_id().unwrap());
    world.hooks.refuse_connections(false);
    let error = timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionExpired);
    assert_eq!(error.fate(), zk_recipes::Fate::Unknown);
}
