//! The simulation: fresh seeds and stored plans, without a violation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use zk_sim::batch::batch;
use zk_sim::judge::judge;
use zk_sim::plan::Plan;
use zk_sim::recipe::Recipe;
use zk_sim::run::run;

#[test]
fn five_hundred_seeds_break_nothing() {
    let sum = batch(Recipe::Mutex, 1_000_000, 500, None, 2, &|_| {});
    assert_eq!(sum.violations, []);
    assert!(sum.frames / sum.seeds >= 1000, "{} frames", sum.frames);
    assert!(sum.faults() / sum.seeds >= 3, "{} faults", sum.faults());
}

/// Five hundred fresh seeds of a recipe, in which everything happened that is to happen.
fn five_hundred_seeds_of(recipe: Recipe) {
    let sum = batch(recipe, 1_000_000, 500, None, 2, &|_| {});
    assert_eq!(sum.violations, []);
    assert!(sum.faults() / sum.seeds >= 3, "{} faults", sum.faults());
    for function in recipe.functions() {
        let count = sum.sometimes.get(function.word()).copied();
        assert!(count.unwrap_or(0) > 20, "{function:?}: {count:?}");
    }
    for (what, _) in recipe.occasions() {
        let count = sum.sometimes.get(what).copied();
        assert!(count.unwrap_or(0) > 20, "{what}: {count:?}");
    }
}

#[test]
fn five_hundred_seeds_of_readers_and_writers_break_nothing() {
    five_hundred_seeds_of(Recipe::RwLock);
}

#[test]
fn five_hundred_seeds_of_semaphores_break_nothing() {
    five_hundred_seeds_of(Recipe::Semaphore);
}

#[test]
fn five_hundred_seeds_of_mutexes_that_are_semaphores_break_nothing() {
    five_hundred_seeds_of(Recipe::SemaphoreMutex);
}

#[test]
fn five_hundred_seeds_of_locks_taken_together_break_nothing() {
    five_hundred_seeds_of(Recipe::MultiLock);
}

#[test]
fn five_hundred_seeds_of_mutexes_entered_again_break_nothing() {
    five_hundred_seeds_of(Recipe::Reentrant);
}

#[test]
fn five_hundred_seeds_of_elections_break_nothing() {
    five_hundred_seeds_of(Recipe::Election);
}

#[test]
fn five_hundred_seeds_of_leases_break_nothing() {
    five_hundred_seeds_of(Recipe::Lease);
}

#[test]
fn five_hundred_seeds_of_counters_and_atomic_values_break_nothing() {
    five_hundred_seeds_of(Recipe::Counter);
}

#[test]
fn five_hundred_seeds_of_block_counters_break_nothing() {
    five_hundred_seeds_of(Recipe::BlockCounter);
}

#[test]
fn five_hundred_seeds_of_shared_values_break_nothing() {
    five_hundred_seeds_of(Recipe::SharedValue);
}

#[test]
fn five_hundred_seeds_of_rate_limiters_break_nothing() {
    five_hundred_seeds_of(Recipe::RateLimiter);
}

#[test]
fn five_hundred_seeds_of_barriers_break_nothing() {
    five_hundred_seeds_of(Recipe::Barrier);
}

#[test]
fn five_hundred_seeds_of_event_flags_break_nothing() {
    five_hundred_seeds_of(Recipe::EventFlag);
}

#[test]
fn five_hundred_seeds_of_count_down_latches_break_nothing() {
    five_hundred_seeds_of(Recipe::CountDownLatch);
}

#[test]
fn five_hundred_seeds_of_double_barriers_break_nothing() {
    five_hundred_seeds_of(Recipe::DoubleBarrier);
}

#[test]
fn five_hundred_seeds_of_cyclic_barriers_break_nothing() {
    five_hundred_seeds_of(Recipe::CyclicBarrier);
}

#[test]
fn five_hundred_seeds_of_persistent_nodes_break_nothing() {
    five_hundred_seeds_of(Recipe::PersistentNode);
}

#[test]
fn five_hundred_seeds_of_ttl_nodes_break_nothing() {
    five_hundred_seeds_of(Recipe::TtlNode);
}

#[test]
fn five_hundred_seeds_of_queues_break_nothing() {
    five_hundred_seeds_of(Recipe::Queue);
}

#[test]
fn five_hundred_seeds_of_caches_break_nothing() {
    five_hundred_seeds_of(Recipe::Cache);
}

#[test]
fn five_hundred_seeds_of_groups_break_nothing() {
    five_hundred_seeds_of(Recipe::Group);
}

#[test]
fn five_hundred_seeds_of_services_break_nothing() {
    five_hundred_seeds_of(Recipe::Discovery);
}

#[test]
fn five_hundred_seeds_of_divisions_break_nothing() {
    five_hundred_seeds_of(Recipe::Partitioner);
}

#[test]
fn five_hundred_seeds_of_transactions_break_nothing() {
    five_hundred_seeds_of(Recipe::Stm);
}

#[test]
fn every_plan_of_the_corpus_breaks_nothing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let mut plans = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let plan: Plan = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        assert_eq!(judge(&run(&plan)), [], "{}", path.display());
        plans += 1;
    }
    assert!(plans > 0);
}

/// The plans in `bugs/` were found by fresh seeds (`zk-sim --bugs bugs`); each still shows its fault.
#[cfg(feature = "seeded-bugs")]
#[test]
fn every_known_fault_is_shown_by_its_stored_plan() {
    for (bug, _, reported) in zk_sim::bugs::all() {
        let file = format!("{}/bugs/{bug}.txt", env!("CARGO_MANIFEST_DIR"));
        let plan: Plan = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        assert_eq!(judge(&run(&plan)), [], "{bug}: shown without it");
        let property = zk_sim::bugs::shows(bug, &plan).expect(bug);
        println!("{bug:<42}{property:>5}  {reported}");
    }
}
