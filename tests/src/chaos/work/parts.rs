//! Items that members of a group share out, each of which does its work behind its fence.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use zk_checkers::{Function, Outcome};
use zk_recipes::{Division, Error, Owned, Partitioner};

use super::super::calls::Ask;
use super::super::diary::{Stamp, Told};
use super::super::scribe::zxid;
use super::super::worker::Worker;

pub(in super::super) const PARTS: &str = "/chaos/parts";
/// Where owners write.
pub(in super::super) const DESKS: &str = "/chaos/desks";
/// What is divided.
pub(in super::super) const ITEMS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// When all is well every item is somebody's before that.
const SOON: Duration = Duration::from_secs(30);

/// Joins, works on what it has, gives back what is recalled, and leaves now and then.
pub(super) async fn part(mut worker: Worker) {
    while worker.lives() {
        let mut part = Part::join(&worker);
        let until = Instant::now() + worker.millis(10_000, 40_000);
        while worker.lives() && Instant::now() < until {
            let limit = worker.millis(20, 400);
            if !part.next(&worker, limit).await {
                let text = format!("G9: the division of {} has ended", worker.who);
                worker.diary.page().findings.push(text);
                break;
            }
            part.give_back(&worker).await;
            part.work(&mut worker).await;
        }
        if !worker.lives() {
            part.until_all_are_owned(&mut worker).await;
            worker.end_writing().await;
        }
        part.leave(&worker).await;
    }
}

/// What one client has of it.
struct Part {
    division: Division,
    driver: tokio::task::JoinHandle<Result<(), Error>>,
    owned: Vec<Owned>,
}

impl Part {
    fn join(worker: &Worker) -> Self {
        let items = Partitioner::new(&worker.zk, PARTS, ITEMS).expect("a path");
        let items = items.settle(Duration::from_millis(300));
        let joined = items.join(&format!("of-{}", worker.number));
        let (division, driver) = joined.expect("a name");
        Self {
            division,
            driver: tokio::spawn(driver),
            owned: Vec::new(),
        }
    }

    /// Waits for an item for a while; false if no more come.
    async fn next(&mut self, worker: &Worker, limit: Duration) -> bool {
        let ask = Ask {
            recipe: "parts",
            function: Function::Own,
            path: PARTS,
            limit: Some(limit),
        };
        let division = &mut self.division;
        let next = async { Ok::<_, Error>(timeout(limit, division.next()).await) };
        let made = worker.make(
            ask,
            next,
            |_, _| {},
            |op, history, next| match next {
                Ok(Some(owned)) => {
                    let held = owned.held();
                    op.path = history.text(held.path());
                    op.reply = history.text(held.node());
                    op.token = zxid(owned.token());
                }
                Ok(None) => op.outcome = Outcome::Unknown,
                // Others have the rest.
                Err(_) => op.outcome = Outcome::NotApplied,
            },
        );
        match made.await {
            Some(Ok(Some(owned))) => self.owned.push(owned),
            Some(Ok(None)) => return false,
            _ => {}
        }
        true
    }

    /// Writes behind the fence of each item.
    async fn work(&self, worker: &mut Worker) {
        for owned in &self.owned {
            let held = owned.held();
            let path = format!("{DESKS}/{}", owned.item());
            let data = format!("{} {}", owned.token(), worker.id());
            let write = worker.zk.set(&path, data.clone()).fenced_by(&held).await;
            let told = Told::of(&write);
            match write {
                Ok(_) => worker.diary.count("parts"),
                Err(error) => worker.failed("parts", &error),
            }
            let node = held.node().to_owned();
            worker.diary.page().stamps.push(Stamp {
                path,
                node,
                data,
                told,
            });
        }
    }

    /// Gives back what was recalled or lost.
    async fn give_back(&mut self, worker: &Worker) {
        let over = |owned: &Owned| owned.is_recalled() || !owned.held().is_held();
        let (back, kept) = self.owned.drain(..).partition(over);
        self.owned = kept;
        self.release(worker, back).await;
    }

    async fn release(&self, worker: &Worker, back: Vec<Owned>) {
        for owned in back {
            let held = owned.held();
            let ask = Ask {
                recipe: "parts",
                function: Function::Disown,
                path: held.path(),
                limit: None,
            };
            let token = zxid(owned.token());
            let released = worker.make(
                ask,
                owned.release(),
                |op, history| {
                    op.reply = history.text(held.node());
                    op.token = token;
                },
                |_, _, _| {},
            );
            if released.await.is_some() {
                worker.diary.count("parts given back");
            }
        }
    }

    /// In the end, when nobody leaves any more, each item is somebody's.
    async fn until_all_are_owned(&mut self, worker: &mut Worker) {
        let limit = Instant::now() + SOON;
        worker.diary.page().settling += 1;
        while Instant::now() < limit {
            if !self.next(worker, Duration::from_millis(100)).await {
                break;
            }
            self.give_back(worker).await;
            let items = self.owned.iter().map(|owned| owned.item().to_owned());
            let mut page = worker.diary.page();
            page.owned.insert(worker.number, items.collect());
            if page.settling == page.owned.len() && is_divided(page.owned.values().flatten()) {
                return;
            }
        }
        let text = format!(
            "G9: not every item is somebody's in the end, by {}",
            worker.who
        );
        worker.diary.page().findings.push(text);
    }

    /// Leaves: everything is given back, and its driver ends.
    async fn leave(mut self, worker: &Worker) {
        self.division.leave();
        let back = std::mem::take(&mut self.owned);
        self.release(worker, back).await;
        drop(self.division);
        match timeout(SOON, self.driver).await {
            Ok(Ok(Ok(()))) => worker.diary.count("divisions left"),
            Ok(Ok(Err(error))) => worker.failed("parts", &error),
            other => {
                let text = format!("G9: {} does not leave: {other:?}", worker.who);
                worker.diary.page().findings.push(text);
            }
        }
    }
}

/// Each item is there once.
fn is_divided<'a>(owned: impl Iterator<Item = &'a String>) -> bool {
    let mut owned: Vec<&str> = owned.map(String::as_str).collect();
    owned.sort_unstable();
    owned == ITEMS
}
