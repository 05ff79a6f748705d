//! Defects that other lock libraries had, and traps: each by its id in `docs/defects.md`.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Acl, CreateMode, ErrorKind, LockGuard, Mutex, Permissions};
use zk_wire::OpCode;

use crate::kit::{World, settle, spawned, warm_lock};

const LOCK: &str = "/locks/a";

#[tokio::test(start_paused = true)]
async fn c21_a_contender_that_cannot_settle_its_create_in_ten_thousand_rounds_asks_at_a_bounded_rate()
 {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    let barriers = Match::op(OpCode::Multi).always();
    let rule = world.hooks.on(barriers).cut_before_apply();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let acquire = spawned(mutex.acquire());
    while world.hooks.fired(rule) < 10_000 {
        let failed = world.hooks.fired(rule);
        sleep(Duration::from_secs(60)).await;
        let failed = world.hooks.fired(rule) - failed;
        assert!((10..400).contains(&failed), "{failed} barriers in a minute");
        assert!(tasks() < before + 5, "each round left something running");
    }
    world.hooks.clear();
    let guard = timeout(Duration::from_secs(30), acquire).await;
    let guard = guard.unwrap().unwrap().unwrap();
    assert_eq!(world.left(LOCK), [guard.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn c22_c23_a_lost_create_is_found_under_a_chroot_by_its_path_below_it() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/team/app", "").parents().await.unwrap();
    let app = zk.chroot("/team/app").unwrap();
    let mutex = warm_lock(&app, LOCK).await;
    let creates = world.hooks.count(OpCode::Create2);
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    let guard = mutex.acquire().await.unwrap();
    assert_eq!(world.hooks.count(OpCode::Create2) - creates, 1);
    let node = guard.held().node().to_owned();
    assert!(node.starts_with("/locks/a/_c_"), "{node}");
    assert!(world.hooks.node(&format!("/team/app{node}")).is_some());
    guard.release().await.unwrap();
    assert_eq!(world.left("/team/app/locks/a"), Vec::<String>::new());
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn c27_k04_why_an_acquire_failed_is_told_although_its_contender_cannot_be_deleted() {
    let world = World::new();
    let zk = world.client().await;
    let foreign = "/lock/0123456789abcdef0123456789abcdef__lock__0000000000";
    zk.create(foreign, "").parents().await.unwrap();
    let keep = Acl::new("world", "anyone", Permissions::READ | Permissions::CREATE);
    zk.set_acl("/lock", [keep]).await.unwrap();
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let error = mutex.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MixedContenders);
    settle().await;
    assert_eq!(world.left("/lock").len(), 2, "it could not be deleted");
    assert_eq!(zk.stats().duties, 0, "and is not tried for ever");
    zk.close().await.unwrap();
    assert_eq!(world.left("/lock"), [foreign], "it goes with the session");
}

#[tokio::test(start_paused = true)]
async fn c30_a28_an_acquire_outlives_parents_that_vanish_under_its_feet() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let hooks = world.hooks.clone();
    let reaper = tokio::spawn(async move {
        for _ in 0..5 {
            hooks.until(|core| core.node(LOCK).is_some()).await;
            operator.delete(LOCK).await.unwrap();
        }
    });
    let mutex = Mutex::new(&zk, LOCK).unwrap();
    let guard = timeout(Duration::from_secs(10), mutex.acquire().into_future()).await;
    let guard = guard.unwrap().unwrap();
    reaper.await.unwrap();
    assert_eq!(world.left(LOCK), [guard.held().node()]);
    guard.release().await.unwrap();
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn a29_t12_contenders_keep_their_order_when_the_sequence_overflows() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    assert!(world.hooks.set_sequence(LOCK, i32::MAX - 1));
    let first = mutex.acquire().await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(spawned(mutex.acquire()));
        settle().await;
    }
    // The counter stays where it is: the numbers say nothing of the order any more.
    let last_number = |path: &&String| path.ends_with("-lock-2147483647");
    assert_eq!(world.left(LOCK).iter().filter(last_number).count(), 4);
    let mut last = first.token();
    first.release().await.unwrap();
    for next in waiting {
        let guard = timeout(Duration::from_secs(5), next).await;
        let guard = guard.unwrap().unwrap().unwrap();
        assert!(guard.token() > last, "somebody overtook");
        last = guard.token();
        guard.release().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a32_contenders_that_come_and_go_do_not_extend_a_timeout() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let theirs = warm_lock(&other, LOCK).await;
    let _holder = theirs.acquire().await.unwrap();
    // Each of those ahead gives up in its turn, the last first, and wakes ours.
    let ahead: Vec<_> = (1..=8)
        .map(|n| {
            spawned(
                theirs
                    .acquire()
                    .timeout(Duration::from_millis(1000 - 100 * n)),
            )
        })
        .collect();
    settle().await;
    let start = Instant::now();
    let limit = Duration::from_millis(900);
    let mutex = Mutex::new(&zk, LOCK).unwrap();
    let error = mutex.acquire().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    let late = start.elapsed() - limit;
    assert!(late < Duration::from_millis(5), "{late:?} late");
    for gone in ahead {
        assert!(gone.await.unwrap().is_err());
    }
}

/// A guard that could be cloned would release under the feet of its copy. This does not compile if it can.
#[tokio::test(start_paused = true)]
async fn t2_a_guard_cannot_be_cloned_and_its_views_release_nothing() {
    trait OneWay<Way> {
        fn only() {}
    }
    struct Any;
    struct Cloned;
    impl<T> OneWay<Any> for T {}
    impl<T: Clone> OneWay<Cloned> for T {}
    // Two ways for a type that is Clone, and then `_` cannot be told.
    <LockGuard as OneWay<_>>::only();

    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, LOCK).await.acquire().await.unwrap();
    let view = guard.held();
    drop((view.clone(), guard.held(), view));
    settle().await;
    assert_eq!(world.left(LOCK), [guard.held().node()]);
    assert!(guard.held().is_held());
}

