//! Kinds of nodes, and the less common requests.

use std::collections::BTreeSet;

use bytes::Bytes;
use zk_wire::{
    ClientInfo, Create, CreateMode, ErrorCode, EventType, ReadOp, ReadResult, Request, Response,
    SessionId, Zxid,
};

use super::rig::{Got, Peer, Rig, children, code, create, delete, exists, get};

fn create_ttl(path: &str, ttl: i64) -> Request {
    let create = Create::new(path, "", CreateMode::PersistentTtl);
    Request::Create(Create {
        ttl: Some(ttl),
        ..create
    })
}

#[test]
fn each_create_is_answered_in_its_own_shape() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let plain = Create {
        stat: false,
        ..Create::new("/a", "", CreateMode::Persistent)
    };
    let path = rig.call(&mut peer, &Request::Create(plain)).unwrap();
    assert_eq!(path, Response::Path("/a".to_owned()));
    for request in [
        create("/b", CreateMode::Persistent),
        create("/c", CreateMode::Container),
        create_ttl("/d", 1000),
    ] {
        let Ok(Response::Created { stat, .. }) = rig.call(&mut peer, &request) else {
            panic!("{request:?} should be answered with a Stat");
        };
        assert_eq!(
            stat.ephemeral_owner,
            SessionId::NONE,
            "the owner's encoding stays hidden"
        );
        assert_eq!(stat.czxid, rig.core.last_zxid());
    }
}

#[test]
fn b47_a_container_goes_once_it_has_had_children_and_has_none() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(40_000);
    for path in ["/used", "/fresh", "/full"] {
        rig.create_as(&mut peer, path, CreateMode::Container)
            .unwrap();
    }
    for path in ["/used/x", "/full/x"] {
        rig.create_as(&mut peer, path, CreateMode::Ephemeral)
            .unwrap();
    }
    rig.call(&mut peer, &delete("/used/x")).unwrap();
    rig.call(&mut peer, &exists("/used", true)).unwrap();
    rig.core.run_reaper(rig.now);
    assert_eq!(rig.core.paths(), ["/fresh", "/full", "/full/x"]);
    let zxid = rig.core.last_zxid().as_raw();
    assert_eq!(
        rig.got(&mut peer),
        [Got::event(EventType::Deleted, "/used", zxid)]
    );
}

#[test]
fn the_reaper_comes_by_itself_once_a_minute() {
    let mut rig = Rig::with(|config| config.max_session_timeout = std::time::Duration::MAX);
    let mut peer = rig.connect_for(i32::MAX);
    rig.create_as(&mut peer, "/c", CreateMode::Container)
        .unwrap();
    rig.create(&mut peer, "/c/x");
    rig.call(&mut peer, &delete("/c/x")).unwrap();
    rig.advance(59_999);
    assert_eq!(rig.core.paths(), ["/c"]);
    rig.advance(1);
    assert!(rig.core.paths().is_empty());
}

#[test]
fn b46_a_ttl_node_lives_that_long_after_its_last_write_and_while_it_has_children() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(40_000);
    rig.call(&mut peer, &create_ttl("/t", 1000)).unwrap();
    rig.advance(900);
    rig.set(&mut peer, "/t");
    rig.advance(1000);
    rig.core.run_reaper(rig.now);
    assert_eq!(rig.core.paths(), ["/t"], "not longer than its TTL yet");
    rig.create(&mut peer, "/t/x");
    rig.advance(1);
    rig.core.run_reaper(rig.now);
    assert_eq!(rig.core.paths(), ["/t", "/t/x"]);
    rig.call(&mut peer, &delete("/t/x")).unwrap();
    rig.core.run_reaper(rig.now);
    assert!(
        rig.core.paths().is_empty(),
        "children do not count as writes"
    );
}

#[test]
fn times_are_the_wall_clocks() {
    let mut rig = Rig::with(|config| config.wall_ms = 1_000_000);
    let mut peer = rig.connect();
    rig.advance(250);
    let stat = rig.create(&mut peer, "/a");
    assert_eq!((stat.ctime, stat.mtime), (1_000_250, 1_000_250));
}

#[test]
fn null_data_is_not_empty_data() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let create = |path: &str, data: Option<&'static [u8]>| {
        let create = Create::new(path, "", CreateMode::Persistent);
        Request::Create(Create {
            data: data.map(Bytes::from_static),
            ..create
        })
    };
    for (path, data) in [("/null", None), ("/empty", Some(&b""[..]))] {
        rig.call(&mut peer, &create(path, data)).unwrap();
        let Ok(Response::Data { data: read, stat }) = rig.call(&mut peer, &get(path, false)) else {
            panic!("{path} should be readable");
        };
        assert_eq!((read, stat.data_length), (data.map(Bytes::from_static), 0));
    }
}

