//! `lock revoke` and `lock break`.

use serde_json::Value;

use crate::pty::Pty;
use crate::server::Server;
use crate::zkctl::{Running, Zkctl};

fn holder(server: &Server, options: &[&str]) -> Running {
    let command = ["--", "sh", "-c", "echo held; exec sleep 600"];
    let args = [&["lock", "/l", "--contender", "build-7"], options, &command].concat();
    let running = server.zkctl(&args).start();
    assert_eq!(running.line(), "held");
    running
}

fn token(server: &Server) -> i64 {
    let node = server.below("/l").pop().unwrap();
    server.hooks().node(&node).unwrap().stat.czxid.as_raw()
}

fn end(server: &Server, args: &[&str]) -> Zkctl {
    server.zkctl(&[&["lock"], args].concat())
}

#[test]
fn a_revocable_command_is_told_to_end_and_the_lock_released() {
    let server = Server::start();
    let running = holder(&server, &["--revocable"]);
    let token = token(&server);
    let said = end(&server, &["revoke", "/l", "--wait", "30s"]).ok();
    let expected = format!("asked build-7 (token {token}) to let go of /l, and it has let go\n");
    assert_eq!(said, expected);
    let done = running.wait();
    assert_eq!(done.code, Some(143), "{done:?}");
    let expected =
        format!("zkctl: somebody asks for /l (token {token}); the command is told to end\n");
    assert_eq!(done.stderr, expected);
}

#[test]
fn a_holder_that_does_not_listen_keeps_the_lock() {
    let server = Server::start();
    let _holder = holder(&server, &[]);
    let done = end(&server, &["revoke", "/l", "--wait", "50ms", "--json"]).run();
    assert_eq!(done.code, Some(75), "{done:?}");
    let object: Value = serde_json::from_str(done.text()).unwrap();
    assert_eq!(object["released"], false);
    assert_eq!(object["text"], "build-7");
    assert!(
        done.stderr
            .contains("was asked and has not let go of /l within 50ms"),
        "{done:?}"
    );
    let node = server.below("/l").pop().unwrap();
    assert_eq!(server.data(&node), b"__REVOKE__");
    let text = end(&server, &["explain", "/l"]).ok();
    assert!(text.contains("It was asked to let go"), "{text}");
    assert!(text.contains("Next: zkctl locks /l --watch\n      zkctl lock break /l --token "));
}

#[test]
fn a_lock_that_nobody_holds_can_be_neither_revoked_nor_broken() {
    let server = Server::start();
    for args in [
        &["revoke", "/l"][..],
        &["break", "/l", "--reason", "x", "--yes"],
    ] {
        let (code, message) = end(&server, args).fails();
        assert_eq!(code, 1);
        assert_eq!(
            message,
            "zkctl: nobody holds /l; `zkctl locks /l` shows who is there\n"
        );
    }
}

#[test]
fn a_lock_is_broken_on_record_and_its_command_stopped() {
    let server = Server::start();
    let running = holder(&server, &[]);
    let token = token(&server);
    let args = ["break", "/l", "--reason", "host is\ndead", "--yes"];
    let said = end(&server, &args).ok();
    let record = "/l-__broken__/break-0000000000";
    assert_eq!(
        said,
        format!("took /l from build-7 (token {token}); the record is {record}\n")
    );
    assert_eq!(running.wait().code, Some(76));
    let text = String::from_utf8(server.data(record)).unwrap();
    assert!(text.contains("contender: build-7\n"), "{text}");
    assert!(text.contains(&format!("token: {token}\n")), "{text}");
    assert!(text.ends_with("reason: host is dead\n"), "{text}");
    let text = end(&server, &["explain", "/l"]).ok();
    assert!(
        text.contains("It was taken away by force once (/l-__broken__), last from build-7 by "),
        "{text}"
    );
}

