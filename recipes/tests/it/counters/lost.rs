//! Writes whose answer was lost.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use zk_embedded::{Match, RuleId};
use zk_recipes::{
    AtomicLong, AtomicValue, BlockCounter, Change, Client, CompareAndSet, Error, ErrorKind, Fate,
    SharedValue,
};
use zk_wire::OpCode;

use super::{PATH, counter, stored};
use crate::kit::{World, settle, spawned};

/// A1 of the catalogue of defects: a write whose answer is lost is found again, not made again; the first one, which makes
/// node and mark, as well.
#[tokio::test(start_paused = true)]
async fn a1_the_answer_of_every_write_is_lost_in_turn_and_each_counts_once() {
    for applied in [true, false] {
        let world = World::new();
        let counter = counter(&world).await;
        for n in 1..=12 {
            let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).times(1));
            let rule = if applied {
                rule.cut_after_apply()
            } else {
                rule.cut_before_apply()
            };
            let change = counter.increment().await.unwrap();
            assert_eq!(world.hooks.fired(rule), 1, "write {n} was not cut");
            assert_eq!(
                (change.before, change.after),
                (n - 1, n),
                "applied: {applied}"
            );
            assert_eq!(stored(&world), n);
        }
        drop(counter);
        world.until_empty(PATH).await;
    }
}

/// The hard case: others write the same number in between, so that neither value nor version tell whose it is.
#[tokio::test(start_paused = true)]
async fn a1_a_lost_write_is_told_from_the_same_write_of_somebody_else() {
    for applied in [true, false] {
        let world = World::new();
        let (ours, theirs) = (counter(&world).await, counter(&world).await);
        ours.increment().await.unwrap();
        theirs.increment().await.unwrap();
        let mut counted = 2;
        for _ in 0..8 {
            let session = world.hooks.sessions().first().unwrap().id;
            let rule = Match::op(OpCode::Multi)
                .path(PATH)
                .session(session)
                .times(1);
            let rule = world.hooks.on(rule);
            let rule = if applied {
                rule.cut_after_apply()
            } else {
                rule.cut_before_apply()
            };
            world.hooks.refuse_connections(true);
            let change = tokio::spawn({
                let ours = ours.clone();
                async move { ours.increment().await }
            });
            while world.hooks.fired(rule) == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            // While ours is away, the other counts once as well.
            theirs.increment().await.unwrap();
            world.hooks.refuse_connections(false);
            let change = timeout(Duration::from_secs(60), change)
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(change.after, change.before + 1);
            counted += 2;
            assert_eq!(stored(&world), counted, "applied: {applied}");
        }
    }
}

/// What a server has of an older connection may come behind everything that was asked since, be it the barrier or the next try.
#[tokio::test(start_paused = true)]
async fn a1_a_write_counts_once_behind_whichever_request_it_comes_late() {
    // The first makes the node, and nothing can be put in its place; the next one makes no mark.
    for counted in [0, 1] {
        for nth in 0..16 {
            let world = World::new();
            let counter = counter(&world).await;
            for _ in 0..counted {
                counter.increment().await.unwrap();
            }
            let write = Match::op(OpCode::Multi).path(PATH).times(1);
            let write = world.hooks.on(write).postpone();
            let change = spawned({
                let counter = counter.clone();
                async move { counter.increment().await }
            });
            world
                .apply_behind(write, nth, || change.is_finished())
                .await;
            let change = timeout(Duration::from_secs(60), change).await;
            let change = change.unwrap().unwrap().unwrap();
            assert_eq!(
                (change.before, change.after),
                (counted, counted + 1),
                "{nth}"
            );
            assert_eq!(counter.increment().await.unwrap().after, counted + 2);
            assert_eq!(stored(&world), counted + 2, "behind {nth}");
            drop(counter);
            world.until_empty(PATH).await;
        }
    }
}

/// Each write is bound to the mark as it was left.
#[tokio::test(start_paused = true)]
async fn a_mark_that_somebody_wrote_is_left_for_another() {
    let world = World::new();
    let (counter, other) = (counter(&world).await, world.client().await);
    counter.increment().await.unwrap();
    let marks = world.left(PATH);
    assert_eq!(marks.len(), 1, "{marks:?}");
    other.set(&marks[0], "theirs").await.unwrap();
    assert_eq!(counter.increment().await.unwrap().after, 2);
    settle().await;
    let others = world.left(PATH);
    assert_eq!(others.len(), 1, "{others:?}");
    assert_ne!(marks, others);
}

