//! `locks`.

use serde_json::Value;

use crate::server::Server;
use crate::zkctl::Running;

/// A `zkctl lock` that holds or waits, until it is dropped or told to end.
fn contend(server: &Server, text: &str) -> Running {
    let before = server.below("/l").len();
    let script = "echo held; exec sleep 600";
    let running = server
        .zkctl(&["lock", "/l", "--contender", text, "--", "sh", "-c", script])
        .start();
    server.until("it has queued up", |core| {
        core.paths()
            .iter()
            .filter(|path| path.starts_with("/l/"))
            .count()
            > before
    });
    running
}

#[test]
fn a_lock_nobody_holds_is_free() {
    let server = Server::start();
    assert_eq!(server.zkctl(&["locks", "/l"]).ok(), "/l is free\n");
    assert_eq!(
        server.zkctl(&["locks", "/l", "--json"]).ok(),
        "{\"contenders\":[],\"path\":\"/l\"}\n"
    );
}

#[test]
fn locks_shows_the_holder_and_the_queue_in_order() {
    let server = Server::start();
    let holder = contend(&server, "first in \u{1b}[31mred");
    assert_eq!(holder.line(), "held");
    let waiter = contend(&server, "second");

    let text = server.zkctl(&["locks", "/l"]).ok();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[0]
            .split_whitespace()
            .eq(["TOKEN", "SINCE", "AGE", "SESSION", "CONTENDER", "NODE"]),
        "{text}"
    );
    assert!(lines[1].starts_with("holds  "), "{text}");
    assert!(lines[1].contains("first in \\u{1b}[31mred"), "{text}");
    assert!(
        lines[2].starts_with("waits  ") && lines[2].contains("second"),
        "{text}"
    );

    let object: Value =
        serde_json::from_str(&server.zkctl(&["locks", "/l", "--json"]).ok()).unwrap();
    let contenders = object["contenders"].as_array().unwrap();
    assert_eq!(contenders.len(), 2);
    for (contender, (holds, text)) in contenders
        .iter()
        .zip([(true, "first in \u{1b}[31mred"), (false, "second")])
    {
        let node = server
            .hooks()
            .node(contender["node"].as_str().unwrap())
            .unwrap();
        assert_eq!(contender["holds"], holds);
        assert_eq!(contender["text"], text);
        assert_eq!(contender["token"], node.stat.czxid.as_raw());
        assert_eq!(contender["since_ms"], node.stat.ctime);
        assert_eq!(contender["session"], node.stat.ephemeral_owner.to_string());
        assert_eq!(contender["family"], "mutex");
        assert!(contender["since"].as_str().unwrap().ends_with('Z'));
    }
    drop((holder, waiter));
}

#[test]
fn locks_shows_contenders_of_other_libraries() {
    let server = Server::start();
    server.with_client(async |client| {
        client.create("/l", "").await.unwrap();
        client
            .create(
                "/l/0123456789abcdef0123456789abcdef__lock__0000000003",
                "host",
            )
            .await
            .unwrap();
        client.create("/l/config", "no contender").await.unwrap();
    });
    let text = server.zkctl(&["locks", "/l"]).ok();
    assert!(text.contains("host (kazoo)"), "{text}");
    assert!(!text.contains("config"), "{text}");
}

#[test]
fn locks_shows_queues_of_curators_and_kazoos_recipes_in_order() {
    let server = Server::start();
    let id = "0123456789abcdef0123456789abcdef";
    for (path, names, holds, families) in [
        (
            "/curator-rw",
            [
                "_c_a-__READ__0000000007",
                "_c_b-__READ__0000000008",
                "_c_c-__WRIT__0000000009",
            ],
            [true, true, false],
            ["reader", "reader", "writer"],
        ),
        (
            "/curator-latch",
            [
                "_c_a-latch-0000000001",
                "_c_b-latch-0000000002",
                "_c_c-latch-0000000003",
            ],
            [true, false, false],
            ["election"; 3],
        ),
        (
            "/curator-leases",
            [
                "_c_a-lease-0000000001",
                "_c_b-lease-0000000002",
                "_c_c-lease-0000000003",
            ],
            [true; 3],
            ["semaphore permit"; 3],
        ),
        (
            "/kazoo-rw",
            [
                "__lock__0000000001",
                "__rlock__0000000002",
                "__rlock__0000000003",
            ],
            [true, false, false],
            ["kazoo", "kazoo read lock", "kazoo read lock"],
        ),
    ] {
        server.with_client(async |client| {
            // Not in their order.
            for at in [1, 0, 2] {
                let id = if path.starts_with("/kazoo") { id } else { "" };
                let node = format!("{path}/{id}{}", names[at]);
                client.create(&node, "host").parents().await.unwrap();
            }
        });
        let output = server.zkctl(&["locks", path, "--json"]).ok();
        let object: Value = serde_json::from_str(&output).unwrap();
        for at in 0..3 {
            let contender = &object["contenders"][at];
            assert!(
                contender["node"].as_str().unwrap().ends_with(names[at]),
                "{output}"
            );
            assert_eq!(contender["holds"], holds[at], "{output}");
            assert_eq!(contender["family"], families[at], "{output}");
        }
    }
}

#[test]
fn a_contender_says_where_it_runs_and_what() {
    let server = Server::start();
    let running = server
        .zkctl(&[
            "lock",
            "/l",
            "--",
            "sh",
            "-c",
            "echo held; exec sleep 600",
            "secret",
        ])
        .start();
    assert_eq!(running.line(), "held");
    let object: Value =
        serde_json::from_str(&server.zkctl(&["locks", "/l", "--json"]).ok()).unwrap();
    let text = object["contenders"][0]["text"].as_str().unwrap();
    let id = running.id().as_raw_nonzero();
    assert!(text.ends_with(&format!(" pid {id} (sh)")), "{text}");
}
