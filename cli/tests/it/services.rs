//! `register` and `services`.

use std::net::TcpListener;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::export::{Scratch, lines};
use crate::process::is_gone;
use crate::server::Server;
use crate::zkctl::{Running, Zkctl, until};

const BASE: &str = "/services";

fn register(server: &Server, options: &[&str], script: &str) -> Zkctl {
    let args = [
        &[
            "register",
            BASE,
            "billing",
            "--id",
            "one",
            "--address",
            "10.0.0.7",
        ],
        options,
        &["--", "sh", "-c", script],
    ];
    server.zkctl(&args.concat())
}

fn instances(server: &Server) -> Vec<Value> {
    lines(&server.zkctl(&["services", BASE, "billing", "--json"]).ok())
}

/// An instance whose command has begun.
fn serving(server: &Server, options: &[&str]) -> Running {
    let running = register(server, options, "echo serves; exec sleep 600").start();
    assert_eq!(running.line(), "serves");
    running
}

#[test]
fn an_instance_is_registered_while_its_command_runs() {
    let server = Server::start();
    assert_eq!(
        server.zkctl(&["services", BASE]).ok(),
        "no services below /services\n"
    );
    let script =
        "echo $ZK_SERVICE_PATH $ZK_SERVICE_ID; \"$0\" services /services billing --json; exit 7";
    let script = script.replace("$0", env!("CARGO_BIN_EXE_zkctl"));
    let options = ["--port", "8080", "--payload", "{\"zone\": \"b\"}"];
    let done = register(&server, &options, &script).run();
    assert_eq!((done.code, done.stderr.as_str()), (Some(7), ""));
    let (first, rest) = done.text().split_once('\n').unwrap();
    assert_eq!(first, "/services/billing/one one");
    let mut seen = lines(rest);
    let since = seen[0].as_object_mut().unwrap().remove("since_ms").unwrap();
    assert!(since.as_i64().unwrap() > 1_700_000_000_000, "{since}");
    seen[0].as_object_mut().unwrap().remove("since");
    assert_eq!(
        seen,
        [
            json!({ "service": "billing", "id": "one", "address": "10.0.0.7", "port": 8080, "ssl_port": null, "uri": null, "enabled": true, "kind": "dynamic", "payload": { "zone": "b" } })
        ]
    );
    assert_eq!(instances(&server), [Value::Null; 0]);
    assert_eq!(server.below("/services/billing"), [""; 0]);
}

#[test]
fn services_lists_services_with_their_instances_and_tells_what_is_none() {
    let server = Server::start();
    let _one = serving(&server, &["--port", "1"]);
    server.zkctl(&["create", "/services/billing/odd", "{"]).ok();
    let done = server.zkctl(&["services", BASE]).run();
    assert_eq!(
        done.text(),
        "SERVICE  INSTANCES  UP\nbilling  1          1\n"
    );
    assert!(
        done.stderr
            .starts_with("zkctl: /services/billing/odd tells no instance: "),
        "{done:?}"
    );
    let done = server.zkctl(&["services", BASE, "billing"]).run();
    let rows: Vec<&str> = done.text().lines().collect();
    assert!(
        rows[1].starts_with("up  one  10.0.0.7:1  dynamic  "),
        "{rows:?}"
    );
    assert_eq!(rows.len(), 2);
}

#[test]
fn what_becomes_of_instances_is_told_until_ctrl_c() {
    let server = Server::start();
    let _one = serving(&server, &["--port", "1"]);
    let follower = server
        .zkctl(&["services", BASE, "billing", "--watch", "--json"])
        .start();
    let next = || -> Value { serde_json::from_str(&follower.line()).unwrap() };
    let first = next();
    assert_eq!(
        (&first["event"], &first["instance"]["port"]),
        (&json!("exists"), &json!(1))
    );
    let args = [
        "register", BASE, "billing", "--id", "two", "--drain", "600s", "--", "sleep", "600",
    ];
    let two = server.zkctl(&args).start();
    let told = next();
    assert_eq!(
        (&told["event"], &told["id"]),
        (&json!("added"), &json!("two"))
    );
    two.signal(Signal::TERM);
    let told = next();
    assert_eq!(
        (&told["event"], &told["instance"]["enabled"]),
        (&json!("changed"), &json!(false))
    );
    two.signal(Signal::TERM);
    let told = next();
    assert_eq!(
        (&told["event"], &told["id"]),
        (&json!("removed"), &json!("two"))
    );
    follower.signal(Signal::INT);
    assert_eq!(follower.wait().code, Some(0));
}