#[tokio::test(start_paused = true)]
async fn a1_settling_goes_on_over_further_broken_connections() {
    let world = World::new();
    let counter = counter(&world).await;
    counter.increment().await.unwrap();
    world
        .hooks
        .on(Match::op(OpCode::Multi).path(PATH).times(1))
        .cut_after_apply();
    // The mark is written at its old version, which shows whether ours did, and read behind that.
    let writes = Match::op(OpCode::SetData).times(2);
    let writes = world.hooks.on(writes).cut_after_apply();
    let mark = Match::op(OpCode::GetData).times(1);
    let mark = world.hooks.on(mark).cut_before_apply();
    assert_eq!(counter.increment().await.unwrap().after, 2);
    let fired = |rule| world.hooks.fired(rule);
    assert_eq!((fired(writes), fired(mark)), (2, 1));
    assert_eq!(stored(&world), 2);
}

/// The write is proposed and committed only after the reconnect: a plain read on the next connection would not show it.
#[tokio::test(start_paused = true)]
async fn a1_a_write_that_is_committed_after_the_reconnect_counts_once() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicLong::new(&zk, PATH).unwrap();
    counter.increment().await.unwrap();
    world.hooks.hold_commits(true);
    let change = tokio::spawn(async move { counter.increment().await });
    settle().await;
    assert!(world.hooks.held_commits() > 0);
    assert!(world.hooks.cut_session(zk.session_id().unwrap()));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stored(&world), 1);
    world.hooks.hold_commits(false);
    let change = timeout(Duration::from_secs(10), change)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(change.unwrap().after, 2);
    assert_eq!(stored(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a1_an_expiry_before_the_answer_is_settled_is_told_as_unknown_and_the_handle_goes_on() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let counter = AtomicLong::new(&zk, PATH).unwrap();
        counter.increment().await.unwrap();
        let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).times(1));
        let rule = if applied {
            rule.cut_after_apply()
        } else {
            rule.cut_before_apply()
        };
        world.hooks.refuse_connections(true);
        let change = tokio::spawn({
            let counter = counter.clone();
            async move { counter.increment().await }
        });
        while world.hooks.fired(rule) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        world.hooks.expire(zk.session_id().unwrap());
        world.hooks.refuse_connections(false);
        let error = timeout(Duration::from_secs(60), change)
            .await
            .unwrap()
            .unwrap()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SessionExpired, "{error}");
        assert_eq!(error.fate(), Fate::Unknown, "{error}");
        assert!(error.to_string().contains(PATH), "{error}");
        let so_far = if applied { 2 } else { 1 };
        assert_eq!(stored(&world), so_far);
        assert_eq!(counter.increment().await.unwrap().after, so_far + 1);
        drop(counter);
        world.until_empty(PATH).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a1_a_mark_that_somebody_deleted_is_made_again_and_its_loss_is_never_taken_for_a_no() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let counter = AtomicLong::new(&zk, PATH).unwrap();
    counter.increment().await.unwrap();
    operator.delete(&world.left(PATH)[0]).await.unwrap();
    assert_eq!(counter.increment().await.unwrap().after, 2);
    let rule = world
        .hooks
        .on(Match::op(OpCode::Multi).path(PATH).times(1))
        .cut_after_apply();
    world.hooks.refuse_connections(true);
    let change = tokio::spawn({
        let counter = counter.clone();
        async move { counter.increment().await }
    });
    while world.hooks.fired(rule) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    operator.delete(&world.left(PATH)[0]).await.unwrap();
    world.hooks.refuse_connections(false);
    let error = timeout(Duration::from_secs(60), change)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    assert_eq!(stored(&world), 3);
}

/// The first write of a handle makes its mark. When an operator has deleted that, its absence says nothing.
#[tokio::test(start_paused = true)]
async fn a1_the_mark_of_a_first_write_that_somebody_deleted_is_never_taken_for_a_no() {
    for theirs in [false, true] {
        let world = World::new();
        let other = counter(&world).await;
        other.increment().await.unwrap();
        let (zk, operator) = (world.client().await, world.client().await);
        let first = Lost::first(&world, &zk, true).await;
        operator.delete(&mark_of(&world, &zk)).await.unwrap();
        if theirs {
            other.increment().await.unwrap();
        }
        let error = first.ended(&world).await.unwrap_err();
        assert_eq!(error.fate(), Fate::Unknown, "{error}");
        assert_eq!(stored(&world), 2 + i64::from(theirs), "counted once");
    }
}

/// Nothing was deleted below the node since it was read: a mark that is missing was never made, whoever wrote meanwhile.
#[tokio::test(start_paused = true)]
async fn a1_a_first_write_that_did_not_happen_is_made_again_though_others_wrote() {
    let world = World::new();
    let other = counter(&world).await;
    other.increment().await.unwrap();
    let (zk, third) = (world.client().await, counter(&world).await);
    let first = Lost::first(&world, &zk, false).await;
    for _ in 0..3 {
        other.increment().await.unwrap();
        third.increment().await.unwrap();
    }
    assert_eq!(first.ended(&world).await.unwrap().after, 8);
    assert_eq!(stored(&world), 8);
}

