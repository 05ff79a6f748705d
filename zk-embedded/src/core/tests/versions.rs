//! What differs between releases, one rule a test; the table is protocol.md A.1.

use zk_wire::{
    AddWatchMode, Create, CreateMode, ErrorCode, EventType, MultiOp, MultiResult, Request,
    Response, WatcherKind,
};

use super::rig::{Got, Rig, create_with_acl, exists, get, hello, set};
use crate::core::{ServerConfig, Version};

fn server(version: Version) -> Rig {
    Rig::with(|config| *config = ServerConfig::profile(version))
}

#[test]
fn an_operation_that_a_release_does_not_have_is_refused_and_the_connection_closed() {
    let (watch, number, who) = (
        Request::AddWatch {
            path: "/".to_owned(),
            mode: AddWatchMode::Persistent,
        },
        Request::GetAllChildrenNumber {
            path: "/".to_owned(),
        },
        Request::WhoAmI,
    );
    let (reads, ephemerals) = (
        Request::MultiRead(vec![]),
        Request::GetEphemerals {
            prefix: String::new(),
        },
    );
    for (version, refused, answered) in [
        (
            Version::V3_5,
            vec![&watch, &number, &reads, &ephemerals, &who],
            vec![],
        ),
        (
            Version::V3_6,
            vec![&who],
            vec![&watch, &number, &reads, &ephemerals],
        ),
        (
            Version::V3_7,
            vec![],
            vec![&watch, &number, &reads, &ephemerals, &who],
        ),
    ] {
        for request in refused {
            let mut rig = server(version);
            let mut peer = rig.connect();
            let xid = rig.send(&mut peer, request);
            let err = ErrorCode::Unimplemented.raw();
            let refusal = Got::Reply { xid, zxid: -1, err };
            assert_eq!(rig.got(&mut peer), [refusal], "{version}: {request:?}");
            assert!(rig.is_closed(&peer));
        }
        for request in answered {
            let mut rig = server(version);
            let mut peer = rig.connect();
            rig.call(&mut peer, request).unwrap();
        }
    }
}

#[test]
fn events_tell_their_zxid_since_3_9() {
    for (version, tells) in [(Version::V3_8, false), (Version::new(3, 9, 0), true)] {
        let mut rig = server(version);
        let (mut peer, mut watcher) = (rig.connect(), rig.connect());
        rig.call(&mut watcher, &get("/", true)).unwrap();
        rig.set(&mut peer, "/");
        let zxid = if tells { 3 } else { -1 };
        let event = Got::event(EventType::DataChanged, "/", zxid);
        assert_eq!(rig.got(&mut watcher), [event]);
    }
}

#[test]
fn a_later_watch_replaces_an_earlier_one_before_3_9() {
    for (version, coexist) in [(Version::V3_8, false), (Version::V3_9, true)] {
        let mut rig = server(version);
        let (mut peer, mut watcher) = (rig.connect(), rig.connect());
        let persistent = Request::AddWatch {
            path: "/".to_owned(),
            mode: AddWatchMode::Persistent,
        };
        rig.call(&mut watcher, &persistent).unwrap();
        rig.call(&mut watcher, &get("/", true)).unwrap();
        rig.set(&mut peer, "/");
        rig.set(&mut peer, "/");
        let events = rig.got(&mut watcher).len();
        assert_eq!(events, if coexist { 2 } else { 1 }, "{version}");
    }
}

#[test]
fn exists_and_events_ask_for_permission_since_3_8_4_and_3_9_2() {
    for (version, guards) in [
        (Version::V3_8, false),
        (Version::new(3, 8, 4), true),
        (Version::new(3, 9, 1), false),
        (Version::new(3, 9, 2), true),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        let secret = vec![zk_wire::Acl::new(
            "world",
            "anyone",
            zk_wire::Permissions::WRITE,
        )];
        rig.call(&mut peer, &create_with_acl("/secret", secret))
            .unwrap();
        let seen = rig.call(&mut peer, &exists("/secret", true));
        assert_eq!(seen.err(), guards.then_some(ErrorCode::NoAuth), "{version}");
        rig.send(&mut peer, &set("/secret"));
        let got = rig.got(&mut peer);
        assert_eq!(got.len(), if guards { 1 } else { 2 }, "{version}: {got:?}");
    }
}

