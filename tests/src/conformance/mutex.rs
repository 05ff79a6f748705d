//! A mutex's hold: acquired, used, released, lost.

use std::time::Duration;

use zk_recipes::{ErrorKind, HoldError, LockLostWhy, Mutex};

use crate::deadline;

use super::seen::at_once;
use super::server::Server;

pub async fn a_free_lock_is_held_by_the_first_and_released(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/locks/billing").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    assert_eq!(held.path(), "/locks/billing");
    assert!(held.is_held());
    let stat = zk.exists(held.node()).await.unwrap().unwrap();
    assert_eq!(Some(stat.ephemeral_owner), zk.session_id());
    assert_eq!(held.token(), stat.czxid.as_raw() as u64);
    assert_eq!(guard.token(), held.token());
    let node = held.node().to_owned();
    let released = guard.release().await.unwrap();
    assert!(released.was_held);
    assert!(!held.is_held());
    assert_eq!(held.safe_until(), None);
    assert_eq!(zk.exists(&node).await.unwrap(), None);
    assert_eq!(mutex.contenders().await.unwrap(), []);
    assert_eq!(server.watches(), 0);
}

pub async fn a_contender_is_named_as_curator_names_it(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().contender("host-7").await.unwrap();
    let held = guard.held();
    let name = held.node().strip_prefix("/lock/_c_").unwrap();
    let (mark, suffix) = name.split_at(36);
    assert!(mark.chars().all(|c| c == '-' || c.is_ascii_hexdigit()));
    assert_eq!(suffix, "-lock-0000000000");
    assert_eq!(&zk.get(held.node()).await.unwrap().data[..], b"host-7");
    guard.release().await.unwrap();
    let guard = mutex.acquire().await.unwrap();
    let data = zk.get(guard.held().node()).await.unwrap().data;
    let text = String::from_utf8(data.to_vec()).unwrap();
    let process = format!("pid {}", std::process::id());
    assert!(text.ends_with(&process), "{text}");
}

pub async fn work_under_a_lock_yields_its_value_and_leaves_nothing(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let (first, node) = mutex
        .hold(|held| async move { (held.token(), held.node().to_owned()) })
        .await
        .unwrap();
    assert_eq!(zk.exists(&node).await.unwrap(), None);
    let limit = Duration::from_secs(20);
    let acquire = mutex.acquire().timeout(limit).contender("me");
    let second = acquire.hold(|held| async move { held.token() }).await;
    assert!(second.unwrap() > first);
    assert_eq!(zk.children("/lock").await.unwrap(), Vec::<String>::new());
}

pub async fn a_holder_learns_that_its_node_was_deleted(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    // The loss may be awaited elsewhere, without the guard.
    let lost = tokio::spawn(held.lost());
    assert!(held.is_held());
    other.delete(held.node()).await.unwrap();
    let lost = lost.await.unwrap();
    assert_eq!(lost.why, LockLostWhy::NodeDeleted);
    assert_eq!((lost.path.as_str(), lost.token), ("/lock", held.token()));
    assert!(!held.is_held() && !held.is_safe());
    assert_eq!(guard.lost().await, lost, "once lost, lost at once");
    let released = guard.release().await.unwrap();
    assert!(!released.was_held);
    // The next holder is not disturbed by the loser.
    let next = mutex.try_acquire().await.unwrap().unwrap();
    assert!(next.token() > lost.token);
}

pub async fn work_is_dropped_when_its_lock_is_lost(server: &Server) {
    struct OnDrop(Option<tokio::sync::oneshot::Sender<()>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            let _ = self.0.take().map(|sender| sender.send(()));
        }
    }
    let (zk, other) = (server.client().await, server.client().await);
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let (dropped, when_dropped) = tokio::sync::oneshot::channel();
    let work = mutex.hold(|held| async move {
        let _on_drop = OnDrop(Some(dropped));
        other.delete(held.node()).await.unwrap();
        std::future::pending::<()>().await;
    });
    match work.await {
        Err(HoldError::Lost(lost)) => assert_eq!(lost.why, LockLostWhy::NodeDeleted),
        other => panic!("{other:?}"),
    }
    when_dropped.await.unwrap();
}

pub async fn a_changed_node_is_not_a_lost_one(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    for round in 0..5 {
        other.set(held.node(), format!("{round}")).await.unwrap();
        zk.sync("/").await.unwrap();
        zk.get(held.node()).await.unwrap();
        assert!(held.is_held());
        assert!(at_once(held.lost()).is_none());
    }
    // The watch was set again each time, so a deletion is still seen.
    other.delete(held.node()).await.unwrap();
    assert_eq!(held.lost().await.why, LockLostWhy::NodeDeleted);
}

pub async fn a_released_lock_is_never_lost(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    let mut lost = std::pin::pin!(held.lost());
    assert!(super::seen::poll_once(lost.as_mut()).is_none());
    guard.release().await.unwrap();
    zk.barrier().await.unwrap();
    assert!(super::seen::poll_once(lost.as_mut()).is_none());
    assert!(at_once(held.doubted()).is_some(), "the end is told here");
}

pub async fn a_hold_ends_with_its_client(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    zk.close().await.unwrap();
    assert_eq!(held.lost().await.why, LockLostWhy::Closed);
    assert!(!guard.release().await.unwrap().was_held);
    let error = mutex.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    assert_eq!(mutex.contenders().await.unwrap(), []);
}

pub async fn a_hold_becomes_provably_safe_and_stays_so(server: &Server) {
    let builder = server.builder().session_timeout(Duration::from_secs(4));
    let zk = builder.connect().await.unwrap();
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    assert!(!held.is_safe(), "nothing is proven on a fresh connection");
    let limit = deadline(Duration::from_secs(20));
    let safe = || std::future::ready(held.safe_until());
    let first = limit.until_some("a proof", safe).await;
    let later = || std::future::ready(held.safe_until().filter(|until| *until > first));
    limit.until_some("a later proof", later).await;
    assert!(held.is_safe());
    assert!(held.safe_for().unwrap() < zk.session_timeout());
    guard.release().await.unwrap();
    assert!(!held.is_safe());
}

pub async fn a_dropped_guard_releases_its_lock(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    drop(guard);
    // The delete is queued ahead of everything later.
    assert_eq!(mutex.contenders().await.unwrap(), []);
    assert_eq!(server.watches(), 0);
    assert_eq!(zk.stats().duties, 0);
}

pub async fn a_guard_dropped_on_a_plain_thread_releases_its_lock(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    std::thread::spawn(move || drop(guard)).join().unwrap();
    let next = mutex.acquire().await.unwrap();
    assert_eq!(mutex.contenders().await.unwrap().len(), 1);
    next.release().await.unwrap();
}
