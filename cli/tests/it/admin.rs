//! `mntr`, `acl`, `whoami`, `quota`, `config`, `reconfig`.

use serde_json::{Value, json};

use crate::server::Server;
use crate::zkctl::Zkctl;

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn numbers_for_monitoring_are_asked_without_a_session() {
    let server = Server::start();
    let text = server.zkctl(&["mntr"]).ok();
    assert!(text.contains("zk_server_state"), "{text}");
    let numbers = object(&server.zkctl(&["mntr", "--json"]).ok());
    assert_eq!(numbers["word"], "mntr");
    assert!(numbers["fields"]["zk_znode_count"].is_number());
    assert!(server.hooks().sessions().is_empty());
    let (code, message) = Zkctl::new(&["mntr", "127.0.0.1:1"]).fails();
    assert_eq!(code, 69);
    assert!(
        message.contains("127.0.0.1:1 does not answer mntr: "),
        "{message}"
    );
}

#[test]
fn an_acl_is_shown_and_replaced_as_a_whole() {
    let server = Server::start();
    server.zkctl(&["create", "/a"]).ok();
    assert_eq!(server.zkctl(&["acl", "/a"]).ok(), "world:anyone:cdrwa\n");
    let entry = Zkctl::new(&["acl", "--digest", "ann:secret"]).ok();
    let entry = entry.trim_end();
    assert!(!entry.contains("secret"), "{entry}");
    let set = ["acl", "/a", "world:anyone:r", entry, "--version", "0"];
    assert_eq!(server.zkctl(&set).ok(), "");
    let shown = server
        .zkctl(&["acl", "/a", "--auth", "digest:ann:secret", "--json"])
        .ok();
    assert_eq!(
        object(&shown),
        json!({ "path": "/a", "acl": ["world:anyone:r", entry], "aversion": 1 })
    );
    let (code, message) = server.zkctl(&["acl", "/a", "world:anyone:cdrwa"]).fails();
    assert_eq!(code, 77, "{message}");
    let again = [
        "acl",
        "/a",
        "--auth",
        "digest:ann:secret",
        "--version",
        "0",
        entry,
    ];
    let (code, message) = server.zkctl(&again).fails();
    assert_eq!(code, 1);
    assert!(
        message.contains("its ACL's version is 1, not 0"),
        "{message}"
    );
    let (code, message) = server.zkctl(&["acl", "/a", "world:anyone"]).fails();
    assert_eq!(code, 64, "{message}");
    let (code, message) = server.zkctl(&["acl", "--digest", "secret"]).fails();
    assert_eq!(code, 64);
    assert!(message.contains("write USER:PASSWORD"), "{message}");
}

#[test]
fn identities_are_shown_without_their_secrets() {
    let server = Server::start();
    assert_eq!(server.zkctl(&["whoami"]).ok(), "ip:127.0.0.1\n");
    let text = server
        .zkctl(&["whoami", "--auth", "digest:ann:secret"])
        .ok();
    assert_eq!(text, "digest:ann\nip:127.0.0.1\n");
    let text = server
        .zkctl(&["whoami", "--auth", "digest:ann:secret", "--json"])
        .ok();
    let first = text.lines().next().unwrap();
    assert_eq!(object(first), json!({ "scheme": "digest", "user": "ann" }));
}

#[test]
fn a_quota_is_set_shown_and_deleted() {
    let server = Server::start();
    server.zkctl(&["create", "-p", "/app/b", "1234"]).ok();
    assert_eq!(server.zkctl(&["quota"]).ok(), "");
    let set = ["quota", "/app", "--count", "5", "--hard-bytes", "100"];
    assert_eq!(server.zkctl(&set).ok(), "");
    let expected =
        "PATH  NODES  SOFT  HARD  BYTES  SOFT  HARD\n/app  2      5     -     4      -     100\n";
    assert_eq!(server.zkctl(&["quota"]).ok(), expected);
    let shown = object(&server.zkctl(&["quota", "/app", "--json"]).ok());
    assert_eq!(shown["path"], "/app");
    assert_eq!(shown["limits"]["hard_bytes"], 100);
    assert_eq!(shown["limits"]["bytes"], Value::Null);
    assert_eq!(shown["usage"], json!({ "count": 2, "bytes": 4 }));
    let (code, message) = server.zkctl(&["quota", "/app/b", "--count", "5"]).fails();
    assert_eq!(code, 1);
    assert!(
        message.contains("/app has one, and quotas do not nest"),
        "{message}"
    );
    assert_eq!(server.zkctl(&["quota", "/app", "--delete"]).ok(), "");
    let (code, message) = server.zkctl(&["quota", "/app", "--delete"]).fails();
    assert_eq!((code, message.as_str()), (1, "zkctl: /app has no quota\n"));
    assert_eq!(server.zkctl(&["quota", "--count", "5"]).fails().0, 64);
}

#[test]
fn a_standalone_server_has_no_configuration_to_show_or_change() {
    let server = Server::start();
    assert_eq!(server.zkctl(&["config"]).ok(), "");
    let shown = object(&server.zkctl(&["config", "--json"]).ok());
    assert_eq!(shown, json!({ "version": null, "servers": [] }));
    let (code, message) = server.zkctl(&["reconfig", "--remove", "1"]).fails();
    assert_eq!(code, 1);
    assert!(message.contains("reconfigEnabled=true"), "{message}");
    let (code, message) = server.zkctl(&["reconfig", "--add", "zk4"]).fails();
    assert_eq!(code, 64);
    assert!(
        message.contains("server.N=host:port:port:role;address:port"),
        "{message}"
    );
    for wrong in [
        &["reconfig"][..],
        &["reconfig", "--remove", "1", "--version", "xyz"],
        &["reconfig", "--remove", "1", "--members", "server.1=a:1:2;3"],
    ] {
        assert_eq!(server.zkctl(wrong).fails().0, 64, "{wrong:?}");
    }
}
