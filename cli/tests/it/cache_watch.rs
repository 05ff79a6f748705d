//! `cache-watch`.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::server::Server;
use crate::zkctl::Running;

fn next(running: &Running) -> Value {
    serde_json::from_str(&running.line()).unwrap()
}

fn is_told(told: &Value, event: &str, path: &str, data: Value) {
    assert_eq!(
        (&told["event"], &told["path"], &told["data"]),
        (&json!(event), &json!(path), &data),
        "{told}"
    );
}

#[test]
fn each_change_is_told_with_what_the_node_is_now_until_ctrl_c() {
    let server = Server::start();
    server.zkctl(&["create", "-p", "/config/a", "1"]).ok();
    let args = ["cache-watch", "/config", "--json", "--initial"];
    let running = server.zkctl(&args).start();
    let loaded = next(&running);
    assert_eq!(
        (&loaded["event"], &loaded["nodes"]),
        (&json!("loaded"), &json!(2))
    );
    assert!(loaded["zxid"].as_i64().unwrap() > 0);
    is_told(&next(&running), "exists", "/config", json!(""));
    is_told(&next(&running), "exists", "/config/a", json!("1"));
    server.zkctl(&["set", "/config/a", "2"]).ok();
    let updated = next(&running);
    is_told(&updated, "updated", "/config/a", json!("2"));
    assert_eq!(updated["stat"]["version"], json!(1));
    server.zkctl(&["create", "/config/b"]).ok();
    is_told(&next(&running), "created", "/config/b", json!(""));
    server.zkctl(&["rm", "/config/b"]).ok();
    is_told(&next(&running), "deleted", "/config/b", Value::Null);
    running.signal(Signal::INT);
    let done = running.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert_eq!(server.hooks().watch_count(), 0);
}

#[test]
fn an_outage_is_told_with_what_it_came_to() {
    let server = Server::start();
    server.zkctl(&["create", "-p", "/config/a", "1"]).ok();
    let running = server.zkctl(&["cache-watch", "/config", "--json"]).start();
    assert_eq!(next(&running)["event"], json!("loaded"));
    let hooks = server.hooks();
    hooks.refuse_connections(true);
    hooks.cut_all();
    assert_eq!(next(&running)["event"], json!("stale"));
    hooks.refuse_connections(false);
    server.zkctl(&["set", "/config/a", "2"]).ok();
    let mut seen = vec![next(&running)];
    while seen.last().unwrap()["event"] != json!("fresh") {
        seen.push(next(&running));
    }
    // It may be there again before the write.
    if seen.len() == 1 {
        seen.insert(0, next(&running));
    }
    is_told(&seen[0], "updated", "/config/a", json!("2"));
}

#[test]
fn a_node_that_was_made_again_in_an_outage_is_told_as_another_one() {
    let server = Server::start();
    server.zkctl(&["create", "-p", "/config/a", "1"]).ok();
    let running = server.zkctl(&["cache-watch", "/config", "--json"]).start();
    assert_eq!(next(&running)["event"], json!("loaded"));
    let hooks = server.hooks();
    let follower = hooks.sessions()[0].id;
    server.with_client(async |client| {
        hooks.refuse_connections(true);
        hooks.cut_session(follower);
        client.delete("/config/a").await.unwrap();
        client.create("/config/a", "1").await.unwrap();
        hooks.refuse_connections(false);
    });
    assert_eq!(next(&running)["event"], json!("stale"));
    is_told(&next(&running), "recreated", "/config/a", json!("1"));
    assert_eq!(next(&running)["event"], json!("fresh"));
}

#[test]
fn a_node_alone_or_with_its_children_is_followed_for_so_many_changes() {
    let server = Server::start();
    let node = server
        .zkctl(&["cache-watch", "/n", "--node", "--count", "1"])
        .start();
    assert!(node.line().contains("  loaded     0 nodes"));
    let children = server
        .zkctl(&["cache-watch", "/n", "--children", "-n", "2"])
        .start();
    assert!(children.line().contains("  loaded     0 nodes"));
    server.zkctl(&["create", "-p", "/n/child/deep", "x"]).ok();
    assert!(node.line().ends_with("  created    /n  0 bytes"));
    assert_eq!(node.wait().code, Some(0));
    assert!(children.line().ends_with("  created    /n  0 bytes"));
    assert!(children.line().ends_with("  created    /n/child  0 bytes"));
    assert_eq!(children.wait().code, Some(0));
}
