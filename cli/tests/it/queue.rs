//! `queue`.

use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::export::lines;
use crate::process::{announced, is_gone};
use crate::server::Server;
use crate::zkctl::{Running, until};

const JOBS: &str = "/queues/jobs";

fn put(server: &Server, items: &[&str]) {
    for item in items {
        server.zkctl(&["queue", "put", JOBS, item]).ok();
    }
}

fn listed(server: &Server, args: &[&str]) -> Vec<Value> {
    let text = server
        .zkctl(&[&["queue", "ls", "--json", JOBS], args].concat())
        .ok();
    lines(&text)[0]["items"].as_array().unwrap().clone()
}

#[test]
fn items_are_taken_in_the_order_in_which_they_were_put() {
    let server = Server::start();
    assert_eq!(
        server.zkctl(&["queue", "ls", JOBS]).ok(),
        "/queues/jobs is empty\n"
    );
    let node = server.zkctl(&["queue", "put", JOBS, "one"]).ok();
    assert_eq!(node, "/queues/jobs/queue-0000000000\n");
    put(&server, &["two", "three"]);
    assert_eq!(listed(&server, &[]).len(), 3);
    assert_eq!(server.zkctl(&["queue", "take", JOBS]).ok(), "one\n");
    assert_eq!(
        server.zkctl(&["queue", "take", JOBS, "-n", "2"]).ok(),
        "two\nthree\n"
    );
    let (code, message) = server
        .zkctl(&["queue", "take", JOBS, "--timeout", "0s"])
        .fails();
    assert_eq!(code, 75);
    insta::assert_snapshot!(message, @"zkctl: no item of /queues/jobs came at once; `zkctl queue ls /queues/jobs` shows what is there");
    assert_eq!(listed(&server, &[]), [Value::Null; 0]);
}

#[test]
fn each_line_of_stdin_is_an_item() {
    let server = Server::start();
    let text: String = (0..250).map(|n| format!("job {n}\n")).collect();
    let put = ["queue", "put", JOBS, "--lines", "--json"];
    let placed = lines(&server.zkctl(&put).input(text.as_bytes()).ok());
    assert_eq!(placed.len(), 250);
    let taken = server.zkctl(&["queue", "take", JOBS, "-n", "250"]).ok();
    assert_eq!(taken, text);
}

#[test]
fn the_layout_says_in_which_order_items_come() {
    let server = Server::start();
    let priority = ["--layout", "priority"];
    for (item, number) in [("later", "1"), ("first", "-1"), ("between", "0")] {
        let args = [
            &["queue", "put", JOBS, item, "--priority", number][..],
            &priority,
        ]
        .concat();
        server.zkctl(&args).ok();
    }
    let items = listed(&server, &priority);
    let priorities: Vec<_> = items.iter().map(|item| item["priority"].clone()).collect();
    assert_eq!(priorities, [json!(-1), json!(0), json!(1)]);
    let take = [&["queue", "take", JOBS, "-n", "3"][..], &priority].concat();
    assert_eq!(server.zkctl(&take).ok(), "first\nbetween\nlater\n");
    let delayed = [
        "queue", "put", "/mails", "x", "--layout", "delay", "--due-in", "1h",
    ];
    server.zkctl(&delayed).ok();
    let take = [
        "queue",
        "take",
        "/mails",
        "--layout",
        "delay",
        "--timeout",
        "0s",
    ];
    assert_eq!(server.zkctl(&take).fails().0, 75);
    let (code, message) = server
        .zkctl(&["queue", "put", JOBS, "x", "--priority", "1"])
        .fails();
    assert_eq!(code, 1);
    assert!(message.contains("has no priorities"), "{message}");
}

#[test]
fn a_command_finds_the_item_on_its_stdin_and_completes_it_by_ending_with_0() {
    let server = Server::start();
    put(&server, &["a", "b"]);
    let script = "echo \"$ZK_QUEUE_ATTEMPT $ZK_QUEUE_ITEM $(cat)\"; test -n \"$ZK_QUEUE_TOKEN\"";
    let args = ["queue", "take", JOBS, "-n", "2", "--", "sh", "-c", script];
    assert_eq!(
        server.zkctl(&args).ok(),
        "1 /queues/jobs/queue-0000000000 a\n1 /queues/jobs/queue-0000000001 b\n"
    );
    assert_eq!(listed(&server, &[]).len(), 0);
}

#[test]
fn an_item_whose_command_fails_is_given_back_in_its_place_and_put_aside_after_so_many_attempts() {
    let server = Server::start();
    put(&server, &["a", "b"]);
    let args = ["queue", "take", JOBS, "--", "sh", "-c", "exit 7"];
    let done = server.zkctl(&args).run();
    assert_eq!(done.code, Some(7));
    insta::assert_snapshot!(done.stderr, @"zkctl: the command ended with 7: /queues/jobs/queue-0000000000 is given back");
    let attempt = [
        "queue",
        "take",
        JOBS,
        "--max-attempts",
        "2",
        "--",
        "sh",
        "-c",
        "echo $ZK_QUEUE_ATTEMPT $(cat); exit 7",
    ];
    assert_eq!(server.zkctl(&attempt).run().text(), "2 a\n");
    assert_eq!(server.zkctl(&attempt).run().text(), "1 b\n");
    assert_eq!(listed(&server, &[]).len(), 1, "the first one is aside");
}

