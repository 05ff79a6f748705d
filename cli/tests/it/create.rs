//! `create`.

use serde_json::{Value, json};

use crate::server::Server;
use crate::zkctl::until;

#[test]
fn create_prints_the_path_of_the_node() {
    let server = Server::start();
    assert_eq!(server.zkctl(&["create", "/a", "data"]).ok(), "/a\n");
    assert_eq!(server.zkctl(&["create", "/a/empty"]).ok(), "/a/empty\n");
    assert_eq!(server.zkctl(&["get", "/a/empty"]).ok(), "");
    let text = server.zkctl(&["create", "/a/j", "--json"]).ok();
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&object["path"], &object["stat"]["version"]),
        (&json!("/a/j"), &json!(0))
    );
}

#[test]
fn create_makes_missing_parents_only_when_told() {
    let server = Server::start();
    let (code, message) = server.zkctl(&["create", "/a/b/c"]).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot create /a/b/c: parent /a/b is missing (nearest existing: /); use .parents(), or -p in zkctl, to create it too");
    assert_eq!(
        server.zkctl(&["create", "-p", "/a/b/c", "x"]).ok(),
        "/a/b/c\n"
    );
    assert_eq!(server.hooks().paths(), ["/a", "/a/b", "/a/b/c"]);
    let (code, message) = server.zkctl(&["create", "-p", "/a/b/c"]).fails();
    assert_eq!(
        (code, message.as_str()),
        (1, "zkctl: cannot create /a/b/c: it exists already\n")
    );
}

#[test]
fn sequential_nodes_are_numbered_by_the_server() {
    let server = Server::start();
    assert_eq!(
        server
            .zkctl(&["create", "-p", "--sequential", "/q/job-"])
            .ok(),
        "/q/job-0000000000\n"
    );
    assert_eq!(
        server.zkctl(&["create", "--sequential", "/q/"]).ok(),
        "/q/0000000001\n"
    );
    let (code, message) = server.zkctl(&["create", "/q/"]).fails();
    assert_eq!(code, 64);
    insta::assert_snapshot!(message, @"zkctl: cannot create /q/: only the prefix of a --sequential node may end like this");
}

#[test]
fn container_and_ttl_nodes_are_deleted_by_the_server() {
    let server = Server::start();
    server.zkctl(&["create", "--container", "/box"]).ok();
    server.zkctl(&["create", "/box/child"]).ok();
    server.zkctl(&["rm", "/box/child"]).ok();
    server.zkctl(&["create", "--ttl", "1ms", "/brief"]).ok();
    server.zkctl(&["create", "--ttl", "1h", "/long"]).ok();
    until("the two are gone", || {
        server.hooks().run_reaper();
        server.hooks().paths() == ["/long"]
    });
    let (code, _) = server
        .zkctl(&["create", "--container", "--ttl", "1s", "/both"])
        .fails();
    assert_eq!(code, 64);
}
