//! Defects and traps that several recipes could share: each by its id in `docs/defects.md`.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::{EmbeddedServer, Match};
use zk_recipes::{
    AtomicLong, CacheChange, Client, Election, ErrorKind, MultiLock, Mutex, RwLock, Semaphore,
    SharedCount, TreeCache,
};
use zk_wire::{ErrorCode, OpCode};

use crate::kit::{World, polled, settle, spawned, warm_lock};

const LOCK: &str = "/locks/a";

/// C29, K3, T13: watches stayed on nodes that were gone, one more with each hand-over.
#[tokio::test(start_paused = true)]
async fn c29_k03_t13_no_watch_is_left_after_many_contended_turns() {
    let world = World::new();
    let mut contenders = Vec::new();
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let zk = world.client().await;
        let mutex = Mutex::new(&zk, LOCK).unwrap();
        let lock = RwLock::new(&zk, "/locks/rw").unwrap();
        let semaphore = Semaphore::new(&zk, "/limits/a", 2).unwrap();
        let election = Election::new(&zk, "/elections/a").unwrap();
        sessions.push(zk);
        contenders.push(tokio::spawn(async move {
            for turn in 0..20 {
                drop(mutex.acquire().await.unwrap());
                if turn % 2 == 0 {
                    drop(lock.read().await.unwrap());
                } else {
                    drop(lock.write().await.unwrap());
                }
                drop(semaphore.acquire().await.unwrap());
                drop(election.elected().await.unwrap());
            }
        }));
    }
    for contender in contenders {
        contender.await.unwrap();
    }
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
    for zk in sessions {
        assert_eq!(zk.stats().watches, 0);
    }
}

/// K7: after a cancelled acquire a lock could not be acquired again.
#[tokio::test(start_paused = true)]
async fn k07_a_lock_whose_acquire_was_cancelled_is_acquired_again() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (mutex, theirs) = (warm_lock(&zk, LOCK).await, warm_lock(&other, LOCK).await);
    for polls in 0..8 {
        let holder = theirs.acquire().await.unwrap();
        assert!(polled(mutex.acquire(), polls).await.is_none(), "it is held");
        holder.release().await.unwrap();
        let again = timeout(Duration::from_secs(5), mutex.acquire());
        let guard = again.await.expect("cancelled for good").unwrap();
        assert!(guard.release().await.unwrap().was_held);
    }
}

/// C63: something global stayed with the threads of whoever came first.
#[test]
fn c63_recipes_work_in_a_runtime_that_is_not_the_first() {
    let home = tokio::runtime::Runtime::new().unwrap();
    let server = home.block_on(EmbeddedServer::builder().start()).unwrap();
    let connect = server.connect_string();
    for turn in [1, 3, 5] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let zk = Client::builder(&connect).connect().await.unwrap();
            let guard = Mutex::new(&zk, LOCK).unwrap().acquire().await.unwrap();
            let counter = AtomicLong::new(&zk, "/counters/a").unwrap();
            assert_eq!(counter.increment().await.unwrap().after, turn);
            // Each driver is spawned where it is read, and goes with that runtime.
            let (loading, driver) = TreeCache::new(&zk, "/counters").unwrap().keep();
            tokio::spawn(driver);
            let cache = loading.loaded().await.unwrap();
            assert!(cache.get("/counters/a").is_some());
            let mut changes = cache.changes();
            assert!(matches!(
                changes.next().await,
                Some(CacheChange::Snapshot(_))
            ));
            counter.increment().await.unwrap();
            let told =
                async { while changes.next().await.unwrap().path() != Some("/counters/a") {} };
            timeout(Duration::from_secs(30), told)
                .await
                .expect("the driver rests");
            assert!(guard.release().await.unwrap().was_held);
            zk.close().await.unwrap();
        });
    }
}

/// A23: the making of the parents was taken for done although it had failed.
#[tokio::test(start_paused = true)]
async fn a23_parents_whose_making_failed_are_made_at_the_next_try() {
    let world = World::new();
    let zk = world.client().await;
    let refuse = || {
        let makes = [OpCode::CreateContainer, OpCode::Create, OpCode::Create2];
        let parents = Match::ops(makes).path("/p").nth(1);
        world.hooks.on(parents).error(ErrorCode::NoAuth)
    };
    let mutex = Mutex::new(&zk, "/p/lock").unwrap();
    refuse();
    let error = mutex.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    drop(mutex.acquire().await.unwrap());
    settle().await;
    zk.delete("/p").recursive().await.unwrap();
    let counter = AtomicLong::new(&zk, "/p/count").unwrap();
    refuse();
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert_eq!(counter.increment().await.unwrap().after, 1);
}

/// C66, T22: attempts within attempts multiplied.
#[tokio::test(start_paused = true)]
async fn c66_t22_attempts_of_a_change_are_as_many_as_are_allowed_with_and_without_its_lock() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/promoted").await;
    let counter = AtomicLong::new(&zk, "/counters/a").unwrap().attempts(5);
    counter.set(1).await.unwrap();
    let refused = Match::op(OpCode::Multi).path("/counters/a").always();
    let rule = world.hooks.on(refused).error(ErrorCode::BadVersion);
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
    assert_eq!(world.hooks.fired(rule), 5);
    let promoted = counter.clone().promote(&mutex, Duration::from_secs(1));
    let error = promoted.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
    assert_eq!(world.hooks.fired(rule), 5 + 10);
}