/// ZOOKEEPER-4026.
#[test]
fn create2_in_a_multi_is_answered_with_its_stat_since_3_7_2_3_8_2_and_3_9() {
    for (version, tells) in [
        (Version::V3_6, false),
        (Version::new(3, 7, 1), false),
        (Version::new(3, 7, 2), true),
        (Version::new(3, 8, 1), false),
        (Version::new(3, 8, 2), true),
        (Version::new(3, 9, 0), true),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        let op = MultiOp::Create(Create::new("/a", "", CreateMode::Persistent));
        let Response::Multi(results) = rig.call(&mut peer, &Request::Multi(vec![op])).unwrap()
        else {
            panic!("a multi is answered with a multi");
        };
        let has_stat = matches!(&results[..], [MultiResult::Created { stat: Some(_), .. }]);
        assert_eq!(has_stat, tells, "{version}");
    }
}

/// ZOOKEEPER-4814.
#[test]
fn handshakes_without_the_flag_are_answered_with_it_by_3_9_0_to_3_9_2_alone() {
    for (version, tells) in [
        (Version::V3_8, false),
        (Version::new(3, 9, 0), true),
        (Version::new(3, 9, 2), true),
        (Version::V3_9, false),
    ] {
        let mut rig = server(version);
        let key = rig.dial();
        let silent = zk_wire::ConnectRequest {
            read_only: None,
            ..hello(10_000)
        };
        let response = rig.shake(key, &silent).unwrap();
        assert_eq!(response.read_only, tells.then_some(false), "{version}");
    }
}

#[test]
fn kinds_of_persistent_watches_are_not_known_before_3_9() {
    let kind = WatcherKind::Persistent;
    let path = "/".to_owned();
    let remove = Request::RemoveWatches { path, kind };
    for (version, expected) in [
        (Version::V3_8, ErrorCode::MarshallingError),
        (Version::V3_9, ErrorCode::NoWatcher),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        assert_eq!(rig.call(&mut peer, &remove), Err(expected), "{version}");
    }
}

#[test]
fn hard_quotas_are_kept_since_3_7() {
    for (version, keeps) in [(Version::V3_6, false), (Version::V3_7, true)] {
        assert_eq!(version.can_enforce_quotas(), keeps);
    }
}

#[test]
fn a_watch_on_a_path_without_a_slash_cannot_be_looked_for_from_3_6_to_3_8() {
    for (version, expected) in [
        (Version::V3_5, ErrorCode::NoWatcher),
        (Version::V3_6, ErrorCode::MarshallingError),
        (Version::V3_8_DEBIAN, ErrorCode::MarshallingError),
        (Version::V3_9, ErrorCode::NoWatcher),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        for (path, expected) in [("no-slash", expected), ("", ErrorCode::NoWatcher)] {
            let (path, kind) = (path.to_owned(), WatcherKind::Any);
            let check = Request::CheckWatches { path, kind };
            assert_eq!(rig.call(&mut peer, &check), Err(expected), "{version}");
        }
        // Null is no empty path.
        let any_on_null = [0, 0, 0, 9, 0, 0, 0, 17, 255, 255, 255, 255, 0, 0, 0, 3];
        rig.put(peer.key, &super::rig::framed(|out| out.extend(any_on_null)));
        let err = expected.raw();
        let (xid, zxid) = (9, 1);
        assert_eq!(
            rig.got(&mut peer),
            [Got::Reply { xid, zxid, err }],
            "{version}"
        );
    }
}

#[test]
fn a_create_in_a_multi_with_flags_it_cannot_have_fails_in_its_turn_before_3_8_2_and_unread_since() {
    let with = |flags| {
        MultiOp::Create(Create {
            flags,
            ..Create::new("/a", "", CreateMode::Persistent)
        })
    };
    let missing = MultiOp::Delete {
        path: "/missing".to_owned(),
        version: -1,
    };
    let all_is_well = MultiOp::Check {
        path: "/".to_owned(),
        version: -1,
    };
    let failed = |codes: &[i32]| {
        let results = codes.iter().map(|code| MultiResult::Failed(*code));
        Ok(Response::Multi(results.collect()))
    };
    let unread = Err(ErrorCode::MarshallingError);
    for (ops, before) in [
        // A kind that has a TTL is taken for a createTTL.
        (vec![with(5)], unread.clone()),
        (vec![all_is_well.clone(), with(6)], unread.clone()),
        (vec![missing.clone(), with(6)], failed(&[-101, -2])),
        // No kind at all is a failure like others.
        (vec![with(7), all_is_well.clone()], failed(&[-8, -2])),
        (vec![all_is_well, with(7)], failed(&[0, -8])),
        (vec![missing, with(7)], failed(&[-101, -2])),
    ] {
        for (version, expected) in [(Version::V3_8, &before), (Version::new(3, 8, 2), &unread)] {
            let mut rig = server(version);
            let mut peer = rig.connect();
            let multi = Request::Multi(ops.clone());
            assert_eq!(&rig.call(&mut peer, &multi), expected, "{version}");
            assert_eq!(rig.stat(&mut peer, "/a"), None);
            assert_eq!(rig.core.zxid.as_raw(), 2, "it has used up its zxid");
        }
    }
}

