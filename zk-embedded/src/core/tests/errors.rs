//! A request can be wrong in several ways at once: which one the server names.

use bytes::Bytes;
use zk_wire::{Acl, Create, CreateMode, ErrorCode, Permissions, Request};

use super::rig::{
    Peer, Rig, auth, children, code, create, create_with_acl, delete, exists, get, set,
};

/// A tree in which everything can go wrong:
/// `/open`, `/open/full` with a child, `/e` ephemeral, `/closed` that nobody may touch, with a child.
fn rig() -> (Rig, Peer) {
    let mut rig = Rig::new();
    let mut owner = rig.connect();
    rig.call(&mut owner, &auth("owner:secret")).unwrap();
    for path in ["/open", "/open/full", "/open/full/child"] {
        rig.create(&mut owner, path);
    }
    rig.create_as(&mut owner, "/e", CreateMode::Ephemeral)
        .unwrap();
    for path in ["/closed", "/closed/child"] {
        rig.call(&mut owner, &create_with_acl(path, vec![Acl::creator_all()]))
            .unwrap();
    }
    let stranger = rig.connect();
    (rig, stranger)
}

fn raw_create(path: &str, change: impl FnOnce(&mut Create)) -> Request {
    let mut create = Create::new(path, "", CreateMode::Persistent);
    change(&mut create);
    Request::Create(create)
}

#[test]
fn create_checks_in_the_servers_order() {
    use ErrorCode::{
        BadArguments, InvalidAcl, NoAuth, NoChildrenForEphemerals, NoNode, NodeExists,
    };
    let (mut rig, mut peer) = rig();
    let no_acl = |create: &mut Create| create.acl.clear();
    let ttl = |flags: i32, ttl: i64| {
        move |create: &mut Create| {
            create.flags = flags;
            create.ttl = Some(ttl);
            create.acl.clear();
        }
    };
    let sequential = |create: &mut Create| create.flags = 2;
    let table = [
        // Flags before everything else.
        (
            raw_create("nowhere", |create| create.flags = 7),
            BadArguments,
        ),
        (
            raw_create("nowhere", |create| create.flags = -1),
            BadArguments,
        ),
        // Then the TTL.
        (raw_create("/x", ttl(5, 0)), BadArguments),
        (raw_create("/x", ttl(5, -1)), BadArguments),
        (raw_create("/x", ttl(6, 0x100_0000_0000)), BadArguments),
        (raw_create("/x", ttl(0, 0)), BadArguments),
        (raw_create("/x", |create| create.flags = 5), BadArguments),
        // A path without any slash, or with a NUL, before the ACL.
        (raw_create("x", no_acl), BadArguments),
        (raw_create("/a\0b", no_acl), BadArguments),
        // The ACL before the parent.
        (raw_create("/nowhere/x", no_acl), InvalidAcl),
        (raw_create("/x", ttl(0, -1)), InvalidAcl),
        // The parent before the permission, and both before the rest of the path.
        (raw_create("/nowhere/./x", |_| ()), NoNode),
        (raw_create("x/y", |_| ()), NoNode),
        (raw_create("/open/", |_| ()), BadArguments),
        (raw_create("/closed/", |_| ()), NoAuth),
        (raw_create("/closed/child", |_| ()), NoAuth),
        (raw_create("/open/.", |_| ()), BadArguments),
        // Existence before the kind of the parent.
        (raw_create("/", |_| ()), NodeExists),
        (raw_create("/open/full", |_| ()), NodeExists),
        (raw_create("/e/x", |_| ()), NoChildrenForEphemerals),
        (raw_create("/e/x", sequential), NoChildrenForEphemerals),
    ];
    for (row, (request, expected)) in table.into_iter().enumerate() {
        let before = rig.core.last_zxid().as_raw();
        assert_eq!(
            code(rig.call(&mut peer, &request)),
            expected,
            "row {row}: {request:?}"
        );
        let spent = rig.core.last_zxid().as_raw() - before;
        assert_eq!(spent, 1, "row {row}: a failed write uses up a zxid");
    }
    assert_eq!(
        rig.create_as(&mut peer, "/open/", CreateMode::PersistentSequential)
            .unwrap()
            .0,
        "/open/0000000001"
    );
}

