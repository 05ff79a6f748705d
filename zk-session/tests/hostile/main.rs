//! Servers that break the rules: whatever they do, the session ends or goes on in a way that is told, in bounded time,
//! memory and work. Each case names the rule it breaks.
#![expect(clippy::unwrap_used, reason = "a harness reports by panicking")]

mod allocator;
mod attack;
mod bodies;
mod case;
mod events;
mod frames;
mod framing;
mod greetings;
mod promises;
mod rig;
mod server;

use std::collections::BTreeSet;

use case::Case;

/// What the corpus has to have at least.
const CASES: usize = 150;
const RULES: usize = 60;

fn all() -> Vec<Case> {
    [
        framing::cases(),
        greetings::cases(),
        bodies::cases(),
        events::cases(),
        promises::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn no_rule_that_a_server_breaks_costs_more_than_the_connection() {
    let cases = all();
    let rules: BTreeSet<&str> = cases.iter().map(|case| case.rule).collect();
    let total = cases.len();
    println!(
        "{total} cases of hostile servers break {} rules",
        rules.len()
    );
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|case| case.run().err())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {total}:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(
        total >= CASES && rules.len() >= RULES,
        "{total} cases, {} rules",
        rules.len()
    );
}

#[test]
fn every_case_is_named_differently() {
    let cases = all();
    let names: BTreeSet<_> = cases.iter().map(|case| (case.rule, &case.how)).collect();
    assert_eq!(names.len(), cases.len());
}