#[test]
fn a_signal_reaches_the_command_after_the_instance_was_drained() {
    let server = Server::start();
    let script = "trap 'echo ends; exit 3' TERM; echo serves; while :; do sleep 0.01; done";
    let running = register(&server, &["--drain", "600s", "--verbose"], script).start();
    assert_eq!(running.line(), "serves");
    running.signal(Signal::TERM);
    until("it is drained", || {
        instances(&server)[0]["enabled"] == json!(false)
    });
    // The second one does not wait.
    running.signal(Signal::TERM);
    assert_eq!(running.line(), "ends");
    let done = running.wait();
    assert_eq!(done.code, Some(3));
    for event in [
        "registered /services/billing/one",
        "draining",
        "unregistered",
    ] {
        assert!(done.stderr.contains(event), "{event}: {done:?}");
    }
    assert_eq!(instances(&server), [Value::Null; 0]);
}

#[test]
fn an_instance_is_drained_while_a_check_fails() {
    let server = Server::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let options = ["--check-tcp", &address, "--interval", "20ms", "--json"];
    let running = serving(&server, &options);
    let is_enabled = |wanted: bool| {
        until("the check has its way", || {
            instances(&server)[0]["enabled"] == json!(wanted)
        });
    };
    is_enabled(true);
    drop(listener);
    is_enabled(false);
    let _listener = TcpListener::bind(&address).unwrap();
    is_enabled(true);
    running.signal(Signal::TERM);
    let done = running.wait();
    assert_eq!(done.code, Some(143));
    let events: Vec<Value> = lines(&done.stderr);
    let has = |event: &str| events.iter().any(|told| told["event"] == event);
    assert!(
        has("registered") && has("failing") && has("passing"),
        "{events:?}"
    );
}

#[test]
fn an_instance_is_drained_while_its_command_for_checks_does_not_end_with_0() {
    let server = Server::start();
    let folder = Scratch::new("check-exec");
    let sick = folder.file("sick");
    let check = format!(
        "test $ZK_SERVICE_ID = one && test ! -e {sick} || {{ echo; echo disk full; echo more; exit 2; }}"
    );
    let options = [
        "--check-exec",
        &check,
        "--check-timeout",
        "600s",
        "--interval",
        "20ms",
        "--json",
    ];
    let running = serving(&server, &options);
    let is_enabled = |wanted: bool| {
        until("the check has its way", || {
            instances(&server)[0]["enabled"] == json!(wanted)
        });
    };
    is_enabled(true);
    std::fs::write(&sick, "").unwrap();
    is_enabled(false);
    std::fs::remove_file(&sick).unwrap();
    is_enabled(true);
    running.signal(Signal::TERM);
    let done = running.wait();
    assert_eq!(done.code, Some(143));
    assert_eq!(reasons(&done.stderr), ["exit status 2: disk full"]);
}

#[test]
fn a_check_that_takes_too_long_is_killed_with_all_of_its_group() {
    let server = Server::start();
    let folder = Scratch::new("check-time");
    let file = folder.file("ids");
    let check =
        format!("echo slow; sleep 600 & echo $$ $! >{file}.new; mv {file}.new {file}; wait");
    let options = [
        "--check-exec",
        &check,
        "--check-timeout",
        "300ms",
        "--interval",
        "10ms",
        "--json",
    ];
    let running = serving(&server, &options);
    // On a slow machine the first one may have been killed before it came that far.
    until("the check has failed", || {
        instances(&server)[0]["enabled"] == json!(false) && std::fs::exists(&file).unwrap()
    });
    let ids = ids(&file);
    assert_eq!(ids.len(), 2);
    for id in ids {
        until("it is gone", || is_gone(id));
    }
    running.signal(Signal::TERM);
    let done = running.wait();
    let reasons = reasons(&done.stderr);
    let expected = "it did not end within 300ms";
    assert!(
        reasons.len() == 1 && reasons[0].starts_with(expected),
        "{reasons:?}"
    );
}

