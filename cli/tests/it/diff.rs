//! `diff`.

use serde_json::json;
use zk_recipes::CreateMode;

use crate::export::{Scratch, grow, lines, said, server, shown};
use crate::server::Server;
use crate::zkctl::Zkctl;

/// A server with `/app` and a copy of it, `/copy`.
fn twins() -> Server {
    let server = server();
    let archive = server.zkctl(&["export", "/app"]).ok();
    let copy = ["import", "-", "--at", "/copy"];
    server.zkctl(&copy).input(archive.as_bytes()).ok();
    server
}

fn change(server: &Server) {
    for args in [
        &["set", "/copy/a", "other"][..],
        &["rm", "/copy/a/x"],
        &["create", "/copy/a0"],
        &["acl", "/copy/null", "world:anyone:r"],
    ] {
        server.zkctl(args).ok();
    }
}

#[test]
fn trees_that_are_the_same_differ_in_nothing_and_exit_with_0() {
    let server = twins();
    assert_eq!(server.zkctl(&["diff", "/app", "/copy"]).ok(), "");
    assert_eq!(server.zkctl(&["diff", "/app", "/app"]).ok(), "");
}

#[test]
fn trees_that_differ_are_told_apart_node_by_node_and_exit_with_1() {
    let server = twins();
    change(&server);
    let done = server.zkctl(&["diff", "/app", "/copy"]).run();
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.text(), @r"
    ~ /a  (data)
    - /a/x
    + /a0
    ~ /null  (acl)
    ");
    let done = server
        .zkctl(&["diff", "/app", "/copy", "--json", "--no-acl"])
        .run();
    assert_eq!(done.code, Some(1));
    assert_eq!(
        lines(done.text()),
        [
            json!({ "path": "/a", "change": "changed", "differs": ["data"] }),
            json!({ "path": "/a/x", "change": "removed", "differs": [] }),
            json!({ "path": "/a0", "change": "added", "differs": [] }),
        ]
    );
}

#[test]
fn files_are_compared_with_trees_and_with_each_other_without_a_server() {
    let server = twins();
    let scratch = Scratch::new("diff");
    let (old, new) = (scratch.file("old"), scratch.file("new"));
    server.zkctl(&["export", "/copy", "-o", &old]).ok();
    let (old_side, new_side) = (format!("@{old}"), format!("@{new}"));
    assert_eq!(server.zkctl(&["diff", &old_side, "/app"]).ok(), "");
    change(&server);
    server.zkctl(&["export", "/copy", "-o", &new]).ok();
    let live = server.zkctl(&["diff", &old_side, "/copy"]).run();
    let files = Zkctl::new(&["diff", &old_side, &new_side]).run();
    assert_eq!((live.code, files.code), (Some(1), Some(1)));
    assert_eq!(live.text(), files.text());
    assert_eq!(files.text().lines().count(), 4);
    assert_eq!(Zkctl::new(&["diff", &new_side, &new_side]).ok(), "");
}

#[test]
fn ephemeral_nodes_are_compared_only_when_told() {
    let server = Server::start();
    server.zkctl(&["create", "/a"]).ok();
    server.zkctl(&["create", "/b"]).ok();
    server.with_client(async |client| {
        let create = client.create("/b/e", "").mode(CreateMode::Ephemeral);
        create.await.unwrap();
        assert_eq!(server.zkctl(&["diff", "/a", "/b"]).ok(), "");
        let done = server.zkctl(&["diff", "/a", "/b", "--ephemerals"]).run();
        assert_eq!((done.code, done.text()), (Some(1), "+ /e\n"));
    });
}

#[test]
fn a_tree_that_cannot_be_read_is_no_difference() {
    let server = server();
    let (code, message) = server.zkctl(&["diff", "/app", "/nope"]).fails();
    assert_eq!(code, 2);
    insta::assert_snapshot!(message, @"zkctl: cannot read /nope: it does not exist (nearest existing: /)");
    let (code, _) = server.zkctl(&["diff", "/app", "@/nowhere/x"]).fails();
    assert_eq!(code, 65);
    let (code, message) = server.zkctl(&["diff", "/app", "x.jsonl"]).fails();
    assert_eq!(code, 64);
    assert!(message.contains("a file is @x.jsonl"), "{message}");
}

#[test]
fn a_long_comparison_shows_a_bar_on_a_terminal_alone() {
    let server = Server::start();
    server.with_client(async |client| grow(client, 30, 40).await);
    let shown = shown(&server, &["diff", "/big", "/big"], "of 1,231 nodes");
    assert!(shown.contains("comparing"), "{shown:?}");
    assert_eq!(said(&server, &["diff", "/big", "/big"]), "");
}
