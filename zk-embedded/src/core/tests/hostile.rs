//! Whatever arrives: no panic, no wrong state.

use proptest::collection::vec;
use proptest::prelude::*;
use zk_wire::jute::Encode;
use zk_wire::{
    Acl, AddWatchMode, Create, CreateMode, MultiOp, ReadOp, Request, SetWatches, WatcherKind, Zxid,
};

use super::rig::{Rig, framed, hello};

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("/".to_owned()),
        Just(String::new()),
        Just("/a".to_owned()),
        Just("/a/b".to_owned()),
        Just("/a/b-".to_owned()),
        Just("/zookeeper/config".to_owned()),
        "[/ab.\u{0}]{0,8}",
    ]
}

fn acl() -> impl Strategy<Value = Vec<Acl>> {
    prop_oneof![
        4 => Just(vec![Acl::open()]),
        1 => Just(vec![]),
        1 => Just(vec![Acl::creator_all()]),
        1 => Just(vec![Acl::read_only()]),
        1 => Just(vec![Acl::new("ip", "127.0.0.0/8", zk_wire::Permissions::ALL)]),
    ]
}

prop_compose! {
    fn create()(
        path in path(),
        acl in acl(),
        flags in -1..8_i32,
        ttl in prop_oneof![Just(None), Just(Some(-1)), Just(Some(5))],
        stat in any::<bool>(),
    ) -> Create {
        Create { acl, flags, ttl, stat, ..Create::new(path, "x", CreateMode::Persistent) }
    }
}

fn op() -> impl Strategy<Value = MultiOp> {
    prop_oneof![
        create().prop_map(MultiOp::Create),
        (path(), -1..2_i32).prop_map(|(path, version)| MultiOp::Delete { path, version }),
        (path(), -1..2_i32).prop_map(|(path, version)| MultiOp::SetData {
            path,
            data: None,
            version
        }),
        (path(), -1..2_i32).prop_map(|(path, version)| MultiOp::Check { path, version }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let kind = prop_oneof![
        Just(WatcherKind::Any),
        Just(WatcherKind::Data),
        Just(WatcherKind::Children),
        Just(WatcherKind::Persistent),
    ];
    let mode = prop_oneof![
        Just(AddWatchMode::Persistent),
        Just(AddWatchMode::PersistentRecursive)
    ];
    prop_oneof![
        4 => create().prop_map(Request::Create),
        3 => (path(), -1..2_i32).prop_map(|(path, version)| Request::Delete { path, version }),
        1 => path().prop_map(|path| Request::SetData { path, data: None, version: -1 }),
        1 => (path(), acl()).prop_map(|(path, acl)| Request::SetAcl { path, acl, version: -1 }),
        1 => path().prop_map(|path| Request::DeleteContainer { path }),
        2 => (path(), any::<bool>()).prop_map(|(path, watch)| Request::Exists { path, watch }),
        2 => (path(), any::<bool>()).prop_map(|(path, watch)| Request::GetChildren { path, watch }),
        1 => path().prop_map(|path| Request::GetAllChildrenNumber { path }),
        1 => path().prop_map(|prefix| Request::GetEphemerals { prefix }),
        1 => (path(), mode).prop_map(|(path, mode)| Request::AddWatch { path, mode }),
        1 => (path(), kind).prop_map(|(path, kind)| Request::RemoveWatches { path, kind }),
        2 => vec(op(), 0..4).prop_map(Request::Multi),
        1 => vec(path(), 0..4).prop_map(|paths| {
            Request::MultiRead(paths.into_iter().map(|path| ReadOp::GetData { path }).collect())
        }),
        1 => vec(path(), 0..3).prop_map(|data| {
            let relative_zxid = Zxid::from_raw(3);
            Request::SetWatches(SetWatches { relative_zxid, data, ..SetWatches::default() })
        }),
        1 => Just(Request::Ping),
        1 => Just(Request::CloseSession),
    ]
}

/// What must hold of any server at any time.
fn check_invariants(rig: &Rig) {
    let core = &rig.core;
    let tree = &core.tree;
    for path in core.paths() {
        let parent = zk_wire::path::parent(&path).unwrap();
        let parent = tree.get(parent).expect("every node has a parent");
        let name = zk_wire::path::name(&path);
        assert!(
            parent.children.iter().any(|child| child.name() == name),
            "{path} is listed"
        );
        assert!(zk_wire::path::validate(&path).is_ok(), "{path:?}");
    }
    let listed: usize = tree.iter().map(|(_, node)| node.children.len()).sum();
    assert_eq!(
        listed + 1,
        tree.len(),
        "every child exists, and all but the root are children"
    );
    let owned: usize = core
        .sessions()
        .iter()
        .map(|session| session.ephemerals)
        .sum();
    assert_eq!(
        owned,
        tree.ephemeral_count(),
        "every ephemeral has a living owner"
    );
    if core.connection_count() == 0 {
        assert_eq!(core.watch_count(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(chunks in vec(vec(any::<u8>(), 0..64), 0..8), open in any::<bool>()) {
        let mut rig = Rig::new();
        let key = rig.dial();
        if open {
            rig.shake(key, &hello(2000));
        }
        for chunk in chunks {
            rig.put(key, &chunk);
            rig.take(key);
            rig.advance(100);
        }
        check_invariants(&rig);
    }

    #[test]
    fn random_bodies_never_panic(op in -12..110_i32, body in vec(any::<u8>(), 0..64)) {
        let mut rig = Rig::new();
        let mut peer = rig.connect();
        rig.put(peer.key, &framed(|out| {
            zk_wire::RequestHeader { xid: 1, op }.encode(out);
            out.extend_from_slice(&body);
        }));
        prop_assert!(!rig.got(&mut peer).is_empty(), "everything is answered");
        check_invariants(&rig);
    }

    #[test]
    fn mutated_requests_never_panic_and_keep_the_tree_whole(
        requests in vec((request(), any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..12),
    ) {
        let mut rig = Rig::new();
        let mut peer = rig.connect_for(2000);
        for (request, at, byte, mutate) in requests {
            let mut bytes = framed(|out| request.encode(1, out));
            if mutate == 0 {
                // Behind the length, so that the frame stays a frame.
                let at = 4 + at.index(bytes.len() - 4);
                bytes[at] = byte;
            }
            rig.put(peer.key, &bytes);
            rig.take(peer.key);
            rig.advance(10);
            check_invariants(&rig);
            if rig.is_closed(&peer) {
                rig.hang_up(&peer);
                peer = rig.connect_for(2000);
            }
        }
        rig.hang_up(&peer);
        rig.advance(100_000);
        prop_assert!(rig.core.sessions().is_empty());
        check_invariants(&rig);
    }

    #[test]
    fn held_commits_change_when_things_happen_but_not_what(
        requests in vec(request().prop_filter("the session stays", |request| {
            !matches!(request, Request::CloseSession)
        }), 1..12),
    ) {
        let run = |hold: bool| {
            let mut rig = Rig::new();
            let mut peer = rig.connect();
            rig.core.hold_commits(rig.now, hold);
            for request in &requests {
                rig.send(&mut peer, request);
            }
            rig.core.hold_commits(rig.now, false);
            let mut got = rig.got(&mut peer);
            // Pings overtake, and show another zxid.
            got.retain(|got| !matches!(got, super::rig::Got::Reply { xid: -2, .. }));
            (got, rig.core.paths(), rig.core.last_zxid(), rig.core.watch_count())
        };
        prop_assert_eq!(run(true), run(false));
    }
}
