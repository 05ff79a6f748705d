//! The workers that may die at any moment.

use std::collections::BTreeMap;

use zk_embedded::EmbeddedServer;

use crate::kit::{Program, server, soon};

fn start(server: &EmbeddedServer, arguments: &[&str]) -> Program {
    Program::start(env!("CARGO_BIN_EXE_work_queue"), server, arguments)
}

async fn put(server: &EmbeddedServer, count: &str) {
    let mut put = start(server, &["put", count]);
    assert_eq!(put.line().await, format!("put {count} jobs"));
    assert!(put.end().await.success());
}

/// The results of each job.
fn results(server: &EmbeddedServer) -> BTreeMap<u64, Vec<u64>> {
    let hooks = server.hooks();
    let mut results = BTreeMap::<u64, Vec<u64>>::new();
    for path in hooks.paths() {
        let Some(name) = path.strip_prefix("/work/results/") else {
            continue;
        };
        let (job, _) = name.split_once('-').unwrap();
        let data = hooks.node(&path).unwrap().data.unwrap();
        let result = std::str::from_utf8(&data).unwrap().parse().unwrap();
        results
            .entry(job.parse().unwrap())
            .or_default()
            .push(result);
    }
    results
}

fn is_complete(server: &EmbeddedServer, jobs: u64) {
    let expected: BTreeMap<_, _> = (0..jobs).map(|job| (job, vec![job * job])).collect();
    assert_eq!(results(server), expected);
    let left = server.hooks().paths();
    let left = left.iter().filter(|path| path.starts_with("/work/jobs/"));
    assert_eq!(left.collect::<Vec<_>>(), [""; 0]);
}

/// Ends the sessions of processes that are gone, as the servers would after a while.
fn expire(server: &EmbeddedServer, is_ours: impl Fn(i64) -> bool) {
    for session in server.hooks().sessions() {
        if is_ours(session.id.as_raw()) {
            server.hooks().expire(session.id);
        }
    }
}

fn sessions(server: &EmbeddedServer) -> Vec<i64> {
    let sessions = server.hooks().sessions();
    sessions.iter().map(|session| session.id.as_raw()).collect()
}

#[tokio::test]
async fn every_job_is_completed_once_though_workers_are_killed_over_them() {
    let server = server().await;
    put(&server, "30").await;
    // Each of these dies over its job; one of them right after it has completed another.
    for completes in [0, 1, 0, 2] {
        let before = sessions(&server);
        let mut worker = start(&server, &["work", "--pause"]);
        for _ in 0..completes {
            assert!(worker.line().await.starts_with("has "));
            worker.send_a_line().await;
            assert!(worker.line().await.starts_with("completed "));
        }
        assert!(worker.line().await.starts_with("has "));
        worker.kill().await;
        expire(&server, |id| !before.contains(&id));
    }
    let done = results(&server).len();
    assert_eq!(done, 3);
    let mut last = start(&server, &["work"]);
    let (mut completed, mut again) = (done, 0);
    while completed < 30 {
        let line = last.line().await;
        completed += usize::from(line.starts_with("completed "));
        again += usize::from(line.ends_with("attempt 2"));
    }
    // The last of the four died over it.
    assert_eq!(again, 1);
    is_complete(&server, 30);
}

#[tokio::test]
async fn workers_that_are_killed_in_the_middle_of_anything_lose_and_double_nothing() {
    let server = server().await;
    put(&server, "60").await;
    let hooks = server.hooks();
    let mut killed = 0;
    while killed < 6 {
        let before = sessions(&server);
        let mut worker = start(&server, &["work"]);
        // Somewhere in the next jobs: between a claim, its work, its completion, and the next claim.
        for _ in 0..killed * 2 + 1 {
            worker.line().await;
        }
        worker.kill().await;
        killed += 1;
        expire(&server, |id| !before.contains(&id));
    }
    let mut rest = start(&server, &["work"]);
    let empty = |path: &String| path.starts_with("/work/jobs/");
    let emptied = hooks.until(|core| !core.paths().iter().any(empty));
    tokio::select! {
        () = soon("an empty queue", emptied) => {}
        () = async { loop { rest.line().await; } } => {}
    }
    is_complete(&server, 60);
}

#[tokio::test]
async fn a_worker_that_took_too_long_throws_its_result_away() {
    let server = server().await;
    put(&server, "1").await;
    let before = sessions(&server);
    let mut slow = start(&server, &["work", "--pause"]);
    assert_eq!(slow.line().await, "has 0, attempt 1");
    expire(&server, |id| !before.contains(&id));
    let mut next = start(&server, &["work"]);
    assert_eq!(next.line().await, "has 0, attempt 2");
    assert_eq!(next.line().await, "completed 0");
    slow.send_a_line().await;
    assert_eq!(slow.line().await, "lost 0");
    is_complete(&server, 1);
}