/// The same of time: whatever a recipe is made of, its one deadline is the caller's.
#[tokio::test(start_paused = true)]
async fn t22_one_deadline_is_for_all_that_a_recipe_does_also_in_an_outage() {
    const LIMIT: Duration = Duration::from_secs(7);
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let _held = warm_lock(&other, "/locks/b").await.acquire().await.unwrap();
    let all = MultiLock::new(&zk, ["/locks/a", "/locks/b", "/locks/c"]).unwrap();
    let permits = Semaphore::new(&other, "/limits/a", 1).unwrap();
    let _permit = permits.acquire().await.unwrap();
    let permits = Semaphore::new(&zk, "/limits/a", 1).unwrap();
    let leader = Election::new(&other, "/elections/a").unwrap();
    let _leads = leader.elected().await.unwrap();
    let election = Election::new(&zk, "/elections/a").unwrap();
    for outage in [false, true] {
        if outage {
            world.hooks.refuse_connections(true);
            world.hooks.cut_session(zk.session_id().unwrap());
            settle().await;
        }
        let start = Instant::now();
        let ends = [
            spawned({
                let all = all.acquire().timeout(LIMIT);
                async move { all.await.map(drop) }
            }),
            spawned({
                let permit = permits.acquire().timeout(LIMIT);
                async move { permit.await.map(drop) }
            }),
            spawned({
                let elected = election.elected().timeout(LIMIT);
                async move { elected.await.map(drop) }
            }),
        ];
        for end in ends {
            let error = end.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
            let spent = start.elapsed();
            assert!(
                spent >= LIMIT && spent < LIMIT + Duration::from_millis(100),
                "{spent:?}"
            );
        }
    }
}

/// And of connecting: those who wait for an outage to end do not each try to end it.
#[tokio::test(start_paused = true)]
async fn t22_many_recipes_that_wait_out_an_outage_dial_no_more_often_than_one() {
    let mut dialled = Vec::new();
    for waiting in [1, 40] {
        let world = World::new();
        let zk = world.client().await;
        warm_lock(&zk, LOCK).await;
        world.hooks.refuse_connections(true);
        world.hooks.cut_all();
        let tasks: Vec<_> = (0..waiting)
            .map(|n| {
                let mutex = Mutex::new(&zk, &format!("{LOCK}{n}")).unwrap();
                let count = SharedCount::new(&zk, &format!("/counts/{n}"), 1).unwrap();
                tokio::spawn(async move {
                    let guard = mutex.acquire().await.unwrap();
                    count.set(2).await.unwrap();
                    guard.release().await.unwrap();
                })
            })
            .collect();
        sleep(Duration::from_secs(8)).await;
        dialled.push(zk.stats().dials);
        world.hooks.refuse_connections(false);
        for task in tasks {
            task.await.unwrap();
        }
    }
    assert_eq!(dialled[0], dialled[1]);
    assert!(dialled[0] > 2, "{dialled:?}");
}

/// T19: a process that was paused, or whose machine was, woke up in the belief that it held the lock.
#[tokio::test(start_paused = true)]
async fn t19_a_hold_is_not_safe_at_the_first_look_after_a_pause() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    let guard = mutex.acquire().await.unwrap();
    let lead = Election::new(&zk, "/elections/a").unwrap().elected();
    let leadership = lead.await.unwrap();
    sleep(zk.session_timeout()).await;
    let (held, term) = (guard.held(), leadership.term());
    assert!(held.is_safe() && term.is_safe());
    // Nothing runs in between: neither the driver nor whatever could tell of it.
    world.stall(zk.session_timeout());
    assert!(!held.is_safe() && held.safe_for().is_none());
    assert!(!term.is_safe() && term.safe_for().is_none());
    assert!(held.is_held(), "nobody has said yet that it is lost");
}

/// T17: work that cannot be dropped, as it blocks its thread, has the hold to look at.
#[tokio::test(start_paused = true)]
async fn t17_work_that_blocks_a_thread_sees_by_the_hold_that_it_has_to_stop() {
    let world = World::new();
    let zk = world.client().await;
    let election = Election::new(&zk, "/elections/a").unwrap();
    let leadership = election.elected().await.unwrap();
    sleep(zk.session_timeout()).await;
    let term = leadership.term();
    let (stop, stopped) = std::sync::mpsc::channel();
    let looks = std::thread::spawn(move || {
        while term.is_safe() {
            std::thread::yield_now();
        }
        stop.send(term.is_leader()).unwrap();
    });
    settle().await;
    assert!(stopped.try_recv().is_err(), "it works");
    world.hooks.expire(zk.session_id().unwrap());
    leadership.lost().await;
    looks.join().unwrap();
    assert!(!stopped.recv().unwrap());
}
