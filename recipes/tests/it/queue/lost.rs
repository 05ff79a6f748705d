//! Puts and takes whose answer was lost.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::{Match, RuleId};
use zk_recipes::{Client, CreateMode, Entry, ErrorKind, Fate, QueueLayout};
use zk_wire::OpCode;

use super::{LAYOUTS, PATH, SOON, entry, items, queue, queue_of, take, try_take};
use crate::kit::{World, settle, spawned};

/// The next transaction of the queue loses its answer, after it took effect or before.
pub(super) fn cut_next(world: &World, zk: &Client, applied: bool) -> RuleId {
    let multi = Match::op(OpCode::Multi).path(PATH);
    let rule = multi.session(zk.session_id().unwrap()).times(1);
    let rule = world.hooks.on(rule);
    match applied {
        true => rule.cut_after_apply(),
        false => rule.cut_before_apply(),
    }
}

pub(super) async fn until_cut(world: &World, rule: RuleId) {
    while world.hooks.fired(rule) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a3_the_answer_of_every_put_is_lost_in_turn_and_each_item_is_there_once() {
    for layout in LAYOUTS {
        for applied in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            let queue = queue(&zk).layout(layout);
            // The first makes the queue and its mark.
            for n in 0..6 {
                let rule = cut_next(&world, &zk, applied);
                let placed = queue.put(entry(layout, &n.to_string())).await.unwrap();
                assert_eq!(world.hooks.fired(rule), 1, "put {n} was not cut");
                let node = placed.node.expect("nobody has taken it");
                assert_eq!(world.hooks.node(&node).unwrap().stat.czxid, placed.zxid);
                assert_eq!(items(&world).len(), n + 1, "{layout:?}, applied: {applied}");
            }
            for n in 0..6 {
                assert_eq!(take(&queue).await, n.to_string());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a3_a_batch_whose_answer_was_lost_is_there_once_and_its_nodes_are_found() {
    for applied in [true, false] {
        let world = World::new();
        let (zk, others) = (world.client().await, queue_of(&world).await);
        let ours = queue(&zk);
        for n in 0..7 {
            others.put(format!("old {n}")).await.unwrap();
        }
        let rule = cut_next(&world, &zk, applied);
        world.hooks.refuse_connections(true);
        let put = spawned({
            let ours = ours.clone();
            async move { ours.put_all(["a", "b", "c"]).await }
        });
        until_cut(&world, rule).await;
        // While ours is away others put and take.
        for n in 0..5 {
            others.put(format!("new {n}")).await.unwrap();
            others.take().await.unwrap();
        }
        world.hooks.refuse_connections(false);
        let placed = put.await.unwrap().unwrap();
        for (placed, data) in placed.iter().zip(["a", "b", "c"]) {
            let node = world.hooks.node(placed.node.as_ref().unwrap()).unwrap();
            assert!(
                node.data
                    .unwrap()
                    .ends_with(format!("{data}\x02").as_bytes())
            );
        }
        assert_eq!(items(&world).len(), 7 + 3);
    }
}

/// What a server has of an older connection may come behind everything that was asked since.
#[tokio::test(start_paused = true)]
async fn a3_a_put_or_take_is_made_once_behind_whichever_request_it_comes_late() {
    // With nothing there at all; with a queue but no mark of ours; with both.
    for (others, own) in [(0, 0), (2, 0), (2, 1)] {
        for takes in [false, true] {
            for nth in 0..16 {
                let world = World::new();
                let (zk, other) = (world.client().await, queue_of(&world).await);
                let ours = queue(&zk);
                for _ in 0..others {
                    other.put("theirs").await.unwrap();
                }
                for _ in 0..own {
                    ours.put("ours").await.unwrap();
                }
                let takes = takes && others > 0;
                let write = Match::op(OpCode::Multi).path(PATH);
                let write = write.session(zk.session_id().unwrap()).times(1);
                let write = world.hooks.on(write).postpone();
                let call = spawned({
                    let ours = ours.clone();
                    async move {
                        if takes {
                            take(&ours).await;
                        } else {
                            ours.put("x").await.unwrap();
                        }
                    }
                });
                world.apply_behind(write, nth, || call.is_finished()).await;
                timeout(SOON, call).await.unwrap().unwrap();
                settle().await;
                let left = if takes {
                    others + own - 1
                } else {
                    others + own + 1
                };
                assert_eq!(
                    items(&world).len(),
                    left,
                    "{others} {own} {takes} behind {nth}"
                );
            }
        }
    }
}

/// The only mark of the queue: its path, and the version of its data.
fn mark(world: &World) -> (String, i32) {
    let mut marks = world.left("/queues/_marks_jobs");
    assert_eq!(marks.len(), 1, "{marks:?}");
    let path = marks.remove(0);
    let version = world.hooks.node(&path).unwrap().stat.version;
    (path, version)
}

/// What a server has of an older connection may come behind everything that is asked on the next one. The mark, which each
/// write is bound to, was written meanwhile.
#[tokio::test(start_paused = true)]
async fn a3_a_put_that_was_found_not_applied_is_refused_however_late_it_comes() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = queue(&zk);
    ours.put("warm").await.unwrap();
    let before = mark(&world);
    let rule = cut_next(&world, &zk, false);
    ours.put("x").await.unwrap();
    assert_eq!(world.hooks.fired(rule), 1);
    let (path, version) = mark(&world);
    assert_eq!(path, before.0);
    let writes = version - before.1;
    assert_eq!(writes, 2, "settled by one write, and put by another");
    // The same as ours that was lost.
    let late = other.multi().set(&path, "late", before.1);
    let (item, mode) = (format!("{PATH}/queue-"), CreateMode::PersistentSequential);
    let refused = late.create(&item, "x", mode).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::BadVersion);
    assert_eq!(items(&world).len(), 2);
}

/// The same of a put that was to make its mark: whoever settles it makes that instead.
#[tokio::test(start_paused = true)]
async fn a3_a_put_that_was_to_make_its_mark_and_was_found_not_applied_is_refused_as_well() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = queue(&zk);
    ours.put("warm").await.unwrap();
    // Refused, for its mark is gone; the next try makes another, and is lost.
    other.delete(&mark(&world).0).await.unwrap();
    let makes = Match::op(OpCode::Multi).path(PATH).nth(2);
    let makes = world.hooks.on(makes).cut_before_apply();
    ours.put("x").await.unwrap();
    assert_eq!(world.hooks.fired(makes), 1);
    let (path, version) = mark(&world);
    assert_eq!(
        version, 1,
        "made by whoever settled it, and written by the put"
    );
    let late = other.multi().create(&path, "", CreateMode::Ephemeral);
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::NodeExists);
    assert_eq!(items(&world).len(), 2);
}

