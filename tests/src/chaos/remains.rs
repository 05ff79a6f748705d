//! G5: what is left when all clients are gone.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_recipes::{Client, ErrorKind};

use super::work::barriers::{CYCLIC, FLAG, GATE};
use super::work::caches::TREE;
use super::work::elections::{ELECTION, LATCH};
use super::work::kept::{GROUP, PARTY, SERVICE, SERVICES, TTLS};
use super::work::limits::CAPACITY;
use super::work::numbers::{BLOCK, INT, LONG};
use super::work::parts::{DESKS, PARTS};
use super::work::queues::{KINDS, Kind};
use super::work::shards::{GROWERS, SHARDS};
use super::work::transactions::{ACCOUNTS, SWITCH};
use super::work::values::{ATOMIC, COUNT, SHARED};
use super::worker::ROOT;
use crate::{Ensemble, deadline};

/// What recipes keep for good: values, the places where contenders were, and how far a latch was counted down.
const PLACES: [&str; 18] = [
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
    "/chaos/clock",
    "/chaos/clock/lease_holder",
    "/chaos/rate",
    "/chaos/double",
];

const VALUES: [&str; 12] = [
    ROOT, CAPACITY, LONG, INT, BLOCK, ATOMIC, SHARED, COUNT, GATE, FLAG, CYCLIC, ELECTION,
];

/// What recipes of the second half keep for good.
const HOMES: [&str; 14] = [
    "/chaos/kept",
    "/chaos/lasting",
    "/chaos/_bound_bounded",
    "/chaos/locking/entries",
    "/chaos/locking/taken",
    "/chaos/parts/party",
    "/chaos/parts/locks",
    GROUP,
    PARTY,
    SERVICES,
    TTLS,
    PARTS,
    SHARDS,
    GROWERS,
];

/// Those below which there are no more than so many levels: what workers write themselves, what is divided, and parts.
const TREES: [(&str, usize); 4] = [(TREE, 2), (DESKS, 1), (ACCOUNTS, 1), (SWITCH, 1)];

fn may_stay(path: &str) -> bool {
    let ours = ["/chaos/ledger", "/chaos/pulse", "/chaos/countdown-"];
    path == LATCH
        || PLACES.contains(&path)
        || VALUES.contains(&path)
        || ours.iter().any(|begin| path.starts_with(begin))
        || HOMES.contains(&path)
        || TREES
            .iter()
            .any(|(root, levels)| is_within(path, root, *levels))
        || is_of_queue(path)
        || is_within(path, "/chaos/parts/locks", 1)
        || path == format!("{SERVICES}/{SERVICE}")
}

fn is_within(path: &str, root: &str, levels: usize) -> bool {
    let rest = path.strip_prefix(root);
    rest.is_some_and(|rest| {
        (rest.is_empty() || rest.starts_with('/')) && rest.matches('/').count() <= levels
    })
}

/// A queue's node, or where locks and marks of it are; the same of each part of one.
fn is_of_queue(path: &str) -> bool {
    let (parent, own) = path.rsplit_once('/').unwrap_or_default();
    let name = ["_locks_", "_marks_"]
        .iter()
        .find_map(|begin| own.strip_prefix(begin))
        .unwrap_or(own);
    let is_queue = |kind: &Kind| kind.path.strip_prefix("/chaos/") == Some(name);
    let is_of_part = SHARDS
        .strip_prefix("/chaos/")
        .and_then(|shards| name.strip_prefix(shards))
        .is_some_and(|part| part.is_empty() || part.starts_with("_queue-"));
    (parent == "/chaos" && (is_of_part || KINDS.iter().any(is_queue)))
        || (parent == SHARDS && own.starts_with("queue-"))
}

/// Waits until the servers have no ephemeral node and no watch any more, and looks for what nobody keeps.
pub(super) async fn find(ensemble: &Ensemble, witness: &Client) -> Vec<String> {
    let mut findings = Vec::new();
    let limit = deadline(Duration::from_secs(30));
    let mut ephemerals = vec!["?".to_owned()];
    let mut last = Some(1);
    while !limit.passed() && (!ephemerals.is_empty() || last != Some(0)) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if witness.barrier().await.is_ok() {
            ephemerals = witness.ephemerals("/").await.unwrap_or(ephemerals);
            // They go after their time.
            let lasting = witness.children(TTLS).await;
            last = match lasting {
                Ok(nodes) => Some(nodes.len()),
                Err(error) => (error.kind() == ErrorKind::NoNode).then_some(0),
            };
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
            "/chaos/fifo/queue-0000000001",
            "/chaos/_locks_fifo/queue-0000000001",
            "/chaos/_marks_fifo/_mark_x",
            "/chaos/_aside_fifo",
            "/chaos/locking/entries/entry-100-0000000001",
            "/chaos/shards/queue-x/queue-0000000001",
            "/chaos/_marks_shards/_mark_x",
            "/chaos/_locks_shards_queue-x/queue-0000000001",
            "/chaos/shards/_marks_queue-x",
            "/chaos/accounts/account-1/x",
            "/chaos/accountsx",
            "/chaos/parts/party/of-1",
            "/chaos/parts/locks/a/_c_x-lock-0000000001",
            "/chaos/services/billing/of-1",
            "/chaos/kept/of-1",
            "/chaos/ttl/of-1",
        ] {
            assert!(!may_stay(node), "{node}");
        }
        for place in [
            "/chaos/mutex",
            "/chaos/ledger/rw/marks/x",
            "/chaos/countdown-7",
            "/chaos/fifo",
            "/chaos/_locks_fifo",
            "/chaos/shards/queue-x",
            "/chaos/_marks_shards",
            "/chaos/_locks_shards_queue-x",
            "/chaos/tree/a/c",
            "/chaos/desks/a",
            "/chaos/services/billing",
        ] {
            assert!(may_stay(place), "{place}");
        }
    }
}
