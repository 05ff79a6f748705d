//! Seeds of the cores alone.

use zk_sim::bare::draw;
use zk_sim::batch::usual;
use zk_sim::judge::judge;
use zk_sim::plan::Plan;
use zk_sim::run::Run;
use zk_sim::seed::Seed;
use zk_sim::sweep::{Harness, sweep};

#[test]
fn a_thousand_seeds_of_the_cores_break_nothing() {
    let plan = |seed| draw(Seed(seed), usual(seed));
    let swept = sweep(1000, &plan, Harness::Cores, 2, &|_| {});
    assert_eq!(swept.violations, []);
    assert!(swept.frames / swept.cases >= 300, "{} frames", swept.frames);
    assert!(swept.faults / swept.cases >= 3, "{} faults", swept.faults);
}

#[test]
fn a_plan_of_the_library_runs_on_the_cores() {
    let plan = Plan::draw(Seed(3), usual(3));
    let Run { history, .. } = &Harness::Cores.run(&plan);
    assert!(history.ops.len() > 50, "{} calls", history.ops.len());
}

/// What is checked here has to be able to fail: a session's own node taken away behind its back is a hold lost.
#[test]
fn a_history_of_the_cores_that_was_tampered_with_is_rejected() {
    let plan = draw(Seed(5), zk_sim::schedule::Profile::Calm);
    let mut run = Harness::Cores.run(&plan);
    assert_eq!(judge(&run), []);
    let grant = run.history.ops.iter_mut().find(|op| {
        op.function == zk_checkers::Function::Acquire && op.outcome == zk_checkers::Outcome::Ok
    });
    grant.unwrap().token = zk_wire::Zxid::from_raw(1);
    assert!(judge(&run).iter().any(|(property, _)| property == "L2"));
}