#[test]
fn children_come_in_an_order_that_is_stable_but_not_sorted() {
    let list = |seed| {
        let mut rig = Rig::with(|config| config.seed = seed);
        let mut peer = rig.connect();
        for _ in 0..20 {
            rig.create_as(&mut peer, "/x-", CreateMode::PersistentSequential)
                .unwrap();
        }
        match rig.call(&mut peer, &children("/", false)) {
            Ok(Response::Children(names)) => names,
            other => panic!("getChildren answered with {other:?}"),
        }
    };
    let names = list(1);
    assert_eq!(names, list(1));
    assert_ne!(names, list(2));
    assert!(!names.is_sorted() && !names.iter().rev().is_sorted());
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 21);
}

#[test]
fn get_ephemerals_returns_ones_own_by_a_prefix_of_text() {
    let mut rig = Rig::new();
    let (mut me, mut other) = (rig.connect(), rig.connect());
    for path in ["/a", "/ab", "/b"] {
        rig.create_as(&mut me, path, CreateMode::Ephemeral).unwrap();
    }
    rig.create_as(&mut other, "/ac", CreateMode::Ephemeral)
        .unwrap();
    for (prefix, expected) in [
        ("/a", vec!["/a", "/ab"]),
        ("", vec!["/a", "/ab", "/b"]),
        ("/", vec!["/a", "/ab", "/b"]),
    ] {
        let request = Request::GetEphemerals {
            prefix: prefix.to_owned(),
        };
        let Ok(Response::Ephemerals(mut paths)) = rig.call(&mut me, &request) else {
            panic!("getEphemerals should succeed");
        };
        paths.sort();
        assert_eq!(paths, expected, "{prefix:?}");
    }
}

#[test]
fn descendants_are_counted_by_name_and_not_by_text() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    for path in ["/a", "/a/b", "/a/b/c", "/ab", "/a-b"] {
        rig.create(&mut peer, path);
    }
    for (path, expected) in [("/a", 2), ("/a/b/c", 0), ("/", 5 + 3)] {
        let request = Request::GetAllChildrenNumber {
            path: path.to_owned(),
        };
        assert_eq!(
            rig.call(&mut peer, &request),
            Ok(Response::Count(expected)),
            "{path}"
        );
    }
}

#[test]
fn a_multi_read_answers_each_read_for_itself_and_watches_nothing() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let stat = rig.create(&mut peer, "/a");
    let path = |path: &str| path.to_owned();
    let request = Request::MultiRead(vec![
        ReadOp::GetData {
            path: path("/nowhere"),
        },
        ReadOp::GetData { path: path("/a") },
        ReadOp::GetChildren {
            path: path("/zookeeper/quota"),
        },
    ]);
    let expected = vec![
        ReadResult::Failed(ErrorCode::NoNode.raw()),
        ReadResult::Data {
            data: Some(Bytes::new()),
            stat,
        },
        ReadResult::Children(vec![]),
    ];
    assert_eq!(
        rig.call(&mut peer, &request),
        Ok(Response::MultiRead(expected))
    );
    assert_eq!(rig.core.last_zxid(), stat.czxid);
    assert_eq!(rig.core.watch_count(), 0);
}

#[test]
fn a_multi_read_too_large_to_answer_ends_the_connection() {
    let mut rig = Rig::with(|config| config.max_multi_read = 10);
    let mut peer = rig.connect();
    let create = Create::new("/a", "123456", CreateMode::Persistent);
    rig.call(&mut peer, &Request::Create(create)).unwrap();
    let read = ReadOp::GetData {
        path: "/a".to_owned(),
    };
    assert!(
        rig.call(&mut peer, &Request::MultiRead(vec![read.clone()]))
            .is_ok()
    );
    rig.send(&mut peer, &Request::MultiRead(vec![read.clone(), read]));
    assert!(rig.got(&mut peer).is_empty() && rig.is_closed(&peer));
}

#[test]
fn the_small_requests_answer_as_a_stand_alone_server_does() {
    let mut rig = Rig::new();
    let mut peer: Peer = rig.connect();
    let sync = Request::Sync {
        path: "no path at all".to_owned(),
    };
    let echo = Response::Path("no path at all".to_owned());
    assert_eq!(rig.call(&mut peer, &sync), Ok(echo));
    let me = ClientInfo {
        auth_scheme: "ip".to_owned(),
        user: "127.0.0.1".to_owned(),
    };
    assert_eq!(
        rig.call(&mut peer, &Request::WhoAmI),
        Ok(Response::WhoAmI(vec![me]))
    );
    let sasl = Request::Sasl {
        token: Some(Bytes::new()),
    };
    assert_eq!(rig.call(&mut peer, &sasl), Ok(Response::Token(None)));
    let reconfig = Request::Reconfig {
        joining: None,
        leaving: None,
        members: None,
        config_id: -1,
    };
    assert_eq!(
        code(rig.call(&mut peer, &reconfig)),
        ErrorCode::ReconfigDisabled
    );
    let zxid = rig.core.last_zxid();
    assert_eq!(
        zxid,
        Zxid::from_raw(2),
        "only the session and the failed reconfig used one up"
    );
    rig.send(&mut peer, &Request::Ping);
    assert_eq!(
        rig.got(&mut peer),
        [Got::Reply {
            xid: -2,
            zxid: zxid.as_raw(),
            err: 0
        }]
    );
}
