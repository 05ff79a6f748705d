//! Registering watches again after a reconnect: the table of what fires and what waits.

use zk_wire::{CreateMode, EventType, Request, SetWatches, Zxid};

use super::rig::{Got, Peer, Rig, create, delete, set};

/// A tree in which `/old` was last changed before zxid 10, `/new` after it, and `/missing` is missing.
/// The same holds for their children: `/old` got its child before, `/new` after.
fn rig() -> (Rig, Peer) {
    let mut rig = Rig::with(|config| config.first_zxid = Zxid::from_raw(5));
    let mut peer = rig.connect();
    for request in [
        create("/old", CreateMode::Persistent),
        create("/old/c", CreateMode::Persistent),
        create("/new", CreateMode::Persistent),
        set("/old"),
        set("/new"),
        create("/new/c", CreateMode::Persistent),
    ] {
        rig.call(&mut peer, &request).unwrap();
    }
    assert_eq!(rig.stat(&mut peer, "/old").unwrap().mzxid, SEEN);
    assert!(rig.stat(&mut peer, "/new").unwrap().mzxid > SEEN);
    assert!(rig.stat(&mut peer, "/new").unwrap().pzxid > SEEN);
    assert_eq!(rig.core.watch_count(), 0);
    (rig, peer)
}

const SEEN: Zxid = Zxid::from_raw(10);

/// Sends the lists and returns the events that came before the reply.
fn restored(rig: &mut Rig, peer: &mut Peer, wanted: SetWatches) -> Vec<(EventType, String)> {
    let request = Request::SetWatches(SetWatches {
        relative_zxid: SEEN,
        ..wanted
    });
    let xid = rig.send(peer, &request);
    let mut got = rig.got(peer);
    let zxid = rig.core.last_zxid().as_raw();
    assert_eq!(
        got.pop(),
        Some(Got::Reply { xid, zxid, err: 0 }),
        "the reply comes last"
    );
    let event = |got| match got {
        Got::Event {
            kind,
            path,
            zxid: -1,
        } => (kind, path),
        got => panic!("unexpected {got:?}"),
    };
    got.into_iter().map(event).collect()
}

fn paths(path: &str) -> Vec<String> {
    vec![path.to_owned()]
}

#[test]
fn b63_each_cell_of_the_table_fires_or_waits() {
    use EventType::{ChildrenChanged, Created, DataChanged, Deleted};
    let empty = SetWatches::default;
    let data = |path| SetWatches {
        data: paths(path),
        ..empty()
    };
    let exist = |path| SetWatches {
        exist: paths(path),
        ..empty()
    };
    let child = |path| SetWatches {
        child: paths(path),
        ..empty()
    };
    let persistent = |path| SetWatches {
        persistent: paths(path),
        ..empty()
    };
    let recursive = |path| SetWatches {
        recursive: paths(path),
        ..empty()
    };
    let table: [(SetWatches, Option<EventType>, usize); 15] = [
        (data("/missing"), Some(Deleted), 0),
        (data("/new"), Some(DataChanged), 0),
        (data("/old"), None, 1),
        (exist("/missing"), None, 1),
        (exist("/new"), Some(Created), 0),
        (exist("/old"), Some(Created), 0),
        (child("/missing"), Some(Deleted), 0),
        (child("/new"), Some(ChildrenChanged), 0),
        (child("/old"), None, 1),
        (persistent("/missing"), None, 2),
        (persistent("/new"), None, 2),
        (persistent("/old"), None, 2),
        (recursive("/missing"), None, 1),
        (recursive("/new"), None, 1),
        (recursive("/old"), None, 1),
    ];
    for (row, (wanted, fires, watches)) in table.into_iter().enumerate() {
        let (mut rig, mut peer) = rig();
        let events = restored(&mut rig, &mut peer, wanted);
        let kinds: Vec<EventType> = events.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, Vec::from_iter(fires), "row {row}");
        assert_eq!(
            rig.core.watch_count(),
            watches,
            "row {row}: a spent watch is not registered"
        );
    }
}

#[test]
fn a_restored_watch_fires_like_any_other() {
    let (mut rig, mut peer) = rig();
    let wanted = SetWatches {
        data: paths("/old"),
        child: paths("/old"),
        ..SetWatches::default()
    };
    assert!(restored(&mut rig, &mut peer, wanted).is_empty());
    let xid = rig.send(&mut peer, &delete("/old/c"));
    assert_eq!(
        rig.got(&mut peer),
        [
            Got::event(EventType::ChildrenChanged, "/old", 13),
            Got::Reply {
                xid,
                zxid: 13,
                err: 0
            },
        ]
    );
}

#[test]
fn a_path_in_two_lists_is_reported_deleted_twice() {
    let (mut rig, mut peer) = rig();
    let path = || paths("/missing");
    let wanted = SetWatches {
        data: path(),
        child: path(),
        ..SetWatches::default()
    };
    let deleted = (EventType::Deleted, "/missing".to_owned());
    assert_eq!(
        restored(&mut rig, &mut peer, wanted),
        [deleted.clone(), deleted]
    );
}

#[test]
fn the_lists_are_evaluated_in_the_order_of_the_record() {
    let (mut rig, mut peer) = rig();
    let wanted = SetWatches {
        data: paths("/new"),
        exist: paths("/old"),
        child: paths("/missing"),
        ..SetWatches::default()
    };
    let kinds: Vec<EventType> = restored(&mut rig, &mut peer, wanted)
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(
        kinds,
        [
            EventType::DataChanged,
            EventType::Created,
            EventType::Deleted
        ]
    );
}

#[test]
fn a_delete_and_a_create_during_the_gap_read_as_a_change() {
    let (mut rig, mut peer) = rig();
    rig.call(&mut peer, &delete("/old/c")).unwrap();
    rig.create(&mut peer, "/old/c");
    let wanted = SetWatches {
        data: paths("/old/c"),
        ..SetWatches::default()
    };
    let changed = (EventType::DataChanged, "/old/c".to_owned());
    assert_eq!(restored(&mut rig, &mut peer, wanted), [changed]);
}