/// A handle that went took its mark along, which could have been ours; but the version is the one of before.
#[tokio::test(start_paused = true)]
async fn a1_a_first_write_is_settled_by_the_version_where_marks_have_gone() {
    let world = World::new();
    let (other, third) = (counter(&world).await, counter(&world).await);
    other.increment().await.unwrap();
    third.increment().await.unwrap();
    let zk = world.client().await;
    let first = Lost::first(&world, &zk, false).await;
    drop(third);
    while world.left(PATH).len() > 1 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(first.ended(&world).await.unwrap().after, 3);
}

#[tokio::test(start_paused = true)]
async fn a2_a_first_set_and_try_set_whose_mark_was_deleted_are_never_told_as_refused() {
    for conditional in [false, true] {
        let world = World::new();
        let (zk, operator) = (world.client().await, world.client().await);
        operator.create(PATH, "a").parents().await.unwrap();
        let value = SharedValue::new(&zk, PATH, "").unwrap();
        let previous = value.get().await.unwrap();
        let rule = lose(&world, &zk, true);
        world.hooks.refuse_connections(true);
        let set = tokio::spawn(async move {
            if conditional {
                value.try_set(&previous, "b").await.map(drop)
            } else {
                value.set("b").await
            }
        });
        while world.hooks.fired(rule) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        operator.delete(&mark_of(&world, &zk)).await.unwrap();
        operator.set(PATH, "c").await.unwrap();
        world.hooks.refuse_connections(false);
        let set = timeout(Duration::from_secs(60), set).await.unwrap();
        let error = set.unwrap().unwrap_err();
        assert_eq!(error.fate(), Fate::Unknown, "{error}");
        assert_eq!(world.hooks.node(PATH).unwrap().data.unwrap(), "c");
    }
}

/// The next write to [`PATH`] of this client loses its answer.
fn lose(world: &World, zk: &Client, applied: bool) -> RuleId {
    let write = Match::op(OpCode::Multi).path(PATH).times(1);
    let rule = world.hooks.on(write.session(zk.session_id().unwrap()));
    if applied {
        rule.cut_after_apply()
    } else {
        rule.cut_before_apply()
    }
}

fn mark_of(world: &World, zk: &Client) -> String {
    let session = zk.session_id().unwrap();
    let owner = |path: &String| world.hooks.node(path).unwrap().stat.ephemeral_owner;
    let mut marks = world.left(PATH).into_iter();
    marks.find(|path| owner(path) == session).unwrap()
}

/// A first increment of a handle, whose answer was lost and whose client is kept away.
struct Lost(JoinHandle<Result<Change<i64>, Error>>);

impl Lost {
    async fn first(world: &World, zk: &Client, applied: bool) -> Self {
        let counter = AtomicLong::new(zk, PATH).unwrap();
        let rule = lose(world, zk, applied);
        world.hooks.refuse_connections(true);
        let change = tokio::spawn(async move { counter.increment().await });
        while world.hooks.fired(rule) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        Self(change)
    }

    async fn ended(self, world: &World) -> Result<Change<i64>, Error> {
        world.hooks.refuse_connections(false);
        let ended = timeout(Duration::from_secs(60), self.0).await;
        ended.unwrap().unwrap()
    }
}

