//! Uncertain functions: dropped at any poll, the write was applied or not, is not undone, and the session works.

use std::collections::BTreeSet;

use zk_client::{Acl, Client, CreateMode};
use zk_recipes::{Held, Mutex};

use crate::kit::{Naming, World, in_virtual_time, settle};
use crate::polls::{NOW_AND_LATE, at_every_poll, poll_then_drop};

/// Something to write to, a client, and a lock it holds.
async fn scene() -> (World, Client, zk_recipes::LockGuard) {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "1").await.unwrap();
    zk.create("/a/b", "").await.unwrap();
    let lock = Mutex::new(&zk, "/lock").unwrap();
    let guard = lock.acquire().await.unwrap();
    settle().await;
    (world, zk, guard)
}

/// What changed in a tree: `+/new`, `-/gone`, `~/changed`.
fn changes(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let find = |tree: &[(String, String)], path: &str| {
        tree.iter()
            .find(|(at, _)| at == path)
            .map(|(_, node)| node.clone())
    };
    let paths: BTreeSet<&String> = before.iter().chain(after).map(|(path, _)| path).collect();
    paths
        .into_iter()
        .filter_map(|path| match (find(before, path), find(after, path)) {
            (None, _) => Some(format!("+{path}")),
            (_, None) => Some(format!("-{path}")),
            (old, new) if old != new => Some(format!("~{path}")),
            _ => None,
        })
        .collect()
}

/// Drops what `start` makes after each of its polls. The tree has to be in one of the states: the first is that of
/// a write that was not made, the last that of a write that was made.
fn uncertain<T>(states: &[&[&str]], start: impl AsyncFn(&Client, &Held) -> T) {
    let seen = uncertain_between(states, start);
    assert!(
        seen.iter()
            .all(|&(ready, state)| !ready || state + 1 == states.len()),
        "ready, and not done: {seen:?}"
    );
    let dropped = |state: usize| seen.contains(&(false, state));
    assert!(dropped(0), "never dropped before the write left");
    assert!(
        dropped(states.len() - 1),
        "never dropped while the answer was under way"
    );
}

/// As [`uncertain`], for what does not end in the last of the states; yields whether it was ready, and the state.
fn uncertain_between<T>(
    states: &[&[&str]],
    start: impl AsyncFn(&Client, &Held) -> T,
) -> BTreeSet<(bool, usize)> {
    let mut seen = BTreeSet::new();
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk, guard) = scene().await;
            let before = (world.tree(), world.open(&[&zk]));
            let ready = poll_then_drop(start(&zk, &guard.held()), stop)
                .await
                .is_some();
            settle().await;
            let changed = changes(&before.0, &world.tree());
            let state = states.iter().position(|state| *state == changed);
            let state = state.unwrap_or_else(|| panic!("half done: {changed:?}"));
            assert!(state == 0 || stop.polls > 0, "done without being polled");
            seen.insert((ready, state));

            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            assert_eq!(changes(&before.0, &world.tree()), changed, "undone");
            assert_eq!(world.open(&[&zk]), before.1);
            let proof = zk.create("/proof", "").fenced_by(&guard.held());
            proof.await.unwrap();
            ready
        })
    });
    seen
}

/// One test for each operation that writes, awaited and submitted.
macro_rules! writes {
    ($($test:ident: $change:literal, $make:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let make = $make;
                let states: &[&[&str]] = &[&[], &[$change]];
                uncertain(states, async |zk, held| make(zk, held).await.unwrap());
                // Submitted late: the request leaves when the future is polled first.
                uncertain(states, async |zk, held| make(zk, held).submit().await.unwrap());
            }
        )*
    };
}

writes! {
    a_dropped_create_is_made_or_not: "+/new", |zk: &Client, _: &Held| zk.create("/new", "");
    a_dropped_fenced_create_is_made_or_not: "+/new", |zk: &Client, held: &Held| zk.create("/new", "").fenced_by(held);
    a_dropped_delete_is_made_or_not: "-/a/b", |zk: &Client, _: &Held| zk.delete("/a/b");
    a_dropped_set_is_made_or_not: "~/a", |zk: &Client, _: &Held| zk.set("/a", "2");
    a_dropped_set_acl_is_made_or_not: "~/a", |zk: &Client, _: &Held| zk.set_acl("/a", vec![Acl::open()]);
    a_dropped_multi_is_made_or_not: "~/a", |zk: &Client, _: &Held| zk.multi().check("/a/b", None).set("/a", "2", None);
}

const PARENTS: &[&[&str]] = &[&[], &["+/x"], &["+/x", "+/x/y"]];

#[test]
fn a_dropped_create_parents_stops_after_one_of_them() {
    uncertain(PARENTS, async |zk, _| {
        assert!(
            zk.create_parents("/x/y/z", CreateMode::Persistent, &[Acl::open()])
                .await
                .unwrap()
        );
    });
}

#[test]
fn a_dropped_create_with_parents_stops_after_one_of_them() {
    let mut states = PARENTS.to_vec();
    states.push(&["+/x", "+/x/y", "+/x/y/z"]);
    uncertain(&states, async |zk, _| {
        zk.create("/x/y/z", "").parents().await.unwrap();
    });
}

#[test]
fn a_dropped_recursive_delete_stops_after_one_of_its_transactions() {
    let states: &[&[&str]] = &[&[], &["-/a", "-/a/b"]];
    uncertain(states, async |zk, _| {
        zk.delete("/a").recursive().await.unwrap();
    });
}

const QUOTA: [&str; 3] = [
    "+/zookeeper/quota/a",
    "+/zookeeper/quota/a/zookeeper_limits",
    "+/zookeeper/quota/a/zookeeper_stats",
];

#[test]
fn a_dropped_set_quota_sets_it_or_not() {
    uncertain(&[&[], &QUOTA[..1], &QUOTA], async |zk, _| {
        let limits = zk_client::QuotaLimits::new().count(5);
        zk.set_quota("/a", limits).await.unwrap();
    });
}

#[test]
fn a_dropped_delete_quota_deletes_it_or_not() {
    // Set first: dropped there it is the test above.
    let states: &[&[&str]] = &[&[], &QUOTA[..1], &QUOTA];
    let set_and_delete = async |zk: &Client, _: &Held| {
        let limits = zk_client::QuotaLimits::new().count(5);
        zk.set_quota("/a", limits).await.unwrap();
        assert!(zk.delete_quota("/a").await.unwrap());
    };
    uncertain_between(states, set_and_delete);
}

/// The embedded server refuses every reconfiguration, so there is nothing to change.
#[test]
fn a_dropped_reconfig_is_made_or_not() {
    uncertain_between(&[&[]], async |zk: &Client, _: &Held| {
        let refused = zk.reconfig().leave(3).submit().await.unwrap_err();
        assert_eq!(refused.kind(), zk_client::ErrorKind::ServerError);
        zk.reconfig().leave(3).await.unwrap_err();
    });
}

/// What was submitted leaves although nobody polls it, unless it is dropped before the driver has come to it.
#[test]
fn a_dropped_pending_write_is_made_if_it_had_left() {
    for (pause, made) in [(false, false), (true, true)] {
        in_virtual_time(async {
            let (world, zk, _guard) = scene().await;
            let pending = zk.create("/new", "").submit();
            if pause {
                tokio::task::yield_now().await;
            }
            drop(pending);
            settle().await;
            assert_eq!(world.hooks.node("/new").is_some(), made);
            assert_eq!(zk.stats().queued + zk.stats().in_flight, 0);
        });
    }
}
