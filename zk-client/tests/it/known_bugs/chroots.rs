//! Watches and transactions under a chroot.

use zk_client::{AddWatchMode, CreateMode, ErrorKind, EventType, Fate, Watch, WatchEvent};

use crate::kit::{World, settle};

/// What has been told, without gaps and what comes after them.
async fn fired(watch: &mut Watch) -> Vec<(EventType, String)> {
    let mut seen = Vec::new();
    let second = std::time::Duration::from_secs(1);
    while let Ok(Some(event)) = tokio::time::timeout(second, watch.next()).await {
        if let WatchEvent::Fired { kind, path, .. } = event {
            seen.push((kind, path));
        }
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn zk682_zk961_b64_b66_watches_of_all_kinds_on_the_root_of_a_chroot_outlive_a_reconnect() {
    let world = World::new();
    let root = world.client().await;
    root.create("/a/deep/place", "").parents().await.unwrap();
    let zk = world
        .builder_of("embedded/a/deep/place")
        .connect()
        .await
        .unwrap();
    let (_, mut data) = zk.get("/").watch().await.unwrap();
    let (_, mut exists) = zk.exists("/").watch().await.unwrap();
    let (_, mut children) = zk.children("/").watch().await.unwrap();
    let (_, mut missing) = zk.exists("/new").watch().await.unwrap();
    let mut persistent = zk.watch("/", AddWatchMode::Persistent).await.unwrap();
    let recursive = AddWatchMode::PersistentRecursive;
    let mut recursive = zk.watch("/", recursive).await.unwrap();
    world.hooks.cut_session(zk.session_id().unwrap());
    settle().await;
    zk.exists("/").await.unwrap();
    root.set("/a/deep/place", "x").await.unwrap();
    root.create("/a/deep/place/new", "").await.unwrap();
    let at = |kind, path: &str| (kind, path.to_owned());
    let changed = at(EventType::DataChanged, "/");
    let created = at(EventType::Created, "/new");
    let listed = at(EventType::ChildrenChanged, "/");
    assert_eq!(fired(&mut data).await, std::slice::from_ref(&changed));
    assert_eq!(fired(&mut exists).await, std::slice::from_ref(&changed));
    assert_eq!(fired(&mut children).await, std::slice::from_ref(&listed));
    assert_eq!(fired(&mut missing).await, std::slice::from_ref(&created));
    assert_eq!(fired(&mut persistent).await, [changed.clone(), listed]);
    assert_eq!(fired(&mut recursive).await, [changed, created]);
}

/// The reserved tree lies outside of every chroot, longer and shorter ones.
#[tokio::test(start_paused = true)]
async fn zk4565_an_event_of_the_reserved_tree_passes_by_the_chroots_of_its_session() {
    let world = World::new();
    let zk = world.client().await;
    for chroot in ["/z", "/zookeeper-like-and-longer-than-the-reserved-path"] {
        zk.create(chroot, "").await.unwrap();
        let inside = zk.chroot(chroot).unwrap();
        let mut recursive = inside
            .watch("/", AddWatchMode::PersistentRecursive)
            .await
            .unwrap();
        let (_, mut reserved) = zk.children("/zookeeper/quota").watch().await.unwrap();
        zk.create("/zookeeper/quota/a", "").await.unwrap();
        inside.create("/b", "").await.unwrap();
        let listed = (EventType::ChildrenChanged, "/zookeeper/quota".to_owned());
        assert_eq!(fired(&mut reserved).await, [listed]);
        assert_eq!(
            fired(&mut recursive).await,
            [(EventType::Created, "/b".to_owned())]
        );
        zk.delete("/zookeeper/quota/a").await.unwrap();
    }
    assert_eq!(zk.stats().connections_lost, 0);
}

#[tokio::test(start_paused = true)]
async fn zk1344_a_multi_of_every_kind_stays_below_the_chroot() {
    let world = World::new();
    world.client().await.create("/c", "").await.unwrap();
    let zk = world.builder_of("embedded/c").connect().await.unwrap();
    let kinds = [
        ("/p", CreateMode::Persistent),
        ("/e", CreateMode::Ephemeral),
        ("/s-", CreateMode::PersistentSequential),
        ("/box", CreateMode::Container),
    ];
    let creates = kinds.iter().fold(zk.multi(), |multi, (path, mode)| {
        multi.create(path, "", *mode)
    });
    let changes = creates
        .set("/p", "x", None)
        .check("/p", 1)
        .delete("/e", None);
    changes.await.unwrap();
    let paths = ["/c", "/c/box", "/c/p", "/c/s-0000000002"];
    assert_eq!(world.hooks.paths(), paths);
}

#[tokio::test(start_paused = true)]
async fn zk1388_a_malformed_path_in_a_multi_is_refused_here_and_harms_nothing_after_it() {
    let world = World::new();
    let zk = world.client().await;
    let asked = zk.stats().requests;
    let persistent = CreateMode::Persistent;
    for path in ["", "a", "/a/", "/a//b", "/a/../b", "/\u{0}"] {
        for multi in [
            zk.multi()
                .create("/good", "", persistent)
                .create(path, "", persistent),
            zk.multi()
                .create("/good", "", persistent)
                .set(path, "", None),
            zk.multi()
                .create("/good", "", persistent)
                .delete(path, None),
            zk.multi().create("/good", "", persistent).check(path, None),
        ] {
            let error = multi.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPath, "{path:?}: {error}");
            assert_eq!(error.fate(), Fate::NotApplied);
        }
    }
    assert_eq!(zk.stats().requests, asked);
    zk.multi().create("/good", "", persistent).await.unwrap();
    assert_eq!(world.hooks.paths(), ["/good"]);
}
