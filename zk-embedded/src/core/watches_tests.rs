//! The two tables: what registers where, and what removes it.

use super::*;

const ME: ConnKey = ConnKey::from_raw(1);
const OTHER: ConnKey = ConnKey::from_raw(2);
const KINDS: [WatcherKind; 5] = [
    WatcherKind::Children,
    WatcherKind::Data,
    WatcherKind::Any,
    WatcherKind::Persistent,
    WatcherKind::PersistentRecursive,
];

fn change(kind: ChangeKind, path: &str) -> Change {
    let acl = Arc::new(vec![Acl::open()]);
    Change {
        data: None,
        version: 0,
        owner: zk_wire::SessionId::NONE,
        kind,
        path: path.to_owned(),
        acl: Arc::clone(&acl),
        parent_acl: acl,
    }
}

fn fired(watches: &mut Watches, kind: ChangeKind, path: &str) -> Vec<(u64, EventType, String)> {
    let notices = watches.fire(&change(kind, path));
    notices
        .into_iter()
        .map(|notice| (notice.conn.as_raw(), notice.event, notice.path))
        .collect()
}

fn registered(register: impl FnOnce(&mut Watches)) -> Watches {
    let mut watches = Watches::default();
    register(&mut watches);
    watches
}

type Registration<'a> = &'a dyn Fn(&mut Watches);

#[test]
fn each_kind_finds_the_watches_it_means() {
    let data = |watches: &mut Watches| watches.watch_data(ME, "/a");
    let child = |watches: &mut Watches| watches.watch_children(ME, "/a");
    let persistent = |watches: &mut Watches| watches.add(ME, "/a", AddWatchMode::Persistent);
    let recursive =
        |watches: &mut Watches| watches.add(ME, "/a", AddWatchMode::PersistentRecursive);
    // Columns: Children, Data, Any, Persistent, PersistentRecursive.
    let table: [(Registration<'_>, [bool; 5]); 4] = [
        (&data, [false, true, true, false, false]),
        (&child, [true, false, true, false, false]),
        (&persistent, [false, false, true, true, false]),
        (&recursive, [false, false, true, false, true]),
    ];
    for (row, (register, expected)) in table.into_iter().enumerate() {
        for (kind, found) in KINDS.into_iter().zip(expected) {
            let mut watches = registered(register);
            assert_eq!(
                watches.contains(ME, "/a", kind),
                found,
                "row {row}, {kind:?}"
            );
            assert!(!watches.contains(OTHER, "/a", kind));
            assert!(!watches.contains(ME, "/a/b", kind));
            assert_eq!(watches.remove(ME, "/a", kind), found, "row {row}, {kind:?}");
            assert_eq!(watches.len() == 0, found, "row {row}, {kind:?}");
        }
    }
}

#[test]
fn a_one_shot_watch_fires_once_and_a_persistent_one_always() {
    let mut watches = Watches::default();
    watches.watch_data(ME, "/a");
    watches.add(OTHER, "/a", AddWatchMode::Persistent);
    let changed = |conn| (conn, EventType::DataChanged, "/a".to_owned());
    assert_eq!(
        fired(&mut watches, ChangeKind::DataChanged, "/a"),
        [changed(1), changed(2)]
    );
    assert_eq!(
        fired(&mut watches, ChangeKind::DataChanged, "/a"),
        [changed(2)]
    );
    assert_eq!(watches.len(), 2, "a persistent watch is in both tables");
}

#[test]
fn b73_modes_of_one_connection_on_one_path_live_side_by_side() {
    let mut watches = Watches::default();
    watches.add(ME, "/a", AddWatchMode::Persistent);
    watches.watch_data(ME, "/a");
    watches.add(ME, "/a", AddWatchMode::PersistentRecursive);
    assert_eq!(
        fired(&mut watches, ChangeKind::DataChanged, "/a").len(),
        1,
        "one event for all"
    );
    assert!(!watches.contains(ME, "/a", WatcherKind::Data));
    assert!(watches.contains(ME, "/a", WatcherKind::Persistent));
    assert!(watches.remove(ME, "/a", WatcherKind::Persistent));
    assert!(watches.contains(ME, "/a", WatcherKind::PersistentRecursive));
}

#[test]
fn a_recursive_watch_hears_of_everything_below_but_not_of_children() {
    let mut watches = Watches::default();
    watches.add(ME, "/", AddWatchMode::PersistentRecursive);
    for (kind, event) in [
        (ChangeKind::Created, EventType::Created),
        (ChangeKind::DataChanged, EventType::DataChanged),
        (ChangeKind::Deleted, EventType::Deleted),
    ] {
        for path in ["/a", "/a/b/c", "/zookeeper/x"] {
            assert_eq!(
                fired(&mut watches, kind, path),
                [(1, event, path.to_owned())]
            );
        }
    }
    watches.remove(ME, "/", WatcherKind::Any);
    watches.add(ME, "/a", AddWatchMode::PersistentRecursive);
    assert!(
        fired(&mut watches, ChangeKind::Created, "/ab").is_empty(),
        "names, not text"
    );
}

#[test]
fn a_deleted_node_is_reported_once_to_a_connection_that_watches_it_twice() {
    let mut watches = Watches::default();
    watches.watch_data(ME, "/a");
    watches.watch_children(ME, "/a");
    watches.watch_children(OTHER, "/a");
    watches.watch_children(OTHER, "/");
    let event = |conn, kind, path: &str| (conn, kind, path.to_owned());
    assert_eq!(
        fired(&mut watches, ChangeKind::Deleted, "/a"),
        [
            event(1, EventType::Deleted, "/a"),
            event(2, EventType::Deleted, "/a"),
            event(2, EventType::ChildrenChanged, "/"),
        ]
    );
    assert_eq!(watches.len(), 0, "the suppressed one is spent, too");
}

#[test]
fn a_connection_takes_its_watches_with_it() {
    let mut watches = Watches::default();
    for conn in [ME, OTHER] {
        watches.watch_data(conn, "/a");
        watches.add(conn, "/b", AddWatchMode::Persistent);
    }
    watches.forget(ME);
    assert_eq!(watches.len(), 3);
    watches.forget(OTHER);
    assert_eq!(
        (
            watches.len(),
            watches.data.paths.len(),
            watches.child.paths.len()
        ),
        (0, 0, 0)
    );
}

#[test]
fn where_modes_replace_each_other_the_child_table_keeps_what_the_data_table_has_lost() {
    let mut watches = Watches::with_single_modes(true);
    watches.add(ME, "/a", AddWatchMode::PersistentRecursive);
    watches.watch_data(ME, "/a");
    let event = |kind, path: &str| (1, kind, path.to_owned());
    assert_eq!(fired(&mut watches, ChangeKind::Created, "/a/b"), []);
    assert_eq!(fired(&mut watches, ChangeKind::DataChanged, "/a/b"), []);
    for path in ["/a/b", "/a/b/c"] {
        let told = fired(&mut watches, ChangeKind::Deleted, path);
        assert_eq!(told, [event(EventType::Deleted, path)]);
    }
    // One for the data watch, and none a second time.
    let told = fired(&mut watches, ChangeKind::Deleted, "/a");
    assert_eq!(told, [event(EventType::Deleted, "/a")]);
    assert!(watches.remove(ME, "/a", WatcherKind::Children));
    assert_eq!(watches.len(), 0);
}
