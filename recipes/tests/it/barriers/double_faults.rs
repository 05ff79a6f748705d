//! Double barriers under faults: slow wake-ups, lost answers, expiries, members that give up.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{CreateMode, ErrorKind, LockLostWhy};
use zk_wire::{ErrorCode, OpCode};

use super::double::{PATH, barrier, entered};
use super::spawned;
use crate::kit::{World, settle};

/// The children of the barrier's node.
fn children(core: &zk_embedded::ServerCore) -> Vec<String> {
    let below = format!("{PATH}/");
    core.paths()
        .into_iter()
        .filter(|path| path.starts_with(&below))
        .collect()
}

/// A13: the news that all are there reach one member only when the others have left already. It passes by the gate, and the
/// others wait for it.
#[tokio::test(start_paused = true)]
async fn a13_a_member_that_wakes_late_passes_and_all_leave() {
    for count in 3..6 {
        let world = World::new();
        let slow = world.client().await;
        let waiting = spawned(barrier(&slow, count).enter());
        settle().await;
        // Nothing reaches it, and nothing of it is heard.
        world.hooks.refuse_connections(true);
        world.hooks.cut_session(slow.session_id().unwrap());
        world.hooks.refuse_connections(false);
        let mut entering = Vec::new();
        let pause = Match::op(OpCode::SetWatches).session(slow.session_id().unwrap());
        world.hooks.on(pause).delay_reply(Duration::from_secs(1));
        for _ in 1..count {
            let zk = world.client().await;
            entering.push(spawned(async move {
                let member = barrier(&zk, count).enter().await.unwrap();
                member.leave().await.unwrap()
            }));
        }
        sleep(Duration::from_secs(3)).await;
        assert!(
            entering.iter().all(|other| !other.is_finished()),
            "they wait for the slow one"
        );
        let member = timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let left = timeout(Duration::from_secs(5), member.leave().into_future()).await;
        assert!(left.unwrap().unwrap().was_member);
        for other in entering {
            assert!(
                timeout(Duration::from_secs(5), other)
                    .await
                    .unwrap()
                    .unwrap()
                    .was_member
            );
        }
        assert_eq!(world.left(PATH), Vec::<String>::new());
    }
}

/// C1: no interruption and no event but the gate's lets a member pass.
#[tokio::test(start_paused = true)]
async fn c1_b4_no_interruption_lets_a_member_pass() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let waiting = spawned(barrier(&zk, 2).enter());
    settle().await;
    for _ in 0..4 {
        world.hooks.cut_session(zk.session_id().unwrap());
        sleep(Duration::from_secs(1)).await;
        other.create(&format!("{PATH}/noise"), "").await.unwrap();
        other.delete(&format!("{PATH}/noise")).await.unwrap();
        assert!(!waiting.is_finished());
    }
    world.hooks.expire(zk.session_id().unwrap());
    sleep(Duration::from_secs(10)).await;
    assert!(!waiting.is_finished());
    assert_eq!(
        world.left(PATH).len(),
        1,
        "it entered again with the next session"
    );
    let theirs = barrier(&other, 2).enter().await.unwrap();
    let ours = timeout(Duration::from_secs(1), waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((ours, theirs));
    world.until_empty("/barriers/nothing").await;
}

/// A14: a member that gave up is gone before its caller is told, does not count, and may enter again.
#[tokio::test(start_paused = true)]
async fn a14_b2_a_member_that_gives_up_is_withdrawn_before_that_is_told() {
    let world = World::new();
    let zk = world.client().await;
    let limit = Duration::from_millis(300);
    for _ in 0..3 {
        let error = barrier(&zk, 2).enter().timeout(limit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
        assert_eq!(
            error.to_string(),
            "waited 300ms for /barriers/d in vain: not all of its 2 members came"
        );
        assert_eq!(
            world.left(PATH),
            Vec::<String>::new(),
            "told before it was withdrawn"
        );
    }
    let other = spawned(barrier(&world.client().await, 2).enter());
    sleep(Duration::from_secs(1)).await;
    assert!(!other.is_finished(), "a ghost was counted");
    let ours = barrier(&zk, 2).enter().timeout(limit).await.unwrap();
    let theirs = timeout(Duration::from_secs(1), other)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((ours, theirs));
}

/// Found by the simulation: somebody comes while the others have not left, steps back, and gives up while the server refuses
/// to delete its member for now.
#[tokio::test(start_paused = true)]
async fn b2_a_member_that_gives_up_while_it_steps_back_is_withdrawn_before_that_is_told() {
    let world = World::new();
    let inside = entered(&world, 2).await;
    let zk = world.client().await;
    let before = world.left(PATH);
    let refuse = Match::op(OpCode::Delete).session(zk.session_id().unwrap());
    let refuse = world.hooks.on(refuse.times(1));
    refuse.error(ErrorCode::ThrottledOp);
    let limit = Duration::from_millis(200);
    let error = barrier(&zk, 2).enter().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
    assert_eq!(world.left(PATH), before, "told before it was withdrawn");
    drop(inside);
}

/// The last to come has counted all when one of them gives up: the gate is made only on condition that they still are there.
#[tokio::test(start_paused = true)]
async fn b2_a_member_that_goes_between_the_count_and_the_gate_is_not_counted() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let waiting = spawned(barrier(&other, 2).enter());
    world.hooks.until(|core| !children(core).is_empty()).await;
    settle().await;
    let member = world.left(PATH).pop().unwrap();
    // The list arrives late at the last one: what it shows is not true any more.
    let list = Match::op(OpCode::GetChildren)
        .session(zk.session_id().unwrap())
        .times(1);
    world.hooks.on(list).delay_reply(Duration::from_secs(1));
    let last = spawned(barrier(&zk, 2).enter());
    sleep(Duration::from_millis(500)).await;
    waiting.abort();
    sleep(Duration::from_millis(100)).await;
    assert!(world.hooks.node(&member).is_none());
    sleep(Duration::from_secs(3)).await;
    assert!(
        !last.is_finished(),
        "it entered with a member that had gone"
    );
    assert!(world.hooks.node(&format!("{PATH}/ready")).is_none());
    let other = barrier(&other, 2).enter().await.unwrap();
    let last = timeout(Duration::from_secs(1), last)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((last, other));
}

