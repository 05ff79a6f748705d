//! Inert functions: dropped at any poll, nothing has changed anywhere.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::time::sleep;
use zk_client::{
    AddWatchMode, Client, CreateMode, ErrorKind, PipeTransport, Resolver, ServerAddr,
    SystemResolver, Word, ask_word,
};
use zk_recipes::{LockGuard, Mutex, RwLock, Semaphore, SemaphoreMutex};

use crate::kit::{Naming, World, in_virtual_time, settle};
use crate::polls::{NOW_AND_LATE, Stop, at_every_poll, poll_then_drop};

/// A tree with something to read, and the client that will read it.
async fn scene() -> (World, Client) {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "1").await.unwrap();
    zk.create("/a/b", "2").await.unwrap();
    let mine = zk.create("/mine", "").mode(CreateMode::Ephemeral);
    mine.await.unwrap();
    (world, zk)
}

/// Drops what `start` makes after each of its polls. Nothing may change on the server, nothing may be kept anywhere,
/// and the session works.
fn inert<T>(start: impl AsyncFn(&Client) -> T) {
    let cases = at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk) = scene().await;
            let before = (world.tree(), world.open(&[&zk]));
            let ready = poll_then_drop(start(&zk), stop).await.is_some();
            settle().await;
            assert_eq!((world.tree(), world.open(&[&zk])), before);
            assert_eq!(&zk.get("/a").await.unwrap().data[..], b"1");
            ready
        })
    });
    // Unpolled, and dropped at once and late while the answer was under way.
    assert!(cases > 3);
}

/// One test for each operation that only reads, awaited and submitted.
macro_rules! reads {
    ($($test:ident: $make:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let make = $make;
                inert(async |zk| make(zk).await.unwrap());
                inert(async |zk| make(zk).submit().await.unwrap());
            }
        )*
    };
}

reads! {
    a_dropped_get_changes_nothing: |zk: &Client| zk.get("/a");
    a_dropped_get_takes_its_watch_along: |zk: &Client| zk.get("/a").watch();
    a_dropped_exists_changes_nothing: |zk: &Client| zk.exists("/a");
    a_dropped_exists_takes_its_watch_along: |zk: &Client| zk.exists("/nowhere").watch();
    a_dropped_children_changes_nothing: |zk: &Client| zk.children("/a");
    a_dropped_children_takes_its_watch_along: |zk: &Client| zk.children("/a").watch();
    a_dropped_children_with_stat_changes_nothing: |zk: &Client| zk.children("/a").with_stat();
    a_dropped_acl_changes_nothing: |zk: &Client| zk.acl("/a");
    a_dropped_ephemerals_changes_nothing: |zk: &Client| zk.ephemerals("/");
    a_dropped_count_changes_nothing: |zk: &Client| zk.all_children_count("/a");
    a_dropped_whoami_changes_nothing: |zk: &Client| zk.whoami();
    a_dropped_multi_read_changes_nothing: |zk: &Client| zk.multi_read().get("/a").children("/a");
    a_dropped_config_changes_nothing: |zk: &Client| zk.config();
    a_dropped_config_takes_its_watch_along: |zk: &Client| zk.config().watch();
    a_dropped_sync_changes_nothing: |zk: &Client| zk.sync("/a");
    a_dropped_barrier_changes_nothing: |zk: &Client| zk.barrier();
    a_dropped_watch_node_takes_its_watch_along: |zk: &Client| zk.watch("/a", AddWatchMode::PersistentRecursive);
}

/// The watch belongs to the set, so it is there until the set goes, which happens here with the future.
#[test]
fn a_dropped_get_in_leaves_its_watch_to_the_set() {
    inert(async |zk| {
        let set = zk.watch_set();
        zk.get_in("/a", &set).await.unwrap();
    });
    inert(async |zk| {
        let set = zk.watch_set();
        zk.get("/a").watch_in(&set).await.unwrap();
    });
}

#[test]
fn a_dropped_watch_of_a_set_is_left_to_the_set() {
    inert(async |zk| {
        let set = zk.watch_set();
        zk.exists("/a").watch_in(&set).await.unwrap();
    });
    inert(async |zk| {
        let set = zk.watch_set();
        zk.children("/a").watch_in(&set).await.unwrap();
    });
    inert(async |zk| {
        let set = zk.watch_set();
        let watch = zk.watch("/a", AddWatchMode::PersistentRecursive);
        watch.watch_in(&set).await.unwrap();
    });
}

/// Its barrier is a transaction, which changes nothing.
#[test]
fn a_dropped_linearizable_read_changes_nothing() {
    inert(async |zk| zk.get("/a").linearizable().await.unwrap());
    inert(async |zk| zk.children("/a").linearizable().await.unwrap());
}

#[test]
fn a_dropped_read_of_quotas_changes_nothing() {
    inert(async |zk| assert_eq!(zk.quota("/a").await.unwrap(), None));
    inert(async |zk| assert_eq!(zk.quotas("/").await.unwrap(), []));
}

#[test]
fn a_dropped_question_of_four_letters_leaves_no_connection() {
    let cases = at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk) = scene().await;
            let before = (world.tree(), world.open(&[&zk]));
            let ask = ask_word(ServerAddr::new("embedded", 2181), Word::SRVR);
            let ask = ask.transport(Arc::new(PipeTransport::to(&world.server)));
            let answer = poll_then_drop(ask.into_future(), stop).await;
            settle().await;
            assert_eq!((world.tree(), world.open(&[&zk])), before);
            if let Some(answer) = &answer {
                assert_eq!(answer.as_ref().unwrap().mode(), Some("standalone"));
            }
            answer.is_some()
        })
    });
    assert!(cases > 3);
}

