//! First errors: what a newcomer sees must say what to do.

use std::time::{Duration, Instant};

use crate::server::Server;
use crate::zkctl::Zkctl;

/// Blots out how long it took.
fn without_time(message: &str) -> String {
    without(message, " servers in ", " s;")
}

/// Blots out the number between two texts.
fn without(message: &str, before: &str, after: &str) -> String {
    let (head, tail) = message.split_once(before).unwrap();
    let (_, tail) = tail.split_once(after).unwrap();
    format!("{head}{before}T{after}{tail}")
}

#[test]
fn an_unreachable_server_is_named_with_the_reason() {
    let started = Instant::now();
    let (code, message) = Zkctl::new(&["ls", "/", "--connect", "127.0.0.1:1"]).fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(without_time(&message), @"zkctl: cannot reach ZooKeeper: 127.0.0.1:1: 127.0.0.1 refused (nothing listens there). Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development");
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_server_that_never_answers_is_given_up_after_a_while() {
    // The kernel accepts for it; nobody ever reads.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let (code, message) = Zkctl::new(&["ls", "--connect", &address]).fails();
    assert_eq!(code, 69);
    // Three seconds, and what the machine takes to notice.
    let message = without(&message, " handshake within ", " s.");
    insta::assert_snapshot!(without_time(&message).replace(&address, "SERVER"), @"zkctl: cannot reach ZooKeeper: SERVER: connected, but it did not answer the handshake within T s. Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development");
}

#[test]
fn an_unknown_host_is_named_as_such() {
    let (code, message) = Zkctl::new(&["get", "/a", "--connect", "zk.invalid"]).fails();
    assert_eq!(code, 69);
    // The rest of the reason is the resolver's.
    let expected = "zkctl: cannot reach ZooKeeper: zk.invalid:2181: name not found (DNS";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.ends_with(
        "is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development\n"
    ));
}

#[test]
fn several_servers_have_a_line_each() {
    let (code, message) =
        Zkctl::new(&["ls", "--connect", "127.0.0.1:1,zk.invalid,127.0.0.1:2"]).fails();
    assert_eq!(code, 69);
    let lines: Vec<&str> = message.lines().collect();
    assert!(
        lines[0].starts_with("zkctl: cannot reach ZooKeeper. Tried 3 of 3 servers in "),
        "{message}"
    );
    assert_eq!(
        lines[1],
        "  127.0.0.1:1: 127.0.0.1 refused (nothing listens there)"
    );
    assert!(
        lines[2].starts_with("  zk.invalid:2181: name not found (DNS"),
        "{message}"
    );
    assert_eq!(
        lines[3],
        "  127.0.0.1:2: 127.0.0.1 refused (nothing listens there)"
    );
    assert_eq!(
        lines[4..],
        ["is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development"]
    );
}

#[test]
fn one_server_that_answers_is_enough() {
    let server = Server::start();
    let servers = format!("127.0.0.1:1,zk.invalid,{}", server.connect_string());
    assert_eq!(
        server.zkctl(&["ls", "--connect", &servers]).ok(),
        "zookeeper\n"
    );
}

#[test]
fn a_chroot_that_does_not_exist_is_told_apart_from_a_missing_node() {
    let server = Server::start();
    server.zkctl(&["create", "/prod"]).ok();
    let inside = format!("{}/prod/app", server.connect_string());
    let commands: [&[&str]; 8] = [
        &["ls", "/"],
        &["get", "/a"],
        &["set", "/a", "x"],
        &["create", "-p", "/a/b"],
        &["rm", "/a"],
        &["stat", "/"],
        &["locks", "/a"],
        &["lock", "/a", "--", "echo", "ran"],
    ];
    for args in commands {
        let (code, message) = server.zkctl(args).env("ZK_CONNECT", &inside).fails();
        assert_eq!(code, 1, "{args:?}");
        assert_eq!(
            message,
            "zkctl: chroot /prod/app does not exist on this ensemble (nearest existing: /prod); create it (without the \
             chroot: zkctl create -p /prod/app), or drop it from the connect string\n",
            "{args:?}"
        );
    }
}

