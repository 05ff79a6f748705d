//! Limits on nodes, bytes and connections, and what operators can ask.

use bytes::Bytes;
use zk_wire::{Create, CreateMode, ErrorCode, MultiOp, MultiResult, Request, Response};

use super::rig::{Peer, Rig, code, create, delete, exists, get, hello};

fn put(path: &str, data: &str) -> Request {
    Request::Create(Create::new(
        path,
        Bytes::copy_from_slice(data.as_bytes()),
        CreateMode::Persistent,
    ))
}

fn write(path: &str, data: &str) -> Request {
    Request::SetData {
        path: path.to_owned(),
        data: Some(Bytes::copy_from_slice(data.as_bytes())),
        version: -1,
    }
}

/// As the command line's `setquota` does it.
fn limit(rig: &mut Rig, peer: &mut Peer, limits: &str) {
    for request in [
        put("/a", "1234"),
        put("/zookeeper/quota/a", ""),
        put("/zookeeper/quota/a/zookeeper_limits", limits),
        put("/zookeeper/quota/a/zookeeper_stats", "count=0,bytes=0"),
    ] {
        rig.call(peer, &request).unwrap();
    }
}

fn used(rig: &Rig) -> String {
    let stats = rig.core.node("/zookeeper/quota/a/zookeeper_stats").unwrap();
    assert_eq!(stats.stat.version, 0, "it is changed without a new version");
    String::from_utf8(stats.data.unwrap().to_vec()).unwrap()
}

/// protocol.md 3.10.
#[test]
fn what_is_in_use_below_a_quota_is_counted_with_its_root_and_through_failed_multis() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    limit(&mut rig, &mut peer, "count=3,bytes=10");
    assert_eq!(used(&rig), "count=1,bytes=4");
    rig.call(&mut peer, &put("/a/b", "12")).unwrap();
    rig.call(&mut peer, &write("/a/b", "12345")).unwrap();
    assert_eq!(used(&rig), "count=2,bytes=9");
    rig.call(&mut peer, &put("/ab", "elsewhere")).unwrap();
    let failing = Request::Multi(vec![
        MultiOp::Create(Create::new("/a/c", "12", CreateMode::Persistent)),
        MultiOp::SetData {
            path: "/a/b".to_owned(),
            data: None,
            version: -1,
        },
        MultiOp::Delete {
            path: "/a/b".to_owned(),
            version: -1,
        },
        MultiOp::Check {
            path: "/none".to_owned(),
            version: -1,
        },
    ]);
    rig.call(&mut peer, &failing).unwrap();
    assert_eq!(used(&rig), "count=2,bytes=9");
    rig.call(&mut peer, &delete("/a/b")).unwrap();
    assert_eq!(used(&rig), "count=1,bytes=4");
}

#[test]
fn b90_a_soft_limit_is_never_kept_and_a_hard_one_only_by_a_server_that_is_told_to() {
    let hard = "count=-1,bytes=-1=;byteHardLimit=6;countHardLimit=2";
    for (enforces, limits, keeps) in [
        (true, "count=1,bytes=1", false),
        (false, hard, false),
        (true, hard, true),
    ] {
        let mut rig = Rig::with(|config| config.enforce_quotas = enforces);
        let mut peer = rig.connect();
        limit(&mut rig, &mut peer, limits);
        rig.call(&mut peer, &put("/a/b", "1")).unwrap();
        for too_much in [put("/a/c", ""), write("/a/b", "1234")] {
            let result = rig.call(&mut peer, &too_much);
            let expected = keeps.then_some(ErrorCode::QuotaExceeded);
            assert_eq!(result.err(), expected, "{limits}: {too_much:?}");
        }
        // Less is always possible.
        rig.call(&mut peer, &write("/a/b", "")).unwrap();
        rig.call(&mut peer, &delete("/a/b")).unwrap();
    }
}

/// protocol.md 1.6: −102 before −125 before −103.
#[test]
fn a_quota_is_asked_after_permissions_and_before_versions() {
    let mut rig = Rig::with(|config| config.enforce_quotas = true);
    let mut peer = rig.connect();
    limit(&mut rig, &mut peer, "byteHardLimit=5;countHardLimit=5");
    let wrong_version = Request::SetData {
        path: "/a".to_owned(),
        data: Some(Bytes::from_static(b"123456")),
        version: 7,
    };
    assert_eq!(
        code(rig.call(&mut peer, &wrong_version)),
        ErrorCode::QuotaExceeded
    );
    assert_eq!(
        code(rig.call(&mut peer, &put("/a", "123456"))),
        ErrorCode::NodeExists
    );
}

