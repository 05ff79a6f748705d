//! Sessions: their identity, their states, their end.

use std::time::Duration;

use zk_client::EventType;
use zk_recipes::{AddWatchMode, CreateMode, ErrorKind, Fate, State, WatchEvent};

use super::seen::{event, next};
use super::server::Server;

pub async fn clones_and_chroots_share_one_session(server: &Server) {
    let zk = server.client().await;
    let session = zk.session_id().unwrap();
    let clones = [zk.clone(), zk.chroot("/below").unwrap(), zk.terse()];
    for clone in &clones {
        assert_eq!(clone.session_id(), Some(session));
        assert_eq!(clone.generation(), 1);
    }
    let created = zk.create("/e", "").mode(CreateMode::Ephemeral).await;
    assert_eq!(created.unwrap().stat.ephemeral_owner, session);
    // Dropping some of the clones ends nothing.
    drop(clones);
    assert!(zk.exists("/e").await.unwrap().is_some());
    let other = server.client().await;
    assert_ne!(other.session_id(), Some(session));
}

pub async fn b23_closing_deletes_ephemeral_nodes_at_once_and_nothing_else(server: &Server) {
    let (owner, other) = (server.client().await, server.client().await);
    let ephemeral = CreateMode::Ephemeral;
    owner.create("/kept", "").await.unwrap();
    owner.create("/e", "").mode(ephemeral).await.unwrap();
    owner.create("/kept/e", "").mode(ephemeral).await.unwrap();
    other.create("/others", "").mode(ephemeral).await.unwrap();
    let recursive = AddWatchMode::PersistentRecursive;
    let mut watch = other.watch("/", recursive).await.unwrap();
    owner.close().await.unwrap();
    let mut gone = [next(&mut watch).await, next(&mut watch).await];
    gone.sort();
    let deleted = EventType::Deleted;
    assert_eq!(gone, [event(deleted, "/e"), event(deleted, "/kept/e")]);
    let (mut names, stat) = other.children("/").with_stat().await.unwrap();
    names.sort();
    assert_eq!(names, ["kept", "others"]);
    // One transaction deletes them all.
    let kept = other.exists("/kept").await.unwrap().unwrap();
    assert_eq!(kept.pzxid, stat.pzxid);
}

pub async fn dropping_the_last_handle_closes_the_session(server: &Server) {
    let patient = Duration::from_secs(40);
    let owner = server.builder().session_timeout(patient);
    let owner = owner.connect().await.unwrap();
    let other = server.client().await;
    let ephemeral = CreateMode::Ephemeral;
    owner.create("/e", "").mode(ephemeral).await.unwrap();
    let (stat, mut watch) = other.exists("/e").watch().await.unwrap();
    assert!(stat.is_some());
    drop(owner);
    // Sooner than the session could expire: the whole body may not take 40 s.
    assert_eq!(next(&mut watch).await, event(EventType::Deleted, "/e"));
}

pub async fn ephemeral_nodes_outlive_their_creators_handle_and_may_go_before(server: &Server) {
    let (owner, other) = (server.client().await, server.client().await);
    let ephemeral = CreateMode::Ephemeral;
    for node in ["/a", "/b"] {
        owner.create(node, "").mode(ephemeral).await.unwrap();
    }
    // Anybody with the permission may change and delete them.
    other.set("/a", "changed").await.unwrap();
    other.delete("/b").await.unwrap();
    assert_eq!(owner.ephemerals("/").await.unwrap(), ["/a"]);
    assert_eq!(other.ephemerals("/").await.unwrap(), Vec::<String>::new());
}

pub async fn s12_b49_ephemeral_nodes_are_listed_by_a_prefix_of_their_text(server: &Server) {
    let zk = server.client().await;
    for parent in ["/a", "/ab", "/c"] {
        zk.create(parent, "").await.unwrap();
        let node = format!("{parent}/e");
        zk.create(&node, "")
            .mode(CreateMode::Ephemeral)
            .await
            .unwrap();
    }
    let cases: [(&str, &[&str]); 5] = [
        ("/", &["/a/e", "/ab/e", "/c/e"]),
        ("/a", &["/a/e", "/ab/e"]),
        ("/ab", &["/ab/e"]),
        ("/c/e", &["/c/e"]),
        ("/d", &[]),
    ];
    for (prefix, expected) in cases {
        let mut paths = zk.ephemerals(prefix).await.unwrap();
        paths.sort();
        assert_eq!(paths, expected, "{prefix}");
    }
}

pub async fn the_states_of_a_session_are_connected_and_closed(server: &Server) {
    let zk = server.client().await;
    let mut states = zk.watch_state();
    let connected = State::Connected {
        generation: 1,
        read_only: false,
    };
    assert_eq!(states.current(), connected);
    assert_eq!(states.changed().await, Some(connected));
    zk.get("/").await.unwrap();
    zk.close().await.unwrap();
    assert_eq!(states.changed().await, Some(State::Closed));
    assert_eq!(states.changed().await, None);
    assert_eq!(zk.state(), State::Closed);
    // Closing twice is no error.
    zk.close().await.unwrap();
}

pub async fn b67_a_closed_client_refuses_work_and_ends_its_watches(server: &Server) {
    let zk = server.client().await;
    let (_, mut one_shot) = zk.children("/").watch().await.unwrap();
    let persistent = AddWatchMode::Persistent;
    let mut persistent = zk.watch("/", persistent).await.unwrap();
    let queued = zk.create("/before", "").submit();
    zk.close().await.unwrap();
    assert_eq!(queued.await.unwrap().path, "/before", "it was queued first");
    for watch in [&mut one_shot, &mut persistent] {
        loop {
            match watch.next().await {
                Some(WatchEvent::Fired { .. }) => {}
                Some(WatchEvent::Ended(_)) | None => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(watch.next().await, None);
    }
    for error in [
        zk.get("/before").await.unwrap_err(),
        zk.create("/after", "").await.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        assert_eq!(error.fate(), Fate::NotApplied);
    }
}

pub async fn b03_the_server_bounds_the_session_timeout(server: &Server) {
    let builder = server.builder().session_timeout(Duration::from_secs(300));
    let zk = builder.connect().await.unwrap();
    assert_eq!(zk.session_timeout(), server.longest_session());
    let builder = server.builder().session_timeout(Duration::from_secs(9));
    let zk = builder.connect().await.unwrap();
    assert_eq!(zk.session_timeout(), Duration::from_secs(9));
    let builder = server.builder().session_timeout(Duration::from_millis(10));
    let zk = builder.connect().await.unwrap();
    let shortest = zk.session_timeout();
    assert!(shortest >= Duration::from_secs(1), "{shortest:?}");
}
