//! G5: what is left when all clients are gone.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_recipes::Client;

use super::work::barriers::{CYCLIC, FLAG, GATE};
use super::work::elections::{ELECTION, LATCH};
use super::work::limits::CAPACITY;
use super::work::numbers::{BLOCK, INT, LONG};
use super::work::values::{ATOMIC, COUNT, SHARED};
use super::worker::ROOT;
use crate::{Ensemble, deadline};

/// What recipes keep for good: values, the places where contenders were, and how far a latch was counted down.
const PLACES: [&str; 16] = [
    "/chaos/mutex",
    "/chaos/reentrant",
    "/chaos/rw",
    "/chaos/multi-a",
    "/chaos/multi-b",
    "/chaos/semmutex",
    "/chaos/semmutex/locks",
    "/chaos/semmutex/leases",
    "/chaos/semaphore",
    "/chaos/semaphore/locks",
    "/chaos/semaphore/leases",
    "/chaos/lease",
    "/chaos/lease/holder",
    "/chaos/lease/last",
    "/chaos/rate",
    "/chaos/double",
];

const VALUES: [&str; 12] = [
    ROOT, CAPACITY, LONG, INT, BLOCK, ATOMIC, SHARED, COUNT, GATE, FLAG, CYCLIC, ELECTION,
];

fn may_stay(path: &str) -> bool {
    let ours = ["/chaos/ledger", "/chaos/pulse", "/chaos/countdown-"];
    path == LATCH
        || PLACES.contains(&path)
        || VALUES.contains(&path)
        || ours.iter().any(|begin| path.starts_with(begin))
}

/// Waits until the servers have no ephemeral node and no watch any more, and looks for what nobody keeps.
pub(super) async fn find(ensemble: &Ensemble, witness: &Client) -> Vec<String> {
    let mut findings = Vec::new();
    let limit = deadline(Duration::from_secs(30));
    let mut ephemerals = vec!["?".to_owned()];
    while !ephemerals.is_empty() && !limit.passed() {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if witness.barrier().await.is_ok() {
            ephemerals = witness.ephemerals("/").await.unwrap_or(ephemerals);
        }
    }
    let nodes = ephemerals.into_iter();
    findings.extend(nodes.map(|path| format!("G5: {path} lives on")));
    for member in Ensemble::MEMBERS {
        let watches = ensemble.four_letter(member, "wchs").unwrap_or_default();
        if !watches.contains("Total watches:0") {
            let which = ensemble.four_letter(member, "wchp").unwrap_or_default();
            findings.push(format!("G5: watches of member {member}: {watches}{which}"));
        }
    }
    match witness.descendants(ROOT).await {
        Ok(nodes) => {
            let left: BTreeSet<String> = nodes.into_iter().filter(|path| !may_stay(path)).collect();
            findings.extend(left.into_iter().map(|path| format!("G5: {path} is left")));
        }
        Err(error) => findings.push(format!("G5: {error}")),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_marks_and_members_may_not_stay() {
        for node in [
            "/chaos/mutex/_c_x-lock-0000000001",
            "/chaos/long/_mark_x",
            "/chaos/double/ready",
            "/chaos/cyclic/party-x-0000000001",
            "/chaos/semaphore/leases/x-lease-0000000001",
            "/chaos/election-successor",
        ] {
            assert!(!may_stay(node), "{node}");
        }
        for place in [
            "/chaos/mutex",
            "/chaos/ledger/rw/marks/x",
            "/chaos/countdown-7",
        ] {
            assert!(may_stay(place), "{place}");
        }
    }
}
