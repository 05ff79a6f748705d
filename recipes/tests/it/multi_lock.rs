//! Several locks, all or none.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Acl, Client, ErrorKind, HoldError, MultiLock, Mutex, Permissions};
use zk_wire::OpCode;

use crate::kit::{WAITS_FOR_EVER, World, polled, settle, spawned};

const A: &str = "/locks/a";
const B: &str = "/locks/b";
const C: &str = "/locks/c";
const LIMIT: Duration = Duration::from_secs(5);
const NONE: [String; 0] = [];

/// Three locks whose parents exist.
async fn warm(zk: &Client) -> MultiLock {
    let lock = MultiLock::new(zk, [C, A, B]).unwrap();
    lock.acquire().await.unwrap().release().await.unwrap();
    lock
}

fn contenders(world: &World) -> Vec<String> {
    [A, B, C].iter().flat_map(|path| world.left(path)).collect()
}

#[tokio::test(start_paused = true)]
async fn all_are_held_in_the_order_of_their_paths_and_released_backwards() {
    let world = World::new();
    let zk = world.client().await;
    let lock = warm(&zk).await;
    assert_eq!(lock.paths().collect::<Vec<_>>(), [A, B, C]);
    let guard = lock.acquire().await.unwrap();
    let helds = guard.helds();
    assert!(helds.iter().map(|held| held.path()).eq([A, B, C]));
    assert!(
        helds
            .windows(2)
            .all(|pair| pair[0].token() < pair[1].token())
    );
    assert_eq!(guard.held_at(B).unwrap().token(), helds[1].token());
    assert!(guard.held_at("/locks/d").is_none());
    for path in [A, B, C] {
        let mutex = Mutex::new(&zk, path).unwrap();
        assert!(mutex.try_acquire().await.unwrap().is_none());
    }
    settle().await;
    let _ = world.hooks.drain_log();
    assert!(guard.release().await.unwrap().was_held);
    let log = world.hooks.drain_log();
    let deleted = log.iter().filter(|entry| entry.op == Some(OpCode::Delete));
    let deleted: Vec<_> = deleted.filter_map(|entry| entry.path.clone()).collect();
    let backwards: Vec<_> = helds.iter().rev().map(|held| held.node()).collect();
    assert_eq!(deleted, backwards);
    assert_eq!(contenders(&world), NONE);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_if_one_is_not_free() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let lock = warm(&zk).await;
    let held = Mutex::new(&other, B).unwrap().acquire().await.unwrap();
    assert!(lock.try_acquire().await.unwrap().is_none());
    settle().await;
    assert_eq!(contenders(&world), [held.held().node()]);
    drop(held);
    settle().await;
    assert!(lock.try_acquire().await.unwrap().is_some());
}

/// Each lock once had the whole timeout for itself, and an error at one did not keep the next from being taken.
#[tokio::test(start_paused = true)]
async fn a16_one_deadline_is_for_all_and_what_comes_after_is_not_touched() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let lock = warm(&zk).await;
    let held = |path| Mutex::new(&other, path).unwrap().acquire();
    let (first, second) = (held(A).await.unwrap(), held(B).await.unwrap());
    tokio::spawn(async move {
        sleep(Duration::from_millis(800)).await;
        drop(first);
    });
    settle().await;
    let creates = |path: &str| {
        let log = world.hooks.drain_log().into_iter();
        let path = path.to_owned();
        log.filter(move |entry| {
            entry.op == Some(OpCode::Create2)
                && entry.path.as_ref().is_some_and(|at| at.starts_with(&path))
        })
        .count()
    };
    creates(C);
    let start = Instant::now();
    let limit = Duration::from_secs(1);
    let error = lock.acquire().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    assert_eq!(start.elapsed(), limit);
    assert_eq!(
        error.to_string(),
        "cannot acquire /locks/a, /locks/b, /locks/c within 1s: others are ahead at /locks/b; `zkctl locks /locks/b` \
         shows who"
    );
    settle().await;
    assert_eq!(contenders(&world), [second.held().node()]);
    assert_eq!(creates(C), 0);
    // The same with an error.
    drop(second);
    settle().await;
    let closed = [Acl::new("world", "anyone", Permissions::READ)];
    zk.set_acl(B, closed).await.unwrap();
    let error = lock.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    settle().await;
    assert_eq!(creates(C), 0);
    assert_eq!(contenders(&world), NONE);
}

