use super::*;

fn id(raw: u64) -> WatchId {
    WatchId::from_raw(raw)
}

fn table(entries: &[(u64, &str, WatchKind)]) -> WatchTable {
    let mut table = WatchTable::default();
    for &(raw, path, kind) in entries {
        table.expect(id(raw), path);
        assert_eq!(table.register(id(raw), path, kind), Registered::Yes);
    }
    table.check_invariants();
    table
}

fn fired(table: &mut WatchTable, kind: EventType, path: &str) -> Vec<u64> {
    let ids = table.fire(kind, path);
    table.check_invariants();
    ids.into_iter().map(WatchId::as_raw).collect()
}

#[test]
fn one_shot_watches_fire_once_and_for_their_events_only() {
    let mut table = table(&[
        (1, "/a", WatchKind::Data),
        (2, "/a", WatchKind::Child),
        (3, "/a", WatchKind::Data),
        (4, "/b", WatchKind::Exist),
    ]);
    assert_eq!(fired(&mut table, EventType::Created, "/b"), [4]);
    assert_eq!(fired(&mut table, EventType::DataChanged, "/a"), [1, 3]);
    assert_eq!(fired(&mut table, EventType::DataChanged, "/a"), []);
    assert_eq!(fired(&mut table, EventType::ChildrenChanged, "/a"), [2]);
    assert_eq!(table.len(), 0);
}

#[test]
fn a_deletion_reported_twice_fires_once() {
    let mut table = table(&[(1, "/a", WatchKind::Data), (2, "/a", WatchKind::Child)]);
    assert_eq!(fired(&mut table, EventType::Deleted, "/a"), [1, 2]);
    assert_eq!(fired(&mut table, EventType::Deleted, "/a"), []);
}

#[test]
fn persistent_watches_stay_and_see_their_own_node_only() {
    let mut table = table(&[(1, "/a", WatchKind::Persistent)]);
    assert_eq!(fired(&mut table, EventType::ChildrenChanged, "/a"), [1]);
    assert_eq!(fired(&mut table, EventType::DataChanged, "/a"), [1]);
    assert_eq!(fired(&mut table, EventType::DataChanged, "/a/b"), []);
}

#[test]
fn recursive_watches_see_what_is_below_but_no_lists_of_children() {
    let mut table = table(&[
        (1, "/", WatchKind::Recursive),
        (2, "/a", WatchKind::Recursive),
        (3, "/a/b", WatchKind::Recursive),
        (4, "/ab", WatchKind::Recursive),
    ]);
    assert_eq!(fired(&mut table, EventType::Created, "/a/b/c"), [1, 2, 3]);
    assert_eq!(fired(&mut table, EventType::Deleted, "/a"), [1, 2]);
    assert_eq!(fired(&mut table, EventType::DataChanged, "/"), [1]);
    assert_eq!(fired(&mut table, EventType::ChildrenChanged, "/a"), []);
}

#[test]
fn an_unknown_event_reaches_those_who_see_everything() {
    let mut table = table(&[(1, "/a", WatchKind::Data), (2, "/a", WatchKind::Persistent)]);
    assert_eq!(fired(&mut table, EventType::Other(77), "/a"), [2]);
}

#[test]
fn the_last_one_to_leave_a_path_has_the_server_told() {
    let mut table = table(&[(1, "/a", WatchKind::Data), (2, "/a", WatchKind::Persistent)]);
    table.expect(id(3), "/a");
    assert_eq!(table.forget(id(1)), None);
    assert_eq!(table.forget(id(2)), None, "one is still under way");
    assert_eq!(
        table.forget(id(3)),
        None,
        "nothing is registered for it yet"
    );
    assert_eq!(
        table.register(id(3), "/a", WatchKind::Data),
        Registered::Orphan
    );
    table.expect(id(4), "/a");
    assert_eq!(
        table.register(id(3), "/a", WatchKind::Data),
        Registered::Unwanted
    );
    assert_eq!(
        table.register(id(4), "/a", WatchKind::Data),
        Registered::Yes
    );
    assert_eq!(table.forget(id(4)), Some("/a".to_owned()));
    table.check_invariants();
}

#[test]
fn chunks_hold_every_path_once_and_keep_the_limit() {
    let mut table = WatchTable::default();
    let kinds = [
        WatchKind::Data,
        WatchKind::Exist,
        WatchKind::Child,
        WatchKind::Persistent,
        WatchKind::Recursive,
    ];
    for raw in 0..1_000_u64 {
        let path = format!("/a-node-with-a-name-{raw:04}");
        table.expect(id(raw), &path);
        table.register(id(raw), &path, kinds[raw as usize % 5]);
    }
    let chunks = table.chunks(Zxid::from_raw(9), 4_096);
    let mut paths = 0;
    for chunk in &chunks {
        let lists = [
            &chunk.data,
            &chunk.exist,
            &chunk.child,
            &chunk.persistent,
            &chunk.recursive,
        ];
        let size: usize = lists
            .iter()
            .flat_map(|list| list.iter())
            .map(|path| 4 + path.len())
            .sum();
        assert!(size + 36 <= 4_096);
        assert_eq!(chunk.relative_zxid, Zxid::from_raw(9));
        paths += lists.iter().map(|list| list.len()).sum::<usize>();
    }
    assert_eq!(paths, 1_000);
    assert!(chunks.len() <= 8, "{} chunks", chunks.len());
    let plain = chunks
        .iter()
        .filter(|c| c.persistent.is_empty() && c.recursive.is_empty());
    assert!(
        plain.count() >= 3,
        "one-shot watches do not travel with persistent ones"
    );
}

#[test]
fn a_path_longer_than_the_limit_travels_alone() {
    let long = format!("/{}", "x".repeat(500));
    let table = table(&[(1, "/a", WatchKind::Data), (2, &long, WatchKind::Data)]);
    let chunks = table.chunks(Zxid::NONE, 100);
    let lists: Vec<_> = chunks.iter().map(|chunk| chunk.data.clone()).collect();
    assert_eq!(lists, [vec!["/a".to_owned()], vec![long]]);
}

#[test]
fn ancestors_go_up_to_the_root() {
    assert_eq!(ancestors("/a/b/c").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
    assert_eq!(ancestors("/").count(), 0);
    assert_eq!(ancestors("odd").count(), 0);
}
