//! `lock explain`.

use rustix::process::Signal;
use serde_json::Value;
use zk_recipes::{Client, CreateMode};

use crate::server::Server;
use crate::zkctl::{Running, until};

const UUID: &str = "53345f98-9423-4e0c-a7b5-9f819e3ec2e1";
const HEX: &str = "0123456789abcdef0123456789abcdef";

fn explain(server: &Server, path: &str) -> (String, Value) {
    let text = server.zkctl(&["lock", "explain", path]).ok();
    let object = server.zkctl(&["lock", "explain", path, "--json"]).ok();
    (text, serde_json::from_str(&object).unwrap())
}

fn contend(server: &Server, text: &str, options: &[&str]) -> Running {
    let before = server.below("/l").len();
    let args = [
        &["lock", "/l", "--contender", text],
        options,
        &["--", "sh", "-c", "echo held; exec sleep 600"],
    ];
    let running = server.zkctl(&args.concat()).start();
    server.until("it has queued up", |core| {
        let paths = core.paths().into_iter();
        paths.filter(|path| path.starts_with("/l/")).count() > before
    });
    running
}

/// Contenders as other libraries write them; their session lives as long as `work` takes.
fn among(server: &Server, nodes: &[(&str, &str)], work: impl FnOnce()) {
    server.with_client(async |client: &Client| {
        for (node, data) in nodes {
            let create = client
                .create(node, (*data).to_owned())
                .mode(CreateMode::Ephemeral);
            create.parents().await.unwrap();
        }
        work();
    });
}

#[test]
fn a_lock_that_nobody_wants_is_free() {
    let server = Server::start();
    let (text, object) = explain(&server, "/l");
    assert_eq!(text, "/l is free: nobody holds it, nobody waits.\n");
    assert_eq!(object["verdict"], "free");
    assert_eq!(object["contenders"], Value::Array(Vec::new()));
}

#[test]
fn the_holder_its_session_its_address_and_the_queue_are_told() {
    let server = Server::start();
    let holder = contend(&server, "build-7 \u{1b}[31m", &[]);
    assert_eq!(holder.line(), "held");
    let session = server.hooks().sessions()[0].id;
    let _first = contend(&server, "build-8", &[]);
    let _second = contend(&server, "build-9", &[]);
    let (text, object) = explain(&server, "/l");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("/l is held by build-7 \\u{1b}[31m, token "),
        "{text}"
    );
    let expected = format!(
        "Its session {session} comes from 127.0.0.1 at {} and was heard ",
        server.connect_string()
    );
    assert!(lines[1].starts_with(&expected), "{text}");
    assert!(
        lines[1].ends_with("; it expires after 10.0s of silence: it seems to be alive."),
        "{text}"
    );
    assert_eq!(lines[2], "2 wait, in this order:");
    assert!(
        lines[3].starts_with("  1. build-8, for ") && lines[3].ends_with(", behind the holder"),
        "{text}"
    );
    assert!(
        lines[4].starts_with("  2. build-9, for ") && lines[4].ends_with(", behind 1"),
        "{text}"
    );
    assert!(text.ends_with("\nNext: zkctl locks /l --watch\n      zkctl lock revoke /l\n"));
    assert_eq!(object["verdict"], "held");
    assert_eq!(object["holders"], serde_json::json!([0]));
    let behind: Vec<&Value> = (0..3)
        .map(|at| &object["contenders"][at]["behind"])
        .collect();
    assert_eq!(behind, [&Value::Null, &0.into(), &1.into()]);
    assert_eq!(object["contenders"][0]["address"], "127.0.0.1");
    assert_eq!(object["contenders"][0]["timeout_ms"], 10_000);
    assert!(object["contenders"][0]["idle_ms"].as_u64().unwrap() < 10_000);
}

