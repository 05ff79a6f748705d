//! Members that come, go, die and are cut off, in seeded orders.

use std::collections::BTreeMap;

use zk_recipes::Layout;

use super::{PATH, SETTLE, Worker, items, partitioner};
use crate::kit::{World, settle};

/// A small generator of random numbers (splitmix).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// No item is held by two, as those see it that hold, and tokens grow.
fn judge(workers: &[(zk_recipes::Client, Worker)], tokens: &mut BTreeMap<String, u64>) {
    let mut holders = BTreeMap::new();
    for (_, worker) in workers {
        for owned in worker.has.values().filter(|owned| owned.held().is_held()) {
            let before = holders.insert(owned.item().to_owned(), owned.token());
            assert!(before.is_none(), "{} is owned twice", owned.item());
        }
    }
    for (item, token) in holders {
        let latest = tokens.entry(item).or_default();
        assert!(token >= *latest, "a token went back");
        *latest = token;
    }
}

async fn churn(seed: u64, layout: Layout) {
    let mut dice = Dice(seed);
    let world = World::new();
    let operator = world.client().await;
    let mut workers: Vec<(zk_recipes::Client, Worker)> = Vec::new();
    let mut tokens = BTreeMap::new();
    for round in 0..40 {
        match dice.below(7) {
            0 | 1 if workers.len() < 5 => {
                let zk = world.client().await;
                let partitioner = partitioner(&zk, 9).layout(layout);
                let worker = Worker::new(&partitioner, &format!("node-{round}"));
                workers.push((zk, worker));
            }
            2 if workers.len() > 1 => {
                // It dies: nothing is let go of but by its session's end.
                let (zk, worker) = workers.swap_remove(dice.below(workers.len() as u64) as usize);
                worker.driver.abort();
                let session = zk.session_id().unwrap();
                std::mem::forget(worker.has);
                world.hooks.expire(session);
            }
            3 if workers.len() > 1 => {
                let at = dice.below(workers.len() as u64) as usize;
                workers[at].1.division.leave();
            }
            4 if !workers.is_empty() => {
                let at = dice.below(workers.len() as u64) as usize;
                world.hooks.expire(workers[at].0.session_id().unwrap());
            }
            5 if !workers.is_empty() => {
                let at = dice.below(workers.len() as u64) as usize;
                world.hooks.cut_session(workers[at].0.session_id().unwrap());
            }
            6 => {
                let nodes = world.left(&format!("{PATH}/party"));
                if !nodes.is_empty() {
                    let _ = operator
                        .delete(&nodes[dice.below(nodes.len() as u64) as usize])
                        .await;
                }
            }
            _ => {}
        }
        tokio::time::sleep(SETTLE.mul_f64(dice.below(30) as f64 / 10.0)).await;
        for (_, worker) in &mut workers {
            worker.take().await;
        }
        judge(&workers, &mut tokens);
        // Some let go at once, some later.
        for (_, worker) in &mut workers {
            if dice.below(3) > 0 {
                worker.let_go();
            }
        }
        judge(&workers, &mut tokens);
        workers.retain(|(_, worker)| !worker.driver.is_finished());
    }
    if workers.is_empty() {
        let zk = world.client().await;
        let worker = Worker::new(&partitioner(&zk, 9).layout(layout), "last");
        workers.push((zk, worker));
    }
    // All is quiet: each item is somebody's soon.
    for _ in 0..20 {
        tokio::time::sleep(SETTLE).await;
        for (_, worker) in &mut workers {
            worker.take().await;
            worker.let_go();
        }
        workers.retain(|(_, worker)| !worker.driver.is_finished());
        if workers.is_empty() {
            // The last ones were leaving.
            let zk = world.client().await;
            let worker = Worker::new(&partitioner(&zk, 9).layout(layout), "last");
            workers.push((zk, worker));
        }
    }
    judge(&workers, &mut tokens);
    let mut owned: Vec<_> = workers
        .iter()
        .flat_map(|(_, worker)| worker.items())
        .collect();
    owned.sort();
    assert_eq!(owned, items(9), "seed {seed}: not all are owned once");
    for (_, worker) in &workers {
        worker.division.leave();
    }
    for _ in 0..20 {
        tokio::time::sleep(SETTLE).await;
        for (_, worker) in &mut workers {
            worker.take().await;
            worker.let_go();
        }
    }
    for (_, worker) in workers {
        assert!(
            worker.driver.is_finished(),
            "seed {seed}: a member that leaves stays"
        );
        worker.driver.await.unwrap().unwrap();
    }
    settle().await;
    let nodes = world.hooks.paths();
    let left: Vec<_> = nodes
        .iter()
        .filter(|path| path.matches('/').count() > 3 || path.contains("party/"))
        .collect();
    assert_eq!(left, Vec::<&String>::new(), "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn k12_however_members_come_and_go_no_item_is_owned_twice_and_all_are_owned_in_the_end() {
    for seed in 0..8 {
        churn(seed, Layout::Curator).await;
    }
}

#[tokio::test(start_paused = true)]
async fn k12_so_it_is_with_kazoos_names_and_rule() {
    for seed in 100..104 {
        churn(seed, Layout::Kazoo).await;
    }
}
