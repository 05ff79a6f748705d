//! Permits when connections break, sessions end and nodes are deleted.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Client, ErrorKind, Semaphore};
use zk_wire::OpCode;

use crate::kit::{WAITS_FOR_EVER, World, polled, settle, spawned};
use crate::semaphore::warm;

const PATH: &str = "/limits/a";
const LEASES: &str = "/limits/a/leases";
const DOOR: &str = "/limits/a/locks";
const LIMIT: Duration = Duration::from_secs(5);
const NONE: [String; 0] = [];

fn is_clean(zk: &Client) -> bool {
    let stats = zk.stats();
    (stats.watches, stats.duties) == (0, 0)
}

#[tokio::test(start_paused = true)]
async fn c20_c33_an_acquire_dropped_at_any_poll_leaves_no_lease_no_contender_and_no_watch() {
    for (taken, many) in [(0, 1), (0, 2), (1, 2), (2, 1)] {
        for polls in 1.. {
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let theirs = warm(&other, 2).await;
            let held = theirs.acquire_many(taken).await.unwrap();
            settle().await;
            let semaphore = Semaphore::new(&zk, PATH, 2).unwrap();
            let ready = polled(semaphore.acquire_many(many), polls).await.is_some();
            settle().await;
            assert_eq!(world.left(LEASES).len(), held.len(), "after {polls} polls");
            assert_eq!(world.left(DOOR), NONE, "after {polls} polls");
            assert!(is_clean(&zk), "after {polls} polls");
            if ready || (taken + many > 2 && polls > WAITS_FOR_EVER) {
                assert!(polls > 4, "there are more than four await points");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn c20_work_under_a_permit_dropped_at_any_poll_leaves_nothing() {
    for polls in 0.. {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let _parents = warm(&other, 1).await;
        let semaphore = Semaphore::new(&zk, PATH, 1).unwrap();
        let work = semaphore.hold(|_| sleep(Duration::from_millis(12)));
        let ready = polled(work, polls).await.is_some();
        settle().await;
        assert_eq!(world.left(LEASES), NONE, "after {polls} polls");
        assert_eq!(world.left(DOOR), NONE, "after {polls} polls");
        assert!(is_clean(&zk), "after {polls} polls");
        if ready {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn k10_a_try_that_fails_or_is_dropped_at_any_poll_leaves_nothing() {
    for polls in 0.. {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let permit = warm(&other, 1).await.acquire().await.unwrap();
        settle().await;
        let semaphore = Semaphore::new(&zk, PATH, 1).unwrap();
        let tried = polled(semaphore.try_acquire(), polls).await;
        settle().await;
        assert_eq!(world.left(LEASES), [permit.held().node()]);
        assert_eq!(world.left(DOOR), NONE, "after {polls} polls");
        assert!(is_clean(&zk), "after {polls} polls");
        if let Some(tried) = tried {
            assert!(tried.unwrap().is_none());
            break;
        }
    }
}

/// A broken connection at each of the first frames of an acquisition, before or after it takes effect.
#[tokio::test(start_paused = true)]
async fn c31_a_cut_at_any_frame_leaves_as_many_leases_as_permits() {
    for applied in [true, false] {
        for frame in 1.. {
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let _parents = warm(&other, 2).await;
            let semaphore = Semaphore::new(&zk, PATH, 2).unwrap();
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
            let permits = timeout(LIMIT, semaphore.acquire_many(2).timeout(LIMIT));
            let permits = permits.await.unwrap().unwrap();
            let fired = world.hooks.fired(rule) > 0;
            world.hooks.clear();
            sleep(Duration::from_secs(2)).await;
            let mut nodes: Vec<_> = permits.iter().map(|p| p.held().node().to_owned()).collect();
            nodes.sort();
            let mut left = world.left(LEASES);
            left.sort();
            assert_eq!(left, nodes, "frame {frame}, applied: {applied}");
            assert_eq!(world.left(DOOR), NONE, "frame {frame}, applied: {applied}");
            for permit in permits {
                assert!(permit.release().await.unwrap().was_held);
            }
            assert_eq!(world.left(LEASES), NONE);
            if !fired {
                assert!(frame > 5, "there are more than five frames");
                break;
            }
        }
    }
}

/// The entrance is left by a delete that is not waited for; if that breaks, the permit is nevertheless the caller's.
#[tokio::test(start_paused = true)]
async fn a17_trouble_in_leaving_the_entrance_costs_no_permit() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = warm(&zk, 2).await;
    let leave = Match::op(OpCode::Delete).path(DOOR).times(3);
    let rule = world.hooks.on(leave).cut_before_apply();
    let permit = timeout(LIMIT, semaphore.acquire()).await.unwrap().unwrap();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.hooks.fired(rule), 3);
    assert!(permit.held().is_held());
    assert_eq!(world.left(LEASES), [permit.held().node()]);
    assert_eq!(world.left(DOOR), NONE, "it is left in the end");
    let second = timeout(LIMIT, semaphore.acquire()).await.unwrap().unwrap();
    drop((permit, second));
    settle().await;
    assert_eq!(world.left(LEASES), NONE);
}

#[tokio::test(start_paused = true)]
async fn a17_an_acquire_on_a_closed_client_says_so() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = warm(&zk, 2).await;
    zk.close().await.unwrap();
    let error = semaphore.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

/// With the place at the entrance gone a second one comes in while the first still waits, each with a lease.
#[tokio::test(start_paused = true)]
async fn a35_who_loses_its_place_at_the_entrance_starts_again_and_nobody_holds_too_many() {
    let world = World::new();
    let (zk, other, operator) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let semaphore = warm(&zk, 1).await;
    let permit = semaphore.acquire().await.unwrap();
    settle().await;
    let theirs = Semaphore::new(&other, PATH, 1).unwrap();
    let first = spawned(semaphore.acquire());
    settle().await;
    let second = spawned(theirs.acquire());
    settle().await;
    let mut doors = world.left(DOOR);
    // By the suffix; what comes before is chance.
    doors.sort_by_key(|door| door[door.len() - 10..].to_owned());
    assert_eq!(doors.len(), 2);
    operator.delete(&doors[0]).await.unwrap();
    settle().await;
    sleep(Duration::from_secs(1)).await;
    assert!(!first.is_finished() && !second.is_finished());
    assert_eq!(
        world.left(LEASES).len(),
        2,
        "the holder's, and one at the entrance"
    );
    drop(permit);
    // No two leases keep each other out.
    let second = timeout(LIMIT, second).await.unwrap().unwrap().unwrap();
    settle().await;
    assert!(!first.is_finished());
    drop(second);
    drop(timeout(LIMIT, first).await.unwrap().unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_while_it_waits_is_made_again() {
    let world = World::new();
    let (zk, other, operator) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let permit = warm(&other, 1).await.acquire().await.unwrap();
    settle().await;
    let waiting = spawned(Semaphore::new(&zk, PATH, 1).unwrap().acquire());
    settle().await;
    let leases = world.left(LEASES);
    let waits = leases.iter().find(|lease| **lease != permit.held().node());
    operator.delete(waits.unwrap()).await.unwrap();
    settle().await;
    sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished(), "it holds nothing");
    drop(permit);
    let permit = timeout(LIMIT, waiting).await.unwrap().unwrap().unwrap();
    settle().await;
    assert_eq!(world.left(LEASES), [permit.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn c32_c34_an_expiry_in_the_middle_begins_again_without_what_was_taken() {
    for frame in 1.. {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let _parents = warm(&other, 2).await;
        let semaphore = Semaphore::new(&zk, PATH, 2).unwrap();
        let session = zk.session_id().unwrap();
        let frames = OpCode::ALL.iter().copied().filter(|op| *op != OpCode::Ping);
        let at = Match::ops(frames).session(session).nth(frame);
        let rule = world.hooks.on(at).delay_reply(Duration::from_nanos(1));
        let hooks = world.hooks.clone();
        let end = tokio::spawn(async move {
            hooks.until(|core| core.rule_fired(rule) > 0).await;
            hooks.expire(session);
        });
        let permits = timeout(Duration::from_secs(60), semaphore.acquire_many(2));
        let permits = permits.await.unwrap().unwrap();
        let fired = world.hooks.fired(rule) > 0;
        end.abort();
        settle().await;
        if permits.iter().all(|permit| permit.held().is_held()) {
            assert_eq!(world.left(LEASES).len(), 2, "frame {frame}");
        }
        drop(permits);
        settle().await;
        assert_eq!(world.left(LEASES), NONE, "frame {frame}");
        assert_eq!(world.left(DOOR), NONE, "frame {frame}");
        if !fired {
            assert!(frame > 5, "there are more than five frames");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_timed_wait_ends_in_time_and_leaves_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = warm(&zk, 1).await;
    let permit = semaphore.acquire().await.unwrap();
    settle().await;
    let start = tokio::time::Instant::now();
    let limit = Duration::from_millis(300);
    let error = semaphore.acquire().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    assert_eq!(
        error.to_string(),
        "cannot acquire a permit of /limits/a within 300ms: all are taken, or others are ahead; \
         `zkctl locks /limits/a/leases` shows who has them"
    );
    assert_eq!(start.elapsed(), limit);
    settle().await;
    assert_eq!(world.left(LEASES), [permit.held().node()]);
    assert_eq!(world.left(DOOR), NONE);
}

#[tokio::test(start_paused = true)]
async fn the_loss_of_a_permit_is_told() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let semaphore = warm(&zk, 2).await;
    let permit = semaphore.acquire().await.unwrap();
    let other = semaphore.acquire().await.unwrap();
    operator.delete(permit.held().node()).await.unwrap();
    let lost = timeout(LIMIT, permit.lost()).await.unwrap();
    assert_eq!((lost.path.as_str(), lost.token), (PATH, permit.identity()));
    assert!(!permit.release().await.unwrap().was_held);
    assert!(other.held().is_held());
}

#[tokio::test(start_paused = true)]
async fn a_capacity_dropped_at_any_poll_is_stored_or_not() {
    for writes in [true, false] {
        for polls in 0.. {
            let world = World::new();
            let zk = world.client().await;
            let semaphore = Semaphore::new(&zk, PATH, 2).unwrap();
            let semaphore = semaphore.stored_at("/limits/count").unwrap();
            let ready = if writes {
                polled(semaphore.set_capacity(2), polls).await.is_some()
            } else {
                polled(semaphore.capacity(), polls).await.is_some()
            };
            settle().await;
            let stored = world.hooks.node("/limits/count").and_then(|node| node.data);
            let stored = stored.as_deref();
            assert!(matches!(stored, None | Some([0, 0, 0, 2])), "{stored:?}");
            assert!(is_clean(&zk), "after {polls} polls");
            if ready {
                assert!(stored.is_some() && polls > 2);
                break;
            }
        }
    }
}
