//! multi: all or nothing, under one zxid.

use zk_wire::{
    Acl, Create, CreateMode, ErrorCode, EventType, MultiOp, MultiResult, Request, Response,
};

use super::rig::{Got, Peer, Rig, children, create_with_acl, exists};

fn create(path: &str, mode: CreateMode) -> MultiOp {
    MultiOp::Create(Create::new(path, "", mode))
}

fn delete(path: &str, version: i32) -> MultiOp {
    MultiOp::Delete {
        path: path.to_owned(),
        version,
    }
}

fn set(path: &str, version: i32) -> MultiOp {
    MultiOp::SetData {
        path: path.to_owned(),
        data: None,
        version,
    }
}

fn check(path: &str, version: i32) -> MultiOp {
    MultiOp::Check {
        path: path.to_owned(),
        version,
    }
}

fn run(rig: &mut Rig, peer: &mut Peer, ops: Vec<MultiOp>) -> Vec<MultiResult> {
    match rig.call(peer, &Request::Multi(ops)) {
        Ok(Response::Multi(results)) => results,
        other => panic!("multi answered with {other:?}"),
    }
}

fn failed(codes: &[i32]) -> Vec<MultiResult> {
    codes
        .iter()
        .map(|&code| MultiResult::Failed(code))
        .collect()
}

#[test]
fn each_operation_sees_what_the_ones_before_it_did() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let results = run(
        &mut rig,
        &mut peer,
        vec![
            create("/a", CreateMode::Persistent),
            create("/a/s-", CreateMode::PersistentSequential),
            create("/a/s-", CreateMode::PersistentSequential),
            set("/a", 0),
            check("/a", 1),
            delete("/a/s-0000000000", 0),
            create("/c", CreateMode::Container),
        ],
    );
    let paths: Vec<&str> = results
        .iter()
        .filter_map(|result| match result {
            MultiResult::Created {
                path,
                stat: Some(_),
            } => Some(path.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(paths, ["/a", "/a/s-0000000000", "/a/s-0000000001", "/c"]);
    assert!(matches!(results[3], MultiResult::Set(stat) if stat.version == 1));
    assert_eq!(results[4..6], [MultiResult::Checked, MultiResult::Deleted]);
    let stat = rig.stat(&mut peer, "/a").unwrap();
    assert_eq!(
        (stat.czxid, stat.mzxid, stat.pzxid),
        (stat.czxid, stat.czxid, stat.czxid)
    );
    assert_eq!((stat.num_children, stat.cversion), (1, 3));
}

#[test]
fn a_create_without_stat_is_answered_without_one() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let plain = Create {
        stat: false,
        ..Create::new("/a", "", CreateMode::Persistent)
    };
    let results = run(&mut rig, &mut peer, vec![MultiOp::Create(plain)]);
    assert_eq!(
        results,
        [MultiResult::Created {
            path: "/a".to_owned(),
            stat: None
        }]
    );
}

#[test]
fn a_failure_undoes_everything_and_names_its_place() {
    let mut rig = Rig::new();
    let (mut peer, mut watcher) = (rig.connect(), rig.connect());
    rig.create(&mut peer, "/a");
    rig.call(&mut watcher, &exists("/b", true)).unwrap_err();
    rig.call(&mut watcher, &children("/", true)).unwrap();
    let before = rig.stat(&mut peer, "/").unwrap();
    let zxid = rig.core.last_zxid().as_raw();
    let ops = vec![
        create("/b", CreateMode::Persistent),
        set("/a", 0),
        check("/a", 7),
        delete("/a", -1),
        delete("/nowhere", -1),
    ];
    let results = run(&mut rig, &mut peer, ops);
    assert_eq!(
        results,
        failed(&[0, 0, ErrorCode::BadVersion.raw(), -2, -2])
    );
    assert_eq!(rig.stat(&mut peer, "/").unwrap(), before);
    assert!(
        rig.got(&mut watcher).is_empty(),
        "nothing happened, so nobody is told"
    );
    assert_eq!(
        rig.core.last_zxid().as_raw(),
        zxid + 1,
        "but a zxid is used up"
    );
}

#[test]
fn an_empty_multi_and_one_of_checks_are_transactions() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    for (ops, results) in [
        (vec![], vec![]),
        (vec![check("/", -1)], vec![MultiResult::Checked]),
    ] {
        let before = rig.core.last_zxid().as_raw();
        assert_eq!(run(&mut rig, &mut peer, ops), results);
        assert_eq!(rig.core.last_zxid().as_raw(), before + 1);
    }
}

#[test]
fn events_come_in_the_order_of_operations_under_one_zxid() {
    let mut rig = Rig::new();
    let (mut peer, mut watcher) = (rig.connect(), rig.connect());
    rig.create(&mut peer, "/a");
    rig.call(&mut watcher, &exists("/a", true)).unwrap();
    rig.call(&mut watcher, &exists("/b", true)).unwrap_err();
    rig.call(&mut watcher, &children("/", true)).unwrap();
    let ops = vec![
        set("/a", -1),
        create("/b", CreateMode::Persistent),
        delete("/a", -1),
    ];
    run(&mut rig, &mut peer, ops);
    let zxid = rig.core.last_zxid().as_raw();
    assert_eq!(
        rig.got(&mut watcher),
        [
            Got::event(EventType::DataChanged, "/a", zxid),
            Got::event(EventType::Created, "/b", zxid),
            Got::event(EventType::ChildrenChanged, "/", zxid),
        ]
    );
}

#[test]
fn check_asks_for_path_node_permission_and_version_in_this_order() {
    use ErrorCode::{BadArguments, BadVersion, NoAuth, NoNode};
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let closed: Acl = "digest:u:x:cdrwa".parse().unwrap();
    rig.call(&mut peer, &create_with_acl("/closed", vec![closed]))
        .unwrap();
    rig.create(&mut peer, "/a");
    for (path, version, code) in [
        ("/a/", 7, BadArguments),
        ("/nowhere", 7, NoNode),
        ("/closed", 7, NoAuth),
        ("/a", 7, BadVersion),
    ] {
        let results = run(&mut rig, &mut peer, vec![check(path, version)]);
        assert_eq!(results, failed(&[code.raw()]), "{path}");
    }
    assert_eq!(
        run(&mut rig, &mut peer, vec![check("/a", 0)]),
        [MultiResult::Checked]
    );
}

#[test]
fn an_ephemeral_of_a_multi_belongs_to_its_session() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    let results = run(
        &mut rig,
        &mut peer,
        vec![create("/e", CreateMode::Ephemeral)],
    );
    let MultiResult::Created {
        stat: Some(stat), ..
    } = &results[0]
    else {
        panic!("the create should have a Stat");
    };
    assert_eq!(stat.ephemeral_owner, peer.session);
    rig.advance(3000);
    assert!(rig.core.paths().is_empty());
}
