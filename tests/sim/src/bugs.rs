//! Known faults of other clients, each a switch at the place of the original: the simulation has to find them.

use std::time::{Duration, Instant};

use crate::batch::usual;
use crate::judge::judge;
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::run::run;
use crate::schedule::Profile;
use crate::seed::Seed;

/// Every known fault, the recipe whose seeds find it, and where it was reported, or what it resembles.
pub fn all() -> impl Iterator<Item = (&'static str, Recipe, &'static str)> {
    let of_mutexes = BUGS.into_iter();
    of_mutexes
        .map(|(bug, reported)| (bug, Recipe::Mutex, reported))
        .chain(OF_RECIPES)
        .chain(LATE)
}

/// Faults that show where a server takes up late what it has of a client.
pub const LATE: [(&str, Recipe, &str); 2] = [
    (
        "settled-by-a-barrier-alone",
        Recipe::Queue,
        "a barrier taken for the end of all that was sent before",
    ),
    (
        "no-second-looks",
        Recipe::Mutex,
        "contenders that a server makes late, and nobody holds",
    ),
];

/// Faults of other recipes than mutexes.
pub const OF_RECIPES: [(&str, Recipe, &str); 45] = [
    ("writer-goes-before-it-reads", Recipe::RwLock, "CURATOR-621"),
    (
        "readers-wait-for-later-writers",
        Recipe::RwLock,
        "kazoo #649",
    ),
    (
        "own-lease-not-counted",
        Recipe::Semaphore,
        "leases counted before the own one is made",
    ),
    (
        "failed-try-keeps-the-entrance",
        Recipe::Semaphore,
        "kazoo's semaphore before 2.4",
    ),
    (
        "locks-taken-in-any-order",
        Recipe::MultiLock,
        "Curator's InterProcessMultiLock, which takes the order it is given",
    ),
    (
        "other-parts-kept-after-a-failure",
        Recipe::MultiLock,
        "locks taken before the one that failed",
    ),
    (
        "lost-part-unnoticed",
        Recipe::MultiLock,
        "locks taken together and looked at one by one",
    ),
    (
        "entered-again-from-memory",
        Recipe::Reentrant,
        "Curator's InterProcessMutex, which looks at a map of its own",
    ),
    (
        "epoch-of-the-candidate",
        Recipe::Election,
        "terms numbered by their candidates",
    ),
    (
        "observer-watches-the-leader-alone",
        Recipe::Election,
        "observers that miss what a leader writes later",
    ),
    (
        "heir-of-a-leader-that-is-gone",
        Recipe::Election,
        "a successor that is named too late",
    ),
    (
        "start-noted-at-the-end",
        Recipe::Lease,
        "jobs that are on record once they are done",
    ),
    (
        "lost-answer-taken-for-a-race",
        Recipe::Counter,
        "A1: Curator's DistributedAtomicValue counts twice",
    ),
    (
        "lost-set-told-as-refused",
        Recipe::SharedValue,
        "A2: Curator's SharedValue.trySet",
    ),
    (
        "value-stale-after-a-gap",
        Recipe::SharedValue,
        "C38: CURATOR-311, -344",
    ),
    (
        "block-assumed-after-a-lost-answer",
        Recipe::BlockCounter,
        "a lost reservation taken for done",
    ),
    (
        "block-outlives-its-window",
        Recipe::RateLimiter,
        "permits that are saved up",
    ),
    (
        "absent-as-a-lagging-server-says",
        Recipe::Barrier,
        "Curator's DistributedBarrier behind a follower",
    ),
    (
        "gap-slept-through",
        Recipe::EventFlag,
        "A30: kazoo's waits after a reconnect",
    ),
    (
        "latch-open-before-it-is-made",
        Recipe::CountDownLatch,
        "a latch that is not there taken for open",
    ),
    (
        "open-gate-not-looked-at",
        Recipe::DoubleBarrier,
        "A13: Curator's DistributedDoubleBarrier after GH-1290",
    ),
    (
        "any-wake-up-enters",
        Recipe::DoubleBarrier,
        "C1: Curator GH-1290",
    ),
    (
        "late-member-stays",
        Recipe::DoubleBarrier,
        "CURATOR-80, -318",
    ),
    (
        "left-without-the-others",
        Recipe::DoubleBarrier,
        "A31: kazoo's DoubleBarrier",
    ),
    (
        "passed-party-counted-again",
        Recipe::CyclicBarrier,
        "rounds counted by names alone",
    ),
    (
        "lost-transaction-made-again",
        Recipe::Queue,
        "A3: kazoo's and Curator's queues, which put once more",
    ),
    (
        "taken-by-all-who-saw-it",
        Recipe::Queue,
        "an item that others have deleted taken for one's own",
    ),
    (
        "dropped-take-loses-the-item",
        Recipe::Queue,
        "takes that delete first and are given up",
    ),
    ("completed-without-the-claim", Recipe::Queue, "CURATOR-605"),
    (
        "had-before-its-time",
        Recipe::Queue,
        "delays by the list alone",
    ),
    (
        "batch-put-one-by-one",
        Recipe::Queue,
        "batches that are put item by item",
    ),
    (
        "counted-before-the-version-was-read",
        Recipe::Queue,
        "bounds that are looked at and then put past",
    ),
    (
        "fresh-without-a-connection",
        Recipe::Discovery,
        "views of services that go on as if nothing had happened",
    ),
    ("new-by-its-version", Recipe::Cache, "CURATOR-391"),
    ("made-again-told-as-changed", Recipe::Cache, "CURATOR-183"),
    (
        "not-read-again-after-a-gap",
        Recipe::Cache,
        "caches that trust their watches alone",
    ),
    (
        "made-again-as-it-was-at-first",
        Recipe::PersistentNode,
        "CURATOR-181",
    ),
    (
        "end-told-before-the-node-is-gone",
        Recipe::PersistentNode,
        "CURATOR-3, -164",
    ),
    (
        "another-sessions-node-adopted",
        Recipe::PersistentNode,
        "nodes known by their names alone",
    ),
    (
        "touched-no-more-after-a-lost-answer",
        Recipe::TtlNode,
        "keep-alives that end with their first error",
    ),
    (
        "kept-for-some-time-in-a-container",
        Recipe::TtlNode,
        "C51: Curator's PersistentTtlNode before 5.9",
    ),
    (
        "lost-part-taken-for-ones-own",
        Recipe::Partitioner,
        "workers that go on as before with what they had before their session expired",
    ),
    (
        "members-that-go-are-kept",
        Recipe::Group,
        "lists of members that are added to as they come, and never shortened",
    ),
    (
        "written-whatever-was-read",
        Recipe::Stm,
        "transactions that write without a condition on what they read",
    ),
    (
        "later-parts-not-looked-at",
        Recipe::Queue,
        "consumers of a divided queue that know the parts there were at first",
    ),
];