/// What a handle remembers of its last write is worth nothing for a node that was made again, whose versions begin anew.
#[tokio::test(start_paused = true)]
async fn c59_a_counter_that_was_made_again_with_the_same_version_is_read_again() {
    for expired in [false, true] {
        let world = World::new();
        let (zk, operator) = (world.client().await, world.client().await);
        let counter = AtomicLong::new(&zk, PATH).unwrap();
        counter.set(1).await.unwrap();
        counter.increment().await.unwrap();
        let version = world.hooks.node(PATH).unwrap().stat.version;
        if expired {
            world.hooks.expire(zk.session_id().unwrap());
            sleep(Duration::from_secs(5)).await;
        } else {
            operator.delete(&world.left(PATH)[0]).await.unwrap();
        }
        operator.delete(PATH).await.unwrap();
        operator.create(PATH, "").await.unwrap();
        for _ in 0..version {
            operator
                .set(PATH, 100_i64.to_be_bytes().to_vec())
                .await
                .unwrap();
        }
        assert_eq!(world.hooks.node(PATH).unwrap().stat.version, version);
        let change = counter.increment().await.unwrap();
        assert_eq!(
            (change.before, change.after),
            (100, 101),
            "expired: {expired}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a1_without_a_mark_a_lost_answer_is_settled_where_the_node_itself_tells() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicLong::new(&zk, PATH).unwrap().unmarked();
    counter.set(5).await.ok();
    let theirs = self::counter(&world).await;
    theirs.set(5).await.unwrap();
    counter.increment().await.unwrap();
    world
        .hooks
        .on(Match::op(OpCode::SetData).times(1))
        .cut_before_apply();
    assert_eq!(counter.increment().await.unwrap().after, 7);
    // Applied, the next version holds what was written, which anybody may have written.
    world
        .hooks
        .on(Match::op(OpCode::SetData).times(1))
        .cut_after_apply();
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    assert_eq!(stored(&world), 8);
    assert_eq!(counter.increment().await.unwrap().after, 9);
}

/// A2: a write that took place is never reported as refused.
#[tokio::test(start_paused = true)]
async fn a2_a_compare_and_set_whose_answer_is_lost_says_done_if_and_only_if_it_is() {
    let world = World::new();
    let counter = counter(&world).await;
    counter.set(1).await.unwrap();
    for expected in 1..6 {
        world
            .hooks
            .on(Match::op(OpCode::Multi).path(PATH).times(1))
            .cut_after_apply();
        let done = counter
            .compare_and_set(expected, expected + 1)
            .await
            .unwrap();
        assert_eq!(done, CompareAndSet::Done);
        assert_eq!(stored(&world), expected + 1);
    }
    let refused = counter.compare_and_set(1, 9).await.unwrap();
    assert_eq!(refused, CompareAndSet::Found(6));
}

#[tokio::test(start_paused = true)]
async fn a2_a_try_set_of_a_shared_value_whose_answer_is_lost_says_done_if_and_only_if_it_is() {
    let world = World::new();
    let zk = world.client().await;
    let value = SharedValue::new(&zk, PATH, "a").unwrap();
    for (applied, text) in [(true, "b"), (false, "c"), (true, "d")] {
        let previous = value.get().await.unwrap();
        let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).times(1));
        if applied {
            rule.cut_after_apply();
        } else {
            rule.cut_before_apply();
        }
        assert!(value.try_set(&previous, text).await.unwrap().is_done());
        assert_eq!(value.get().await.unwrap().value, text);
        let CompareAndSet::Found(found) = value.try_set(&previous, "no").await.unwrap() else {
            panic!("an old version was replaced");
        };
        assert_eq!(found.value, text);
    }
}

#[tokio::test(start_paused = true)]
async fn a1_updates_of_a_value_are_made_once_each_and_initialised_once() {
    let world = World::new();
    let zk = world.client().await;
    let value = AtomicValue::new(&zk, PATH).unwrap();
    world
        .hooks
        .on(Match::op(OpCode::Multi).path(PATH).times(1))
        .cut_after_apply();
    assert!(
        value.initialize("").await.unwrap(),
        "made here, although the answer was lost"
    );
    assert!(!value.initialize("other").await.unwrap());
    for n in 1..=6 {
        world
            .hooks
            .on(Match::op(OpCode::Multi).path(PATH).times(1))
            .cut_after_apply();
        let append = |old: Option<&zk_recipes::Bytes>| [&old.unwrap()[..], b"x"].concat().into();
        assert_eq!(value.update(append).await.unwrap().after.len(), n);
    }
    assert_eq!(value.get().await.unwrap().unwrap(), "xxxxxx");
    assert!(
        value
            .compare_and_set(b"xxxxxx", "y")
            .await
            .unwrap()
            .is_done()
    );
    let refused = value.compare_and_set(b"xxxxxx", "z").await.unwrap();
    assert_eq!(refused, CompareAndSet::Found(Some("y".into())));
}

#[tokio::test(start_paused = true)]
async fn an_id_is_never_handed_out_twice_over_lost_answers_and_expiries() {
    let world = World::new();
    let zk = world.client().await;
    let ids = BlockCounter::new(AtomicLong::new(&zk, PATH).unwrap(), 1).unwrap();
    let mut numbers = Vec::new();
    for round in 0..12 {
        let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).times(1));
        let rule = rule.cut_after_apply();
        let next = tokio::spawn({
            let ids = ids.clone();
            async move { ids.next().await }
        });
        if round % 2 == 0 {
            world.hooks.refuse_connections(true);
            while world.hooks.fired(rule) == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            world.hooks.expire(zk.session_id().unwrap());
            world.hooks.refuse_connections(false);
        }
        let next = timeout(Duration::from_secs(60), next)
            .await
            .unwrap()
            .unwrap();
        numbers.push(next.unwrap());
    }
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
}