#[tokio::test(start_paused = true)]
async fn those_that_name_the_same_locks_in_another_order_never_block_each_other() {
    let world = World::new();
    let zk = world.client().await;
    let _parents = warm(&zk).await;
    let mut tasks = Vec::new();
    for order in [[A, B, C], [C, B, A], [B, C, A], [C, A, B]] {
        let zk = world.client().await;
        let lock = MultiLock::new(&zk, order).unwrap();
        tasks.push(tokio::spawn(async move {
            for _ in 0..10 {
                let guard = lock.acquire().await.unwrap();
                sleep(Duration::from_millis(1)).await;
                guard.release().await.unwrap();
            }
        }));
    }
    for task in tasks {
        timeout(Duration::from_secs(60), task)
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(contenders(&world), NONE);
}

#[tokio::test(start_paused = true)]
async fn c20_an_acquire_dropped_at_any_poll_leaves_no_contender_and_no_watch() {
    for held in [false, true] {
        for polls in 1.. {
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let _parents = warm(&other).await;
            let theirs = Mutex::new(&other, C).unwrap();
            let theirs = if held {
                Some(theirs.acquire().await.unwrap())
            } else {
                None
            };
            let lock = MultiLock::new(&zk, [A, B, C]).unwrap();
            let ready = polled(lock.acquire(), polls).await.is_some();
            settle().await;
            let left: Vec<_> = theirs.iter().map(|g| g.held().node().to_owned()).collect();
            assert_eq!(contenders(&world), left, "after {polls} polls");
            let stats = zk.stats();
            assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
            if ready || (held && polls > WAITS_FOR_EVER) {
                assert!(polls > 4, "there are more than four await points");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn c20_a_try_work_or_release_dropped_at_any_poll_leaves_nothing() {
    for case in ["try", "hold", "release"] {
        for polls in 0.. {
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let _parents = warm(&other).await;
            let lock = MultiLock::new(&zk, [A, B, C]).unwrap();
            let ready = match case {
                "try" => polled(lock.try_acquire(), polls).await.is_some(),
                "hold" => polled(lock.hold(|_| async {}), polls).await.is_some(),
                _ => {
                    let guard = lock.acquire().await.unwrap();
                    polled(guard.release(), polls).await.is_some()
                }
            };
            settle().await;
            assert_eq!(contenders(&world), NONE, "{case} after {polls} polls");
            let stats = zk.stats();
            assert_eq!(
                (stats.watches, stats.duties),
                (0, 0),
                "{case} after {polls} polls"
            );
            if ready {
                assert!(polls > 2, "{case} has more than two await points");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_at_any_frame_leaves_one_contender_in_each() {
    for applied in [true, false] {
        for frame in 1.. {
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let _parents = warm(&other).await;
            let lock = MultiLock::new(&zk, [A, B, C]).unwrap();
            let frames = OpCode::ALL.iter().copied().filter(|op| *op != OpCode::Ping);
            let cut = Match::ops(frames)
                .session(zk.session_id().unwrap())
                .nth(frame);
            let cut = world.hooks.on(cut);
            let rule = if applied {
                cut.cut_after_apply()
            } else {
                cut.cut_before_apply()
            };
            let guard = lock.acquire().timeout(LIMIT).await.unwrap();
            let fired = world.hooks.fired(rule) > 0;
            world.hooks.clear();
            sleep(Duration::from_secs(2)).await;
            let nodes: Vec<_> = guard.helds().iter().map(|h| h.node().to_owned()).collect();
            assert_eq!(
                contenders(&world),
                nodes,
                "frame {frame}, applied: {applied}"
            );
            assert!(guard.release().await.unwrap().was_held);
            if !fired {
                assert!(frame > 6, "there are more than six frames");
                break;
            }
        }
    }
}

/// What was taken is lost while it waits for the rest: the grant of the rest alone would be a lie.
#[tokio::test(start_paused = true)]
async fn who_loses_one_while_it_waits_for_another_starts_again_with_all() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let lock = warm(&zk).await;
    let held = Mutex::new(&other, C).unwrap().acquire().await.unwrap();
    let waiting = spawned(lock.acquire());
    settle().await;
    settle().await;
    let [first] = &world.left(A)[..] else {
        panic!("it has the first");
    };
    let rival = spawned(Mutex::new(&other, A).unwrap().acquire());
    settle().await;
    other.delete(first).await.unwrap();
    let rival = timeout(LIMIT, rival).await.unwrap().unwrap().unwrap();
    settle().await;
    drop(held);
    settle().await;
    assert!(!waiting.is_finished(), "the first is a rival's");
    drop(rival);
    let guard = timeout(LIMIT, waiting).await.unwrap().unwrap().unwrap();
    assert!(guard.is_held());
    settle().await;
    assert_eq!(contenders(&world).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_loss_of_one_is_told_and_ends_the_work() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let lock = warm(&zk).await;
    let guard = lock.acquire().await.unwrap();
    let lost = spawned(guard.lost());
    settle().await;
    other
        .delete(guard.held_at(B).unwrap().node())
        .await
        .unwrap();
    let lost = timeout(LIMIT, lost).await.unwrap().unwrap();
    assert_eq!(lost.path, B);
    assert!(!guard.is_held() && !guard.is_safe());
    assert!(guard.held_at(A).unwrap().is_held());
    assert!(!guard.release().await.unwrap().was_held);
    let theirs = other.clone();
    let work = lock.hold(|helds| async move {
        theirs.delete(helds[1].node()).await.unwrap();
        std::future::pending::<()>().await;
    });
    match timeout(LIMIT, work).await.unwrap() {
        Err(HoldError::Lost(lost)) => assert_eq!(lost.path, B),
        other => panic!("{other:?}"),
    }
    settle().await;
    assert_eq!(contenders(&world), NONE);
}

#[tokio::test(start_paused = true)]
async fn no_lock_at_all_and_one_twice_are_refused() {
    let world = World::new();
    let zk = world.client().await;
    let none: [&str; 0] = [];
    let error = MultiLock::new(&zk, none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let error = MultiLock::new(&zk, [A, B, A]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot make one of several locks: /locks/a is among them twice, and would wait for itself; name each path once"
    );
    let error = MultiLock::new(&zk, [A, "locks"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPath);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lost_leaves_the_holds_as_they_are() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let guard = warm(&zk).await.acquire().await.unwrap();
    settle().await;
    let (before, stats) = (contenders(&world), zk.stats().watches);
    for polls in 0..4 {
        assert!(polled(guard.lost(), polls).await.is_none());
        settle().await;
        assert!(guard.is_held());
        assert_eq!(
            (contenders(&world), zk.stats().watches),
            (before.clone(), stats)
        );
    }
    // Who listens afterwards hears it all the same.
    other
        .delete(guard.held_at(C).unwrap().node())
        .await
        .unwrap();
    assert_eq!(timeout(LIMIT, guard.lost()).await.unwrap().path, C);
}
