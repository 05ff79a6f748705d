//! The job of many hosts.

use crate::kit::{Folder, Program, server};

#[tokio::test]
async fn of_three_hosts_one_runs_the_job_and_a_late_one_does_not_run_it_again() {
    let (server, folder) = (server().await, Folder::new("cron"));
    let ran = folder.file("ran");
    let job = format!("echo $ZK_LOCK_TOKEN >> '{}'", ran.display());
    let start = || Program::start(env!("CARGO_BIN_EXE_cron"), &server, ["sh", "-c", &job]);
    let mut hosts = [start(), start(), start()];
    let mut told = Vec::new();
    for host in &mut hosts {
        told.push(host.line().await);
        assert!(host.end().await.success());
    }
    let runs = told.iter().filter(|line| line.starts_with("ran: ")).count();
    assert_eq!(runs, 1, "{told:?}");
    let others = told.iter().filter(|line| line.starts_with("not "));
    assert_eq!(others.count(), 2, "{told:?}");
    let mut late = start();
    let told = late.line().await;
    assert!(told.starts_with("not again: it started "), "{told}");
    let tokens = std::fs::read_to_string(&ran).unwrap();
    assert_eq!(tokens.lines().count(), 1);
    assert!(tokens.trim().parse::<u64>().unwrap() > 0);
}
