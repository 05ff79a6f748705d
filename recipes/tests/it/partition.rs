//! Items that are divided among members.

mod churn;
mod faults;
mod handover;
mod layouts;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinHandle;
use zk_recipes::{Client, Division, Error, ItemStanding, Owned, Partitioner};

use crate::kit::spawned;

const PATH: &str = "/indexer";
const SETTLE: Duration = Duration::from_millis(500);

fn items(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("shard-{n:02}")).collect()
}

fn partitioner(zk: &Client, count: usize) -> Partitioner {
    let partitioner = Partitioner::new(zk, PATH, items(count)).unwrap();
    partitioner.settle(SETTLE)
}

/// A member that lets go of what is recalled or lost as soon as it is told, unless the test takes it.
struct Worker {
    division: Division,
    driver: JoinHandle<Result<(), Error>>,
    has: BTreeMap<String, Owned>,
}

impl Worker {
    fn new(partitioner: &Partitioner, member: &str) -> Self {
        let (division, driver) = partitioner.join(member).unwrap();
        Self {
            division,
            driver: spawned(driver),
            has: BTreeMap::new(),
        }
    }

    /// Takes what was granted by now.
    async fn take(&mut self) {
        let none = Duration::from_millis(1);
        while let Ok(Some(owned)) = tokio::time::timeout(none, self.division.next()).await {
            let before = self.has.insert(owned.item().to_owned(), owned);
            assert!(before.is_none(), "an item was granted twice");
        }
    }

    /// Takes what is granted within a time of the settling, and tells what it has then.
    async fn settled(&mut self) -> Vec<String> {
        tokio::time::sleep(SETTLE * 2).await;
        self.take().await;
        self.items()
    }

    fn items(&self) -> Vec<String> {
        self.has.keys().cloned().collect()
    }

    fn recalled(&self) -> Vec<String> {
        let recalled = self.has.values().filter(|owned| owned.is_recalled());
        recalled.map(|owned| owned.item().to_owned()).collect()
    }

    fn standings(&self, standing: ItemStanding) -> usize {
        let items = self.division.items();
        items.values().filter(|is| **is == standing).count()
    }

    /// Lets go of what is to be let go of.
    fn let_go(&mut self) {
        self.has
            .retain(|_, owned| !owned.is_recalled() && owned.held().is_held());
    }
}
