//! Watches that stay until they are removed.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_recipes::{AddWatchMode, Client, WatchEvent};
use zk_tests::{RealServer, Talk, deadline};

/// How many writes of each side both are told of.
const WRITES: usize = 50;

/// The sessions that have a watch at the path or below, as the server tells.
fn watchers(server: &RealServer, path: &str) -> BTreeSet<String> {
    let watches = server.four_letter("wchp").unwrap();
    let mut sessions = BTreeSet::new();
    let mut is_inside = false;
    for line in watches.lines() {
        if let Some(session) = line.strip_prefix("\t0x") {
            if is_inside {
                sessions.insert(session.to_owned());
            }
        } else {
            is_inside = line.starts_with(path);
        }
    }
    sessions
}

/// Both watch one tree, both write there, and both are told the same, in the same order; at the end each takes its watch away.
async fn are_told_alike(mode: AddWatchMode, theirs: &str, removal: &str) {
    let server = RealServer::shared();
    let connect = server.connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let mut curator = Talk::curator().open("crowd", &connect).await;
    let at = format!("/stays-{theirs}-{removal}");
    zk.create(&at, "").await.unwrap();
    let mut watch = zk.watch(&at, mode).await.unwrap();
    curator.ask(&format!("add {theirs} {at}")).await;
    let of_ours = format!("{:x}", zk.session_id().unwrap().as_raw());
    let of_theirs = curator.ask("session").await;
    let both = BTreeSet::from([of_ours, of_theirs.clone()]);
    assert_eq!(watchers(server, &at), both);

    let ours = async {
        for n in 0..WRITES / 2 {
            zk.set(&at, format!("{n}")).await.unwrap();
            zk.create(&format!("{at}/r{n}"), "").await.unwrap();
        }
    };
    let by_theirs = async {
        for n in 0..WRITES / 2 {
            curator.ask(&format!("write {at} 6a")).await;
            curator.ask(&format!("make {at}/j{n}")).await;
        }
    };
    tokio::join!(ours, by_theirs);
    let limit = deadline(Duration::from_secs(60));
    let mut told = Vec::new();
    for _ in 0..2 * WRITES {
        let event = limit.until("an event", watch.next()).await;
        let Some(WatchEvent::Fired { kind, path, .. }) = event else {
            panic!("{event:?}");
        };
        told.push(format!("Node{kind:?}:{path}"));
    }
    assert_eq!(
        curator.ask(&format!("told {}", 2 * WRITES)).await,
        told.join(" ")
    );

    drop(watch);
    curator.ask(&format!("remove {at} {removal}")).await;
    // The Java client asks the server for one watch whether it has it, and forgets it alone.
    let left = match removal {
        "one" => BTreeSet::from([of_theirs]),
        _ => BTreeSet::new(),
    };
    let gone = || async { (watchers(server, &at) == left).then_some(()) };
    limit.until_some("watches to be taken away", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_and_curators_are_told_the_same_by_persistent_watches_and_take_them_away() {
    // Theirs of the kind that is told of lists of children, as ours of this mode.
    are_told_alike(AddWatchMode::Persistent, "PERSISTENT", "one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_and_curators_are_told_the_same_by_recursive_watches_and_take_them_away() {
    are_told_alike(
        AddWatchMode::PersistentRecursive,
        "PERSISTENT_RECURSIVE",
        "all",
    )
    .await;
}