/// The create is proposed and not committed when the connection breaks: a plain read on the next one would not show
/// the node, and the contender would be made twice.
#[tokio::test(start_paused = true)]
async fn t6_a_create_that_is_committed_after_the_reconnect_is_found_all_the_same() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    let creates = world.hooks.count(OpCode::Create2);
    world.hooks.hold_commits(true);
    let acquire = spawned(mutex.acquire());
    settle().await;
    assert!(world.hooks.held_commits() > 0, "the create waits");
    assert!(world.hooks.cut_session(zk.session_id().unwrap()));
    sleep(Duration::from_secs(1)).await;
    assert!(zk.state().is_connected());
    assert_eq!(world.left(LOCK), Vec::<String>::new());
    world.hooks.hold_commits(false);
    let guard = timeout(Duration::from_secs(5), acquire).await;
    let guard = guard.unwrap().unwrap().unwrap();
    assert_eq!(world.left(LOCK), [guard.held().node()]);
    assert_eq!(world.hooks.count(OpCode::Create2) - creates, 1);
}

/// The owner of a node cannot tell two contenders of one session apart; their marks do.
#[tokio::test(start_paused = true)]
async fn c24_t11_two_contenders_of_one_session_exclude_each_other_also_over_a_lost_create() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    let first = mutex.acquire().await.unwrap();
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    let second = spawned(mutex.acquire());
    sleep(Duration::from_secs(2)).await;
    assert!(
        !second.is_finished(),
        "it took the other's node for its own"
    );
    assert_eq!(world.left(LOCK).len(), 2);
    first.release().await.unwrap();
    let second = second.await.unwrap().unwrap();
    assert_eq!(world.left(LOCK), [second.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn k9_a11_children_that_are_no_contenders_are_not_waited_for() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    for name in ["!x", "0", "lock", "lock-1", "x-lock-0000000000-y"] {
        let node = format!("{LOCK}/{name}");
        let create = zk.create(&node, "").mode(CreateMode::Ephemeral);
        create.await.unwrap();
    }
    let guard = mutex.try_acquire().await.unwrap();
    assert!(guard.is_some());
}
