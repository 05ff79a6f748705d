//! The cores alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use zk_sim::bare::draw;
use zk_sim::batch::usual;
use zk_sim::plan::Plan;
use zk_sim::seed::Seed;
use zk_sim::sweep::{Harness, sweep};

fn short(seed: u64) -> Plan {
    draw(Seed(seed), usual(seed))
}

#[test]
fn two_thousand_seeds_of_the_cores_break_nothing() {
    let begun = std::time::Instant::now();
    let count: u64 = std::env::var("SEEDS").map_or(2000, |n| n.parse().unwrap());
    let swept = sweep(count, &short, Harness::Cores, 2, &|_| {});
    println!(
        "{:?} {} frames {} faults {} ms {} bad",
        begun.elapsed(),
        swept.frames,
        swept.faults,
        swept.simulated_ms,
        swept.violations.len()
    );
    for (plan, found) in swept.violations.iter().take(12) {
        println!(
            "{} {} {:?}",
            plan.seed.0,
            plan.profile.word(),
            found.first()
        );
    }
    assert!(swept.violations.is_empty());
}