/// So each write is bound to the mark as it was left.
#[tokio::test(start_paused = true)]
async fn a_mark_that_somebody_wrote_is_used_no_more() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = queue(&zk);
    ours.put("warm").await.unwrap();
    let (path, _) = mark(&world);
    other.set(&path, "theirs").await.unwrap();
    ours.put("x").await.unwrap();
    assert_eq!(items(&world).len(), 2);
    settle().await;
    assert_ne!(mark(&world).0, path);
}

#[tokio::test(start_paused = true)]
async fn a3_a_put_that_was_taken_before_it_was_settled_is_put_once_and_has_no_node() {
    let world = World::new();
    let (zk, other) = (world.client().await, queue_of(&world).await);
    let ours = queue(&zk);
    ours.put("warm").await.unwrap();
    take(&ours).await;
    let rule = cut_next(&world, &zk, true);
    world.hooks.refuse_connections(true);
    let put = spawned({
        let ours = ours.clone();
        async move { ours.put("x").await }
    });
    until_cut(&world, rule).await;
    assert_eq!(take(&other).await, "x");
    world.hooks.refuse_connections(false);
    let placed = put.await.unwrap().unwrap();
    assert_eq!(placed.node, None);
    assert_eq!(items(&world), [""; 0]);
}

/// A4: deleted, the answer lost, and taken for somebody else's.
#[tokio::test(start_paused = true)]
async fn a4_the_answer_of_every_take_is_lost_in_turn_and_no_item_is_lost() {
    for layout in LAYOUTS {
        for applied in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            let queue = queue(&zk).layout(layout);
            for n in 0..8 {
                queue.put(entry(layout, &n.to_string())).await.unwrap();
            }
            for n in 0..8 {
                let rule = cut_next(&world, &zk, applied);
                assert_eq!(
                    take(&queue).await,
                    n.to_string(),
                    "{layout:?}, applied: {applied}"
                );
                assert_eq!(world.hooks.fired(rule), 1);
            }
            assert_eq!(items(&world), [""; 0]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a4_two_consumers_whose_answers_are_lost_get_every_item_once() {
    for applied in [true, false] {
        let world = World::new();
        let producer = queue_of(&world).await;
        let all: Vec<String> = (0..16).map(|n| format!("{n:02}")).collect();
        producer.put_all(all.clone()).await.unwrap();
        let mut consumers = Vec::new();
        for _ in 0..2 {
            let zk = world.client().await;
            let rule = Match::op(OpCode::Multi)
                .path(PATH)
                .session(zk.session_id().unwrap());
            for n in [1, 3, 4] {
                let rule = world.hooks.on(rule.clone().nth(n).times(1));
                match applied {
                    true => rule.cut_after_apply(),
                    false => rule.cut_before_apply(),
                };
            }
            let queue = queue(&zk);
            consumers.push(spawned(async move {
                let mut got = Vec::new();
                while let Some(item) = try_take(&queue).await.unwrap() {
                    got.push(item);
                }
                got
            }));
        }
        let mut got = Vec::new();
        for consumer in consumers {
            got.extend(timeout(SOON, consumer).await.unwrap().unwrap());
        }
        got.sort();
        assert_eq!(got, all, "applied: {applied}");
    }
}

#[tokio::test(start_paused = true)]
async fn a4_a_take_that_is_committed_after_the_reconnect_is_handed_out_once() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk);
    queue.put("a").await.unwrap();
    queue.put("b").await.unwrap();
    let taking = spawned(queue.take());
    // Both lists, and the item.
    sleep(crate::kit::ROUND_TRIP * 2).await;
    world.hooks.hold_commits(true);
    settle().await;
    assert!(world.hooks.held_commits() > 0);
    assert!(world.hooks.cut_session(zk.session_id().unwrap()));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(items(&world).len(), 2);
    world.hooks.hold_commits(false);
    let item = timeout(SOON, taking).await.unwrap().unwrap().unwrap();
    assert_eq!(item.data(), b"a");
    assert_eq!(take(&queue).await, "b");
    assert_eq!(items(&world), [""; 0]);
}

/// What cannot be known is told, with the item, and nothing is done twice.
#[tokio::test(start_paused = true)]
async fn a4_an_expiry_before_a_take_is_settled_is_told_as_unknown_with_the_item() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        let node = queue.put("x").await.unwrap().node.unwrap();
        let rule = cut_next(&world, &zk, applied);
        world.hooks.refuse_connections(true);
        let taking = spawned({
            let queue = queue.clone();
            async move { queue.take().await }
        });
        until_cut(&world, rule).await;
        world.hooks.expire(zk.session_id().unwrap());
        world.hooks.refuse_connections(false);
        let error = timeout(SOON, taking).await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SessionExpired, "{error}");
        assert_eq!(error.fate(), Fate::Unknown);
        assert!(error.to_string().contains(&node), "{error}");
        // Whether it is there tells, and it is handed out if it is.
        let next = try_take(&queue).await.unwrap();
        assert_eq!(next.as_deref(), (!applied).then_some("x"));
        assert_eq!(items(&world), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a3_an_expiry_before_a_put_is_settled_is_told_as_unknown() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        queue.put("warm").await.unwrap();
        let rule = cut_next(&world, &zk, applied);
        world.hooks.refuse_connections(true);
        let put = spawned({
            let queue = queue.clone();
            async move { queue.put("x").await }
        });
        until_cut(&world, rule).await;
        world.hooks.expire(zk.session_id().unwrap());
        world.hooks.refuse_connections(false);
        let error = timeout(SOON, put).await.unwrap().unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::SessionExpired, Fate::Unknown)
        );
        assert!(error.to_string().contains(PATH), "{error}");
        assert_eq!(items(&world).len(), if applied { 2 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_strict_bound_and_a_due_time_survive_lost_answers() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk).layout(QueueLayout::Delay).strict_bound(3);
        for n in 0..3 {
            let rule = cut_next(&world, &zk, applied);
            queue
                .put(Entry::new(n.to_string()).due_in(Duration::ZERO))
                .await
                .unwrap();
            assert_eq!(world.hooks.fired(rule), 1);
        }
        let full = queue.put("3").timeout(Duration::from_secs(1)).await;
        assert_eq!(full.unwrap_err().kind(), ErrorKind::WaitTimedOut);
        for n in 0..3 {
            assert_eq!(take(&queue).await, n.to_string());
        }
    }
}
