//! `export`.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use zk_embedded::Match;
use zk_recipes::{Acl, Client, CreateMode};
use zk_wire::OpCode;

use crate::pty::Pty;
use crate::server::Server;
use crate::zkctl::{Running, until};

/// A directory for one test, gone with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let place = std::env::temp_dir().join(format!("zkctl-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(&self.0).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A tree with every kind of data, and of node that is not ephemeral.
pub(crate) fn server() -> Server {
    let server = Server::start();
    for args in [
        &["create", "/app", "top"][..],
        &["create", "/app/a-b", "1"],
        &["create", "/app/a"],
        &["create", "/app/a/x", "gr\u{fc}n\n"],
        &["create", "/app/box", "--container"],
        &["create", "/app/box/in", "2"],
        &["create", "/app/short", "3", "--ttl", "90s"],
    ] {
        server.zkctl(args).ok();
    }
    server
        .zkctl(&["create", "/app/bin", "-"])
        .input(&[0xff, 0])
        .ok();
    server
        .zkctl(&["acl", "/app/a", "world:anyone:cdrwa", "ip:10.0.0.1:r"])
        .ok();
    server.with_client(async |client| client.create("/app/null", "").null().await.unwrap());
    server
}

pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn paths(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| line["path"].as_str())
        .collect()
}

#[test]
fn an_archive_has_a_line_per_node_parents_first_with_data_kind_and_acl() {
    let server = server();
    let found = lines(&server.zkctl(&["export", "/app"]).ok());
    let zxid = &found[0]["zxid"];
    assert_eq!(
        zxid["to"].as_i64().unwrap(),
        zxid["from"].as_i64().unwrap() + 1
    );
    assert_eq!(
        found[0],
        json!({ "zkctl_archive": 1, "root": "/app", "nodes": 9, "zxid": zxid, "consistency": "snapshot" })
    );
    let nodes: Vec<Value> = found[1..]
        .iter()
        .map(|node| {
            let mut node = node.clone();
            let stat = node.as_object_mut().unwrap().remove("stat").unwrap();
            assert_eq!(stat["version"], json!(0));
            node
        })
        .collect();
    let open = json!(["world:anyone:cdrwa"]);
    assert_eq!(
        nodes,
        [
            json!({ "path": "/app", "data": "top", "mode": "persistent", "acl": open }),
            json!({ "path": "/app/a", "data": "", "mode": "persistent", "acl": ["world:anyone:cdrwa", "ip:10.0.0.1:r"] }),
            json!({ "path": "/app/a/x", "data": "grün\n", "mode": "persistent", "acl": open }),
            json!({ "path": "/app/a-b", "data": "1", "mode": "persistent", "acl": open }),
            json!({ "path": "/app/bin", "data_base64": "/wA=", "mode": "persistent", "acl": open }),
            json!({ "path": "/app/box", "data": "", "mode": "persistent", "acl": open }),
            json!({ "path": "/app/box/in", "data": "2", "mode": "persistent", "acl": open }),
            json!({ "path": "/app/null", "data": null, "mode": "persistent", "acl": open }),
            json!({ "path": "/app/short", "data": "3", "mode": "persistent", "acl": open }),
        ]
    );
}

#[test]
fn ephemeral_nodes_are_told_and_what_belongs_to_the_servers_is_left_out() {
    let server = Server::start();
    let text = server.with_client(async |client| {
        let create = client.create("/e", "").mode(CreateMode::Ephemeral);
        create.await.unwrap();
        server.zkctl(&["export", "--no-acl"]).ok()
    });
    let found = lines(&text);
    assert_eq!(paths(&found), ["/", "/e"]);
    assert_eq!(
        (&found[2]["mode"], &found[2]["acl"]),
        (&json!("ephemeral"), &Value::Null)
    );
}

/// An export of `/app` whose first list of children is answered only after `meanwhile`.
fn export_during(server: &Server, args: &[&str], meanwhile: &[&str]) -> Running {
    let hooks = server.hooks();
    let list = Match::op(OpCode::GetChildren).path("/app");
    let rule = hooks.on(list).hold_replies();
    let export = server.zkctl(args).start();
    until("the export reads", || hooks.fired(rule) > 0);
    hooks.remove(rule);
    server.zkctl(meanwhile).ok();
    hooks.release_replies();
    export
}

fn consistency(text: &str) -> String {
    lines(text)[0]["consistency"].as_str().unwrap().to_owned()
}

#[test]
fn an_export_says_whether_the_tree_changed_while_it_was_read() {
    let server = server();
    let changed = export_during(&server, &["export", "/app"], &["set", "/app/a", "new"]).wait();
    assert_eq!(
        (changed.code, consistency(changed.text()).as_str()),
        (Some(0), "fuzzy")
    );
    insta::assert_snapshot!(changed.stderr, @"zkctl: /app may have changed while it was read: each node is as it was then; --exact reads again until nothing changes");
    let elsewhere = export_during(&server, &["export", "/app"], &["create", "/other"]).wait();
    assert_eq!(
        (
            consistency(elsewhere.text()).as_str(),
            elsewhere.stderr.as_str()
        ),
        ("snapshot of nodes", "")
    );
}

