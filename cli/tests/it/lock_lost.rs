//! `lock`, when the lock is lost or in doubt.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::server::Server;
use crate::zkctl::{Done, Running, SESSION};

/// A `zkctl lock /l` whose command has a child of its own, which ignores SIGTERM; yields both ids.
fn family(server: &Server, options: &[&str]) -> (Running, [Pid; 2]) {
    let text = "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.01; done' & echo $$; wait";
    let args = [&["lock", "/l"], options, &["--", "sh", "-c", text]].concat();
    let running = server.zkctl(&args).start();
    let ids = [0, 1].map(|_| Pid::from_raw(running.line().parse().unwrap()).unwrap());
    (running, ids)
}

#[track_caller]
fn assert_stopped(running: Running, ids: [Pid; 2]) -> Done {
    let done = running.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
    for id in ids {
        assert_eq!(
            test_kill_process(id),
            Err(Errno::SRCH),
            "nobody of the group is left: {done:?}"
        );
    }
    done
}

#[test]
fn deleting_the_holders_node_by_hand_stops_the_command_with_its_children() {
    let server = Server::start();
    let (running, ids) = family(&server, &[]);
    let node = server.below("/l").pop().unwrap();
    let token = server.hooks().node(&node).unwrap().stat.czxid.as_raw();
    server.zkctl(&["rm", &node]).ok();
    let done = assert_stopped(running, ids);
    let expected = format!(
        "zkctl: lost the lock /l (token {token}): its node was deleted; the command was stopped\n"
    );
    assert_eq!(done.stderr, expected);
}

#[test]
fn an_expired_session_stops_the_command() {
    let server = Server::start();
    let (running, ids) = family(&server, &[]);
    let session = server.hooks().sessions().pop().unwrap().id;
    assert!(server.hooks().expire(session));
    let done = assert_stopped(running, ids);
    let expected = format!(
        "zkctl: lost the lock /l (token N): session {session} was ended by the servers 0.0 s after the last contact \
         (timeout 10.0 s): somebody closed it, or they lost it; the command was stopped\n"
    );
    assert_eq!(without_token(&without_seconds(&done.stderr)), expected);
}

#[test]
fn a_server_that_answers_but_commits_nothing_stops_the_command_in_time() {
    let server = Server::start();
    let (running, ids) = family(&server, &SESSION);
    server.until("the hold was confirmed", |core| {
        core.counts()
            .iter()
            .any(|(op, count)| op.name() == "multi" && *count >= 3)
    });
    server.hooks().hold_commits(true);
    let started = Instant::now();
    let done = assert_stopped(running, ids);
    assert!(
        started.elapsed() < Duration::from_secs(12),
        "{:?}",
        started.elapsed()
    );
    insta::assert_snapshot!(without_token(&done.stderr), @"zkctl: it is not certain any more that /l (token N) is held: the servers confirmed it too long ago; the command was stopped");
}

#[test]
fn a_server_that_is_gone_stops_the_command_within_the_session_timeout() {
    let server = Server::start();
    let (running, ids) = family(&server, &SESSION);
    let servers = server.connect_string();
    server.stop();
    let done = assert_stopped(running, ids);
    let message = without_token(&done.stderr).replace(&servers, "SERVER");
    insta::assert_snapshot!(message, @"zkctl: it is not certain any more that /l (token N) is held: the servers confirmed it too long ago (no connection: SERVER: 127.0.0.1 refused (nothing listens there)); the command was stopped");
}

#[test]
fn a_connection_that_breaks_for_a_moment_stops_nothing() {
    let server = Server::start();
    let text = "echo held; read line; exit 4";
    let zkctl = server.zkctl(&["lock", "/l", "--", "sh", "-c", text]);
    let (stdin, writer) = std::io::pipe().unwrap();
    let running = zkctl.start_with(stdin);
    assert_eq!(running.line(), "held");
    let before = server.hooks().sessions().pop().unwrap();
    server.hooks().cut_all();
    server.until("the session is back", |core| {
        core.sessions().iter().any(|session| {
            session.id == before.id && session.conn.is_some() && session.conn != before.conn
        })
    });
    drop(writer);
    let done = running.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(4), ""));
}

/// Blots out how long ago the last contact was.
fn without_seconds(message: &str) -> String {
    let (before, after) = message.split_once(" by the servers ").unwrap();
    let (_, after) = after.split_once(" s after").unwrap();
    format!("{before} by the servers 0.0 s after{after}")
}

fn without_token(message: &str) -> String {
    let (before, after) = message.split_once("(token ").unwrap();
    let (_, after) = after.split_once(')').unwrap();
    format!("{before}(token N){after}")
}
