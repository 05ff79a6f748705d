//! Many plans, each run and judged: seeds, or every place of a script that a fault can strike.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::bare;
use crate::judge::judge;
use crate::plan::Plan;
use crate::run::{self, Run};

/// What a plan is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harness {
    /// Client, recipes and servers on a paused clock.
    Library,
    /// Sessions, decisions and servers without a runtime.
    Cores,
}

impl Harness {
    /// Runs a plan.
    #[must_use]
    pub fn run(self, plan: &Plan) -> Run {
        match self {
            Self::Library => run::run(plan),
            Self::Cores => bare::run(plan),
        }
    }
}

/// What a sweep sums up to.
#[derive(Debug, Default)]
pub struct Swept {
    /// Plans run.
    pub cases: u64,
    /// Those in which every fault of the plan struck.
    pub struck: u64,
    /// Frames in both directions.
    pub frames: u64,
    /// Faults that struck.
    pub faults: u64,
    /// Simulated time, in ms.
    pub simulated_ms: u64,
    /// Plans that broke something, and what.
    pub violations: Vec<(Plan, Vec<(String, String)>)>,
}

impl Swept {
    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, run: &Run, found: Vec<(String, String)>) {
        let faults: u64 = run.hits.values().sum();
        self.cases += 1;
        self.struck += u64::from(faults >= plan.events.len() as u64);
        self.faults += faults;
        self.frames += run.counters.to_server + run.counters.to_client;
        self.simulated_ms += u64::try_from(run.simulated.as_millis()).unwrap_or(0);
        if !found.is_empty() {
            self.violations.push((plan.clone(), found));
        }
    }
}

/// Runs the plans of the numbers below `count`. `done` hears of each.
#[must_use]
pub fn sweep(
    count: u64,
    plan_of: &(dyn Fn(u64) -> Plan + Sync),
    harness: Harness,
    threads: usize,
    done: &(dyn Fn(&Swept) + Sync),
) -> Swept {
    let next = AtomicU64::new(0);
    let swept = Mutex::new(Swept::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let plan = plan_of(number);
                    let run = harness.run(&plan);
                    let found = judge(&run);
                    let mut swept = swept.lock().unwrap_or_else(PoisonError::into_inner);
                    swept.add(&plan, &run, found);
                    done(&swept);
                }
            });
        }
    });
    swept.into_inner().unwrap_or_else(PoisonError::into_inner)
}
