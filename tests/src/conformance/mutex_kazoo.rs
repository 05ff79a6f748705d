//! A mutex that shares its path with kazoo's locks.

use std::time::Duration;

use zk_recipes::{CreateMode, ErrorKind, Family, Layout, Mutex};

use super::server::Server;

const SEQUENTIAL: CreateMode = CreateMode::EphemeralSequential;
const KAZOO: &str = "/lock/0123456789abcdef0123456789abcdef__lock__";
const LIMIT: Duration = Duration::from_secs(10);

pub async fn a_contender_with_kazoos_layout_is_named_as_kazoo_names_it(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap().layout(Layout::Kazoo);
    let guard = mutex.acquire().contender("host-7").await.unwrap();
    let held = guard.held();
    let name = held.node().strip_prefix("/lock/").unwrap();
    let (mark, suffix) = name.split_at(32);
    assert!(mark.chars().all(|c| c.is_ascii_hexdigit()), "{mark}");
    assert_eq!(suffix, "__lock__0000000000");
    assert_eq!(&zk.get(held.node()).await.unwrap().data[..], b"host-7");
    let [contender] = &mutex.contenders().await.unwrap()[..] else {
        panic!("one contender");
    };
    assert_eq!((contender.family, contender.holds), (Family::Kazoo, true));
    assert!(guard.release().await.unwrap().was_held);
    assert_eq!(mutex.contenders().await.unwrap(), []);
}

pub async fn parents_of_a_lock_with_kazoos_layout_outlive_it(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/a/lock").unwrap().layout(Layout::Kazoo);
    mutex.acquire().await.unwrap().release().await.unwrap();
    // kazoo makes the parents once per lock, so they may not be containers.
    assert_eq!(zk.stats().sent(zk_wire::OpCode::CreateContainer), 0);
    assert_eq!(zk.children("/a/lock").await.unwrap(), Vec::<String>::new());
}

pub async fn contenders_of_kazoo_are_waited_for_in_their_layout(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/lock", "").await.unwrap();
    let mutex = Mutex::new(&zk, "/lock").unwrap().layout(Layout::Kazoo);
    let theirs = other.create(KAZOO, "kazoo").mode(SEQUENTIAL);
    let theirs = theirs.await.unwrap();
    assert!(mutex.try_acquire().await.unwrap().is_none());
    let acquire = mutex.acquire().timeout(LIMIT);
    let ours = tokio::spawn(async move { acquire.await });
    let watched = || std::future::ready((server.watches() >= 2).then_some(()));
    crate::deadline(LIMIT)
        .until_some("the waiter's watches", watched)
        .await;
    assert!(!ours.is_finished());
    other.delete(&theirs.path).await.unwrap();
    let guard = ours.await.unwrap().unwrap();
    assert!(guard.token() > theirs.stat.czxid.as_raw() as u64);
    guard.release().await.unwrap();
}

pub async fn a_path_with_contenders_of_curator_is_refused_to_kazoos_layout(server: &Server) {
    let zk = server.client().await;
    let curator = Mutex::new(&zk, "/lock").unwrap();
    let kazoo = curator.clone().layout(Layout::Kazoo);
    let guard = curator.acquire().await.unwrap();
    for error in [
        kazoo.acquire().timeout(LIMIT).await.unwrap_err(),
        kazoo.try_acquire().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::MixedContenders);
        assert!(error.to_string().contains("-lock-0000000000"), "{error}");
    }
    zk.barrier().await.unwrap();
    assert_eq!(curator.contenders().await.unwrap().len(), 1, "none is left");
    guard.release().await.unwrap();
    // A reader of kazoo would not be seen by kazoo's plain lock.
    let reader = KAZOO.replace("__lock__", "__rlock__");
    let reader = zk.create(&reader, "").mode(SEQUENTIAL).await.unwrap();
    let error = kazoo.acquire().timeout(LIMIT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MixedContenders);
    zk.delete(&reader.path).await.unwrap();
    kazoo.acquire().await.unwrap().release().await.unwrap();
}
