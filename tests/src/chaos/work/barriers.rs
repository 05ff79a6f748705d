//! Barriers.

use tokio::time::sleep;
use zk_recipes::{Barrier, CountDownLatch, CyclicBarrier, DoubleBarrier, EventFlag, Wait};

use super::super::diary::{Meeting, Pass, Until, now};
use super::super::worker::{PATIENCE, Worker};

pub(in super::super) const GATE: &str = "/chaos/gate";
pub(in super::super) const FLAG: &str = "/chaos/flag";
pub(in super::super) const DOUBLE: &str = "/chaos/double";
pub(in super::super) const CYCLIC: &str = "/chaos/cyclic";

/// How many meet at a barrier, or count: fewer than there are clients, so that one that is away does not stop all.
pub(in super::super) const PARTIES: u16 = 3;

/// Opens and closes the gate and the flag.
pub(super) async fn keeper(mut worker: Worker) {
    let gate = Barrier::new(&worker.zk, GATE).expect("a path");
    let flag = EventFlag::new(&worker.zk, FLAG).expect("a path");
    let mut open = true;
    while worker.lives() {
        let done = if open {
            let (gate, flag) = tokio::join!(gate.remove(), flag.set());
            gate.map(drop).and(flag)
        } else {
            let (gate, flag) = tokio::join!(gate.set(), flag.clear());
            gate.and_then(|()| flag.map(drop))
        };
        match done {
            Ok(()) => worker.diary.count("gates moved"),
            Err(error) => worker.failed("keeper", &error),
        }
        open = !open;
        worker.rest().await;
    }
}

/// One wait, begun after something that is known to be committed.
async fn pass(worker: &mut Worker, recipe: &'static str, path: String, until: Until, wait: Wait) {
    let Some(after) = worker.committed().await else {
        return;
    };
    match wait.timeout(PATIENCE / 2).await {
        Ok(()) => {
            let told = now();
            worker.diary.count(recipe);
            worker.diary.page().passes.push(Pass {
                path,
                until,
                after,
                told,
            });
        }
        Err(error) => worker.failed(recipe, &error),
    }
}

pub(super) async fn gate(mut worker: Worker) {
    let gate = Barrier::new(&worker.zk, GATE).expect("a path");
    while worker.lives() {
        pass(
            &mut worker,
            "gate",
            GATE.to_owned(),
            Until::Absent,
            gate.wait(),
        )
        .await;
        worker.rest().await;
    }
}

pub(super) async fn flag(mut worker: Worker) {
    let flag = EventFlag::new(&worker.zk, FLAG).expect("a path");
    while worker.lives() {
        pass(
            &mut worker,
            "flag",
            FLAG.to_owned(),
            Until::Present,
            flag.wait(),
        )
        .await;
        worker.rest().await;
    }
}

/// One latch after the other; each counts once, and waits.
pub(super) async fn count_down(mut worker: Worker) {
    if worker.number >= usize::from(PARTIES) {
        return;
    }
    for round in 0.. {
        if !worker.lives() {
            return;
        }
        let path = format!("/chaos/countdown-{round}");
        let latch = CountDownLatch::new(&worker.zk, &path, PARTIES).expect("a path");
        let counted = latch.count_down().await;
        worker.stepped("counted down", &path, counted, |left| {
            (i64::from(left) + 1, i64::from(left))
        });
        pass(
            &mut worker,
            "countdown",
            path,
            Until::CountedDown,
            latch.wait(),
        )
        .await;
        worker.rest().await;
    }
}

pub(super) async fn double(mut worker: Worker) {
    let barrier = DoubleBarrier::new(&worker.zk, DOUBLE, PARTIES).expect("a path");
    while worker.lives() {
        match barrier.enter().timeout(PATIENCE).await {
            Ok(member) => {
                let (node, told) = (member.node().to_owned(), now());
                let entered = Meeting::Entered {
                    node: node.clone(),
                    told,
                };
                worker.diary.page().meetings.push(entered);
                worker.work().await;
                match member.leave().timeout(PATIENCE).await {
                    Ok(left) => {
                        let told = now();
                        if left.was_member {
                            worker.diary.count("double");
                            let left = Meeting::Left { node, told };
                            worker.diary.page().meetings.push(left);
                        }
                    }
                    Err(error) => worker.failed("double", &error),
                }
            }
            Err(error) => worker.failed("double", &error),
        }
        worker.rest().await;
    }
}

pub(super) async fn cyclic(mut worker: Worker) {
    let barrier = CyclicBarrier::new(&worker.zk, CYCLIC, PARTIES).expect("a path");
    while worker.lives() {
        match barrier.arrive().timeout(PATIENCE).await {
            Ok(number) => {
                let (number, told) = (i64::from(number), now());
                worker.diary.count("cyclic");
                let round = Meeting::Round { number, told };
                worker.diary.page().meetings.push(round);
            }
            Err(error) => worker.failed("cyclic", &error),
        }
        let pause = worker.millis(200, 600);
        sleep(pause).await;
    }
}