#[test]
fn ttl_nodes_are_unimplemented_where_they_are_switched_off() {
    let mut rig = Rig::with(|config| config.extended_types = false);
    let mut peer = rig.connect();
    let request = raw_create("nowhere", |create| {
        create.flags = 5;
        create.ttl = Some(-7);
    });
    assert_eq!(
        code(rig.call(&mut peer, &request)),
        ErrorCode::Unimplemented
    );
    assert!(
        !rig.is_closed(&peer),
        "the operation exists, only the kind of node does not"
    );
}

#[test]
fn delete_checks_in_the_servers_order() {
    use ErrorCode::{BadArguments, BadVersion, NoAuth, NoNode, NotEmpty};
    let (mut rig, mut peer) = rig();
    let table = [
        ("x", -1, BadArguments),
        ("/a\0b", -1, BadArguments),
        ("/", -1, BadArguments),
        ("/zookeeper", -1, BadArguments),
        ("/zookeeper/quota", -1, BadArguments),
        ("/zookeeper/config", -1, BadArguments),
        ("/nowhere/x", -1, NoNode),
        // The permission is the parent's, and comes before the node is missed.
        ("/closed/nowhere", -1, NoAuth),
        ("/closed/child", 7, NoAuth),
        ("/nowhere", 7, NoNode),
        ("/open/", -1, NoNode),
        ("/open/full", 7, BadVersion),
        ("/open/full", 0, NotEmpty),
        ("/closed", 0, NotEmpty),
    ];
    for (path, version, expected) in table {
        let request = Request::Delete {
            path: path.to_owned(),
            version,
        };
        assert_eq!(
            code(rig.call(&mut peer, &request)),
            expected,
            "{path} {version}"
        );
    }
}

#[test]
fn set_data_and_set_acl_check_in_the_servers_order() {
    use ErrorCode::{BadArguments, BadVersion, InvalidAcl, NoAuth, NoNode};
    let (mut rig, mut peer) = rig();
    for (path, version, expected) in [
        ("/a/", 7, BadArguments),
        ("", 7, BadArguments),
        ("/nowhere", 7, NoNode),
        ("/closed", 7, NoAuth),
        ("/zookeeper/config", -1, NoAuth),
        ("/open", 7, BadVersion),
    ] {
        let request = Request::SetData {
            path: path.to_owned(),
            data: None,
            version,
        };
        assert_eq!(
            code(rig.call(&mut peer, &request)),
            expected,
            "setData {path}"
        );
    }
    for (path, acl, version, expected) in [
        ("/a/", vec![], 7, BadArguments),
        ("/nowhere", vec![], 7, InvalidAcl),
        ("/nowhere", vec![Acl::open()], 7, NoNode),
        ("/closed", vec![Acl::open()], 7, NoAuth),
        ("/open", vec![Acl::open()], 7, BadVersion),
    ] {
        let request = Request::SetAcl {
            path: path.to_owned(),
            acl,
            version,
        };
        assert_eq!(
            code(rig.call(&mut peer, &request)),
            expected,
            "setACL {path}"
        );
    }
}

#[test]
fn reads_do_not_validate_paths_and_find_absence_before_permission() {
    use ErrorCode::{BadArguments, NoAuth, NoNode};
    let (mut rig, mut peer) = rig();
    let acl = |path: &str| Request::GetAcl {
        path: path.to_owned(),
    };
    let count = |path: &str| Request::GetAllChildrenNumber {
        path: path.to_owned(),
    };
    for (request, expected) in [
        (get("/a/../b\0", false), NoNode),
        (children("//", false), NoNode),
        (acl("x"), NoNode),
        (count("/nowhere"), NoNode),
        (exists("/a\0", false), BadArguments),
        (exists("a", false), NoNode),
        (get("/closed", false), NoAuth),
        (children("/closed", false), NoAuth),
        (count("/closed"), NoAuth),
        (acl("/closed"), NoAuth),
        (exists("/closed", true), NoAuth),
    ] {
        assert_eq!(code(rig.call(&mut peer, &request)), expected, "{request:?}");
    }
    assert_eq!(rig.core.watch_count(), 0, "a refused read watches nothing");
    assert!(
        rig.call(&mut peer, &get("", false)).is_ok(),
        "the empty path is the root"
    );
}

