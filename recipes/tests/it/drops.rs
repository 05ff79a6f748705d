//! Nothing is left behind, wherever a future or a guard is dropped.

use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use zk_embedded::{EmbeddedServer, Hooks};
use zk_recipes::{Client, LockGuard, Mutex};

use crate::kit::{World, settle, warm_lock};

/// C20 and T1: the acquire future is dropped after each number of polls, with replies under way; with somebody ahead
/// and without.
#[tokio::test(start_paused = true)]
async fn c20_an_acquire_dropped_at_any_poll_leaves_no_contender_and_no_watch() {
    for held in [false, true] {
        let mut polls = 0;
        loop {
            polls += 1;
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let ahead = warm_lock(&other, "/locks/a").await.acquire().await.unwrap();
            let ahead = if held {
                Some(ahead)
            } else {
                drop(ahead.release().await);
                None
            };
            let mutex = Mutex::new(&zk, "/locks/a").unwrap();
            let mut acquire = Box::pin(async { mutex.acquire().await });
            let mut completed = false;
            for _ in 0..polls {
                let once = std::future::poll_fn(|cx| Poll::Ready(acquire.as_mut().poll(cx)));
                if once.await.is_ready() {
                    completed = true;
                    break;
                }
                // Whatever is under way arrives between two polls.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            drop(acquire);
            settle().await;
            let left = ahead.as_ref().map(|guard| guard.held().node().to_owned());
            assert_eq!(
                world.left("/locks/a"),
                Vec::from_iter(left),
                "after {polls} polls"
            );
            assert_eq!(zk.stats().watches, 0, "after {polls} polls");
            assert_eq!(zk.stats().duties, 0, "after {polls} polls");
            // With somebody ahead it never completes: every await point was passed by then.
            if completed || (held && polls > 20) {
                assert!(polls > 2, "there is more than one await point");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_acquire_that_was_never_polled_sends_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    settle().await;
    let before = world.asked(zk.session_id().unwrap());
    drop(mutex.acquire().into_future());
    settle().await;
    assert_eq!(world.asked(zk.session_id().unwrap()).all_since(&before), 0);
}

/// T1: the create is on the wire and answered only after the acquire was given up.
#[tokio::test(start_paused = true)]
async fn t1_an_acquire_given_up_during_its_create_leaves_no_ghost_also_when_the_answer_is_lost() {
    for (applied, cut) in [(false, false), (false, true), (true, true)] {
        let world = World::new();
        let zk = world.client().await;
        let mutex = warm_lock(&zk, "/locks/a").await;
        let create = zk_embedded::Match::op(zk_wire::OpCode::Create2);
        match (cut, applied) {
            (false, _) => world
                .hooks
                .on(create)
                .delay_reply(Duration::from_millis(300)),
            (true, true) => world.hooks.on(create).cut_after_apply(),
            (true, false) => world.hooks.on(create).cut_before_apply(),
        };
        let limit = if cut {
            Duration::from_millis(6)
        } else {
            Duration::from_millis(100)
        };
        let error = mutex.acquire().timeout(limit).await.unwrap_err();
        assert_eq!(error.kind(), zk_recipes::ErrorKind::AcquireTimedOut);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            world.left("/locks/a"),
            Vec::<String>::new(),
            "applied: {applied}, cut: {cut}"
        );
        assert_eq!(zk.stats().duties, 0);
        mutex.acquire().await.unwrap().release().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_guard_is_released_also_over_a_broken_connection() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    world.hooks.cut_all();
    drop(guard);
    world.until_empty("/locks/a").await;
    assert_eq!(zk.generation(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_the_client_finishes_what_was_dropped_before() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    drop(guard);
    zk.close().await.unwrap();
    assert_eq!(world.left("/locks/a"), Vec::<String>::new());
    assert_eq!(
        world.hooks.sessions(),
        [],
        "the session is closed, not left to expire"
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_client_and_guard_closes_the_session() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    drop(zk);
    settle().await;
    assert!(guard.held().is_held(), "a guard keeps its session");
    drop(guard);
    settle().await;
    assert_eq!(world.hooks.sessions(), []);
}

/// A server in a runtime of its own, so that the client's may end.
struct Apart {
    runtime: Runtime,
    server: EmbeddedServer,
    hooks: Hooks,
}

fn apart() -> Apart {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(EmbeddedServer::builder().start()).unwrap();
    let hooks = server.hooks();
    Apart {
        runtime,
        server,
        hooks,
    }
}

async fn hold(connect: &str) -> (Client, LockGuard) {
    let zk = Client::builder(connect)
        .session_timeout(Duration::from_secs(30))
        .connect()
        .await
        .unwrap();
    let guard = Mutex::new(&zk, "/a/lock").unwrap().acquire().await.unwrap();
    (zk, guard)
}

/// Waits until the lock's node is gone, for much less than the session timeout.
fn until_gone(hooks: &Hooks, node: &str) {
    let start = Instant::now();
    while hooks.node(node).is_some() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{node} is left behind"
        );
        std::thread::yield_now();
    }
}

#[test]
fn t3_a_guard_dropped_after_its_runtime_has_gone_leaves_no_node() {
    let apart = apart();
    let client_runtime = Runtime::new().unwrap();
    let (zk, guard) = client_runtime.block_on(hold(&apart.server.connect_string()));
    let node = guard.held().node().to_owned();
    assert!(apart.hooks.node(&node).is_some());
    drop(client_runtime);
    until_gone(&apart.hooks, &node);
    assert!(
        !guard.held().is_held(),
        "it does not claim to hold what nobody keeps alive"
    );
    assert!(
        pin!(guard.lost())
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
    drop(guard);
    drop(zk);
    drop(apart.runtime);
}

#[test]
fn a_guard_dropped_inside_a_panic_leaves_no_node() {
    let apart = apart();
    let client_runtime = Runtime::new().unwrap();
    let (zk, guard) = client_runtime.block_on(hold(&apart.server.connect_string()));
    let node = guard.held().node().to_owned();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = guard;
        std::panic::resume_unwind(Box::new("the work failed"));
    }));
    assert!(panicked.is_err());
    until_gone(&apart.hooks, &node);
    drop(zk);
}

#[test]
fn a_guard_dropped_on_a_plain_thread_leaves_no_node() {
    let apart = apart();
    let client_runtime = Runtime::new().unwrap();
    let (zk, guard) = client_runtime.block_on(hold(&apart.server.connect_string()));
    let node = guard.held().node().to_owned();
    std::thread::spawn(move || drop(guard)).join().unwrap();
    until_gone(&apart.hooks, &node);
    drop(zk);
}
