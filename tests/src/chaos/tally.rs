//! What has to have happened for a run to show anything, and what has to go on.

use std::time::Duration;

use tokio::time::sleep;

use super::access::Mishap;
use super::blows::Blow;
use super::diary::{Diary, Page};
use super::work::caches::Of;
use super::work::kept::What;
use super::work::queues::KINDS;
use crate::deadline;

/// What every recipe's counter has to reach before all faults are over, and again after.
const RECIPES: [&str; 38] = [
    "mutex",
    "reentrant",
    "re-entries",
    "rw",
    "readers",
    "semmutex",
    "multi-a",
    "multi-b",
    "multi-locks",
    "semaphore",
    "lease",
    "clock lease",
    "rate",
    "election",
    "latch",
    "long",
    "int",
    "block",
    "value",
    "shared",
    "typed",
    "count",
    "gate",
    "flag",
    "countdown",
    "double",
    "cyclic",
    "items put",
    "batches put",
    "shards",
    "tree writes",
    "typed caches",
    "groups seen",
    "parties seen",
    "instances picked",
    "parts",
    "transfers",
    "conditions",
];

/// What has to have happened in between, besides.
const EVENTS: [&str; 13] = [
    "downgrades",
    "hand-overs",
    "capacity changes",
    "evictions",
    "clock leases given back",
    "leaders observed",
    "items given back",
    "items let go of",
    "nodes let go of",
    "instances seen",
    "parts given back",
    "divisions left",
    "conditions not met",
];

/// Those and what is told of every kind of queue, kept node and cache.
fn recipes() -> impl Iterator<Item = &'static str> {
    let queues = KINDS.map(|kind| kind.name);
    let (kept, caches) = (What::ALL.map(What::name), Of::ALL.map(Of::name));
    let others = queues.into_iter().chain(kept).chain(caches);
    RECIPES.into_iter().chain(others)
}

/// Waits until every recipe goes on, now that nothing happens any more.
pub(super) async fn calm(diary: &Diary) -> Vec<String> {
    let before = diary.page().counts.clone();
    let limit = deadline(Duration::from_secs(60));
    loop {
        sleep(Duration::from_millis(200)).await;
        let now = diary.page().counts.clone();
        let stuck: Vec<&str> = recipes()
            .filter(|recipe| now.get(recipe) <= before.get(recipe))
            .collect();
        if stuck.is_empty() {
            return Vec::new();
        }
        if limit.passed() {
            return vec![format!(
                "G9: not one more of {stuck:?} after all was well again"
            )];
        }
    }
}

/// What happened too seldom for the run to show anything.
pub(super) fn too_few(page: &Page) -> Vec<String> {
    let blows = Blow::ALL.iter().map(|blow| (blow.name(), 1));
    let mishaps = Mishap::ALL.iter().map(|mishap| (mishap.name(), 1));
    let recipes = recipes().map(|recipe| (recipe, 5));
    let events = EVENTS.iter().map(|event| (*event, 1));
    let wanted = blows.chain(mishaps).chain(recipes).chain(events);
    wanted
        .chain([("sessions expired", 1)])
        .filter(|(what, least)| page.counts.get(what).is_none_or(|count| count < least))
        .map(|(what, least)| format!("too few: {what} less than {least} times"))
        .collect()
}
