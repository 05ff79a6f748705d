//! Where a mutex lives: its parents, its neighbours, its permissions.

use std::time::Duration;

use zk_recipes::{Acl, CreateMode, ErrorKind, Family, Mutex, Permissions};
use zk_wire::OpCode;

use super::server::Server;

pub async fn missing_parents_of_a_lock_are_made_as_containers(server: &Server) {
    let zk = server.client().await;
    let containers = || zk.stats().sent(OpCode::CreateContainer);
    let mutex = Mutex::new(&zk, "/a/b/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    // Each missing one is asked for once from below and once from above, but for the topmost.
    assert!(containers() >= 3, "{}", containers());
    for parent in ["/a", "/a/b", "/a/b/lock"] {
        let node = zk.get(parent).await.unwrap();
        assert!(node.data.is_empty());
        assert_eq!(node.stat.ephemeral_owner, zk_recipes::SessionId::default());
    }
    assert_eq!(zk.children("/a/b/lock").await.unwrap().len(), 1);
    let made = containers();
    guard.release().await.unwrap();
    mutex.acquire().await.unwrap().release().await.unwrap();
    assert_eq!(containers(), made, "they are there by now");
}

pub async fn a_path_that_is_no_place_for_a_lock_is_refused(server: &Server) {
    let zk = server.client().await;
    for path in ["/", "", "lock", "/a/", "/a//b", "/.."] {
        let error = Mutex::new(&zk, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{path:?}");
    }
    let error = Mutex::new(&zk, "locks/a").unwrap_err();
    assert!(error.to_string().contains("did you mean /locks/a?"));
    // A lock below an ephemeral node cannot be.
    let ephemeral = CreateMode::Ephemeral;
    zk.create("/e", "").mode(ephemeral).await.unwrap();
    for path in ["/e", "/e/lock"] {
        let mutex = Mutex::new(&zk, path).unwrap();
        let error = mutex.acquire().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChildrenForEphemerals, "{path}");
        assert_eq!(zk.stats().duties, 0);
    }
}

pub async fn a_lock_under_a_chroot_is_the_same_lock(server: &Server) {
    let zk = server.client().await;
    zk.create("/team", "").await.unwrap();
    let team = zk.chroot("/team").unwrap();
    let inside = Mutex::new(&team, "/locks/a").unwrap();
    let outside = Mutex::new(&zk, "/team/locks/a").unwrap();
    let guard = inside.acquire().await.unwrap();
    assert!(guard.held().node().starts_with("/locks/a/_c_"));
    assert!(outside.try_acquire().await.unwrap().is_none());
    let [contender] = &inside.contenders().await.unwrap()[..] else {
        panic!("one contender");
    };
    assert_eq!(contender.node, guard.held().node());
    let [contender] = &outside.contenders().await.unwrap()[..] else {
        panic!("one contender");
    };
    assert_eq!(contender.node, format!("/team{}", guard.held().node()));
    // Fences are paths of the server, whatever the chroot of the client that writes.
    zk.create("/result", "").fenced_by(&guard).await.unwrap();
    guard.release().await.unwrap();
    let guard = outside.acquire().await.unwrap();
    let below = team.create("/result", "").fenced_by(&guard).await;
    assert_eq!(below.unwrap(), "/result");
}

pub async fn a_lock_does_not_make_its_clients_chroot(server: &Server) {
    let zk = server.client().await.chroot("/no/such").unwrap();
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    for error in [
        mutex.acquire().await.unwrap_err(),
        mutex.try_acquire().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NoNode);
        let chroot = format!("chroot {}/no/such does not exist", server.place());
        assert!(error.to_string().contains(&chroot), "{error}");
    }
    assert_eq!(zk.stats().duties, 0);
    let place = server.client().await;
    let left = place.children("/").await.unwrap();
    assert_eq!(left, Vec::<String>::new());
}

pub async fn children_that_are_no_contenders_are_ignored(server: &Server) {
    let zk = server.client().await;
    zk.create("/lock", "").await.unwrap();
    for name in ["config", "lock", "lock-12", "_c_x", "n-0000000000"] {
        zk.create(&format!("/lock/{name}"), "").await.unwrap();
    }
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    assert_eq!(mutex.contenders().await.unwrap(), []);
    let guard = mutex.try_acquire().await.unwrap().unwrap();
    assert_eq!(mutex.contenders().await.unwrap().len(), 1);
    guard.release().await.unwrap();
    assert_eq!(zk.children("/lock").await.unwrap().len(), 5);
}

