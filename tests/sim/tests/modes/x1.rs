//! X1: every frame of a script cut before and after it is applied.

use zk_sim::exhaustive::{Mode, script};
use zk_sim::sweep::{Harness, sweep};

/// Cuts every frame of so many scripts; returns how many cases there were.
fn every_cut(harness: Harness, scripts: u64) -> u64 {
    let mut cases = 0;
    for seed in 0..scripts {
        // Every fourth script runs on three servers.
        let script = script(seed, if seed % 4 == 3 { 3 } else { 1 }, 4);
        let of_script = Mode::X1.cases(&script, harness);
        assert!(of_script.frames() > 40, "script {seed} has few frames");
        let plan = |case| of_script.plan(case);
        let swept = sweep(of_script.count(), &plan, harness, 2, &|_| {});
        assert_eq!(swept.violations, [], "script {seed}");
        assert_eq!(swept.struck, of_script.count(), "script {seed}: missed");
        cases += swept.cases;
    }
    cases
}

#[test]
fn every_frame_of_a_script_may_be_cut_before_and_after_it_is_applied() {
    let cases = every_cut(Harness::Library, 12);
    println!("X1 on the library: {cases} cases");
    assert!(cases >= 1500, "{cases} cases");
}

#[test]
fn every_frame_of_a_script_of_the_cores_may_be_cut_before_and_after_it_is_applied() {
    let cases = every_cut(Harness::Cores, 24);
    println!("X1 on the cores: {cases} cases");
    assert!(cases >= 3000, "{cases} cases");
}