/// A member was deleted when the gate was made without it, and both are told at once: it has not entered.
#[tokio::test(start_paused = true)]
async fn b2_a_member_that_was_gone_when_the_gate_was_made_has_not_entered() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let waiting = spawned(barrier(&zk, 2).enter());
    world.hooks.until(|core| !children(core).is_empty()).await;
    settle().await;
    let member = world.left(PATH).pop().unwrap();
    let (gate, persistent) = (format!("{PATH}/ready"), CreateMode::Persistent);
    let multi = other.multi().delete(&member, None);
    multi.create(&gate, "", persistent).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished(), "it entered without its member");
    let theirs = barrier(&other, 2).enter().await.unwrap();
    let ours = timeout(Duration::from_secs(1), waiting).await;
    drop((ours.unwrap().unwrap().unwrap(), theirs));
}

/// The ones who entered are all lost, and with them whoever would have removed the gate: the next find it stale.
#[tokio::test(start_paused = true)]
async fn b5_a_gate_that_lost_members_left_behind_is_removed_and_lets_nobody_pass() {
    let world = World::new();
    for (zk, member) in entered(&world, 2).await {
        world.hooks.expire(zk.session_id().unwrap());
        drop((zk, member));
    }
    settle().await;
    assert_eq!(world.left(PATH), [format!("{PATH}/ready")]);
    let first = spawned(barrier(&world.client().await, 2).enter());
    sleep(Duration::from_secs(3)).await;
    assert!(
        !first.is_finished(),
        "it passed by a gate that nobody keeps"
    );
    assert_eq!(world.left(PATH).len(), 1, "its own member");
    let other = barrier(&world.client().await, 2).enter().await.unwrap();
    let first = timeout(Duration::from_secs(1), first)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let (one, two) = (spawned(first.leave()), spawned(other.leave()));
    for leave in [one, two] {
        timeout(Duration::from_secs(1), leave)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    assert_eq!(world.left(PATH), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_entering_and_leaving_may_be_lost() {
    for (op, applied) in [
        (OpCode::Create2, true),
        (OpCode::Create2, false),
        (OpCode::Multi, true),
        (OpCode::Multi, false),
        (OpCode::Delete, true),
        (OpCode::Delete, false),
        (OpCode::Exists, false),
        (OpCode::GetChildren, false),
        (OpCode::GetData, false),
    ] {
        let world = World::new();
        for (_zk, member) in entered(&world, 1).await {
            member.leave().await.unwrap();
        }
        let rule = world.hooks.on(Match::op(op).path(PATH).times(3));
        let rule = if applied {
            rule.cut_after_apply()
        } else {
            rule.cut_before_apply()
        };
        let mut parties = Vec::new();
        for _ in 0..3 {
            let zk = world.client().await;
            parties.push(spawned(async move {
                for _ in 0..2 {
                    let member = barrier(&zk, 3).enter().await.unwrap();
                    assert!(member.leave().await.unwrap().was_member);
                }
                zk
            }));
        }
        for party in parties {
            let party = timeout(Duration::from_secs(60), party).await;
            let zk = party
                .unwrap_or_else(|_| panic!("{op:?} {applied}: stuck"))
                .unwrap();
            assert_eq!(zk.generation(), 1);
        }
        assert!(world.hooks.fired(rule) > 0, "{op:?} was never sent");
        world.hooks.clear();
        world.until_empty(PATH).await;
    }
}

/// The last one to leave learns of it late, when the others have come back already: it must not wait for them to leave, who
/// wait for it to come.
#[tokio::test(start_paused = true)]
async fn b5_who_leaves_late_does_not_wait_for_the_next_generation() {
    let world = World::new();
    let mut members = entered(&world, 2).await;
    members.sort_by_key(|(_, member)| member.node().to_owned());
    let (other, member) = members.pop().unwrap();
    let (lowest, last) = members.pop().unwrap();
    let close = Match::op(OpCode::Multi).path(PATH).times(1);
    let rule = world.hooks.on(close).delay_reply(Duration::from_secs(2));
    let leaving = [spawned(member.leave()), spawned(last.leave())];
    while world.hooks.fired(rule) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let again = spawned(barrier(&other, 2).enter());
    sleep(Duration::from_millis(500)).await;
    assert_eq!(world.left(PATH).len(), 1, "it has come back");
    for leave in leaving {
        timeout(Duration::from_secs(5), leave)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    let last = barrier(&lowest, 2).enter().await.unwrap();
    let again = timeout(Duration::from_secs(1), again)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((last, again));
}

/// Somebody deleted the member right after it had entered; the others have left, and one has come back already.
#[tokio::test(start_paused = true)]
async fn b5_a_member_that_somebody_deleted_does_not_wait_for_the_next_generation() {
    let world = World::new();
    let mut members = entered(&world, 3).await;
    let (_evicted, member) = members.pop().unwrap();
    let operator = world.client().await;
    operator.delete(member.node()).await.unwrap();
    let (mut leaving, mut others) = (Vec::new(), Vec::new());
    for (zk, other) in members {
        leaving.push(spawned(other.leave()));
        others.push(zk);
    }
    for leave in leaving {
        assert!(leave.await.unwrap().unwrap().was_member);
    }
    let again = spawned(barrier(&others[0], 3).enter());
    sleep(Duration::from_millis(500)).await;
    assert_eq!(world.left(PATH).len(), 1, "it has come back");
    let left = timeout(Duration::from_secs(1), member.leave().into_future());
    assert!(!left.await.unwrap().unwrap().was_member);
    assert_eq!(world.left(PATH).len(), 1, "and stays");
    again.abort();
}

/// B3: who leaves does not wait for members whose sessions are over, and learns that it was lost itself.
#[tokio::test(start_paused = true)]
async fn b3_members_whose_sessions_end_are_not_waited_for() {
    let world = World::new();
    let mut members = entered(&world, 3).await;
    let (lost, member) = members.pop().unwrap();
    let watching = spawned(member.lost());
    let others: Vec<_> = members
        .into_iter()
        .map(|(zk, member)| (zk, spawned(member.leave())))
        .collect();
    sleep(Duration::from_secs(2)).await;
    assert!(others.iter().all(|(_, leave)| !leave.is_finished()));
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(lost.session_id().unwrap());
    world.hooks.expire(lost.session_id().unwrap());
    world.hooks.refuse_connections(false);
    for (_zk, leave) in others {
        assert!(
            timeout(Duration::from_secs(2), leave)
                .await
                .unwrap()
                .unwrap()
                .unwrap()
                .was_member
        );
    }
    let why = timeout(Duration::from_secs(20), watching)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(why.why, LockLostWhy::SessionExpired);
    assert!(
        why.to_string()
            .starts_with("lost the membership of the barrier /barriers/d: ")
    );
    assert!(!member.is_member());
    assert!(!member.leave().await.unwrap().was_member);
    assert_eq!(world.left(PATH), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_dropped_is_withdrawn_and_one_that_leaves_is_never_called_lost() {
    let world = World::new();
    let mut members = entered(&world, 2).await;
    let (_zk, dropped) = members.pop().unwrap();
    let (_other, member) = members.pop().unwrap();
    let lost = spawned(member.lost());
    drop(dropped);
    settle().await;
    assert_eq!(world.left(PATH).len(), 2);
    assert!(member.leave().await.unwrap().was_member);
    sleep(Duration::from_secs(1)).await;
    assert!(!lost.is_finished(), "it was called lost");
    assert_eq!(world.left(PATH), Vec::<String>::new());
}

/// A31: an error is told, not swallowed as if the member had entered.
#[tokio::test(start_paused = true)]
async fn a31_what_cannot_be_entered_is_told() {
    let world = World::new();
    let zk = world.client().await;
    let app = zk.chroot("/missing").unwrap();
    let error = barrier(&app, 1).enter().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    zk.create(PATH, "").parents().await.unwrap();
    let read = zk_recipes::Permissions::READ;
    zk.set_acl(PATH, [zk_recipes::Acl::new("world", "anyone", read)])
        .await
        .unwrap();
    let error = barrier(&zk, 1).enter().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    settle().await;
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn a_member_whose_node_somebody_deletes_enters_again() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let waiting = spawned(barrier(&zk, 2).enter());
    world.hooks.until(|core| !children(core).is_empty()).await;
    settle().await;
    let first = world.left(PATH).pop().unwrap();
    operator.delete(&first).await.unwrap();
    world.hooks.until(|core| !children(core).is_empty()).await;
    assert_ne!(world.left(PATH), [first]);
    let other = barrier(&operator, 2).enter().await.unwrap();
    let ours = timeout(Duration::from_secs(1), waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((ours, other));
}
