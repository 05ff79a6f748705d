//! The simulation: repeatable, exhaustive where that is possible, and without a violation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::process::Command;

use zk_sim::batch::{batch, usual};
use zk_sim::judge::judge;
use zk_sim::plan::Plan;
use zk_sim::run::run;
use zk_sim::schedule::{Action, Call, Direction, Event, Trigger};
use zk_sim::seed::Seed;

fn traces() -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_zk-sim"))
        .args(["--traces", "40"])
        .env("LANG", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_same_seed_is_the_same_run_in_two_processes_and_on_eight_threads() {
    let first = traces();
    assert_eq!(first.len(), 40);
    assert_eq!(first, traces());
    let on_threads: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..8)
            .map(|thread| {
                scope.spawn(move || {
                    // Backwards, so that what was run before is other than in the processes.
                    let seeds = (thread * 5..thread * 5 + 5).rev();
                    let line = |seed| {
                        let run = run(&Plan::draw(Seed(seed), usual(seed)));
                        format!("{seed} {:016x}", run.trace)
                    };
                    let mut lines: Vec<String> = seeds.map(line).collect();
                    lines.reverse();
                    lines
                })
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    assert_eq!(first, on_threads);
}

#[test]
fn five_hundred_seeds_break_nothing() {
    let sum = batch(1_000_000, 500, None, 2, &|_| {});
    assert_eq!(sum.violations, []);
    assert!(sum.frames / sum.seeds >= 1000, "{} frames", sum.frames);
    assert!(sum.faults() / sum.seeds >= 3, "{} faults", sum.faults());
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

/// A short run of two processes that take turns with one lock.
fn script() -> Plan {
    let text = "seed 1\nservers 1\nclients 2\nregisters 1\nlocks 1\nlock_percent 80\ncalls 4\nsession 1000ms\n\
                tick 100ms\nlatency 3ms\njitter 0ms\nspan 2500ms\nthink 5ms\nwork 5ms";
    text.parse().unwrap()
}

fn with(trigger: Trigger, action: Action) -> Plan {
    let mut plan = script();
    plan.events.push(Event {
        trigger,
        action,
        lasting: None,
        client: None,
    });
    plan
}

fn breaks_nothing(plan: &Plan) {
    let found = judge(&run(plan));
    assert_eq!(found, [], "{plan}");
}

/// X1.
#[test]
fn every_frame_of_a_script_may_be_cut_before_and_after_it_is_applied() {
    let whole = run(&script()).counters;
    assert!(whole.to_server > 60 && whole.to_client > 60, "{whole:?}");
    for (way, frames) in [
        (Direction::ToServer, whole.to_server),
        (Direction::ToClient, whole.to_client),
    ] {
        for frame in 1..=frames {
            for action in [Action::CutBeforeApply, Action::CutAfterApply] {
                breaks_nothing(&with(Trigger::Frame(frame, way), action));
            }
        }
    }
}

/// X3.
#[test]
fn every_call_about_locks_may_be_dropped_at_every_poll_in_every_context() {
    let contexts = [
        None,
        Some(Action::CutBeforeApply),
        Some(Action::CutAfterApply),
        Some(Action::Expire),
        Some(Action::HalfOpen),
        Some(Action::Pause),
        Some(Action::Starve),
        Some(Action::Throttle),
    ];
    let calls = [
        Call::Acquire,
        Call::TryAcquire,
        Call::Hold,
        Call::Release,
        Call::FencedSet,
    ];
    let mut dropped = 0;
    for call in calls {
        for poll in 1..=8 {
            for context in contexts {
                let mut plan = with(Trigger::Poll(0, call, poll), Action::Cancel(poll));
                plan.calls = 60;
                plan.lock_percent = 100;
                if let Some(action) = context {
                    plan.events.push(Event {
                        trigger: Trigger::Poll(0, call, poll.div_ceil(2)),
                        action,
                        lasting: action
                            .lasts()
                            .then(|| std::time::Duration::from_millis(300)),
                        client: Some(0),
                    });
                }
                let run = run(&plan);
                assert_eq!(judge(&run), [], "{plan}");
                dropped += run
                    .history
                    .ops
                    .iter()
                    .filter(|op| op.outcome == zk_checkers::Outcome::Cancelled)
                    .count();
            }
        }
    }
    assert!(dropped > 50, "{dropped} calls were dropped");
}

/// X7.
#[test]
fn counters_may_wrap() {
    for near in -5..=5_i64 {
        let mut plan = with(
            Trigger::At(std::time::Duration::from_millis(1)),
            Action::SetSuffix(
                i32::try_from((i64::from(i32::MAX) - 2 + near).min(i64::from(i32::MAX))).unwrap(),
            ),
        );
        plan.clients = 3;
        plan.calls = 10;
        breaks_nothing(&plan);
    }
    for near in 0..=10 {
        let mut plan = script();
        plan.servers = 3;
        plan.calls = 10;
        plan.zxid_low = u32::MAX - 30 + near;
        breaks_nothing(&plan);
    }
}

/// The plans in `bugs/` were found by fresh seeds (`zk-sim --bugs bugs`); each still shows its fault.
#[cfg(feature = "seeded-bugs")]
#[test]
fn every_known_fault_is_shown_by_its_stored_plan() {
    for (bug, reported) in zk_sim::bugs::BUGS {
        let file = format!("{}/bugs/{bug}.txt", env!("CARGO_MANIFEST_DIR"));
        let plan: Plan = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        assert_eq!(judge(&run(&plan)), [], "{bug}: shown without it");
        let property = zk_sim::bugs::shows(bug, &plan).expect(bug);
        println!("{bug:<42}{property:>5}  {reported}");
    }
}
