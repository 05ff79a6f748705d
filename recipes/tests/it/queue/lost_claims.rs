//! Claims and completions whose answer was lost.

use std::time::Duration;

use tokio::time::timeout;
use zk_embedded::Match;
use zk_recipes::{ErrorKind, Fate};
use zk_wire::OpCode;

use super::lost::{cut_next, until_cut};
use super::{LAYOUTS, PATH, SOON, claim, entry, items, queue, queue_of, text};
use crate::kit::{World, settle, spawned};

/// A5: the lock is there and our own, and is taken for somebody else's while we live.
#[tokio::test(start_paused = true)]
async fn a5_the_answer_of_every_claim_and_completion_is_lost_in_turn_and_each_item_is_consumed() {
    for layout in LAYOUTS {
        for applied in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            let queue = queue(&zk).layout(layout);
            for n in 0..4 {
                queue.put(entry(layout, &n.to_string())).await.unwrap();
            }
            for n in 0..4 {
                let rule = cut_next(&world, &zk, applied);
                let claimed = claim(&queue).await;
                assert_eq!(world.hooks.fired(rule), 1);
                assert_eq!(text(claimed.item()), n.to_string(), "{layout:?}, {applied}");
                assert_eq!(claimed.attempt(), 1);
                let lock = world.hooks.node(claimed.held().node()).unwrap();
                assert_eq!(u64::try_from(lock.stat.czxid.as_raw()), Ok(claimed.token()));
                let rule = cut_next(&world, &zk, applied);
                claimed.complete().await.unwrap();
                assert_eq!(world.hooks.fired(rule), 1);
                assert_eq!(items(&world).len(), 3 - n);
            }
            settle().await;
            let ephemerals = world
                .hooks
                .sessions()
                .iter()
                .map(|one| one.ephemerals)
                .sum();
            let marks: usize = ephemerals;
            assert_eq!(marks, 1, "{:?}", world.hooks.paths());
        }
    }
}

/// Two workers of one session: neither takes the other's lock for its own.
#[tokio::test(start_paused = true)]
async fn a5_a_lost_claim_is_told_from_that_of_another_worker_of_the_same_session() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        queue.put("a").await.unwrap();
        queue.put("b").await.unwrap();
        cut_next(&world, &zk, applied);
        let (one, two) = tokio::join!(claim(&queue), claim(&queue));
        let mut got = [text(one.item()), text(two.item())];
        got.sort();
        assert_eq!(got, ["a", "b"], "applied: {applied}");
        one.complete().await.unwrap();
        two.complete().await.unwrap();
        assert_eq!(items(&world), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a5_an_expiry_before_a_claim_is_settled_leaves_the_item_and_the_claim_starts_again() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        queue.put("warm").await.unwrap();
        claim(&queue).await.complete().await.unwrap();
        queue.put("x").await.unwrap();
        let rule = cut_next(&world, &zk, applied);
        let waits = spawned({
            let queue = queue.clone();
            async move { claim(&queue).await }
        });
        until_cut(&world, rule).await;
        world.hooks.expire(zk.session_id().unwrap());
        let claimed = timeout(SOON, waits).await.unwrap().unwrap();
        assert_eq!(claimed.attempt(), if applied { 2 } else { 1 });
        claimed.complete().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_expiry_before_a_completion_is_settled_is_told_as_unknown() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        queue.put("x").await.unwrap();
        let claimed = claim(&queue).await;
        let rule = cut_next(&world, &zk, applied);
        world.hooks.refuse_connections(true);
        let complete = spawned(claimed.complete());
        until_cut(&world, rule).await;
        world.hooks.expire(zk.session_id().unwrap());
        world.hooks.refuse_connections(false);
        let error = timeout(SOON, complete).await.unwrap().unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::SessionExpired, Fate::Unknown)
        );
        assert!(error.to_string().contains("queue-0000000000"), "{error}");
        assert_eq!(items(&world).len(), usize::from(!applied));
    }
}

/// The completion is committed while the connection is away, and by then somebody else has nothing to claim.
#[tokio::test(start_paused = true)]
async fn a_completion_whose_answer_was_lost_is_not_made_twice_and_nobody_else_gets_the_item() {
    let world = World::new();
    let (zk, other) = (world.client().await, queue_of(&world).await);
    let ours = queue(&zk);
    ours.put("x").await.unwrap();
    let claimed = claim(&ours).await;
    let rule = cut_next(&world, &zk, true);
    world.hooks.refuse_connections(true);
    let complete = spawned(claimed.complete());
    until_cut(&world, rule).await;
    assert!(other.try_claim().await.unwrap().is_none());
    // Another item, which has another name.
    other.put("y").await.unwrap();
    world.hooks.refuse_connections(false);
    complete.await.unwrap().unwrap();
    assert_eq!(claim(&other).await.data(), b"y");
}

#[tokio::test(start_paused = true)]
async fn settling_goes_on_over_further_broken_connections() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk);
    queue.put("x").await.unwrap();
    queue.put("y").await.unwrap();
    claim(&queue).await.complete().await.unwrap();
    let rule = cut_next(&world, &zk, true);
    let waits = spawned({
        let queue = queue.clone();
        async move { claim(&queue).await }
    });
    until_cut(&world, rule).await;
    // The next transactions of the session are barriers.
    let barriers = Match::op(OpCode::Multi).session(zk.session_id().unwrap());
    let barriers = world.hooks.on(barriers.times(2)).cut_after_apply();
    let claimed = timeout(Duration::from_secs(60), waits)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(world.hooks.fired(barriers), 2);
    claimed.complete().await.unwrap();
    assert_eq!(world.left(PATH), [""; 0]);
}