/// A fault and where it was reported, or what it resembles.
pub const BUGS: [(&str, &str); 21] = [
    ("guard-forgotten-after-a-failed-release", "CURATOR-678"),
    ("failed-try-leaks", "kazoo #732"),
    ("dropped-claim-leaks", "zk-ruby #49, #51"),
    (
        "lost-create-forgotten",
        "samuel/go-zookeeper #229, zktools #2, zk-ruby #54",
    ),
    (
        "no-list-after-the-predecessor",
        "a predecessor that died while others hold",
    ),
    ("hold-survives-expiry", "CURATOR-595"),
    ("suffix-trusted-at-the-wrap", "suffixes compared at 2^31"),
    (
        "token-from-the-suffix",
        "tokens that start again with their parent",
    ),
    (
        "write-sent-again-after-unknown",
        "pending requests replayed",
    ),
    ("watches-not-set-again", "kazoo #170, #282"),
    (
        "window-counted-from-the-answer",
        "deadlines counted from the reply",
    ),
    ("no-check-after-the-wait", "etcd #11456"),
    ("gone-before-the-watch", "CURATOR-527"),
    ("owner-not-checked", "CURATOR-604"),
    (
        "fence-not-sent",
        "writes that trust the holder's own belief",
    ),
    (
        "own-deletion-unnoticed",
        "holders that look at nothing but their session",
    ),
    (
        "watches-set-again-for-the-future-alone",
        "setWatches with a later zxid, as in ZOOKEEPER-1417",
    ),
    (
        "handshake-without-a-zxid",
        "reconnects to a server that lags",
    ),
    (
        "unknown-told-as-not-applied",
        "a lost answer taken for a refusal",
    ),
    ("new-session-taken-for-the-old", "ClickHouse #116690"),
    (
        "all-wait-for-the-holder",
        "the herd effect that ZooKeeper's page on recipes warns of",
    ),
];

/// How a fault was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The seed in which it was.
    pub plan: Plan,
    /// How many seeds it took.
    pub seeds: u64,
    /// The property it breaks.
    pub property: String,
    /// How long it took.
    pub took: Duration,
}

/// Which plans show a fault.
fn profile(bug: &str, seed: u64) -> Profile {
    let is_late = LATE.iter().any(|(late, ..)| *late == bug);
    if is_late { Profile::Late } else { usual(seed) }
}

/// Looks for a fault with fresh seeds of a recipe from `first` on, for at most that long.
#[must_use]
pub fn find(bug: &'static str, recipe: Recipe, first: u64, limit: Duration) -> Option<Found> {
    let begun = Instant::now();
    zk_session::seeded::turn_on(bug);
    let mut found = None;
    for seed in first.. {
        let plan = Plan::draw_for(recipe, Seed(seed), profile(bug, seed));
        let broken = judge(&run(&plan)).into_iter().next();
        // What breaks also without the fault shows something else.
        let broken = broken.filter(|_| {
            zk_session::seeded::turn_on("");
            let innocent = judge(&run(&plan)).is_empty();
            zk_session::seeded::turn_on(bug);
            innocent
        });
        if let Some((property, _)) = broken {
            found = Some(Found {
                plan,
                seeds: seed - first + 1,
                property,
                took: begun.elapsed(),
            });
            break;
        }
        if begun.elapsed() > limit {
            break;
        }
    }
    zk_session::seeded::turn_on("");
    found
}

/// Turns a fault on in this thread.
///
/// # Errors
///
/// If there is none of that name.
pub fn turn_on(bug: &str) -> Result<(), String> {
    let known = all().find(|(known, ..)| *known == bug);
    let (known, ..) = known.ok_or_else(|| format!("there is no fault {bug:?}"))?;
    zk_session::seeded::turn_on(known);
    Ok(())
}

/// Whether a plan shows a fault, and what it breaks.
#[must_use]
pub fn shows(bug: &'static str, plan: &Plan) -> Option<String> {
    zk_session::seeded::turn_on(bug);
    let broken = judge(&run(plan));
    zk_session::seeded::turn_on("");
    broken.into_iter().next().map(|(property, _)| property)
}