#[test]
fn a_check_stands_alone_before_3_8_5_and_3_9_3_and_one_that_holds_is_never_answered() {
    let check = |path: &str| Request::Check {
        path: path.to_owned(),
        version: -1,
    };
    for (version, stands) in [
        (Version::new(3, 8, 4), true),
        (Version::new(3, 8, 5), false),
        (Version::new(3, 9, 2), true),
        (Version::V3_9, false),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        if stands {
            assert_eq!(rig.call(&mut peer, &check("/none")), Err(ErrorCode::NoNode));
            rig.send(&mut peer, &check("/"));
            assert_eq!(rig.got(&mut peer), [], "{version}");
        } else {
            let refused = rig.call(&mut peer, &check("/none"));
            assert_eq!(refused, Err(ErrorCode::Unimplemented), "{version}");
            assert!(rig.is_closed(&peer), "{version}");
        }
    }
}

#[test]
fn a_client_cannot_reap_before_3_9_whatever_it_sends() {
    let path = "/a".to_owned();
    let reap = Request::DeleteContainer { path };
    for (version, expected) in [
        (Version::V3_8, Err(ErrorCode::BadArguments)),
        (Version::V3_9, Ok(Response::Empty)),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        rig.create(&mut peer, "/a");
        assert_eq!(rig.call(&mut peer, &reap), expected, "{version}");
    }
}

#[test]
fn a_write_that_cannot_be_read_uses_up_a_zxid_before_3_9() {
    for (version, counts) in [(Version::V3_8, true), (Version::V3_9, false)] {
        let mut rig = server(version);
        let peer = rig.connect();
        rig.put(
            peer.key,
            &super::rig::framed(|out| out.extend([0, 0, 0, 1, 0, 0, 0, 2])),
        );
        let zxid = if counts { 2 } else { 1 };
        assert_eq!(rig.core.zxid.as_raw(), zxid, "{version}");
    }
}

#[test]
fn a_watch_of_anybody_passes_for_ones_own_from_3_6_to_3_8() {
    let check = Request::CheckWatches {
        path: "/".to_owned(),
        kind: WatcherKind::Data,
    };
    for (version, found) in [
        (Version::V3_5, false),
        (Version::V3_6, true),
        (Version::V3_8, true),
        (Version::V3_9, false),
    ] {
        let mut rig = server(version);
        let (mut peer, mut watcher) = (rig.connect(), rig.connect());
        rig.call(&mut watcher, &get("/", true)).unwrap();
        assert_eq!(rig.call(&mut peer, &check).is_ok(), found, "{version}");
        assert!(rig.call(&mut watcher, &check).is_ok(), "{version}");
    }
}

#[test]
fn acls_are_shown_to_everybody_before_3_5_5_and_reconfig_is_unknown_before_3_5_3() {
    let secret = vec![zk_wire::Acl::digest("u", "p")];
    let path = "/secret".to_owned();
    let get_acl = Request::GetAcl { path };
    let reconfig = Request::Reconfig {
        joining: None,
        leaving: None,
        members: None,
        config_id: -1,
    };
    for (version, guards, refusal) in [
        (Version::new(3, 5, 2), false, ErrorCode::Unimplemented),
        (Version::new(3, 5, 4), false, ErrorCode::ReconfigDisabled),
        (Version::V3_5, true, ErrorCode::ReconfigDisabled),
    ] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        rig.call(&mut peer, &create_with_acl("/secret", secret.clone()))
            .unwrap();
        match rig.call(&mut peer, &get_acl) {
            Ok(Response::Acl { acl, .. }) => assert!(acl == secret && !guards, "{version}"),
            other => assert!(other == Err(ErrorCode::NoAuth) && guards, "{version}"),
        }
        assert_eq!(rig.call(&mut peer, &reconfig), Err(refusal), "{version}");
    }
}

#[test]
fn a_null_path_is_an_exception_and_in_a_write_it_uses_up_a_zxid() {
    for version in [Version::V3_8, Version::V3_9] {
        let mut rig = server(version);
        let mut peer = rig.connect();
        for (op, zxid) in [(4, 1), (2, 2), (6, 2), (104, 2)] {
            let null = [0, 0, 0, 9, 0, 0, 0, op, 255, 255, 255, 255, 0, 0, 0, 0];
            rig.put(peer.key, &super::rig::framed(|out| out.extend(null)));
            let (xid, err) = (9, ErrorCode::MarshallingError.raw());
            let refused = Got::Reply { xid, zxid, err };
            assert_eq!(rig.got(&mut peer), [refused], "{version}: {op}");
        }
    }
}
