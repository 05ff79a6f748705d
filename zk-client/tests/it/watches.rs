//! Watches over broken connections, and what is left of them on the server.

use std::time::Duration;

use tokio::runtime::Handle;
use zk_client::{AddWatchMode, EventType, SetEvent, WatchEvent};
use zk_embedded::Match;
use zk_session::SessionState;
use zk_wire::OpCode;

use crate::kit::{World, settle};

fn fired(event: &WatchEvent) -> Option<(EventType, &str)> {
    match event {
        WatchEvent::Fired { kind, path, .. } => Some((*kind, path)),
        _ => None,
    }
}

/// What has to come without waiting for long.
async fn soon<T>(coming: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, coming).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn k15_zk1412_a_one_shot_watch_fires_once_for_a_change_made_while_suspended() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/a", "0").await.unwrap();
    let (_, mut watch) = zk.get("/a").watch().await.unwrap();
    world.hooks.cut_session(zk.session_id().unwrap());
    other.set("/a", "1").await.unwrap();
    assert_eq!(
        fired(&watch.next().await.unwrap()),
        Some((EventType::DataChanged, "/a"))
    );
    assert_eq!(watch.next().await, None);
    assert_eq!(zk.stats().watches, 0);
}

#[tokio::test(start_paused = true)]
async fn zk1412_a_one_shot_watch_is_set_again_after_a_reconnect_without_changes() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/a", "0").await.unwrap();
    let (stat, mut missing) = zk.exists("/b").watch().await.unwrap();
    assert_eq!(stat, None);
    let (_, mut children) = zk.children("/a").watch().await.unwrap();
    for _ in 0..3 {
        world.hooks.cut_session(zk.session_id().unwrap());
        settle().await;
    }
    other.create("/b", "").await.unwrap();
    other.create("/a/c", "").await.unwrap();
    assert_eq!(
        fired(&missing.next().await.unwrap()),
        Some((EventType::Created, "/b"))
    );
    assert_eq!(
        fired(&children.next().await.unwrap()),
        Some((EventType::ChildrenChanged, "/a"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_with_its_connection_is_not_set_again_and_others_are() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/a", "0").await.unwrap();
    let (_, once) = zk.get("/a").watch().await.unwrap();
    let mut once = once.ending_with_connection();
    let lasting = zk.watch("/a", AddWatchMode::Persistent).await.unwrap();
    let mut lasting = lasting.ending_with_connection();
    assert_eq!(zk.stats().watches, 2);
    world.hooks.cut_session(zk.session_id().unwrap());
    for watch in [&mut once, &mut lasting] {
        let last = soon(watch.next()).await.unwrap();
        assert!(matches!(
            last,
            WatchEvent::Ended(SessionState::Suspended { .. })
        ));
        assert_eq!(soon(watch.next()).await, None);
    }
    let (_, mut kept) = zk.get("/a").watch().await.unwrap();
    assert_eq!(
        zk.stats().sent(OpCode::SetWatches),
        0,
        "nothing to set again"
    );
    world.hooks.cut_session(zk.session_id().unwrap());
    settle().await;
    other.set("/a", "1").await.unwrap();
    assert_eq!(
        fired(&kept.next().await.unwrap()),
        Some((EventType::DataChanged, "/a"))
    );
    assert_eq!(zk.stats().sent(OpCode::SetWatches), 1);
    assert_eq!(zk.stats().watches, 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_made_to_end_with_a_connection_that_is_gone_is_over_at_once() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "0").await.unwrap();
    let (_, watch) = zk.get("/a").watch().await.unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    settle().await;
    let mut watch = watch.ending_with_connection();
    assert!(matches!(
        soon(watch.next()).await,
        Some(WatchEvent::Ended(SessionState::Suspended { .. }))
    ));
    assert_eq!(soon(watch.next()).await, None);
    assert_eq!(zk.stats().watches, 0);
}

#[tokio::test(start_paused = true)]
async fn t15_zk4698_a_persistent_watch_tells_of_a_gap_after_a_reconnect_and_goes_on() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut watch = zk
        .watch("/a", AddWatchMode::PersistentRecursive)
        .await
        .unwrap();
    other.create("/a", "").await.unwrap();
    assert_eq!(
        fired(&watch.next().await.unwrap()),
        Some((EventType::Created, "/a"))
    );
    world.hooks.cut_session(zk.session_id().unwrap());
    assert_eq!(watch.next().await, Some(WatchEvent::Gap));
    other.create("/a/b", "").await.unwrap();
    assert_eq!(
        fired(&watch.next().await.unwrap()),
        Some((EventType::Created, "/a/b"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watch_is_removed_from_the_server() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "").await.unwrap();
    let data = zk.get("/a").watch().await.unwrap().1;
    let child = zk.children("/a").watch().await.unwrap().1;
    let recursive = zk
        .watch("/a", AddWatchMode::PersistentRecursive)
        .await
        .unwrap();
    assert!(world.hooks.watch_count() > 0);
    drop(data);
    drop(child);
    drop(recursive);
    settle().await;
    assert_eq!((world.hooks.watch_count(), zk.stats().watches), (0, 0));
}

/// C53: each persistent watch that was closed left a listener of the connection behind.
#[tokio::test(start_paused = true)]
async fn c53_a_thousand_persistent_watches_that_were_dropped_leave_what_was_there_before() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "").await.unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let left = || (tasks(), zk.stats().watches, world.hooks.watch_count());
    let before = left();
    for mode in [AddWatchMode::Persistent, AddWatchMode::PersistentRecursive] {
        for n in 0..500 {
            let watch = zk.watch("/a", mode).await.unwrap();
            if n % 100 == 0 {
                world.hooks.cut_session(zk.session_id().unwrap());
                settle().await;
            }
            drop(watch);
        }
    }
    settle().await;
    assert_eq!(left(), before);
}

/// C54: the client is closed before the watch, whose reader found no rest then.
#[tokio::test(start_paused = true)]
async fn c54_a_persistent_watch_of_a_closed_client_says_so_once_and_its_reader_rests() {
    let world = World::new();
    settle().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let zk = world.client().await;
    let mut readers = Vec::new();
    for mode in [AddWatchMode::Persistent, AddWatchMode::PersistentRecursive] {
        let mut watch = zk.watch("/", mode).await.unwrap();
        readers.push(tokio::spawn(async move {
            let mut told = Vec::new();
            while let Some(event) = watch.next().await {
                told.push(event);
                assert!(told.len() < 10, "it finds no rest: {told:?}");
            }
            assert_eq!(watch.next().await, None, "it says nothing more");
            told
        }));
    }
    settle().await;
    zk.close().await.unwrap();
    for reader in readers {
        let told = soon(reader).await.unwrap();
        assert_eq!(told, [WatchEvent::Ended(SessionState::Closed)]);
    }
    // A task that span would be one that is alive, and keep the time from passing.
    settle().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_watch_whose_read_was_dropped_in_flight_is_removed_from_the_server() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "").await.unwrap();
    drop(zk.get("/a").watch().submit());
    let sent = zk.get("/a").watch().submit();
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(sent);
    settle().await;
    settle().await;
    assert_eq!((world.hooks.watch_count(), zk.stats().watches), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn k14_watches_end_with_the_session() {
    let world = World::new();
    let zk = world.client().await;
    let (_, mut watch) = zk.exists("/a").watch().await.unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    assert!(matches!(watch.next().await, Some(WatchEvent::Ended(_))));
    assert_eq!(watch.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_set_keeps_the_order_of_the_server_and_marks_interruptions() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    for path in ["/a", "/b"] {
        zk.create(path, "").await.unwrap();
    }
    let mut set = zk.watch_set();
    let (_, a) = zk.get_in("/a", &set).await.unwrap();
    let (_, b) = zk.get_in("/b", &set).await.unwrap();
    other.set("/b", "1").await.unwrap();
    other.set("/a", "1").await.unwrap();
    for expected in [b, a] {
        assert!(matches!(set.next().await, SetEvent::Watch { tag, .. } if tag == expected));
    }
    world.hooks.cut_session(zk.session_id().unwrap());
    assert_eq!(set.next().await, SetEvent::Suspended);
    assert_eq!(set.next().await, SetEvent::Restored);
}

#[tokio::test(start_paused = true)]
async fn t14_an_event_is_there_before_the_reply_that_reflects_the_change() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "0").await.unwrap();
    let (_, mut watch) = zk.get("/a").watch().await.unwrap();
    zk.set("/a", "1").await.unwrap();
    let event = tokio::time::timeout(Duration::ZERO, watch.next()).await;
    assert_eq!(
        fired(&event.unwrap().unwrap()),
        Some((EventType::DataChanged, "/a"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_set_keeps_nothing_of_reads_that_set_no_watch() {
    let world = World::new();
    let zk = world.client().await;
    let set = zk.watch_set();
    let before = format!("{zk:?}");
    for _ in 0..3 {
        zk.get_in("/missing", &set).await.unwrap_err();
    }
    assert_eq!(format!("{zk:?}"), before);
}

/// Found by the simulation: a read whose answer was lost, and whose reader did not run before the next session began, asks
/// again there. Giving up its first watch must not take the new one along.
#[tokio::test(start_paused = true)]
async fn a_watch_of_a_read_that_is_asked_again_in_the_next_session_fires() {
    let world = World::new();
    let (zk, writer) = (world.client().await, world.client().await);
    writer.create("/a", "").await.unwrap();
    let cut = Match::op(OpCode::GetData).path("/a").times(1);
    let cut = world.hooks.on(cut).cut_before_apply();
    let session = zk.session_id().unwrap();
    let read = zk.get("/a").watch().submit();
    while world.hooks.fired(cut) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.hooks.expire(session);
    while zk.session_id() == Some(session) || !zk.state().is_connected() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (_, mut watch) = read.await.unwrap();
    assert_eq!(zk.generation(), 2);
    writer.set("/a", "1").await.unwrap();
    let event = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
    assert_eq!(
        fired(&event.unwrap().unwrap()),
        Some((EventType::DataChanged, "/a"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_tag_of_an_earlier_session_names_no_watch_of_a_later_one() {
    let world = World::new();
    let (zk, writer) = (world.client().await, world.client().await);
    writer.create("/a", "").await.unwrap();
    let mut set = zk.watch_set();
    let (_, old) = zk.get_in("/a", &set).await.unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    while set.next().await != SetEvent::Restored {}
    let (_, tag) = zk.get_in("/a", &set).await.unwrap();
    assert_ne!(tag, old);
    set.forget(old);
    writer.set("/a", "1").await.unwrap();
    let event = tokio::time::timeout(Duration::from_secs(60), set.next()).await;
    assert!(matches!(event.unwrap(), SetEvent::Watch { tag: of, .. } if of == tag));
}

/// Found by the simulation: who waits for `Restored` before it believes an event must not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_set_that_was_suspended_is_restored_when_another_session_takes_over() {
    let world = World::new();
    let (zk, writer) = (world.client().await, world.client().await);
    writer.create("/a", "").await.unwrap();
    let mut set = zk.watch_set();
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    settle().await;
    assert_eq!(zk.generation(), 2);
    assert_eq!(set.next().await, SetEvent::Suspended);
    let restored = tokio::time::timeout(Duration::from_secs(60), set.next()).await;
    assert_eq!(restored.unwrap(), SetEvent::Restored);
    let (_, tag) = zk.get_in("/a", &set).await.unwrap();
    writer.delete("/a").await.unwrap();
    match set.next().await {
        SetEvent::Watch { tag: of, .. } => assert_eq!(of, tag),
        other => panic!("{other:?}"),
    }
}
