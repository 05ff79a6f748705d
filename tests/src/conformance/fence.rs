//! Writes that are applied only while a lock is held.

use zk_recipes::{CreateMode, Error, ErrorKind, Fate, LockGuard, Mutex};

use super::server::Server;

async fn lock(zk: &zk_recipes::Client) -> LockGuard {
    Mutex::new(zk, "/lock").unwrap().acquire().await.unwrap()
}

fn assert_lost(result: Result<impl std::fmt::Debug, Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    assert_eq!(error.fate(), Fate::NotApplied);
}

pub async fn a_holder_writes_as_if_there_were_no_fence(server: &Server) {
    let zk = server.client().await;
    let guard = lock(&zk).await;
    let held = guard.held();
    let sequential = CreateMode::PersistentSequential;
    let create = zk.create("/n-", "1").mode(sequential);
    let path = create.fenced_by(&guard).await.unwrap();
    assert_eq!(path, "/n-0000000001");
    let stat = zk.set(&path, "2").version(0).fenced_by(&held).await;
    assert_eq!(stat.unwrap(), zk.get(&path).await.unwrap().stat);
    let multi = zk.multi().fenced_by(&held).set(&path, "3", 1);
    let results = multi.check(&path, 2).await.unwrap();
    assert_eq!(results.len(), 2, "the fence has no result of its own");
    zk.delete(&path).version(2).fenced_by(&held).await.unwrap();
    assert_eq!(zk.exists(&path).await.unwrap(), None);
}

pub async fn a_fenced_write_fails_for_its_own_reasons_too(server: &Server) {
    let zk = server.client().await;
    let guard = lock(&zk).await;
    zk.create("/node", "").await.unwrap();
    let create = zk.create("/node", "").fenced_by(&guard).await.unwrap_err();
    let orphan = zk.create("/no/node", "").fenced_by(&guard).await;
    let set = zk.set("/node", "").version(4).fenced_by(&guard).await;
    let delete = zk.delete("/missing").fenced_by(&guard).await;
    assert_eq!(create.kind(), ErrorKind::NodeExists);
    assert_eq!(orphan.unwrap_err().kind(), ErrorKind::NoNode);
    assert_eq!(set.unwrap_err().kind(), ErrorKind::BadVersion);
    assert_eq!(delete.unwrap_err().kind(), ErrorKind::NoNode);
    let multi = zk.multi().fenced_by(&guard).check("/node", 0);
    let error = multi.set("/missing", "", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    // Counted without the fence.
    assert!(error.to_string().contains("operation 1 "), "{error}");
    assert!(guard.held().is_held());
}

pub async fn the_server_refuses_a_fenced_write_whose_lock_is_lost(server: &Server) {
    let zk = server.client().await;
    let guard = lock(&zk).await;
    let held = guard.held();
    zk.create("/node", "").await.unwrap();
    let before = zk.exists("/node").await.unwrap();
    // All are on their way while the client still believes that it holds the lock.
    let delete = zk.delete(held.node()).submit();
    let create = zk.create("/new", "").fenced_by(&held).submit();
    let set = zk.set("/node", "x").fenced_by(&held).submit();
    let remove = zk.delete("/node").fenced_by(&held).submit();
    let multi = zk.multi().fenced_by(&held).set("/node", "x", None).submit();
    delete.await.unwrap();
    assert_lost(create.await);
    assert_lost(set.await);
    assert_lost(remove.await);
    assert_lost(multi.await);
    assert_eq!(zk.exists("/node").await.unwrap(), before);
    assert_eq!(zk.exists("/new").await.unwrap(), None);
}

pub async fn a_fenced_write_after_the_loss_is_not_even_sent(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let guard = lock(&zk).await;
    other.delete(guard.held().node()).await.unwrap();
    guard.lost().await;
    let before = super::seen::sent(&zk);
    assert_lost(zk.create("/new", "").fenced_by(&guard).await);
    assert_lost(zk.set("/lock", "").fenced_by(&guard).await);
    assert_lost(zk.delete("/lock").fenced_by(&guard).await);
    let multi = zk.multi().fenced_by(&guard).set("/lock", "", None);
    assert_lost(multi.await);
    assert_eq!(super::seen::sent(&zk), before);
}

pub async fn a_fence_of_another_client_counts_too(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let guard = lock(&zk).await;
    let held = guard.held();
    other.create("/node", "").fenced_by(&held).await.unwrap();
    guard.release().await.unwrap();
    assert_lost(other.set("/node", "x").fenced_by(&held).await);
    // The next holder's fence is another one.
    let next = lock(&other).await;
    assert_lost(zk.set("/node", "x").fenced_by(&held).await);
    zk.set("/node", "y").fenced_by(&next).await.unwrap();
}
