//! The command line tool on a real server: trees that are exported, imported and compared, queues, services. What it prints in
//! each case is tested next to it, on embedded servers.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use zk_recipes::{Acl, Client, CreateMode, Permissions, Queue};
use zk_tests::RealServer;

/// The command line tool, which cargo builds next to the tests when it tests the workspace.
pub(crate) fn zkctl() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let zkctl = tests.ancestors().nth(2).unwrap().join("zkctl");
    let missing = "there is no zkctl next to the tests; `cargo build --package zkctl` makes it";
    assert!(zkctl.exists(), "{missing}");
    zkctl
}

/// As whom it runs: servers show the hash of a password to whoever may change the ACL.
const USER: &str = "ops";
const PASSWORD: &str = "of-the-tree";

/// Runs it on the shared server; its exit code and what it printed.
fn run(args: &[&str], input: &str) -> (Option<i32>, String) {
    let mut command = Command::new(zkctl());
    let child = command
        .env("ZK_CONNECT", RealServer::shared().connect_string())
        .env("ZK_AUTH", format!("digest:{USER}:{PASSWORD}"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that reads nothing may have ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let done = child.wait_with_output().unwrap();
    (done.status.code(), String::from_utf8(done.stdout).unwrap())
}

/// What it printed where it had nothing to complain of.
#[track_caller]
fn ok(args: &[&str], input: &str) -> String {
    let (code, text) = run(args, input);
    assert_eq!(code, Some(0), "{args:?}: {text}");
    text
}

async fn connect() -> Client {
    let connect = RealServer::shared().connect_string();
    Client::builder(connect).connect().await.unwrap()
}

#[tokio::test]
async fn zkctl_brings_a_tree_of_a_real_server_back_as_it_was_and_tells_what_is_changed_then() {
    let zk = connect().await;
    let top = "/zkctl-tree";
    zk.create(top, "top").await.unwrap();
    zk.create(&format!("{top}/a"), vec![0xff, 0]).await.unwrap();
    zk.create(&format!("{top}/a/below"), "gr\u{fc}n\n")
        .await
        .unwrap();
    zk.create(&format!("{top}/empty"), "").await.unwrap();
    zk.create(&format!("{top}/null"), "").null().await.unwrap();
    let container = zk.create(&format!("{top}/box"), "");
    container.mode(CreateMode::Container).await.unwrap();
    let numbered = zk.create(&format!("{top}/n"), "5");
    let numbered = numbered.mode(CreateMode::PersistentSequential);
    numbered.await.unwrap();
    let acl = [
        Acl::read_only(),
        Acl {
            perms: Permissions::ALL,
            ..Acl::digest(USER, PASSWORD)
        },
    ];
    zk.set_acl(&format!("{top}/a/below"), acl).await.unwrap();

    let archive = ok(&["export", top], "");
    let into = ["import", "-", "--at", "/zkctl-copies/1", "-p"];
    assert_eq!(ok(&into, &archive), "created 7\n");
    assert_eq!(ok(&["diff", top, "/zkctl-copies/1"], ""), "");

    zk.set("/zkctl-copies/1/empty", "full").await.unwrap();
    zk.delete("/zkctl-copies/1/null").await.unwrap();
    zk.create("/zkctl-copies/1/new", "").await.unwrap();
    zk.set_acl("/zkctl-copies/1/a", [Acl::read_only()])
        .await
        .unwrap();
    let (code, told) = run(&["diff", top, "/zkctl-copies/1"], "");
    assert_eq!(code, Some(1));
    let wanted = "~ /a  (acl)\n~ /empty  (data)\n+ /new\n- /null\n";
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn zkctl_puts_into_and_takes_from_a_queue_on_a_real_server_in_order() {
    let zk = connect().await;
    let path = "/zkctl-queue";
    let text: String = (0..60).map(|n| format!("job {n}\n")).collect();
    ok(&["queue", "put", path, "--lines"], &text);
    let queue = Queue::new(&zk, path).unwrap();
    assert_eq!(queue.len().await.unwrap(), 60);
    let listed: Value = serde_json::from_str(&ok(&["queue", "ls", "--json", path], "")).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 60);
    let first = queue.take().await.unwrap();
    assert_eq!(first.data(), b"job 0");
    let rest = text.strip_prefix("job 0\n").unwrap();
    assert_eq!(ok(&["queue", "take", path, "-n", "59"], ""), rest);
    let (code, _) = run(&["queue", "take", path, "--timeout", "0s"], "");
    assert_eq!(code, Some(75));
}

#[tokio::test]
async fn zkctl_registers_a_service_on_a_real_server_while_its_command_runs() {
    let zkctl = zkctl();
    let look = format!("{} services /zkctl-services web --json", zkctl.display());
    let base = ["register", "/zkctl-services", "web", "--id", "one"];
    let rest = ["--address", "10.0.0.7", "--port", "80"];
    let args = [&base[..], &rest, &["--", "sh", "-c", &look]].concat();
    let seen: Value = serde_json::from_str(&ok(&args, "")).unwrap();
    let of = |field: &str| seen[field].clone();
    assert_eq!(
        [
            of("service"),
            of("id"),
            of("address"),
            of("port"),
            of("enabled")
        ],
        [
            json!("web"),
            json!("one"),
            json!("10.0.0.7"),
            json!(80),
            json!(true)
        ]
    );
    assert_eq!(
        ok(&["services", "/zkctl-services", "web", "--json"], ""),
        ""
    );
}
