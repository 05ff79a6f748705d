//! A mutex under ACLs: what it needs, what is said where some of it lacks, and whom it lets in.

use std::future::IntoFuture;

use zk_recipes::{Acl, Client, ErrorKind, Mutex, Permissions};

use super::server::Server;

const ANN: &str = "ann:secret";

fn ann(permissions: Permissions) -> Acl {
    Acl::digest("ann", "secret").with_perms(permissions)
}

/// Makes the directory of a lock with these permissions for Ann, and for nobody else any.
async fn directory(server: &Server, path: &str, permissions: Permissions) {
    let zk = server.client().await;
    let acl = [ann(permissions)];
    zk.create(path, "").acl(acl).await.unwrap();
}

/// A lock whose contenders may be read by Ann, and no more.
fn lock(zk: &Client, path: &str) -> Mutex {
    let acl = [ann(Permissions::READ)];
    Mutex::new(zk, path).unwrap().acl(acl)
}

pub async fn a_lock_works_with_no_more_than_the_permissions_that_are_documented(server: &Server) {
    let needed = Permissions::CREATE | Permissions::READ | Permissions::DELETE;
    directory(server, "/lock", needed).await;
    let zk = server.client().await;
    zk.create("/result", "").await.unwrap();
    let (first, second) = (server.client_of(ANN).await, server.client_of(ANN).await);
    let (held, wanted) = (lock(&first, "/lock"), lock(&second, "/lock"));
    let guard = held.acquire().await.unwrap();
    assert!(wanted.try_acquire().await.unwrap().is_none());
    let waiter = tokio::spawn(wanted.acquire().into_future());
    let write = first.set("/result", "1").fenced_by(&guard.held());
    write.await.unwrap();
    assert!(!held.contenders().await.unwrap().is_empty());
    assert!(guard.release().await.unwrap().was_held);
    let guard = waiter.await.unwrap().unwrap();
    let write = second.set("/result", "2").fenced_by(&guard.held());
    write.await.unwrap();
    assert!(guard.release().await.unwrap().was_held);
    assert_eq!(held.contenders().await.unwrap(), []);
}

pub async fn each_permission_that_a_lock_lacks_is_named(server: &Server) {
    let (create, read, delete) = (Permissions::CREATE, Permissions::READ, Permissions::DELETE);
    for (missing, left) in [
        (create, read | delete),
        (read, create | delete),
        (delete, create | read),
    ] {
        let path = format!("/without-{missing}");
        directory(server, &path, left).await;
        let zk = server.client_of(ANN).await;
        let acquired = lock(&zk, &path).acquire().await;
        let error = match acquired {
            Ok(guard) => guard.release().await.unwrap_err(),
            Err(error) => error,
        };
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::NoAuth, "{text}");
        let name = match missing {
            missing if missing == create => "CREATE",
            missing if missing == read => "READ",
            _ => "DELETE",
        };
        assert!(text.contains(&path) && text.contains(name), "{text}");
        assert_eq!(zk.stats().duties, 0, "{text}");
        zk.close().await.unwrap();
    }
}

pub async fn what_a_lock_makes_is_closed_as_the_lock_is(server: &Server) {
    let zk = server.client_of(ANN).await;
    let acl = [ann(Permissions::ALL)];
    let mutex = Mutex::new(&zk, "/a/lock").unwrap().acl(acl.clone());
    let guard = mutex.acquire().await.unwrap();
    let held = guard.held();
    let stranger = server.client().await;
    for path in ["/a", "/a/lock", held.node()] {
        assert_eq!(zk.acl(path).await.unwrap().0, acl, "{path}");
        let error = stranger.get(path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAuth, "{path}");
    }
    // DELETE on the directory is what lets a stranger take the lock away.
    let error = stranger.delete(held.node()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    guard.release().await.unwrap();
}
