//! `import`.

use serde_json::json;
use zk_embedded::{EmbeddedServer, Match};
use zk_wire::{ErrorCode, OpCode};

use crate::export::{Scratch, grow, lines, said, server, shown};
use crate::server::Server;
use crate::zkctl::until;

/// An archive of nodes below `/app`, as people write them.
fn archive(nodes: &[&str]) -> String {
    let mut text = "{\"zkctl_archive\":1,\"root\":\"/app\"}\n".to_owned();
    for node in nodes {
        text.push_str(node);
        text.push('\n');
    }
    text
}

const APP: &str = r#"{"path":"/app","data":"top"}"#;
const A: &str = r#"{"path":"/app/a","data":"1"}"#;
const B: &str = r#"{"path":"/app/b","data":"2"}"#;

#[test]
fn a_tree_comes_back_as_it_was_on_another_server_and_in_another_place() {
    let from = server();
    let archive = from.zkctl(&["export", "/app"]).ok();
    let to = Server::start();
    let told = to.zkctl(&["import", "-"]).input(archive.as_bytes()).ok();
    assert_eq!(told, "created 9\n");
    let other = to.connect_string();
    assert_eq!(
        from.zkctl(&["diff", "/app", "/app", "--other", &other])
            .ok(),
        ""
    );
    let args = ["import", "-", "--at", "/deep/copy"];
    let (code, message) = to.zkctl(&args).input(archive.as_bytes()).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot create /deep/copy: parent /deep is missing (nearest existing: /); use .parents(), or -p in zkctl, to create it too; so far created 0; run it again to go on");
    let told = to
        .zkctl(&[&args[..], &["-p"]].concat())
        .input(archive.as_bytes())
        .ok();
    assert_eq!(told, "created 9\n");
    assert_eq!(to.zkctl(&["diff", "/app", "/deep/copy"]).ok(), "");
}

