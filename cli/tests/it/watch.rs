//! `watch`.

use rustix::process::Signal;
use serde_json::Value;

use crate::server::Server;
use crate::zkctl::Running;

/// A `zkctl watch` that has set its watch.
fn watch(server: &Server, args: &[&str]) -> Running {
    let running = server.zkctl(&[&["watch"], args].concat()).start();
    server.until("the watch is set", |core| core.watch_count() > 0);
    running
}

fn next(running: &Running) -> Value {
    serde_json::from_str(&running.line()).unwrap()
}

#[test]
fn each_event_is_a_line_with_time_kind_and_path() {
    let server = Server::start();
    let running = watch(&server, &["/a"]);
    server.zkctl(&["create", "/a"]).ok();
    server.zkctl(&["set", "/a", "x"]).ok();
    server.zkctl(&["create", "/a/b"]).ok();
    server.zkctl(&["rm", "-r", "/a"]).ok();
    for (kind, path) in [
        ("created", "/a"),
        ("changed", "/a"),
        ("children", "/a"),
        ("children", "/a"),
        ("deleted", "/a"),
    ] {
        let line = running.line();
        let words: Vec<_> = line.split_whitespace().collect();
        assert!(words[0].ends_with('Z'), "{line}");
        assert_eq!(words[1..], [kind, path], "{line}");
    }
    running.signal(Signal::INT);
    let done = running.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert!(server.hooks().sessions().is_empty());
}

#[test]
fn a_recursive_watch_sees_everything_below_and_ends_after_count() {
    let server = Server::start();
    server.zkctl(&["create", "/a"]).ok();
    let running = watch(&server, &["/a", "--recursive", "--json", "--count", "2"]);
    server.zkctl(&["create", "/a/b"]).ok();
    server.zkctl(&["set", "/a/b", "x"]).ok();
    let (created, changed) = (next(&running), next(&running));
    assert_eq!(
        (&created["event"], &created["path"]),
        (&"created".into(), &"/a/b".into())
    );
    assert_eq!(
        (&changed["event"], &changed["path"]),
        (&"changed".into(), &"/a/b".into())
    );
    let stat = server.hooks().node("/a/b").unwrap().stat;
    assert_eq!(changed["zxid"], stat.mzxid.as_raw());
    assert!(changed["at_ms"].is_i64() && changed["at"].is_string());
    assert_eq!(running.wait().code, Some(0));
}

#[test]
fn a_broken_connection_is_told_and_leaves_a_gap() {
    let server = Server::start();
    let running = watch(&server, &["/a", "--json"]);
    server.hooks().cut_all();
    let mut events = Vec::new();
    // States that follow each other at once may be merged; the gap is never left out.
    while !events.contains(&"gap".to_owned()) {
        events.push(next(&running)["event"].as_str().unwrap().to_owned());
    }
    assert!(
        events
            .iter()
            .all(|event| ["suspended", "connected", "gap"].contains(&event.as_str()))
    );
    server.zkctl(&["create", "/a"]).ok();
    let mut event = next(&running);
    while event["event"] != "created" {
        event = next(&running);
    }
    assert_eq!(event["path"], "/a");
}

#[test]
fn an_expired_session_is_followed_by_the_next_with_a_gap() {
    let server = Server::start();
    let running = watch(&server, &["/a", "--json"]);
    let session = server.hooks().sessions().pop().unwrap().id;
    server.hooks().expire(session);
    let mut events = Vec::new();
    while !events.contains(&"gap".to_owned()) {
        events.push(next(&running)["event"].as_str().unwrap().to_owned());
    }
    server.zkctl(&["create", "/a"]).ok();
    let mut event = next(&running);
    while event["event"] != "created" {
        event = next(&running);
    }
}

#[test]
fn a_command_is_run_for_each_event_one_after_the_other() {
    let server = Server::start();
    let script = "echo \"$ZK_EVENT $ZK_PATH $ZK_ZXID $ZK_CONNECT\"; exit 3";
    let running = watch(&server, &["/a", "-n", "2", "--run", "sh", "-c", script]);
    server.zkctl(&["create", "/a"]).ok();
    server.zkctl(&["rm", "/a"]).ok();
    let servers = server.connect_string();
    let created = running.line();
    assert!(created.starts_with("created /a "), "{created}");
    assert!(created.ends_with(&servers), "{created}");
    assert!(running.line().starts_with("deleted /a "));
    let done = running.wait();
    assert_eq!(done.code, Some(0));
    assert_eq!(done.stderr, "zkctl: the command ended with 3\n".repeat(2));
}

#[test]
fn a_signal_goes_to_the_command_and_ends_the_watch() {
    let server = Server::start();
    let script = "trap 'echo got it; exit 0' TERM; echo running; while :; do sleep 0.01; done";
    let running = watch(&server, &["/a", "--run", "sh", "-c", script]);
    server.zkctl(&["create", "/a"]).ok();
    assert_eq!(running.line(), "running");
    running.signal(Signal::TERM);
    assert_eq!(running.line(), "got it");
    assert_eq!(running.wait().code, Some(143));
}

#[test]
fn a_server_without_persistent_watches_is_told_as_such() {
    let server = Server::start();
    let watching = zk_embedded::Match::op(zk_wire::OpCode::AddWatch);
    server
        .hooks()
        .on(watching)
        .error(zk_wire::ErrorCode::Unimplemented);
    let (code, message) = server.zkctl(&["watch", "/a"]).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot watch /a: the server does not know addWatch, which needs ZooKeeper 3.6 or later");
}