#[test]
fn a_holder_that_was_killed_is_told_from_one_that_is_alive() {
    let server = Server::start();
    let holder = contend(&server, "build-7", &[]);
    assert_eq!(holder.line(), "held");
    holder.signal(Signal::KILL);
    let hooks = server.hooks();
    until("its connection is gone", || hooks.connection_count() == 0);
    let (text, object) = explain(&server, "/l");
    assert_eq!(object["verdict"], "unconnected", "{text}");
    let expected = format!(
        "has not expired, but has no connection to {}: the program is dead, cut off",
        server.connect_string()
    );
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn a_holder_that_does_not_run_is_silent() {
    let server = Server::start();
    let holder = contend(&server, "build-7", &["--session-timeout", "4s"]);
    assert_eq!(holder.line(), "held");
    holder.signal(Signal::STOP);
    until("it was not heard for 2 s", || {
        let object = server.zkctl(&["lock", "explain", "/l", "--json"]).ok();
        serde_json::from_str::<Value>(&object).unwrap()["verdict"] == "silent"
    });
}

#[test]
fn a_server_that_does_not_tell_leaves_open_whether_the_holder_is_dead() {
    let server = Server::start();
    let holder = contend(&server, "build-7", &[]);
    assert_eq!(holder.line(), "held");
    // One of two servers does not answer: the session may be there.
    let both = format!("{},127.0.0.1:1", server.connect_string());
    holder.signal(Signal::KILL);
    let hooks = server.hooks();
    until("its connection is gone", || hooks.connection_count() == 0);
    let args = ["lock", "explain", "/l", "--connect", &both];
    let text = server.zkctl(&args).ok();
    assert!(
        text.contains("where it comes from, and whether it is alive, no server tells."),
        "{text}"
    );
    assert!(
        text.contains("Not all servers tell where sessions come from: 127.0.0.1:1: "),
        "{text}"
    );
}

#[test]
fn a_persistent_node_that_holds_is_named_with_the_way_to_break_it() {
    let server = Server::start();
    server.with_client(async |client| {
        let node = format!("/l/_c_{UUID}-lock-0000000000");
        client.create(&node, "10.0.0.9").parents().await.unwrap();
    });
    let (text, object) = explain(&server, "/l");
    assert_eq!(object["verdict"], "persistent");
    assert!(
        text.contains("Its node belongs to no session (it is persistent): no crash and no timeout"),
        "{text}"
    );
    let token = &object["contenders"][0]["token"];
    assert!(
        text.ends_with(&format!(
            "Next: zkctl lock break /l --token {token} --reason '…'\n"
        )),
        "{text}"
    );
}

#[test]
fn contenders_of_curator_and_kazoo_on_one_path_are_mixed() {
    let server = Server::start();
    let curator = format!("/l/_c_{UUID}-lock-0000000000");
    let kazoo = format!("/l/{HEX}__lock__0000000001");
    let nodes = [(curator.as_str(), "10.0.0.9"), (kazoo.as_str(), "web-1")];
    among(&server, &nodes, || {
        let (text, object) = explain(&server, "/l");
        assert_eq!(object["verdict"], "mixed");
        assert!(
            text.contains(
                "contenders of 2 recipes here that do not see each other (1 × kazoo, 1 × mutex)"
            ),
            "{text}"
        );
        assert_eq!(object["holders"].as_array().unwrap().len(), 2);
        let (code, message) = server.zkctl(&["lock", "/l", "--", "true"]).fails();
        assert_eq!(code, 1);
        assert!(
            message.ends_with(
                "; `zkctl lock explain /l` says whose they are; --layout takes theirs\n"
            ),
            "{message}"
        );
    });
}

#[test]
fn a_queue_of_kazoos_programs_is_explained() {
    let server = Server::start();
    let nodes = [
        "__lock__0000000003",
        "__rlock__0000000004",
        "__rlock__0000000005",
    ];
    let nodes = nodes.map(|name| format!("/l/{HEX}{name}"));
    let nodes = [0, 1, 2].map(|at| (nodes[at].as_str(), ["w", "r1", "r2"][at]));
    among(&server, &nodes, || {
        let (text, object) = explain(&server, "/l");
        assert!(
            text.starts_with("/l is held by w (kazoo), token "),
            "{text}"
        );
        assert!(text.contains("1. r1 (kazoo read lock), for "), "{text}");
        // Readers wait for the writer, not for each other.
        assert_eq!(object["contenders"][1]["behind"], 0);
        assert_eq!(object["contenders"][2]["behind"], 0);
    });
}

#[test]
fn nobody_is_told_to_ask_a_program_of_kazoo() {
    let server = Server::start();
    let kazoo = ["--layout", "kazoo"];
    let holder = contend(&server, "web-1", &kazoo);
    assert_eq!(holder.line(), "held");
    let _waiter = contend(&server, "web-2", &kazoo);
    let (text, _) = explain(&server, "/l");
    // It would not look for a request.
    assert!(text.ends_with("\nNext: zkctl locks /l --watch\n"), "{text}");
}

#[test]
fn readers_and_writers_of_curator_are_explained() {
    let server = Server::start();
    let names = [
        "__READ__0000000001",
        "__READ__0000000002",
        "__WRIT__0000000003",
    ];
    let nodes: Vec<String> = names
        .iter()
        .zip(["1", "2", "3"])
        .map(|(name, last)| format!("/l/_c_{}{last}-{name}", &UUID[..35]))
        .collect();
    let nodes: Vec<(&str, &str)> = nodes
        .iter()
        .map(|node| (node.as_str(), "10.0.0.9"))
        .collect();
    among(&server, &nodes, || {
        let (_, object) = explain(&server, "/l");
        assert_eq!(object["holders"], serde_json::json!([0, 1]));
        assert_eq!(object["contenders"][2]["behind"], 1);
    });
}

#[test]
fn two_nodes_of_one_attempt_are_a_ghost() {
    let server = Server::start();
    let nodes = ["0000000000", "0000000001"];
    let nodes = nodes.map(|digits| format!("/l/_c_{UUID}-lock-{digits}"));
    let nodes = nodes.each_ref().map(|node| (node.as_str(), "10.0.0.9"));
    among(&server, &nodes, || {
        let (text, object) = explain(&server, "/l");
        assert_eq!(object["verdict"], "ghost", "{text}");
        assert!(
            text.contains("One attempt of 10.0.0.9 has left 2 nodes (_c_"),
            "{text}"
        );
        assert!(text.contains("stands here 2 times"), "{text}");
    });
}

#[test]
fn what_goes_with_the_holders_session_and_what_is_no_contender_is_told() {
    let server = Server::start();
    let node = format!("/l/_c_{UUID}-lock-0000000000");
    let nodes = [
        (node.as_str(), "10.0.0.9"),
        ("/registry/web", ""),
        ("/l/readme", ""),
    ];
    among(&server, &nodes, || {
        let (text, _) = explain(&server, "/l");
        assert!(
            text.contains("With the holder's session would go, too: /l/readme, /registry/web."),
            "{text}"
        );
        assert!(
            text.contains("Below it there is also what is no contender: readme."),
            "{text}"
        );
    });
}

#[test]
fn a_semaphore_is_no_free_lock() {
    let server = Server::start();
    let args = [
        "sem",
        "/l",
        "--permits",
        "1",
        "--",
        "sh",
        "-c",
        "echo held; exec sleep 600",
    ];
    let holder = server.zkctl(&args).start();
    assert_eq!(holder.line(), "held");
    let (text, object) = explain(&server, "/l");
    assert_eq!(object["verdict"], "semaphore");
    assert!(text.contains("Next: zkctl sem show /l\n"), "{text}");
    let (text, _) = explain(&server, "/l/leases");
    assert!(text.contains("(semaphore permit), token "), "{text}");
}

#[test]
fn names_at_the_end_of_the_servers_counter_are_told() {
    let server = Server::start();
    let node = format!("/l/_c_{UUID}-lock-2147483647");
    among(&server, &[(&node, "10.0.0.9")], || {
        let (text, _) = explain(&server, "/l");
        assert!(text.contains("counter of names is at its end"), "{text}");
    });
}