#[test]
fn a_dropped_explain_changes_nothing() {
    inert(async |zk| {
        let error = zk.terse().create("/x/y/z", "").await.unwrap_err();
        let error = zk.explain(error).await;
        assert_eq!(error.kind(), ErrorKind::NoNode);
        assert!(error.to_string().contains("nearest existing"), "{error}");
    });
}

#[test]
fn a_dropped_descendants_changes_nothing() {
    inert(async |zk| assert_eq!(zk.descendants("/a").await.unwrap(), ["/a/b"]));
}

#[test]
fn a_dropped_contenders_changes_nothing() {
    inert(async |zk| {
        let mutex = Mutex::new(zk, "/a").unwrap();
        assert_eq!(mutex.contenders().await.unwrap(), []);
    });
    inert(async |zk| {
        let lock = RwLock::new(zk, "/a").unwrap();
        assert_eq!(lock.contenders().await.unwrap(), []);
    });
    inert(async |zk| {
        let semaphore = Semaphore::new(zk, "/a", 1).unwrap();
        assert_eq!(semaphore.holders().await.unwrap(), []);
        assert_eq!(semaphore.legacy_contenders().await.unwrap(), []);
    });
    inert(async |zk| {
        let semaphore = Semaphore::new(zk, "/a", 1).unwrap();
        assert_eq!(semaphore.waiting().await.unwrap(), []);
    });
    inert(async |zk| {
        let mutex = SemaphoreMutex::new(zk, "/a").unwrap();
        assert_eq!(mutex.holders().await.unwrap(), []);
    });
}

/// Waits for news of a hold and is dropped before they come; then they come.
fn listening(listen: impl Fn(&LockGuard) -> Pin<Box<dyn Future<Output = ()>>>) {
    let now = &NOW_AND_LATE[..1];
    let cases = at_every_poll(now, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk) = scene().await;
            let guard = Mutex::new(&zk, "/a").unwrap().acquire().await.unwrap();
            settle().await;
            let (hooks, session) = (world.hooks.clone(), guard.held());
            let end = tokio::spawn(async move {
                sleep(Duration::from_secs(1)).await;
                assert!(session.is_held());
                hooks.expire(zk.session_id().unwrap());
                settle().await;
            });
            let before = (world.tree(), world.open(&[]));
            let ready = poll_then_drop(listen(&guard), stop).await.is_some();
            if !ready {
                settle().await;
                assert_eq!((world.tree(), world.open(&[])), before);
                assert!(guard.held().is_held());
            }
            // Who listens afterwards hears it all the same.
            listen(&guard).await;
            end.await.unwrap();
            assert!(!guard.held().is_held());
            ready
        })
    });
    assert!(cases > 2, "it waits at least once");
}

#[test]
fn a_dropped_lost_leaves_the_hold_as_it_is() {
    listening(|guard| {
        let lost = guard.lost();
        Box::pin(async { drop(lost.await) })
    });
    listening(|guard| {
        let lost = guard.held().lost();
        Box::pin(async { drop(lost.await) })
    });
}

#[test]
fn a_dropped_doubted_leaves_the_hold_as_it_is() {
    listening(|guard| Box::pin(guard.held().doubted()));
}

#[test]
fn nothing_is_sent_before_the_first_poll() {
    in_virtual_time(async {
        let (world, zk) = scene().await;
        settle().await;
        let before = world.hooks.counts();
        let unpolled = Stop {
            polls: 0,
            late: false,
        };
        let mutex = Mutex::new(&zk, "/a").unwrap();
        assert!(
            poll_then_drop(zk.get("/a").into_future(), unpolled)
                .await
                .is_none()
        );
        assert!(poll_then_drop(zk.close(), unpolled).await.is_none());
        assert!(
            poll_then_drop(mutex.try_acquire(), unpolled)
                .await
                .is_none()
        );
        settle().await;
        assert_eq!(world.hooks.counts(), before);
    });
}

#[test]
fn a_dropped_look_up_leaves_nothing() {
    let server = ServerAddr::new("127.0.0.1", 2181);
    at_every_poll(NOW_AND_LATE, |stop| {
        in_virtual_time(async {
            let resolver = SystemResolver::default();
            let look_up = poll_then_drop(resolver.addresses(&server), stop);
            let ready = look_up.await.is_some();
            assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
            ready
        })
    });
}

/// Looks up services as the trait itself does. (The system's resolver may ask the network.)
#[derive(Debug)]
struct NoService;

#[async_trait]
impl Resolver for NoService {
    async fn addresses(&self, _server: &ServerAddr) -> io::Result<Vec<SocketAddr>> {
        Ok(Vec::new())
    }
}

#[test]
fn a_dropped_look_up_of_a_service_leaves_nothing() {
    at_every_poll(NOW_AND_LATE, |stop| {
        in_virtual_time(async {
            let look_up = poll_then_drop(NoService.service("_zookeeper._tcp.invalid"), stop);
            let ready = look_up.await.is_some();
            assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
            ready
        })
    });
}