#[test]
fn an_item_in_work_is_out_of_the_others_reach_and_comes_back_when_its_consumer_is_killed() {
    let server = Server::start();
    put(&server, &["a"]);
    let args = [
        "queue",
        "take",
        JOBS,
        "--session-timeout",
        "3s",
        "--",
        "sh",
        "-c",
        "echo works; exec sleep 600",
    ];
    let worker = server.zkctl(&args).start();
    assert_eq!(worker.line(), "works");
    assert_eq!(listed(&server, &[])[0]["claimed"], json!(true));
    assert_eq!(
        server
            .zkctl(&["queue", "take", JOBS, "--timeout", "0s"])
            .fails()
            .0,
        75
    );
    let next = server.zkctl(&["queue", "take", JOBS, "--json"]).start();
    let session = server.hooks().sessions()[0].id;
    worker.signal(Signal::KILL);
    server.hooks().expire(session);
    let taken = lines(next.wait().text());
    assert_eq!(
        (&taken[0]["data"], &taken[0]["attempt"]),
        (&json!("a"), &json!(2))
    );
}

/// Ignores SIGTERM for ever, after it and its child have told their process ids.
const DEAF: &str = "trap '' TERM; sh -c 'echo $$; while :; do sleep 0.01; done' & echo $$; wait";

/// A consumer whose command is at work, with the processes of that.
fn at_work(server: &Server) -> (Running, [Pid; 2]) {
    put(server, &["a"]);
    let take = ["queue", "take", JOBS, "--session-timeout", "3s"];
    let args = [&take[..], &["--", "sh", "-c", DEAF]].concat();
    let worker = server.zkctl(&args).start();
    let ids = [announced(&worker), announced(&worker)];
    (worker, ids)
}

#[test]
fn a_command_whose_claim_is_lost_is_stopped_with_its_children() {
    let server = Server::start();
    let (worker, ids) = at_work(&server);
    let lock = server.below("/queues/_locks_jobs");
    server.zkctl(&["rm", &lock[0]]).ok();
    let done = worker.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
    let said = "the command was stopped, and somebody else has the item or will";
    assert!(done.stderr.contains(said), "{done:?}");
    assert!(ids.into_iter().all(is_gone), "{ids:?}");
    assert_eq!(server.zkctl(&["queue", "take", JOBS]).ok(), "a\n");
}

#[test]
fn a_command_whose_servers_are_out_of_reach_is_stopped_before_others_get_the_item() {
    let server = Server::start();
    let (worker, ids) = at_work(&server);
    let lock = server.below("/queues/_locks_jobs").remove(0);
    server.hooks().refuse_connections(true);
    server.hooks().cut_all();
    server.until("the session has expired", |core| core.node(&lock).is_none());
    assert!(ids.into_iter().all(is_gone), "{ids:?}");
    assert_eq!(worker.wait().code, Some(76));
}

#[test]
fn a_command_does_not_outlive_its_consumer_that_was_killed() {
    let server = Server::start();
    let (worker, ids) = at_work(&server);
    worker.signal(Signal::KILL);
    let said = worker.wait().stderr;
    assert!(
        said.contains("killed while it held /queues/jobs/queue-0000000000 (token "),
        "{said}"
    );
    until("the command is gone", || ids.into_iter().all(is_gone));
    let locks = server.below("/queues/_locks_jobs");
    assert_eq!(locks.len(), 1, "in good time");
}

#[test]
fn a_second_sigterm_stops_a_command_and_gives_its_item_back() {
    let server = Server::start();
    let (worker, ids) = at_work(&server);
    // Signals of one kind merge while nobody has looked, so it is sent until it is seen twice.
    until("zkctl has ended", || {
        worker.signal(Signal::TERM);
        std::thread::sleep(Duration::from_millis(20));
        is_gone(worker.id())
    });
    let done = worker.wait();
    assert_eq!(done.code, Some(143), "{done:?}");
    assert!(done.stderr.contains("is given back"), "{done:?}");
    assert!(ids.into_iter().all(is_gone), "{ids:?}");
    assert_eq!(server.zkctl(&["queue", "take", JOBS]).ok(), "a\n");
}

#[test]
fn a_put_whose_answer_is_lost_is_put_once() {
    let server = Server::start();
    put(&server, &["a"]);
    let hooks = server.hooks();
    let rule = hooks.on(Match::op(OpCode::Multi).nth(1)).cut_after_apply();
    put(&server, &["b"]);
    assert_eq!(hooks.fired(rule), 1);
    assert_eq!(
        server.zkctl(&["queue", "take", JOBS, "-n", "2"]).ok(),
        "a\nb\n"
    );
    assert_eq!(listed(&server, &[]).len(), 0);
}

#[test]
fn a_consumer_ends_with_the_signal_that_ended_it_and_gives_its_item_back() {
    let server = Server::start();
    put(&server, &["a"]);
    let args = [
        "queue",
        "take",
        JOBS,
        "--forever",
        "--",
        "sh",
        "-c",
        "echo works; exec sleep 600",
    ];
    let worker = server.zkctl(&args).start();
    assert_eq!(worker.line(), "works");
    worker.signal(Signal::TERM);
    assert_eq!(worker.wait().code, Some(143));
    assert_eq!(listed(&server, &[])[0]["claimed"], json!(false));
    let taken = server
        .zkctl(&["queue", "take", JOBS, "--at-most-once"])
        .ok();
    assert_eq!(taken, "a\n");
    let waits = server.zkctl(&["queue", "take", JOBS]).start();
    server.until("it waits", |core| core.watch_count() > 0);
    waits.signal(Signal::INT);
    assert_eq!(waits.wait().code, Some(130));
}