#[test]
fn without_a_terminal_and_without_yes_it_says_what_it_would_do_and_does_nothing() {
    let server = Server::start();
    let _holder = holder(&server, &[]);
    let token = token(&server);
    let (code, message) = end(&server, &["break", "/l", "--reason", "x"]).fails();
    assert_eq!(code, 64);
    let first = format!("zkctl: build-7 holds /l (token {token}, session ");
    assert!(message.starts_with(&first), "{message}");
    assert!(
        message.contains("would be deleted and a record left below /l-__broken__"),
        "{message}"
    );
    let last = format!("zkctl: nothing was done: add --yes to do it, and --token {token} lest");
    assert!(message.contains(&last), "{message}");
    assert_eq!(server.below("/l").len(), 1);
    assert_eq!(server.below("/l-__broken__"), [""; 0]);
}

#[test]
fn on_a_terminal_it_asks_and_takes_nothing_but_yes_for_yes() {
    let server = Server::start();
    let _holder = holder(&server, &[]);
    for (answer, code, left) in [("y\n", 1, 1), ("yes\n", 0, 0)] {
        let pty = Pty::open();
        let breaking = end(&server, &["break", "/l", "--reason", "x"]).start_with(pty.slave());
        pty.write(answer);
        let done = breaking.wait();
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(done.stderr.contains("zkctl: go on? Type yes\n"), "{done:?}");
        assert_eq!(server.below("/l").len(), left);
    }
}

#[test]
fn a_lock_that_changed_hands_is_left_alone() {
    let server = Server::start();
    let _holder = holder(&server, &[]);
    let token = token(&server);
    let args = ["break", "/l", "--reason", "x", "--yes", "--token", "1"];
    let (code, message) = end(&server, &args).fails();
    assert_eq!(code, 1);
    let expected = format!(
        "zkctl: /l has changed hands: it is with build-7 (token {token}) now, not token 1; `zkctl locks /l` shows who is there\n"
    );
    assert_eq!(message, expected);
    assert_eq!(server.below("/l").len(), 1);
}

#[test]
fn one_who_waits_is_named_by_its_node() {
    let server = Server::start();
    let _holder = holder(&server, &[]);
    let waiter = server.zkctl(&["lock", "/l", "--contender", "build-8", "--", "true"]);
    let waiter = waiter.start();
    server.until("both contend", |core| core.paths().len() == 3);
    let node = server
        .below("/l")
        .into_iter()
        .find(|node| server.data(node) == b"build-8")
        .unwrap();
    let args = ["break", "/l", "--reason", "x", "--yes", "--node", &node];
    let said = end(&server, &args).ok();
    assert!(said.starts_with("took /l from build-8 "), "{said}");
    // It has not given up: it queues again.
    server.until("it is back", |core| {
        let paths = core.paths().into_iter();
        let queue = paths.filter(|path| path.starts_with("/l/")).count();
        queue == 2
    });
    drop(waiter);
    let args = ["break", "/l", "--reason", "x", "--yes", "--node", "/l/none"];
    let (code, message) = end(&server, &args).fails();
    assert_eq!(code, 1);
    assert!(
        message.starts_with("zkctl: /l/none is no contender of /l, or is gone;"),
        "{message}"
    );
}

#[test]
fn several_readers_hold_so_one_has_to_be_named() {
    let server = Server::start();
    server.with_client(async |client| {
        client.create("/l", "").await.unwrap();
        for name in ["/l/_c_x-__READ__0000000001", "/l/_c_y-__READ__0000000002"] {
            client.create(name, "reader").await.unwrap();
        }
    });
    let (code, message) = end(&server, &["revoke", "/l"]).fails();
    assert_eq!(code, 1);
    assert!(
        message.starts_with("zkctl: /l has 2 holders: say which one with --node or --token;"),
        "{message}"
    );
    let node = "/l/_c_y-__READ__0000000002";
    let token = server.hooks().node(node).unwrap().stat.czxid.as_raw();
    end(&server, &["revoke", "/l", "--token", &token.to_string()]).ok();
    assert_eq!(server.data(node), b"__REVOKE__");
}
