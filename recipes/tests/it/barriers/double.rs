//! Double barriers without faults.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_recipes::{BarrierMember, Client, CreateMode, DoubleBarrier, ErrorKind, Layout};

use super::spawned;
use crate::kit::{World, settle};

pub(super) const PATH: &str = "/barriers/d";

pub(super) fn barrier(zk: &Client, members: u16) -> DoubleBarrier {
    DoubleBarrier::new(zk, PATH, members).unwrap()
}

/// So many members that have entered together.
pub(super) async fn entered(world: &World, count: u16) -> Vec<(Client, BarrierMember)> {
    let mut entering = Vec::new();
    for _ in 0..count {
        let zk = world.client().await;
        let enter = spawned(barrier(&zk, count).enter());
        entering.push((zk, enter));
    }
    let mut members = Vec::new();
    for (zk, enter) in entering {
        let member = timeout(Duration::from_secs(5), enter).await;
        members.push((zk, member.unwrap().unwrap().unwrap()));
    }
    members
}

#[tokio::test(start_paused = true)]
async fn b2_nobody_enters_before_all_are_there_and_b3_nobody_leaves_before_all_leave() {
    let world = World::new();
    let mut entering = Vec::new();
    for _ in 0..3 {
        assert!(
            entering
                .iter()
                .all(|enter: &tokio::task::JoinHandle<_>| !enter.is_finished())
        );
        entering.push(spawned(barrier(&world.client().await, 4).enter()));
        sleep(Duration::from_secs(2)).await;
    }
    assert!(entering.iter().all(|enter| !enter.is_finished()));
    let mut members = vec![barrier(&world.client().await, 4).enter().await.unwrap()];
    for enter in entering {
        members.push(
            timeout(Duration::from_secs(1), enter)
                .await
                .unwrap()
                .unwrap()
                .unwrap(),
        );
    }
    assert!(members.iter().all(BarrierMember::is_member));
    assert_eq!(world.left(PATH).len(), 5, "four members and the gate");
    let last = members.pop().unwrap();
    let leaving: Vec<_> = members
        .into_iter()
        .map(|member| spawned(member.leave()))
        .collect();
    sleep(Duration::from_secs(5)).await;
    assert!(leaving.iter().all(|leave| !leave.is_finished()));
    assert!(last.leave().await.unwrap().was_member);
    for leave in leaving {
        let left = timeout(Duration::from_secs(1), leave)
            .await
            .unwrap()
            .unwrap();
        assert!(left.unwrap().was_member);
    }
    assert_eq!(world.left(PATH), Vec::<String>::new());
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_barrier_is_entered_again_and_again() {
    let world = World::new();
    for layout in [Layout::Curator, Layout::Kazoo] {
        let mut parties = Vec::new();
        for _ in 0..3 {
            let barrier = barrier(&world.client().await, 3).layout(layout);
            parties.push(tokio::spawn(async move {
                for _ in 0..6 {
                    let member = barrier.enter().await.unwrap();
                    assert!(member.leave().await.unwrap().was_member);
                }
            }));
        }
        for party in parties {
            timeout(Duration::from_secs(60), party)
                .await
                .unwrap()
                .unwrap();
        }
        assert_eq!(world.left(PATH), Vec::<String>::new());
    }
}

/// B5: who comes while the members of before are still there waits until they have left, and then for its own.
#[tokio::test(start_paused = true)]
async fn b5_generations_do_not_mix() {
    let world = World::new();
    let members = entered(&world, 2).await;
    let late = spawned(barrier(&world.client().await, 2).enter());
    sleep(Duration::from_secs(3)).await;
    assert!(!late.is_finished(), "it passed by the gate of others");
    assert_eq!(
        world.left(PATH).len(),
        3,
        "it is no member, so nobody waits for it"
    );
    let leaving: Vec<_> = members
        .into_iter()
        .map(|(zk, member)| (zk, spawned(member.leave())))
        .collect();
    for (_zk, leave) in leaving {
        timeout(Duration::from_secs(2), leave)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    sleep(Duration::from_secs(3)).await;
    assert!(!late.is_finished(), "it is alone");
    let other = barrier(&world.client().await, 2).enter().await.unwrap();
    let late = timeout(Duration::from_secs(1), late)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((late, other));
}

#[tokio::test(start_paused = true)]
async fn foreign_children_are_not_counted_and_stay() {
    let world = World::new();
    let zk = world.client().await;
    for name in ["config", "0", "not-a-uuid"] {
        zk.create(&format!("{PATH}/{name}"), "")
            .parents()
            .await
            .unwrap();
    }
    let alone = barrier(&zk, 2)
        .enter()
        .timeout(Duration::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(alone.kind(), ErrorKind::WaitTimedOut);
    let members = entered(&world, 2).await;
    let leaving: Vec<_> = members
        .into_iter()
        .map(|(zk, member)| (zk, spawned(member.leave())))
        .collect();
    for (_zk, leave) in leaving {
        timeout(Duration::from_secs(1), leave)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    assert_eq!(world.left(PATH).len(), 3);
}

/// The members of one session are told apart by their names.
#[tokio::test(start_paused = true)]
async fn members_of_one_session_count_each() {
    let world = World::new();
    let zk = world.client().await;
    let (one, other) = (barrier(&zk, 2), barrier(&zk, 2));
    let (one, other) = tokio::join!(async { one.enter().await }, async { other.enter().await });
    let (one, other) = tokio::join!(async { one.unwrap().leave().await }, async {
        other.unwrap().leave().await
    });
    assert!(one.unwrap().was_member && other.unwrap().was_member);
}

#[tokio::test(start_paused = true)]
async fn c2_a_timed_leave_with_a_member_that_stays_ends_in_time_and_asks_little() {
    let world = World::new();
    let mut members = entered(&world, 3).await;
    let (_kept, stays) = members.pop().unwrap();
    let (zk, member) = members.pop().unwrap();
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    let (start, limit) = (Instant::now(), Duration::from_secs(3));
    let error = member.leave().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
    assert_eq!(
        error.to_string(),
        "waited 3s for /barriers/d in vain: 2 other members are still there"
    );
    assert!(start.elapsed() - limit < Duration::from_millis(50));
    settle().await;
    let asked = world.asked(session).all_since(&before);
    assert!(asked < 12, "{asked} requests while nothing happened");
    assert_eq!(
        world.left(PATH).len(),
        3,
        "it is withdrawn: two members and the gate"
    );
    drop(stays);
}

#[tokio::test(start_paused = true)]
async fn entering_and_leaving_take_few_requests() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let first = barrier(&zk, 1).enter().await.unwrap();
    first.leave().await.unwrap();
    settle().await;
    let before = world.asked(session);
    let member = barrier(&zk, 1).enter().await.unwrap();
    settle().await;
    let enter = world.asked(session).all_since(&before);
    assert!(enter <= 5, "create, own watch, gate, list, open: {enter}");
    member.leave().await.unwrap();
    settle().await;
    let leave = world.asked(session).all_since(&before) - enter;
    assert!(leave <= 6, "{leave} to leave");
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_that_is_no_member_of_ours_is_not_taken_for_one() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let waiting = spawned(barrier(&zk, 2).enter());
    settle().await;
    let named = format!("{PATH}/member-1");
    other
        .create(&named, "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    settle().await;
    assert!(!waiting.is_finished());
    waiting.abort();
}
