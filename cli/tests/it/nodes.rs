//! `ls`, `get`, `set`, `rm` and `stat`.

use serde_json::{Value, json};

use crate::server::Server;

fn parsed(text: &str) -> Value {
    assert_eq!(
        text.matches('\n').count(),
        1,
        "one object on one line: {text:?}"
    );
    serde_json::from_str(text).unwrap()
}

/// The names of all fields of an object, which is what scripts rely on.
fn fields(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

const STAT: [&str; 11] = [
    "aversion",
    "ctime",
    "cversion",
    "czxid",
    "data_length",
    "ephemeral_owner",
    "mtime",
    "mzxid",
    "num_children",
    "pzxid",
    "version",
];

#[test]
fn ls_prints_children_in_order_and_nothing_for_none() {
    let server = Server::start();
    for path in ["/a", "/a/z", "/a/b", "/a/m"] {
        server.zkctl(&["create", path]).ok();
    }
    assert_eq!(server.zkctl(&["ls", "/a"]).ok(), "b\nm\nz\n");
    assert_eq!(server.zkctl(&["ls", "/a/b"]).ok(), "");
    assert_eq!(
        server.zkctl(&["ls"]).ok(),
        "a\nzookeeper\n",
        "the root is the default"
    );
    let object = parsed(&server.zkctl(&["ls", "/a", "--json"]).ok());
    assert_eq!(object, json!({ "path": "/a", "children": ["b", "m", "z"] }));
}

#[test]
fn get_prints_the_bytes_of_a_node_and_nothing_else() {
    let server = Server::start();
    let bytes = b"\x00\xff\xfe raw \r\n";
    server.zkctl(&["create", "/bin", "-"]).input(bytes).ok();
    let done = server.zkctl(&["get", "/bin"]).run();
    assert_eq!(
        (done.code, done.stdout.as_slice(), done.stderr.as_str()),
        (Some(0), bytes.as_slice(), "")
    );
}

#[test]
fn get_prints_text_or_base64_as_json() {
    let server = Server::start();
    server.zkctl(&["create", "/text", "grün\n"]).ok();
    server
        .zkctl(&["create", "/bin", "-"])
        .input(&[0xff, 0x00])
        .ok();
    let object = parsed(&server.zkctl(&["--json", "get", "/text"]).ok());
    assert_eq!(fields(&object), ["data", "path", "stat"]);
    assert_eq!(
        (&object["path"], &object["data"]),
        (&json!("/text"), &json!("grün\n"))
    );
    assert_eq!(fields(&object["stat"]), STAT);
    let object = parsed(&server.zkctl(&["get", "/bin", "--json"]).ok());
    assert_eq!(fields(&object), ["data_base64", "path", "stat"]);
    assert_eq!(object["data_base64"], json!("/wA="));
}

#[test]
fn set_replaces_the_data_in_silence() {
    let server = Server::start();
    server.zkctl(&["create", "/a", "old"]).ok();
    assert_eq!(server.zkctl(&["set", "/a", "new"]).ok(), "");
    assert_eq!(server.zkctl(&["get", "/a"]).ok(), "new");
    server.zkctl(&["set", "/a", "-"]).input(b"from stdin").ok();
    assert_eq!(server.zkctl(&["get", "/a"]).ok(), "from stdin");
    let object = parsed(&server.zkctl(&["set", "/a", "", "--json"]).ok());
    assert_eq!(
        (&object["path"], &object["stat"]["version"]),
        (&json!("/a"), &json!(3))
    );
    assert_eq!(server.zkctl(&["get", "/a"]).ok(), "");
}

#[test]
fn set_and_rm_with_a_version_refuse_another_one() {
    let server = Server::start();
    server.zkctl(&["create", "/a", "0"]).ok();
    server.zkctl(&["set", "/a", "1", "--version", "0"]).ok();
    let (code, message) = server.zkctl(&["set", "/a", "2", "--version", "0"]).fails();
    insta::assert_snapshot!(message, @"zkctl: cannot write /a: its version is 1, not 0; somebody changed it since; read it again");
    assert_eq!(code, 1);
    let (code, message) = server.zkctl(&["rm", "/a", "--version", "0"]).fails();
    insta::assert_snapshot!(message, @"zkctl: cannot delete /a: its version is 1, not 0; somebody changed it since; read it again");
    assert_eq!(code, 1);
    assert_eq!(server.zkctl(&["get", "/a"]).ok(), "1");
    server.zkctl(&["rm", "/a", "--version", "1"]).ok();
    assert_eq!(server.hooks().paths(), [""; 0]);
}

#[test]
fn rm_deletes_one_node_and_a_tree_only_when_told() {
    let server = Server::start();
    for path in ["/t", "/t/a", "/t/a/x", "/t/b", "/keep"] {
        server.zkctl(&["create", path]).ok();
    }
    let (code, message) = server.zkctl(&["rm", "/t"]).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot delete /t: it has 2 children; delete what is below it first; -r deletes them, too");
    assert_eq!(server.zkctl(&["rm", "/t/b"]).ok(), "");
    let object = parsed(&server.zkctl(&["rm", "-r", "/t", "--json"]).ok());
    assert_eq!(object, json!({ "path": "/t", "deleted": 3 }));
    assert_eq!(server.hooks().paths(), ["/keep"]);
}

#[test]
fn rm_deletes_a_wide_tree() {
    let server = Server::start();
    server.with_client(async |client| {
        client.create("/wide", "").await.unwrap();
        let creates: Vec<_> = (0..600)
            .map(|i| client.create(&format!("/wide/{i}"), "").submit())
            .collect();
        for create in creates {
            create.await.unwrap();
        }
    });
    server.zkctl(&["rm", "-r", "/wide"]).ok();
    assert_eq!(server.hooks().paths(), [""; 0]);
}

#[test]
fn rm_spares_the_root_and_what_belongs_to_the_servers() {
    let server = Server::start();
    let refused = |args: &[&str]| server.zkctl(args).fails();
    assert_eq!(
        refused(&["rm", "-r", "/"]),
        (64, "zkctl: the root cannot be deleted\n".to_owned())
    );
    let expected = "zkctl: /zookeeper belongs to the servers; rm -r leaves it alone\n";
    assert_eq!(
        refused(&["rm", "-r", "/zookeeper"]),
        (64, expected.to_owned())
    );
}

#[test]
fn stat_shows_the_metadata() {
    let server = Server::start();
    server.zkctl(&["create", "/a", "hello"]).ok();
    server.zkctl(&["create", "/a/child"]).ok();
    let object = parsed(&server.zkctl(&["stat", "/a", "--json"]).ok());
    assert_eq!(fields(&object), ["path", "stat"]);
    assert_eq!(fields(&object["stat"]), STAT);
    let node = server.hooks().node("/a").unwrap();
    assert_eq!(object["stat"]["czxid"], json!(node.stat.czxid.as_raw()));
    assert_eq!(object["stat"]["ctime"], json!(node.stat.ctime));
    assert_eq!(object["stat"]["ephemeral_owner"], Value::Null);

    let text = server.zkctl(&["stat", "/a"]).ok();
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split("  ").next())
        .collect();
    assert_eq!(
        names,
        [
            "path",
            "data",
            "children",
            "version",
            "cversion",
            "aversion",
            "created",
            "modified",
            "children changed",
            "ephemeral owner"
        ]
    );
    assert!(
        text.contains("data              5 bytes\nchildren          1\n"),
        "{text}"
    );
}

#[test]
fn a_chroot_is_where_all_paths_begin() {
    let server = Server::start();
    server.zkctl(&["create", "-p", "/app/config", "1"]).ok();
    let inside = format!("{}/app", server.connect_string());
    let zkctl = |args: &[&str]| server.zkctl(args).env("ZK_CONNECT", &inside);
    assert_eq!(zkctl(&["ls", "/"]).ok(), "config\n");
    assert_eq!(zkctl(&["get", "/config"]).ok(), "1");
    assert_eq!(
        zkctl(&["create", "--sequential", "/job-"]).ok(),
        "/job-0000000001\n"
    );
    assert_eq!(
        server.zkctl(&["--connect", &inside, "ls", "/"]).ok(),
        "config\njob-0000000001\n",
        "an option goes before the environment"
    );
}

#[test]
fn no_session_lingers_after_a_command() {
    let server = Server::start();
    server.zkctl(&["ls"]).ok();
    server.zkctl(&["get", "/nope"]).fails();
    server.zkctl(&["lock", "/l", "--", "true"]).ok();
    assert!(
        server.hooks().sessions().is_empty(),
        "{:?}",
        server.hooks().sessions()
    );
}