#[test]
fn an_exact_export_reads_again_when_the_tree_changed() {
    let server = server();
    let export = export_during(
        &server,
        &["export", "/app", "--exact"],
        &["set", "/app/a", "new"],
    );
    let done = export.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert_eq!(consistency(done.text()), "snapshot");
    assert_eq!(lines(done.text())[2]["data"], json!("new"));
}

#[test]
fn a_file_appears_complete_and_nothing_is_overwritten() {
    let server = server();
    let scratch = Scratch::new("export-file");
    let file = scratch.file("app.jsonl");
    let told = server.zkctl(&["export", "/app", "-o", &file]).ok();
    assert_eq!(
        told,
        format!("exported 9 nodes of /app to {file}: snapshot\n")
    );
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(lines(&text).len(), 10);
    let (code, message) = server.zkctl(&["export", "/", "-o", &file]).fails();
    assert_eq!(code, 65);
    assert_eq!(
        message,
        format!("zkctl: {file} is there already; it is not overwritten\n")
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let other = scratch.file("none.jsonl");
    let (code, message) = server.zkctl(&["export", "/nope", "-o", &other]).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot read /nope: it does not exist (nearest existing: /)");
    assert_eq!(scratch.names(), ["app.jsonl"]);
    let object = server
        .zkctl(&["export", "/app/a", "--json", "-o", &other])
        .ok();
    let object = &lines(&object)[0];
    assert_eq!(
        (&object["nodes"], &object["file"]),
        (&json!(2), &json!(other))
    );
}

#[test]
fn what_may_not_be_read_is_named_and_left_out_only_when_told() {
    let server = server();
    let secret = [Acl::digest("owner", "pw")];
    server.with_client(async |client| {
        client.create("/app/a/s", "").await.unwrap();
        client.create("/app/a/s/below", "").await.unwrap();
        client.set_acl("/app/a/s", secret).await.unwrap();
    });
    let (code, message) = server.zkctl(&["export", "/app"]).fails();
    assert_eq!(code, 77);
    assert!(
        message.contains("no permission to read /app/a/s:"),
        "{message}"
    );
    assert!(
        message.contains("--skip-unreadable leaves out"),
        "{message}"
    );
    let done = server.zkctl(&["export", "/app", "--skip-unreadable"]).run();
    assert_eq!(lines(done.text()).len(), 10);
    insta::assert_snapshot!(done.stderr, @"zkctl: 1 node(s) may not be read and are left out, with what is below them");
}

/// So many nodes below `/big`, some of them on several levels.
pub(crate) async fn grow(client: &Client, families: usize, children: usize) {
    client.create("/big", "").await.unwrap();
    for family in 0..families {
        let top = format!("/big/{family:03}");
        let mut creates = vec![client.create(&top, "").submit()];
        creates.extend(
            (0..children).map(|n| client.create(&format!("{top}/{n:03}"), "data").submit()),
        );
        for create in creates {
            create.await.unwrap();
        }
    }
}

#[test]
fn a_large_tree_is_read_in_few_requests_and_in_order() {
    let server = Server::start();
    server.with_client(async |client| grow(client, 60, 40).await);
    let hooks = server.hooks();
    let before = hooks.count(OpCode::GetData) + hooks.count(OpCode::GetChildren);
    let text = server.zkctl(&["export", "/big", "--no-acl"]).ok();
    let single = hooks.count(OpCode::GetData) + hooks.count(OpCode::GetChildren) - before;
    let found = lines(&text);
    let paths = paths(&found);
    assert_eq!(paths.len(), 1 + 60 + 60 * 40);
    // Names of one length: the order of archives is that of bytes.
    assert!(paths.is_sorted());
    assert!(single < 500, "{single} single requests");
    assert!(hooks.count(OpCode::MultiRead) > 0);
}

#[test]
fn long_work_shows_a_bar_on_a_terminal_alone() {
    let server = Server::start();
    server.with_client(async |client| grow(client, 30, 40).await);
    let shown = shown(&server, &["export", "/big"], "of 1,231 nodes");
    assert!(shown.contains("exporting"), "{shown:?}");
    assert_eq!(said(&server, &["export", "/big"]), "");
}

fn with_stderr(server: &Server, args: &[&str], stderr: Stdio) -> Child {
    Command::new(env!("CARGO_BIN_EXE_zkctl"))
        .args(args)
        .args(["--connect", &server.connect_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .env("TERM", "xterm")
        .spawn()
        .unwrap()
}

/// What is shown on a terminal, up to this; it ends well.
pub(crate) fn shown(server: &Server, args: &[&str], up_to: &str) -> String {
    let pty = Pty::open();
    let screen = pty.screen();
    let mut child = with_stderr(server, args, pty.slave().into());
    let shown = screen.until(up_to);
    assert!(child.wait().unwrap().success());
    shown
}

/// What is said where there is no terminal; it ends well.
pub(crate) fn said(server: &Server, args: &[&str]) -> String {
    let done = with_stderr(server, args, Stdio::piped()).wait_with_output();
    let done = done.unwrap();
    assert!(done.status.success());
    String::from_utf8(done.stderr).unwrap()
}

#[test]
fn a_reader_that_goes_away_ends_an_export_without_a_word() {
    let server = server();
    let mut child = Command::new(env!("CARGO_BIN_EXE_zkctl"))
        .args(["export", "/app", "--connect", &server.connect_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(
        (done.status.code(), done.stderr.as_slice()),
        (Some(141), b"".as_slice())
    );
}