#[test]
fn a_missing_node_is_named_with_its_nearest_ancestor() {
    let server = Server::start();
    server.zkctl(&["create", "/a"]).ok();
    let commands: [&[&str]; 5] = [
        &["ls", "/a/b/c"],
        &["get", "/a/b/c"],
        &["set", "/a/b/c", "x"],
        &["rm", "/a/b/c"],
        &["stat", "/a/b/c"],
    ];
    let messages: Vec<String> = commands
        .iter()
        .map(|args| {
            let (code, message) = server.zkctl(args).fails();
            assert_eq!(code, 1, "{args:?}");
            message
        })
        .collect();
    insta::assert_snapshot!(messages.concat(), @r"
zkctl: cannot list the children of /a/b/c: it does not exist (nearest existing: /a)
zkctl: cannot read /a/b/c: it does not exist (nearest existing: /a)
zkctl: cannot write /a/b/c: it does not exist (nearest existing: /a)
zkctl: cannot delete /a/b/c: it does not exist (nearest existing: /a)
zkctl: cannot read /a/b/c: it does not exist (nearest existing: /a)
");
}

#[test]
fn without_a_server_named_nothing_starts_silently() {
    let expected = "zkctl: which ZooKeeper? Set ZK_CONNECT (or --connect) to its servers, for example \
                    ZK_CONNECT=zk1:2181,zk2:2181/app; `zkctl dev` starts a server for development\n";
    for args in [
        &["ls", "/"][..],
        &["lock", "/a", "--", "echo", "ran"],
        &["set", "/a", "-"],
    ] {
        assert_eq!(
            Zkctl::new(args).fails(),
            (78, expected.to_owned()),
            "{args:?}"
        );
        assert_eq!(
            Zkctl::new(args).env("ZK_CONNECT", " ").fails(),
            (78, expected.to_owned()),
            "{args:?}"
        );
    }
}

#[test]
fn a_malformed_connect_string_is_a_mistake_of_configuration() {
    let mut messages = String::new();
    for servers in [
        "zk1:port",
        "::1",
        "zk://zk1",
        ",",
        "zk1:2181/a//b",
        "/only/chroot",
    ] {
        let (code, message) = Zkctl::new(&["ls"]).env("ZK_CONNECT", servers).fails();
        assert_eq!(code, 78, "{servers}");
        messages.push_str(&message);
    }
    insta::assert_snapshot!(messages, @r#"
zkctl: cannot use "zk1:port": the port "port" of server "zk1" is no number between 1 and 65535
zkctl: cannot use "::1": server "::1" has several colons; write an IPv6 address in brackets: [address]:port
zkctl: cannot use "zk://zk1": zk:// is not supported; write host:port,host:port/chroot
zkctl: cannot use ",": server 1 of the connect string "," has no host name
zkctl: cannot use "zk1:2181/a//b": the chroot is malformed: path "/a//b" is malformed at byte 3: no name between slashes is empty
zkctl: cannot use "/only/chroot": the connect string "/only/chroot" names no server; write host:port,host:port/chroot
"#);
}

#[test]
fn a_request_that_is_too_big_names_sizes_limits_and_what_to_raise() {
    let server = Server::start();
    server.zkctl(&["create", "/big"]).ok();
    let data = vec![b'x'; 1_100_000];
    let set = |options: &[&str]| {
        let args = [&["set", "/big", "-"], options].concat();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let running = server.zkctl(&args).start_with(reader);
        // It may be done before it has read everything.
        let _ = std::io::Write::write_all(&mut writer, &data);
        drop(writer);
        running.wait()
    };
    let done = set(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    insta::assert_snapshot!(done.stderr, @"zkctl: cannot write /big: the request of 1100024 bytes exceeds the limit of 1048575 (jute.maxbuffer); it was not sent; keep less in one node, or raise jute.maxbuffer on every server and .max_request() here (zkctl: --max-buffer)");
    let done = set(&["--max-buffer", "2000000"]);
    assert_eq!(done.code, Some(69), "{done:?}");
    insta::assert_snapshot!(done.stderr, @"zkctl: cannot write /big: the connection was lost; whether it was applied is unknown; the request has 1100024 bytes, and servers hang up on more than their jute.maxbuffer (1048575 unless set)");
}

#[test]
fn a_reply_that_is_too_big_names_size_limit_and_what_to_raise() {
    let server = Server::start();
    server.zkctl(&["create", "/big", &"x".repeat(3_000)]).ok();
    let (code, message) = server
        .zkctl(&["get", "/big", "--max-buffer", "2000"])
        .fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot read /big: the reply of 3088 bytes exceeds the limit of 2000 (jute.maxbuffer); raise .max_reply() here (zkctl: --max-buffer), or keep less in one node");
}

#[test]
fn an_ephemeral_parent_is_named_with_its_owner() {
    let server = Server::start();
    let (code, message) = server.with_client(async |client| {
        let mode = zk_recipes::CreateMode::Ephemeral;
        client.create("/e", "").mode(mode).await.unwrap();
        let session = client.session_id().unwrap().to_string();
        let (code, message) = server.zkctl(&["create", "/e/x"]).fails();
        (code, message.replace(&session, "SESSION"))
    });
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot create /e/x: its parent /e is ephemeral (owner: session SESSION) and cannot have children");
}

#[test]
fn what_an_old_server_lacks_is_named_with_the_release_that_has_it() {
    let server = Server::start();
    let creating = zk_embedded::Match::op(zk_wire::OpCode::Create2);
    server
        .hooks()
        .on(creating)
        .error(zk_wire::ErrorCode::Unimplemented);
    let (code, message) = server.zkctl(&["create", "/a"]).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot create /a: the server does not know create2, which needs ZooKeeper 3.5; this client supports no older one");
}
