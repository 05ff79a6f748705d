//! Jobs that one of many runs, and not again too soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Client, ErrorKind, HoldError, Lease, Ran};
use zk_wire::OpCode;

use crate::kit::{World, polled, settle, spawned};

const JOB: &str = "/jobs/nightly";
const HOLDER: &str = "/jobs/nightly/holder";
const LAST: &str = "/jobs/nightly/last";
const LEAST: Duration = Duration::from_secs(600);
const NONE: [String; 0] = [];

fn job(zk: &Client) -> Lease {
    Lease::new(zk, JOB).unwrap().min_hold(LEAST)
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_once_in_its_time_however_many_ask() {
    let world = World::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for host in 0..5_u64 {
        let lease = job(&world.client().await);
        let runs = Arc::clone(&runs);
        tasks.push(tokio::spawn(async move {
            // Clocks that are late by a while, some of them by more than the job takes.
            sleep(Duration::from_secs(40 * host)).await;
            let ran = lease.try_run(|_| async {
                runs.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_secs(60)).await;
            });
            ran.await.unwrap()
        }));
    }
    let mut ends = Vec::new();
    for task in tasks {
        ends.push(task.await.unwrap());
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(ends[..2], [Ran::Done(()), Ran::Busy]);
    assert!(
        matches!(ends[2], Ran::TooSoon { since } if since >= Duration::from_secs(79)),
        "{ends:?}"
    );
    sleep(LEAST).await;
    let lease = job(&world.client().await);
    let ran = lease
        .try_run(|held| async move { held.token() })
        .await
        .unwrap();
    assert!(matches!(ran, Ran::Done(_)), "{ran:?}");
    assert_eq!(world.left(HOLDER), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_dies_lets_go_and_its_start_counts_all_the_same() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let lease = job(&zk).contender("first");
    let running = spawned(async move { lease.try_run(|_| std::future::pending::<()>()).await });
    settle().await;
    let theirs = job(&other);
    assert_eq!(theirs.try_run(|_| async {}).await.unwrap(), Ran::Busy);
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    let ended = timeout(Duration::from_secs(60), running)
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(ended, Err(HoldError::Lost(_))), "{ended:?}");
    assert!(matches!(
        theirs.try_run(|_| async {}).await.unwrap(),
        Ran::TooSoon { .. }
    ));
    let (_, who) = theirs.last_start().await.unwrap().unwrap();
    assert_eq!(who, "first");
    sleep(LEAST).await;
    assert_eq!(theirs.try_run(|_| async { 7 }).await.unwrap(), Ran::Done(7));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_too_long_is_dropped() {
    let world = World::new();
    let zk = world.client().await;
    let lease = Lease::new(&zk, JOB)
        .unwrap()
        .max_hold(Duration::from_secs(5));
    let error = lease
        .try_run(|_| std::future::pending::<()>())
        .await
        .unwrap_err();
    assert!(matches!(error, HoldError::TooLong { .. }), "{error}");
    assert_eq!(world.left(HOLDER), NONE);
    assert_eq!(
        lease.try_run(|_| async { 7 }).await.unwrap(),
        Ran::Done(7),
        "no least time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_is_lost_is_on_record_and_the_job_runs() {
    for applied in [true, false] {
        for first in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            let lease = Lease::new(&zk, JOB).unwrap();
            if !first {
                lease.try_run(|_| async {}).await.unwrap();
            }
            // The first write fails for want of the node; the create comes next.
            let write = Match::op(OpCode::Multi).nth(if first { 2 } else { 1 });
            let write = world.hooks.on(write);
            let rule = if applied {
                write.cut_after_apply()
            } else {
                write.cut_before_apply()
            };
            let ran = timeout(Duration::from_secs(30), lease.try_run(|_| async { 7 }));
            assert_eq!(ran.await.unwrap().unwrap(), Ran::Done(7));
            assert_eq!(world.hooks.fired(rule), 1, "{applied} {first}");
            assert!(world.hooks.node(LAST).is_some());
        }
    }
}

/// The hold goes between its grant and the record: neither record nor job may come of it.
#[tokio::test(start_paused = true)]
async fn a_job_whose_hold_is_lost_before_it_starts_does_not_start() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let lease = job(&zk);
    lease.try_run(|_| async {}).await.unwrap();
    let started = world.hooks.node(LAST).unwrap().stat.mtime;
    sleep(LEAST).await;
    let look = Match::op(OpCode::Exists).path(LAST);
    world.hooks.on(look).delay_reply(Duration::from_millis(200));
    let running = spawned(async move { lease.try_run(|_| async { panic!("it ran") }).await });
    settle().await;
    let [node] = &world.left(HOLDER)[..] else {
        panic!("it holds");
    };
    operator.delete(node).await.unwrap();
    let ended = timeout(Duration::from_secs(30), running)
        .await
        .unwrap()
        .unwrap();
    match ended {
        Err(HoldError::Acquire(error)) => assert_eq!(error.kind(), ErrorKind::LockLost),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it ran"),
    }
    assert_eq!(world.hooks.node(LAST).unwrap().stat.mtime, started);
}

#[tokio::test(start_paused = true)]
async fn c20_a_job_dropped_at_any_poll_leaves_no_holder() {
    for polls in 0.. {
        let world = World::new();
        let zk = world.client().await;
        let lease = job(&zk);
        let ran = polled(lease.try_run(|_| async {}), polls).await;
        settle().await;
        assert_eq!(world.left(HOLDER), NONE, "after {polls} polls");
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
        if let Some(ran) = ran {
            assert!(polls > 3 && ran.unwrap() == Ran::Done(()));
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_last_start_changes_nothing() {
    for polls in 0.. {
        let world = World::new();
        let zk = world.client().await;
        let lease = job(&zk);
        let before = world.hooks.paths();
        let history = polled(lease.history(), polls).await;
        assert!(history.is_none_or(|starts| starts.unwrap().is_empty()));
        let ready = polled(lease.last_start(), polls).await;
        settle().await;
        assert_eq!((world.hooks.paths(), zk.stats().watches), (before, 0));
        if let Some(last) = ready {
            assert!(last.unwrap().is_none());
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn starts_are_remembered_with_who_and_when_the_last_twenty_of_them() {
    let world = World::new();
    let zk = world.client().await;
    assert_eq!(job(&zk).history().await.unwrap(), []);
    for turn in 0..25 {
        let lease = job(&zk).contender(format!("host\n{turn}"));
        // A lost answer is no second start.
        if turn % 5 == 0 {
            let writes = Match::ops([OpCode::Multi]).path(LAST);
            world.hooks.on(writes).cut_after_apply();
        }
        let ran = lease.try_run(|_| async {}).await.unwrap();
        assert_eq!(ran, Ran::Done(()));
        sleep(LEAST).await;
    }
    let history = job(&zk).history().await.unwrap();
    let who: Vec<_> = history
        .iter()
        .map(|start| start.contender.clone())
        .collect();
    let expected: Vec<_> = (5..25).rev().map(|turn| format!("host {turn}")).collect();
    assert_eq!(who, expected);
    for pair in history.windows(2) {
        let apart = pair[0].at.duration_since(pair[1].at).unwrap();
        assert!(apart >= LEAST && apart < LEAST * 2, "{apart:?}");
    }
    let (stat, last) = job(&zk).last_start().await.unwrap().unwrap();
    assert_eq!(last, "host 24");
    let at = history[0].at.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(at.as_millis(), u128::try_from(stat.mtime).unwrap());
}
