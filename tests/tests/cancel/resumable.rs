//! Resumable functions: a call that was dropped loses nothing, the next one yields what it would have yielded.

use std::time::Duration;

use tokio::time::sleep;
use zk_client::{AddWatchMode, SetEvent, State, WatchEvent, Zxid};

use crate::kit::{Naming, World, in_virtual_time, settle};
use crate::polls::{NOW_AND_LATE, Stop, at_every_poll, poll_then_drop};

/// The zxid of a change to the node.
fn changed(event: WatchEvent) -> Option<Zxid> {
    match event {
        WatchEvent::Fired { zxid, .. } => zxid,
        other => panic!("{other:?}"),
    }
}

/// Makes three changes while `next` is called four times for each, every other call dropped after some polls.
/// `next` yields `None` when it was dropped.
fn no_change_is_lost<L>(
    listen: impl AsyncFn(&zk_client::Client) -> L,
    next: impl AsyncFn(&mut L, Stop) -> Option<Option<Zxid>>,
) {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let (zk, writer) = (world.client().await, world.client().await);
            writer.create("/a", "").await.unwrap();
            let mut listener = listen(&zk).await;
            let writes = tokio::spawn(async move {
                let mut zxids = Vec::new();
                for data in ["1", "2", "3"] {
                    sleep(Duration::from_millis(20)).await;
                    let stat = writer.set("/a", data).await.unwrap();
                    zxids.push(Some(stat.mzxid));
                }
                zxids
            });
            let whole = Stop {
                polls: usize::MAX,
                late: false,
            };
            let (mut seen, mut ready) = (Vec::new(), true);
            while seen.len() < 3 {
                let first = next(&mut listener, stop).await;
                ready &= first.is_some();
                let event = match first {
                    Some(event) => event,
                    None => next(&mut listener, whole).await.unwrap(),
                };
                seen.push(event);
            }
            let zxids: Vec<Option<Zxid>> = writes.await.unwrap();
            // Not every server tells an event's transaction; this one does.
            assert_eq!(seen, zxids);
            ready
        })
    });
}

#[test]
fn a_dropped_next_of_a_watch_loses_no_event() {
    no_change_is_lost(
        async |zk| zk.watch("/a", AddWatchMode::Persistent).await.unwrap(),
        async |watch, stop| {
            let event = poll_then_drop(watch.next(), stop).await?;
            Some(changed(event.unwrap()))
        },
    );
}

/// The watches are one-shot: each event asks again, and the write between is told by the read.
#[test]
fn a_dropped_next_of_a_watch_set_loses_no_event() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let mut set = zk.watch_set();
            let mut tags = Vec::new();
            for path in ["/a", "/b", "/c"] {
                zk.create(path, "").await.unwrap();
                tags.push(zk.get_in(path, &set).await.unwrap().1);
            }
            let writer = zk.clone();
            tokio::spawn(async move {
                for path in ["/b", "/a", "/c"] {
                    sleep(Duration::from_millis(20)).await;
                    writer.delete(path).await.unwrap();
                }
            });
            let (mut seen, mut ready) = (Vec::new(), true);
            while seen.len() < 3 {
                let event = match poll_then_drop(set.next(), stop).await {
                    Some(event) => event,
                    None => {
                        ready = false;
                        set.next().await
                    }
                };
                match event {
                    SetEvent::Watch { tag, .. } => seen.push(tag),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(seen, [tags[1], tags[0], tags[2]]);
            ready
        })
    });
}

#[test]
fn a_dropped_changed_loses_no_state() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let mut states = zk.watch_state();
            let hooks = world.hooks.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(100)).await;
                hooks.refuse_connections(true);
                hooks.cut_all();
            });
            let mut ready = true;
            for expected in [
                |state: State| state.is_connected(),
                |state: State| matches!(state, State::Suspended { .. }),
            ] {
                let state = match poll_then_drop(states.changed(), stop).await {
                    Some(state) => state,
                    None => {
                        ready = false;
                        states.changed().await
                    }
                };
                assert!(state.is_some_and(expected), "{state:?}");
            }
            world.hooks.refuse_connections(false);
            settle().await;
            ready
        })
    });
}

#[test]
fn a_dropped_detach_yields_its_ticket_to_the_next_call() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let session = zk.session_id().unwrap();
            let write = zk.create("/a", "").submit();
            let first = poll_then_drop(zk.detach(), stop).await;
            let ready = first.is_some();
            let ticket = zk.detach().await.unwrap();
            assert_eq!(ticket.session(), session);
            if let Some(first) = first {
                assert_eq!(first.unwrap(), ticket);
            }
            write.await.unwrap();
            assert!(world.hooks.sessions().iter().any(|s| s.id == session));
            let heir = world.builder().resume(ticket).connect().await.unwrap();
            assert_eq!(heir.session_id(), Some(session));
            ready
        })
    });
}