#[test]
fn delete_container_asks_for_no_permission() {
    use ErrorCode::{BadArguments, BadVersion, NoNode, NotEmpty};
    let (mut rig, mut peer) = rig();
    let request = |path: &str| Request::DeleteContainer {
        path: path.to_owned(),
    };
    for (path, expected) in [
        ("x", BadArguments),
        ("/", BadArguments),
        ("/nowhere", NoNode),
        ("/open", NotEmpty),
        ("/e", BadVersion),
    ] {
        assert_eq!(
            code(rig.call(&mut peer, &request(path))),
            expected,
            "{path}"
        );
    }
    assert!(rig.call(&mut peer, &request("/closed/child")).is_ok());
}

#[test]
fn permissions_are_asked_where_the_table_says() {
    let needs = [
        (create("/n/x", CreateMode::Persistent), Permissions::CREATE),
        (delete("/n/c"), Permissions::DELETE),
        (set("/n"), Permissions::WRITE),
        (get("/n", false), Permissions::READ),
        (exists("/n", false), Permissions::READ),
        (children("/n", false), Permissions::READ),
        (
            Request::SetAcl {
                path: "/n".to_owned(),
                acl: vec![Acl::open()],
                version: -1,
            },
            Permissions::ADMIN,
        ),
    ];
    let kinds = [
        Permissions::READ,
        Permissions::WRITE,
        Permissions::CREATE,
        Permissions::DELETE,
        Permissions::ADMIN,
    ];
    for (request, needed) in needs {
        for granted in kinds {
            let mut rig = Rig::new();
            let mut peer = rig.connect();
            rig.create(&mut peer, "/n");
            rig.create(&mut peer, "/n/c");
            let acl = vec![Acl::open().with_perms(granted)];
            let restrict = Request::SetAcl {
                path: "/n".to_owned(),
                acl,
                version: -1,
            };
            rig.call(&mut peer, &restrict).unwrap();
            let result = rig.call(&mut peer, &request);
            let expected = if granted == needed {
                Ok(())
            } else {
                Err(ErrorCode::NoAuth)
            };
            assert_eq!(result.map(|_| ()), expected, "{request:?} with {granted}");
        }
    }
}

#[test]
fn an_auth_packet_counts_for_requests_behind_it_and_a_bad_one_ends_the_connection() {
    let (mut rig, mut peer) = rig();
    assert_eq!(
        code(rig.call(&mut peer, &get("/closed", false))),
        ErrorCode::NoAuth
    );
    rig.call(&mut peer, &auth("owner:secret")).unwrap();
    assert!(rig.call(&mut peer, &get("/closed", false)).is_ok());
    let unknown = Request::Auth {
        scheme: "kerberos".to_owned(),
        auth: Bytes::new(),
    };
    assert_eq!(code(rig.call(&mut peer, &unknown)), ErrorCode::AuthFailed);
    assert!(rig.is_closed(&peer));
    let mut peer = rig.resume(&peer).unwrap();
    let again = code(rig.call(&mut peer, &get("/closed", false)));
    assert_eq!(
        again,
        ErrorCode::NoAuth,
        "identities belong to the connection"
    );
}

#[test]
fn undecodable_requests_are_answered_and_only_a_multi_uses_up_a_zxid() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    for (op, spent) in [(1, 0), (4, 0), (106, 0), (18, 0), (14, 1), (22, 0)] {
        let before = rig.core.last_zxid().as_raw();
        rig.put(
            peer.key,
            &super::rig::framed(|out| {
                // A string, or an operation, of which there is less than it says.
                out.extend_from_slice(&[0, 0, 0, 9, 0, 0, 0, op, 0, 0, 0, 77, b'/']);
            }),
        );
        let err = ErrorCode::MarshallingError.raw();
        let zxid = before + spent;
        assert_eq!(
            rig.got(&mut peer),
            [super::rig::Got::Reply { xid: 9, zxid, err }],
            "op {op}"
        );
        assert!(!rig.is_closed(&peer));
    }
}
