//! Owners who come in again.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use zk_embedded::Match;
use zk_recipes::{ErrorKind, Mutex, ReentrantMutex};
use zk_wire::OpCode;

use crate::kit::{World, polled, settle, spawned, warm_lock};

const LOCK: &str = "/locks/a";
const LIMIT: Duration = Duration::from_secs(5);

async fn reentrant(world: &World) -> ReentrantMutex {
    ReentrantMutex::new(warm_lock(&world.client().await, LOCK).await)
}

/// K5: a "re-entrant" lock was free after the first release.
#[tokio::test(start_paused = true)]
async fn k05_a_lock_that_was_entered_twice_is_held_until_both_are_gone() {
    let world = World::new();
    let mutex = reentrant(&world).await;
    let outer = mutex.acquire("a").await.unwrap();
    let inner = mutex.acquire("a").await.unwrap();
    assert_eq!(inner.held().token(), outer.held().token());
    assert_eq!(world.left(LOCK), [outer.held().node()], "one node for both");
    let other = world.client().await;
    let theirs = Mutex::new(&other, LOCK).unwrap();
    assert!(outer.release().await.unwrap().was_held);
    settle().await;
    assert!(theirs.try_acquire().await.unwrap().is_none());
    assert!(inner.held().is_held());
    assert!(inner.release().await.unwrap().was_held);
    assert_eq!(world.left(LOCK), Vec::<String>::new());
    // The owner begins anew, with a new token.
    let again = mutex.acquire("a").await.unwrap();
    let next = mutex.acquire("a").await.unwrap();
    drop(again);
    settle().await;
    assert_eq!(world.left(LOCK), [next.held().node()]);
    drop(next);
    settle().await;
    assert_eq!(world.left(LOCK), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn other_owners_wait_and_two_tasks_of_one_owner_share_the_hold() {
    let world = World::new();
    let mutex = reentrant(&world).await;
    let tasks = [(); 2].map(|()| {
        let mutex = mutex.clone();
        spawned(async move { mutex.acquire("a").await })
    });
    let mut guards = Vec::new();
    for task in tasks {
        guards.push(timeout(LIMIT, task).await.unwrap().unwrap().unwrap());
    }
    assert_eq!(guards[0].held().token(), guards[1].held().token());
    let limit = Duration::from_millis(100);
    let start = Instant::now();
    let error = mutex.acquire_within("b", limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    assert_eq!(start.elapsed(), limit);
    let theirs = mutex.clone();
    let waiting = spawned(async move { theirs.acquire("b").await });
    settle().await;
    assert!(!waiting.is_finished());
    drop(guards);
    let guard = timeout(LIMIT, waiting).await.unwrap().unwrap().unwrap();
    let contenders = mutex.mutex().contenders().await.unwrap();
    assert_eq!(contenders[0].text, "b", "the owner is who contends");
    drop(guard);
}

/// L11: the node is gone on the server, and the event has not arrived yet: what the process knows is old.
#[tokio::test(start_paused = true)]
async fn a10_who_comes_in_again_after_a_loss_is_told_although_nothing_was_heard_of_it() {
    let world = World::new();
    let mutex = reentrant(&world).await;
    let operator = world.client().await;
    let outer = mutex.acquire("a").await.unwrap();
    settle().await;
    let _delete = operator.delete(outer.held().node()).submit();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(outer.held().is_held(), "nothing was heard yet");
    let error = mutex.acquire("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert_eq!(
        error.to_string(),
        "cannot acquire /locks/a again: the hold of its owner was lost; let go of all its guards, and acquire it anew"
    );
    drop(outer);
    let anew = mutex.acquire("a").await.unwrap();
    assert!(anew.held().is_held());
}

#[tokio::test(start_paused = true)]
async fn coming_in_again_survives_a_cut_connection() {
    let world = World::new();
    let mutex = reentrant(&world).await;
    let outer = mutex.acquire("a").await.unwrap();
    settle().await;
    for applied in [true, false] {
        let check = world.hooks.on(Match::op(OpCode::Multi));
        let rule = if applied {
            check.cut_after_apply()
        } else {
            check.cut_before_apply()
        };
        let inner = timeout(LIMIT, mutex.acquire("a")).await.unwrap().unwrap();
        assert_eq!(world.hooks.fired(rule), 1);
        assert_eq!(inner.held().token(), outer.held().token());
    }
}

#[tokio::test(start_paused = true)]
async fn c20_coming_in_dropped_at_any_poll_leaves_what_the_owner_had() {
    for held in [false, true] {
        for polls in 0.. {
            let world = World::new();
            let mutex = reentrant(&world).await;
            let outer = if held {
                Some(mutex.acquire("a").await.unwrap())
            } else {
                None
            };
            settle().await;
            let within = mutex.acquire_within("a", LIMIT);
            let ready = match polls % 2 {
                0 => polled(mutex.acquire("a"), polls).await.is_some(),
                _ => polled(within, polls).await.is_some(),
            };
            settle().await;
            let left: Vec<_> = outer.iter().map(|g| g.held().node().to_owned()).collect();
            assert_eq!(world.left(LOCK), left, "after {polls} polls");
            if ready {
                assert!(polls > 1);
                break;
            }
            // The turn was given back.
            drop(timeout(LIMIT, mutex.acquire("a")).await.unwrap().unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_dropped_at_any_poll_lets_go_all_the_same() {
    for polls in 0.. {
        let world = World::new();
        let mutex = reentrant(&world).await;
        let guard = mutex.acquire("a").await.unwrap();
        settle().await;
        let ready = polled(guard.release(), polls).await.is_some();
        settle().await;
        assert_eq!(
            world.left(LOCK),
            Vec::<String>::new(),
            "after {polls} polls"
        );
        if ready {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_is_known_by_what_it_holds_also_while_it_comes_in_again() {
    let world = World::new();
    let mutex = reentrant(&world).await;
    assert!(mutex.held_by("a").is_none());
    let outer = mutex.acquire("a").await.unwrap();
    let again = spawned({
        let mutex = mutex.clone();
        async move { mutex.acquire("a").await }
    });
    tokio::task::yield_now().await;
    let view = mutex.held_by("a").expect("it asks the servers meanwhile");
    assert_eq!(view.token(), outer.held().token());
    assert!(mutex.held_by("b").is_none(), "somebody else");
    drop(again.await.unwrap().unwrap());
    // Whoever looks keeps nothing: the last guard releases, and waits for it.
    assert!(outer.release().await.unwrap().was_held);
    assert!(!view.is_held() && mutex.held_by("a").is_none());
    assert_eq!(world.left(LOCK), Vec::<String>::new());
    let guard = mutex.acquire("a").await.unwrap();
    world
        .hooks
        .expire(mutex.mutex().contenders().await.unwrap()[0].session);
    guard.held().lost().await;
    assert!(mutex.held_by("a").is_none(), "lost");
}