#[test]
fn a_check_under_way_ends_with_zkctl() {
    let server = Server::start();
    let folder = Scratch::new("check-end");
    let file = folder.file("ids");
    let check = format!("echo $$ >{file}.new; mv {file}.new {file}; exec sleep 600");
    let options = ["--check-exec", &check, "--check-timeout", "600s"];
    let running = serving(&server, &options);
    until("it checks", || std::fs::exists(&file).unwrap());
    let id = ids(&file)[0];
    assert!(!is_gone(id));
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code, Some(143));
    assert!(is_gone(id), "it is killed before zkctl ends");
}

#[test]
fn of_what_a_check_says_the_first_line_is_told_and_not_all_of_that() {
    let server = Server::start();
    let check = "head -c 3000000 /dev/zero | tr '\\0' x; exit 3";
    let options = ["--check-exec", check, "--check-timeout", "600s", "--json"];
    let running = serving(&server, &options);
    until("the check has failed", || {
        instances(&server)[0]["enabled"] == json!(false)
    });
    running.signal(Signal::TERM);
    let done = running.wait();
    let expected = format!("exit status 3: {}…", "x".repeat(200));
    assert_eq!(reasons(&done.stderr), [expected]);
}

#[test]
fn a_check_without_a_command_is_refused() {
    let server = Server::start();
    let (code, message) = register(&server, &["--check-exec", ""], "true").fails();
    assert_eq!(code, 64);
    assert!(message.contains("--check-exec"), "{message}");
}

/// Why checks failed.
fn reasons(stderr: &str) -> Vec<String> {
    let told = lines(stderr).into_iter();
    let failing = told.filter(|told| told["event"] == "failing");
    let reasons = failing.map(|told| told["why"].as_str().map(str::to_owned));
    reasons.map(Option::unwrap).collect()
}

/// The ids of processes in a file.
fn ids(file: &str) -> Vec<Pid> {
    let text = std::fs::read_to_string(file).unwrap();
    let ids = text.split_whitespace().map(|id| id.parse().unwrap());
    ids.map(|id| Pid::from_raw(id).unwrap()).collect()
}

#[test]
fn a_heartbeat_is_a_signal_from_the_command() {
    let server = Server::start();
    let script = "echo serves; kill -USR1 $ZK_REGISTER_PID; read x; exit 0";
    let (stdin, writer) = std::io::pipe().unwrap();
    let running = register(&server, &["--check-ttl", "1s", "--verbose"], script).start_with(stdin);
    assert_eq!(running.line(), "serves");
    until("no heartbeat comes any more", || {
        instances(&server)[0]["enabled"] == json!(false)
    });
    drop(writer);
    let done = running.wait();
    assert_eq!(done.code, Some(0));
    // On a slow machine it may have been missed once before.
    for event in ["passing", "failing"] {
        assert!(done.stderr.contains(event), "{event}: {done:?}");
    }
}

#[test]
fn an_instance_comes_back_in_the_next_session() {
    let server = Server::start();
    let _running = serving(&server, &[]);
    let hooks = server.hooks();
    let node = || {
        hooks
            .node("/services/billing/one")
            .map(|node| node.stat.czxid)
    };
    let first = node().unwrap();
    let session = hooks
        .node("/services/billing/one")
        .unwrap()
        .stat
        .ephemeral_owner;
    hooks.expire(session);
    until("it is there again", || {
        node().is_some_and(|czxid| czxid > first)
    });
}

#[test]
fn an_instance_that_may_not_be_registered_is_an_error_and_its_command_does_not_run() {
    let server = Server::start();
    server.zkctl(&["create", "/services"]).ok();
    server.zkctl(&["acl", "/services", "world:anyone:r"]).ok();
    let (code, message) = register(&server, &[], "echo runs").fails();
    assert_eq!(code, 77);
    assert!(message.contains("/services"), "{message}");
    let (code, message) = register(&server, &["--check-http", "https://x/"], "true").fails();
    assert_eq!(code, 64);
    assert!(
        message.contains("other schemes are not checked"),
        "{message}"
    );
}
