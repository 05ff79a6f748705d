//! Watches in numbers, and those that failed.

use std::time::Duration;

use zk_client::{ErrorKind, EventType, SetEvent, WatchEvent};
use zk_wire::OpCode;

use super::soon;
use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn b65_ten_thousand_watches_of_children_outlive_a_reconnect_and_fire_once_each() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/w", "").await.unwrap();
    let nodes: Vec<String> = (0..10_000).map(|n| format!("/w/{n:0>60}")).collect();
    let creates: Vec<_> = nodes
        .iter()
        .map(|node| other.create(node, "").submit())
        .collect();
    for create in creates {
        create.await.unwrap();
    }
    let set = zk.watch_set();
    let reads: Vec<_> = nodes.iter().map(|node| zk.get_in(node, &set)).collect();
    for read in reads {
        read.await.unwrap();
    }
    let mut set = set;
    world.hooks.cut_session(zk.session_id().unwrap());
    zk.exists("/").await.unwrap();
    assert_eq!(world.hooks.watch_count(), nodes.len());
    let writes: Vec<_> = nodes
        .iter()
        .map(|node| other.set(node, "x").submit())
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    let mut fired = std::collections::BTreeSet::new();
    while fired.len() < nodes.len() {
        match soon(set.next()).await {
            SetEvent::Watch {
                event: WatchEvent::Fired { kind, path, .. },
                ..
            } => {
                assert_eq!(kind, EventType::DataChanged);
                assert!(fired.insert(path.clone()), "{path} fired twice");
            }
            SetEvent::Watch { event, .. } => panic!("{event:?}"),
            _ => {}
        }
    }
    zk.exists("/").await.unwrap();
    let more = tokio::time::timeout(Duration::from_secs(1), set.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert_eq!((zk.stats().watches, world.hooks.watch_count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn zk706_b65_a_hundred_thousand_watches_of_one_client_are_set_again_within_seconds() {
    const WATCHES: usize = 100_000;
    let world = World::new();
    let zk = world.client().await;
    let paths: Vec<String> = (0..WATCHES).map(|n| format!("/{n:0>50}")).collect();
    let mut watches = Vec::new();
    for some in paths.chunks(1_000) {
        let reads: Vec<_> = some
            .iter()
            .map(|path| zk.exists(path).watch().submit())
            .collect();
        for read in reads {
            watches.push(read.await.unwrap().1);
        }
    }
    assert_eq!(world.hooks.watch_count(), WATCHES);
    let begun = tokio::time::Instant::now();
    let session = zk.session_id();
    world.hooks.cut_session(session.unwrap());
    zk.exists("/").await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    assert_eq!(
        (zk.stats().watches, world.hooks.watch_count()),
        (WATCHES, WATCHES)
    );
    // Fewer than a hundred frames, and each below what servers accept.
    assert!(zk.stats().sent(OpCode::SetWatches) < 100);
    for at in [0, WATCHES / 2, WATCHES - 1] {
        zk.create(&paths[at], "").await.unwrap();
        let event = soon(watches[at].next()).await;
        assert!(
            matches!(
                event,
                Some(WatchEvent::Fired {
                    kind: EventType::Created,
                    ..
                })
            ),
            "{event:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rsd20c161_b74_a_watch_that_failed_takes_no_living_one_along() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (_, mut living) = zk.exists("/a").watch().await.unwrap();
    for _ in 0..3 {
        // Each is answered with NoNode and sets nothing; the last one is dropped under way.
        let failed = zk.get("/a").watch().await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::NoNode);
        drop(zk.children("/a").watch().submit());
    }
    settle().await;
    assert_eq!((zk.stats().watches, world.hooks.watch_count()), (1, 1));
    other.create("/a", "").await.unwrap();
    let event = soon(living.next()).await;
    assert!(matches!(
        event,
        Some(WatchEvent::Fired {
            kind: EventType::Created,
            ..
        })
    ));
}