#[test]
fn ephemeral_nodes_are_left_out_and_counted() {
    let server = Server::start();
    let text = archive(&[APP, r#"{"path":"/app/e","mode":"ephemeral"}"#]);
    let told = server.zkctl(&["import", "-"]).input(text.as_bytes()).ok();
    assert_eq!(told, "created 1, 1 ephemeral and left out\n");
    assert_eq!(server.hooks().paths(), ["/app"]);
}

#[test]
fn an_import_that_is_run_again_changes_nothing() {
    let server = Server::start();
    let text = archive(&[APP, A, B]);
    let import = || {
        server
            .zkctl(&["import", "-", "--json"])
            .input(text.as_bytes())
            .ok()
    };
    assert_eq!(lines(&import())[0]["created"], json!(3));
    let zxid = server.hooks().node("/app/a").unwrap().stat;
    assert_eq!(
        lines(&import()),
        [
            json!({ "path": "/app", "created": 0, "overwritten": 0, "skipped": 0, "unchanged": 3, "conflicts": 0, "ephemeral": 0 })
        ]
    );
    assert_eq!(server.hooks().node("/app/a").unwrap().stat, zxid);
}

/// A server where `/app/a` is there already with other data.
fn taken() -> Server {
    let server = Server::start();
    for args in [&["create", "/app", "top"], &["create", "/app/a", "mine"]] {
        server.zkctl(args).ok();
    }
    server
}

#[test]
fn nothing_is_written_if_a_node_is_in_the_way_unless_told() {
    let server = taken();
    let text = archive(&[APP, A, B]);
    let (code, message) = server
        .zkctl(&["import", "-"])
        .input(text.as_bytes())
        .fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: in the way, there already and not as in the file: /app/a (data); nothing was written; --existing skip leaves such nodes as they are, --existing overwrite replaces their data and ACL, --dry-run shows each");
    assert_eq!(server.hooks().paths(), ["/app", "/app/a"]);
    let skip = ["import", "-", "--existing", "skip"];
    let told = server.zkctl(&skip).input(text.as_bytes()).ok();
    assert_eq!(
        told,
        "created 1, 1 skipped (they differ), 1 there already as in the file\n"
    );
    assert_eq!(
        (server.data("/app/a"), server.data("/app/b")),
        (b"mine".to_vec(), b"2".to_vec())
    );
    let overwrite = ["import", "-", "--existing", "overwrite"];
    let told = server.zkctl(&overwrite).input(text.as_bytes()).ok();
    assert_eq!(
        told,
        "created 0, 1 overwritten, 2 there already as in the file\n"
    );
    assert_eq!(server.data("/app/a"), b"1");
}

#[test]
fn an_acl_is_overwritten_too() {
    let server = taken();
    let text = archive(&[
        APP,
        r#"{"path":"/app/a","data":"mine","acl":["world:anyone:r"]}"#,
    ]);
    let overwrite = ["import", "-", "--existing", "overwrite"];
    let told = server.zkctl(&overwrite).input(text.as_bytes()).ok();
    assert_eq!(
        told,
        "created 0, 1 overwritten, 1 there already as in the file\n"
    );
    assert_eq!(server.zkctl(&["acl", "/app/a"]).ok(), "world:anyone:r\n");
}

#[test]
fn containers_and_ttl_nodes_are_created_as_what_the_file_says() {
    let server = Server::start();
    let text = archive(&[
        APP,
        r#"{"path":"/app/box","mode":"container"}"#,
        r#"{"path":"/app/box/in"}"#,
        r#"{"path":"/app/short","mode":"ttl","ttl_ms":1}"#,
    ]);
    let told = server.zkctl(&["import", "-"]).input(text.as_bytes()).ok();
    assert_eq!(told, "created 4\n");
    server.zkctl(&["rm", "/app/box/in"]).ok();
    let hooks = server.hooks();
    until("both are reaped", || {
        hooks.run_reaper();
        hooks.paths() == ["/app"]
    });
}

#[test]
fn a_dry_run_tells_each_node_and_writes_nothing() {
    let server = taken();
    let text = archive(&[APP, A, B, r#"{"path":"/app/e","mode":"ephemeral"}"#]);
    let dry = |more: &[&str]| {
        let args = [&["import", "-", "--dry-run"], more].concat();
        server.zkctl(&args).input(text.as_bytes()).run()
    };
    let conflict = dry(&[]);
    assert_eq!((conflict.code, conflict.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(conflict.text(), @r"
    leave out  /app/e  (ephemeral)
    conflict   /app/a  (data)
    create     /app/b
    would have created 1, 1 there already as in the file, 1 in conflict, 1 ephemeral and left out
    ");
    let overwrite = dry(&["--existing", "overwrite", "--json"]);
    assert_eq!(overwrite.code, Some(0));
    let told = lines(overwrite.text());
    assert_eq!(
        told[0],
        json!({ "action": "leave out", "path": "/app/e", "differs": ["ephemeral"] })
    );
    assert_eq!(
        told[1],
        json!({ "action": "overwrite", "path": "/app/a", "differs": ["data"] })
    );
    assert_eq!(
        told[2],
        json!({ "action": "create", "path": "/app/b", "differs": [] })
    );
    assert_eq!(server.hooks().paths(), ["/app", "/app/a"]);
    assert_eq!(server.data("/app/a"), b"mine");
}

#[test]
fn a_create_whose_answer_is_lost_counts_once_and_is_made_once() {
    for after in [true, false] {
        let server = Server::start();
        let hooks = server.hooks();
        let create = hooks.on(Match::op(OpCode::Create2).path("/app/b").nth(1));
        let rule = if after {
            create.cut_after_apply()
        } else {
            create.cut_before_apply()
        };
        let text = archive(&[APP, A, B, r#"{"path":"/app/b/c"}"#]);
        let told = server.zkctl(&["import", "-"]).input(text.as_bytes()).ok();
        assert_eq!(
            (told.as_str(), hooks.fired(rule)),
            ("created 4\n", 1),
            "{after}"
        );
        assert_eq!(server.data("/app/b"), b"2");
        assert_eq!(
            server.hooks().paths(),
            ["/app", "/app/a", "/app/b", "/app/b/c"]
        );
    }
}

#[test]
fn an_overwrite_whose_answer_is_lost_is_made_once() {
    let server = taken();
    let hooks = server.hooks();
    let rule = hooks
        .on(Match::op(OpCode::SetData).nth(1))
        .cut_after_apply();
    let text = archive(&[APP, A]);
    let overwrite = ["import", "-", "--existing", "overwrite"];
    let told = server.zkctl(&overwrite).input(text.as_bytes()).ok();
    assert_eq!(
        told,
        "created 0, 1 overwritten, 1 there already as in the file\n"
    );
    assert_eq!(
        (
            hooks.fired(rule),
            hooks.node("/app/a").unwrap().stat.version
        ),
        (1, 1)
    );
}

#[test]
fn an_import_that_fails_halfway_says_how_much_was_done() {
    let server = Server::start();
    let hooks = server.hooks();
    hooks
        .on(Match::op(OpCode::Create2).path("/app/b"))
        .error(ErrorCode::QuotaExceeded);
    let text = archive(&[APP, A, B]);
    let (code, message) = server
        .zkctl(&["import", "-"])
        .input(text.as_bytes())
        .fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot create /app/b: a quota would be exceeded; so far created 2; run it again to go on");
}

#[test]
fn ttl_nodes_that_a_server_refuses_can_be_made_persistent() {
    let builder = EmbeddedServer::builder().configure(|config| config.extended_types = false);
    let server = Server::start_as(builder);
    let text = archive(&[APP, r#"{"path":"/app/t","mode":"ttl","ttl_ms":9}"#]);
    let (code, message) = server
        .zkctl(&["import", "-"])
        .input(text.as_bytes())
        .fails();
    assert_eq!(code, 1);
    assert!(message.contains("--persistent makes"), "{message}");
    let told = server
        .zkctl(&["import", "-", "--persistent"])
        .input(text.as_bytes())
        .ok();
    assert_eq!(told, "created 1, 1 there already as in the file\n");
}

#[test]
fn a_file_is_checked_to_its_end_before_anything_is_written() {
    let server = Server::start();
    let with_count = |count: u32| {
        format!("{{\"zkctl_archive\":1,\"root\":\"/app\",\"nodes\":{count}}}\n{APP}\n{A}\n")
    };
    let cut = |text: String| text[..text.len() - 3].to_owned();
    let mut messages = String::new();
    for text in [
        String::new(),
        "hello\n".to_owned(),
        "{\"zkctl_archive\":2,\"root\":\"/app\"}\n".to_owned(),
        archive(&[APP, B, A]),
        archive(&[A]),
        archive(&[APP, r#"{"path":"/app/a/b"}"#]),
        archive(&[APP, r#"{"path":"/other"}"#]),
        archive(&[APP, r#"{"path":"/app/x","data":7}"#]),
        archive(&[APP, A, r#"{"path":"/app/x","acl":["digest:ann:x:cdrwa"]}"#]),
        with_count(3),
        cut(with_count(2)),
    ] {
        let (code, message) = server
            .zkctl(&["import", "-"])
            .input(text.as_bytes())
            .fails();
        assert_eq!(code, 65, "{text}");
        messages.push_str(&message);
    }
    insta::assert_snapshot!(messages, @r#"
    zkctl: stdin:1: the first line is not that of an archive; `zkctl export` writes one
    zkctl: stdin:1: the first line is not that of an archive; `zkctl export` writes one
    zkctl: stdin:1: its format is another one than 1; a later zkctl wrote it and reads it
    zkctl: stdin:4: /app/a stands after /app/b; parents come first and siblings by name
    zkctl: stdin:2: /app/a stands before /app; the root comes first
    zkctl: stdin:3: /app/a/b has no line for /app/a before it
    zkctl: stdin:3: /other is not below /app, which the first line names
    zkctl: stdin:3: /app/x: "data" is no text
    zkctl: the ACL of /app/x was exported without the hash of its password (digest:ann:x:cdrwa); export as an identity that may administer it, or give all nodes an ACL with --acl
    zkctl: stdin:4: it has 2 of the 3 nodes that its first line promises: it was cut off or changed; export again, or take "nodes" out of that line
    zkctl: stdin:3: the line has no end: the file was cut off; export again
    "#);
    let (code, message) = server.zkctl(&["import", "/nowhere/x.jsonl"]).fails();
    assert_eq!(code, 65);
    insta::assert_snapshot!(message, @"zkctl: cannot read /nowhere/x.jsonl: No such file or directory (os error 2)");
    assert_eq!(server.hooks().paths(), [""; 0]);
}

#[test]
fn what_belongs_to_the_servers_is_not_imported() {
    let server = Server::start();
    let args = ["import", "-", "--at", "/zookeeper/x"];
    let (code, message) = server
        .zkctl(&args)
        .input(archive(&[APP]).as_bytes())
        .fails();
    assert_eq!(code, 65);
    insta::assert_snapshot!(message, @"zkctl: /zookeeper/x belongs to the servers and cannot be imported");
}

#[test]
fn a_large_tree_is_imported_in_portions_and_comes_back_the_same() {
    let server = Server::start();
    server.with_client(async |client| grow(client, 20, 40).await);
    let scratch = Scratch::new("import-large");
    let file = scratch.file("big.jsonl");
    server.zkctl(&["export", "/big", "-o", &file]).ok();
    let told = server.zkctl(&["import", &file, "--at", "/copy"]).ok();
    assert_eq!(told, "created 821\n");
    assert_eq!(
        server.zkctl(&["diff", &format!("@{file}"), "/copy"]).ok(),
        ""
    );
}

#[test]
fn a_long_import_shows_a_bar_on_a_terminal_alone() {
    let server = Server::start();
    server.with_client(async |client| grow(client, 30, 40).await);
    let scratch = Scratch::new("import-bar");
    let file = scratch.file("big");
    server.zkctl(&["export", "/big", "-o", &file]).ok();
    let shown = shown(&server, &["import", &file, "--at", "/one"], "importing");
    assert!(!shown.contains("exporting"), "{shown:?}");
    assert_eq!(said(&server, &["import", &file, "--at", "/two"]), "");
    for copy in ["/one", "/two"] {
        assert_eq!(server.zkctl(&["diff", "/big", copy]).ok(), "");
    }
}
