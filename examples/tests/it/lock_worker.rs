//! The worker with the fenced row.

use std::path::Path;

use zk_embedded::EmbeddedServer;

use crate::kit::{Folder, Program, server};

fn worker(server: &EmbeddedServer, database: &Path, amount: &str, pauses: bool) -> Program {
    let program = env!("CARGO_BIN_EXE_lock_worker");
    let pause = pauses.then_some("--pause");
    let arguments = [database.to_str().unwrap(), amount].into_iter();
    Program::start(program, server, arguments.chain(pause))
}

/// The token and the balance that a worker begins with.
async fn begun(worker: &mut Program) -> (u64, i64) {
    let line = worker.line().await;
    let rest = line.strip_prefix("holding with token ").unwrap();
    let (token, balance) = rest.split_once(", balance ").unwrap();
    (token.parse().unwrap(), balance.parse().unwrap())
}

#[tokio::test]
async fn sqlite_refuses_the_write_of_a_worker_that_stood_still_while_the_next_one_wrote() {
    let (server, folder) = (server().await, Folder::new("worker"));
    let database = folder.file("accounts.db");
    let mut stale = worker(&server, &database, "10", true);
    let (old, balance) = begun(&mut stale).await;
    assert_eq!(balance, 100);
    // It stands still, and its session ends.
    let sessions = server.hooks().sessions();
    assert_eq!(sessions.len(), 1);
    server.hooks().expire(sessions[0].id);
    let mut next = worker(&server, &database, "30", false);
    let (new, balance) = begun(&mut next).await;
    assert!(new > old);
    assert_eq!(balance, 100);
    assert_eq!(next.line().await, "stored 70");
    assert!(next.end().await.success());
    // It goes on, and knows nothing of this.
    stale.send_a_line().await;
    let told = stale.line().await;
    let expected = format!(
        "not stored: fencing token {old} is stale: a later holder, with token {new}, has written here"
    );
    assert!(told.starts_with(&expected), "{told}");
    assert!(!stale.end().await.success());
    let mut look = worker(&server, &database, "0", false);
    assert_eq!(begun(&mut look).await.1, 70);
    assert!(look.end().await.success());
}

#[tokio::test]
async fn workers_take_from_the_account_one_after_the_other() {
    let (server, folder) = (server().await, Folder::new("workers"));
    let database = folder.file("accounts.db");
    let mut workers: Vec<_> = (0..3)
        .map(|_| worker(&server, &database, "10", false))
        .collect();
    for worker in &mut workers {
        assert!(worker.end().await.success());
    }
    let mut look = worker(&server, &database, "0", false);
    assert_eq!(begun(&mut look).await.1, 70);
}
