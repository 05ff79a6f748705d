//! Barriers, latches and flags.

use std::future::IntoFuture;
use std::time::Duration;

use zk_recipes::{Barrier, CountDownLatch, CyclicBarrier, DoubleBarrier, ErrorKind, EventFlag};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

pub async fn barriers_flags_and_latches_let_pass_when_they_are_open(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let short = Duration::from_millis(50);
    let barrier = Barrier::new(&zk, "/barriers/a").unwrap();
    barrier.wait().await.unwrap();
    barrier.set().await.unwrap();
    let error = barrier.wait().timeout(short).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
    let waits = tokio::spawn(barrier.wait().into_future());
    let theirs = Barrier::new(&other, "/barriers/a").unwrap();
    assert!(theirs.remove().await.unwrap());
    let passed = deadline(SOON).until("the barrier", waits).await;
    passed.unwrap().unwrap();
    let flag = EventFlag::new(&zk, "/barriers/flag").unwrap();
    let waits = tokio::spawn(flag.wait().into_future());
    EventFlag::new(&other, "/barriers/flag")
        .unwrap()
        .set()
        .await
        .unwrap();
    deadline(SOON)
        .until("the flag", waits)
        .await
        .unwrap()
        .unwrap();
    assert!(flag.is_set().await.unwrap() && flag.clear().await.unwrap());
    let latch = CountDownLatch::new(&zk, "/barriers/latch", 2).unwrap();
    let waits = tokio::spawn(latch.wait().into_future());
    latch.count_down().await.unwrap();
    assert_eq!(latch.remaining().await.unwrap(), 1);
    assert!(!waits.is_finished());
    let theirs = CountDownLatch::new(&other, "/barriers/latch", 2).unwrap();
    theirs.count_down().await.unwrap();
    deadline(SOON)
        .until("the latch", waits)
        .await
        .unwrap()
        .unwrap();
}

pub async fn members_enter_and_leave_together_and_parties_pass_together(server: &Server) {
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let zk = server.client().await;
        let double = DoubleBarrier::new(&zk, "/barriers/double", 3).unwrap();
        let cyclic = CyclicBarrier::new(&zk, "/barriers/cyclic", 3).unwrap();
        tasks.push(tokio::spawn(async move {
            for _ in 0..2 {
                let member = double.enter().timeout(SOON).await.unwrap();
                assert!(member.is_member());
                member.leave().timeout(SOON).await.unwrap();
                cyclic.arrive().timeout(SOON).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
