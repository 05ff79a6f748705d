//! Transactions whose answer was lost.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use zk_embedded::{Match, RuleId};
use zk_recipes::{Client, Error, ErrorKind, Fate, Stm};
use zk_wire::OpCode;

use super::{HOME, count, scene, stored};
use crate::kit::{World, settle, spawned};

/// The next transaction that writes to `/n` loses its answer, after it took effect or before.
fn cut_next(world: &World, zk: &Client, applied: bool) -> RuleId {
    let commit = Match::op(OpCode::Multi).path("/n");
    let commit = commit.session(zk.session_id().unwrap()).times(1);
    let rule = world.hooks.on(commit);
    match applied {
        true => rule.cut_after_apply(),
        false => rule.cut_before_apply(),
    }
}

/// Runs one count whose answer is lost, and keeps its client away.
async fn count_and_lose(
    world: &World,
    zk: &Client,
    stm: &Stm,
    applied: bool,
) -> JoinHandle<Result<i64, Error>> {
    let rule = cut_next(world, zk, applied);
    world.hooks.refuse_connections(true);
    let stm = stm.clone();
    let run = spawned(async move { stm.run(count).await });
    while world.hooks.fired(rule) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    run
}

async fn ended(run: JoinHandle<Result<i64, Error>>) -> Result<i64, Error> {
    timeout(Duration::from_secs(60), run)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a27_the_answer_of_every_transaction_is_lost_in_turn_and_each_counts_once() {
    for applied in [true, false] {
        let world = World::new();
        let (zk, stm) = scene(&world).await;
        for n in 1..=8 {
            let rule = cut_next(&world, &zk, applied);
            assert_eq!(stm.run(count).await.unwrap(), n);
            assert_eq!(world.hooks.fired(rule), 1, "transaction {n} was not cut");
            assert_eq!(stored(&world, "/n"), n, "applied: {applied}");
        }
        drop(stm);
        world.until_empty(HOME).await;
    }
}

/// The hard case: another client writes the same number meanwhile.
#[tokio::test(start_paused = true)]
async fn a27_a_lost_transaction_is_told_from_the_same_one_of_somebody_else() {
    for applied in [true, false] {
        let world = World::new();
        let (zk, stm) = scene(&world).await;
        let theirs = Stm::new(&world.client().await, HOME).unwrap();
        let mut counted = 0;
        for _ in 0..4 {
            let run = count_and_lose(&world, &zk, &stm, applied).await;
            theirs.run(count).await.unwrap();
            world.hooks.refuse_connections(false);
            ended(run).await.unwrap();
            counted += 2;
            assert_eq!(stored(&world, "/n"), counted, "applied: {applied}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a27_a_transaction_that_is_committed_after_the_reconnect_counts_once() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    stm.run(count).await.unwrap();
    world.hooks.hold_commits(true);
    let run = spawned({
        let stm = stm.clone();
        async move { stm.run(count).await }
    });
    settle().await;
    assert!(world.hooks.held_commits() > 0);
    assert!(world.hooks.cut_session(zk.session_id().unwrap()));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stored(&world, "/n"), 1);
    world.hooks.hold_commits(false);
    assert_eq!(ended(run).await.unwrap(), 2);
    assert_eq!(stored(&world, "/n"), 2);
}

#[tokio::test(start_paused = true)]
async fn a27_settling_goes_on_over_further_broken_connections() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    stm.run(count).await.unwrap();
    cut_next(&world, &zk, true);
    // The mark is written at its old version, which shows whether ours did, and read behind that.
    let writes = Match::op(OpCode::SetData).times(2);
    let writes = world.hooks.on(writes).cut_after_apply();
    let mark = Match::op(OpCode::GetData).path(HOME).times(1);
    let mark = world.hooks.on(mark).cut_before_apply();
    assert_eq!(stm.run(count).await.unwrap(), 2);
    let fired = |rule| world.hooks.fired(rule);
    assert_eq!((fired(writes), fired(mark)), (2, 1));
    assert_eq!(stored(&world, "/n"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_before_the_answer_is_settled_is_told_as_unknown_and_the_handle_goes_on() {
    for applied in [true, false] {
        let world = World::new();
        let (zk, stm) = scene(&world).await;
        stm.run(count).await.unwrap();
        let run = count_and_lose(&world, &zk, &stm, applied).await;
        world.hooks.expire(zk.session_id().unwrap());
        world.hooks.refuse_connections(false);
        let error = ended(run).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::SessionExpired, Fate::Unknown),
            "{error}"
        );
        assert!(error.to_string().contains(HOME), "{error}");
        let so_far = if applied { 2 } else { 1 };
        assert_eq!(stored(&world, "/n"), so_far);
        assert_eq!(stm.run(count).await.unwrap(), so_far + 1);
        drop(stm);
        world.until_empty(HOME).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_somebody_deleted_is_made_again_and_its_loss_is_never_taken_for_a_no() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    let operator = world.client().await;
    // The first one, which makes it, too.
    let run = count_and_lose(&world, &zk, &stm, true).await;
    operator.delete(&world.left(HOME)[0]).await.unwrap();
    world.hooks.refuse_connections(false);
    let error = ended(run).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    assert_eq!(stored(&world, "/n"), 1);
    assert_eq!(stm.run(count).await.unwrap(), 2);
    let run = count_and_lose(&world, &zk, &stm, true).await;
    operator.delete(&world.left(HOME)[0]).await.unwrap();
    world.hooks.refuse_connections(false);
    let error = ended(run).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    assert_eq!(stored(&world, "/n"), 3);
}