pub async fn contenders_of_curator_and_go_zk_are_waited_for(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/lock", "").await.unwrap();
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let sequential = CreateMode::EphemeralSequential;
    for prefix in [
        "lock-",
        "_c_0b4d5f0c-2d5c-4e1c-8a2e-0a8f7d3c1b9e-lock-",
        "_c_0b4d5f0c2d5c4e1c8a2e0a8f7d3c1b9e-lock-",
    ] {
        let create = other.create(&format!("/lock/{prefix}"), "127.0.1.1");
        let theirs = create.mode(sequential).await.unwrap();
        assert!(mutex.try_acquire().await.unwrap().is_none(), "{prefix}");
        let mut listed = mutex.contenders().await.unwrap();
        let holder = listed.remove(0);
        assert_eq!(
            (holder.node.as_str(), holder.holds),
            (theirs.path.as_str(), true)
        );
        assert_eq!(holder.text, "127.0.1.1");
        let ours = tokio::spawn(mutex.acquire().into_future());
        other.delete(&theirs.path).await.unwrap();
        ours.await.unwrap().unwrap().release().await.unwrap();
    }
}

pub async fn a_path_with_contenders_of_kazoo_is_refused(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/lock", "").await.unwrap();
    let name = "/lock/0123456789abcdef0123456789abcdef__lock__";
    let create = other
        .create(name, "kazoo")
        .mode(CreateMode::EphemeralSequential);
    let kazoo = create.await.unwrap();
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let limit = Duration::from_secs(10);
    for error in [
        mutex.acquire().timeout(limit).await.unwrap_err(),
        mutex.try_acquire().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::MixedContenders);
        assert!(error.to_string().contains("__lock__0000000000"), "{error}");
    }
    zk.barrier().await.unwrap();
    let [left] = &mutex.contenders().await.unwrap()[..] else {
        panic!("ours are gone");
    };
    assert_eq!(
        (left.family, left.node.as_str()),
        (Family::Kazoo, kazoo.path.as_str())
    );
    other.delete(&kazoo.path).await.unwrap();
    drop(mutex.acquire().timeout(limit).await.unwrap());
}

pub async fn contenders_may_be_closed_to_others(server: &Server) {
    let stranger = server.client().await;
    // Else it would be closed as well.
    stranger.create("/lock", "").await.unwrap();
    let users = [
        server.client_of("alice:wonder").await,
        server.client_of("alice:wonder").await,
    ];
    let [holder, waiter] = users.each_ref().map(|zk| {
        let mutex = Mutex::new(zk, "/lock").unwrap();
        mutex.acl([Acl::digest("alice", "wonder")])
    });
    let guard = holder.acquire().await.unwrap();
    let expected = vec![Acl::digest("alice", "wonder")];
    let (acl, _) = users[1].acl(guard.held().node()).await.unwrap();
    assert_eq!(acl, expected);
    let read = stranger.get(guard.held().node()).await.unwrap_err();
    assert_eq!(read.kind(), ErrorKind::NoAuth);
    let strangers = Mutex::new(&stranger, "/lock").unwrap();
    let listed = strangers.contenders().await.unwrap_err();
    assert_eq!(listed.kind(), ErrorKind::NoAuth);
    assert!(strangers.try_acquire().await.unwrap().is_none());

    let waiting = tokio::spawn(waiter.acquire().into_future());
    guard.release().await.unwrap();
    let guard = waiting.await.unwrap().unwrap();
    zk_fenced(&users[1], &guard).await;
    guard.release().await.unwrap();
}

async fn zk_fenced(zk: &zk_recipes::Client, guard: &zk_recipes::LockGuard) {
    zk.create("/result", "").fenced_by(guard).await.unwrap();
}

pub async fn a_lock_in_a_closed_place_is_refused(server: &Server) {
    let owner = server.client_of("alice:wonder").await;
    let readable = [Acl::read_only(), Acl::digest("alice", "wonder")];
    owner.create("/closed", "").acl(readable).await.unwrap();
    owner.create("/unreadable", "").await.unwrap();
    let perms = Permissions::CREATE | Permissions::DELETE;
    let blind = [Acl::open().with_perms(perms)];
    owner.set_acl("/unreadable", blind).await.unwrap();
    server.is_everywhere().await;
    let stranger = server.client().await;
    for path in ["/closed", "/closed/lock", "/unreadable"] {
        let mutex = Mutex::new(&stranger, path).unwrap();
        let error = mutex.acquire().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAuth, "{path}");
        stranger.barrier().await.unwrap();
        assert_eq!(stranger.stats().duties, 0, "{path}");
    }
    let left = stranger.exists("/").await.unwrap().unwrap();
    assert_eq!(left.num_children, 2);
    let ephemerals = stranger.ephemerals("/").await.unwrap();
    assert_eq!(ephemerals, Vec::<String>::new());
}