#[test]
fn the_operations_of_one_multi_do_not_add_up() {
    let mut rig = Rig::with(|config| config.enforce_quotas = true);
    let mut peer = rig.connect();
    limit(&mut rig, &mut peer, "countHardLimit=2");
    let ops =
        ["/a/b", "/a/c"].map(|path| MultiOp::Create(Create::new(path, "", CreateMode::Persistent)));
    rig.call(&mut peer, &Request::Multi(ops.to_vec())).unwrap();
    assert!(used(&rig).starts_with("count=3,"));
    assert_eq!(
        code(rig.call(&mut peer, &put("/a/d", ""))),
        ErrorCode::QuotaExceeded
    );
}

/// protocol.md 3.13.
#[test]
fn b07_one_connection_too_many_is_closed_without_a_word() {
    for (total, each) in [(2, 0), (0, 2), (2, 9)] {
        let mut rig = Rig::with(|config| {
            config.max_connections = total;
            config.max_connections_per_address = each;
        });
        let first = rig.connect();
        rig.connect();
        let third = rig.dial();
        assert!(rig.core.poll_closed(third), "{total} {each}");
        assert_eq!(rig.shake(third, &hello(1000)), None);
        rig.hang_up(&first);
        rig.connect();
    }
}

fn ask(rig: &mut Rig, word: &str) -> String {
    let key = rig.dial();
    rig.put(key, word.as_bytes());
    String::from_utf8(rig.take(key)).unwrap()
}

/// protocol.md 3.14.
#[test]
fn operators_can_ask_for_sessions_connections_and_watches() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.call(&mut peer, &create("/e", CreateMode::Ephemeral))
        .unwrap();
    rig.call(&mut peer, &get("/e", true)).unwrap();
    rig.call(&mut peer, &exists("/x", true)).unwrap_err();
    let session = peer.session.to_string();
    let dump = ask(&mut rig, "dump");
    assert!(dump.contains(&session) && dump.contains("\t/e\n"), "{dump}");
    // The name of the session, its timeout, and when it was last answered, on a clock of the server's own.
    let heard = |cons: String| -> u64 {
        let (_, fields) = cons.split_once(&format!("sid={session},to=")).unwrap();
        let (_, heard) = fields.split_once("lresp=").unwrap();
        heard.split(',').next().unwrap().parse().unwrap()
    };
    let before = heard(ask(&mut rig, "cons"));
    rig.advance(700);
    rig.call(&mut peer, &exists("/x", false)).unwrap_err();
    rig.advance(300);
    assert_eq!(heard(ask(&mut rig, "cons")), before + 700);
    let stat = ask(&mut rig, "stat");
    assert!(
        stat.contains("Clients:") && stat.contains("Mode: standalone"),
        "{stat}"
    );
    assert_eq!(
        ask(&mut rig, "wchs"),
        "1 connections watching 2 paths\nTotal watches:2\n"
    );
    assert_eq!(ask(&mut rig, "wchc"), format!("{session}\n\t/e\n\t/x\n"));
    assert_eq!(
        ask(&mut rig, "wchp"),
        format!("/e\n\t{session}\n/x\n\t{session}\n")
    );
    assert!(ask(&mut rig, "conf").contains("tickTime=500\n"));
}

#[test]
fn what_a_multi_has_deleted_makes_no_room_for_what_it_creates() {
    let mut rig = Rig::with(|config| config.enforce_quotas = true);
    let mut peer = rig.connect();
    limit(&mut rig, &mut peer, "countHardLimit=2");
    rig.call(&mut peer, &put("/a/b", "")).unwrap();
    let ops = vec![
        MultiOp::Delete {
            path: "/a/b".to_owned(),
            version: -1,
        },
        MultiOp::Create(Create::new("/a/c", "", CreateMode::Persistent)),
    ];
    let failed = [0, ErrorCode::QuotaExceeded.raw()].map(MultiResult::Failed);
    assert_eq!(
        rig.call(&mut peer, &Request::Multi(ops)),
        Ok(Response::Multi(failed.to_vec()))
    );
}

#[test]
fn less_data_is_refused_too_while_it_is_too_much() {
    let mut rig = Rig::with(|config| config.enforce_quotas = true);
    let mut peer = rig.connect();
    limit(&mut rig, &mut peer, "byteHardLimit=20");
    rig.call(&mut peer, &put("/a/b", "123456")).unwrap();
    let limits = "/zookeeper/quota/a/zookeeper_limits";
    rig.call(&mut peer, &write(limits, "byteHardLimit=8"))
        .unwrap();
    let refused = rig.call(&mut peer, &write("/a/b", "12345"));
    assert_eq!(refused, Err(ErrorCode::QuotaExceeded));
    rig.call(&mut peer, &write("/a/b", "654321")).unwrap();
    rig.call(&mut peer, &write("/a/b", "12")).unwrap();
}
