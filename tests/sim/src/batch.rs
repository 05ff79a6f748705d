//! Many seeds, one after the other or on several threads, and what they sum up to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::judge::{judge, sometimes};
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::run::{Run, run};
use crate::schedule::{Phase, Profile};
use crate::seed::Seed;

/// A plan with something wrong: properties, and what happened.
pub type Violating = (Plan, Vec<(String, String)>);

/// What many runs sum up to.
#[derive(Debug, Default)]
pub struct Sum {
    /// Seeds run.
    pub seeds: u64,
    /// Frames in both directions.
    pub frames: u64,
    /// Processes.
    pub clients: u64,
    /// Simulated time, in ms.
    pub simulated_ms: u64,
    /// Which faults struck in which phase.
    pub hits: BTreeMap<(&'static str, Phase), u64>,
    /// What has to have happened.
    pub sometimes: BTreeMap<&'static str, u64>,
    /// Seeds with something wrong, and what.
    pub violations: Vec<Violating>,
}

impl Sum {
    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, run: &Run, found: Vec<(String, String)>) {
        self.seeds += 1;
        self.clients += plan.clients as u64;
        self.frames += run.counters.to_server + run.counters.to_client;
        self.simulated_ms += u64::try_from(run.simulated.as_millis()).unwrap_or(0);
        for (cell, count) in &run.hits {
            *self.hits.entry(*cell).or_default() += count;
        }
        for (what, count) in sometimes(run) {
            *self.sometimes.entry(what).or_default() += count;
        }
        if !found.is_empty() {
            self.violations.push((plan.clone(), found));
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.frames += other.frames;
        self.clients += other.clients;
        self.simulated_ms += other.simulated_ms;
        for (cell, count) in other.hits {
            *self.hits.entry(cell).or_default() += count;
        }
        for (what, count) in other.sometimes {
            *self.sometimes.entry(what).or_default() += count;
        }
        self.violations.extend(other.violations);
    }

    /// How many faults struck.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.hits.values().sum()
    }

    /// How often each fault struck.
    #[must_use]
    pub fn by_fault(&self) -> BTreeMap<&'static str, u64> {
        let mut by_fault = BTreeMap::new();
        for ((fault, _), count) in &self.hits {
            *by_fault.entry(*fault).or_default() += count;
        }
        by_fault
    }
}

/// Runs `count` seeds of a recipe from `first` on. Profiles alternate where none is given. `done` hears of each seed.
#[must_use]
pub fn batch(
    recipe: Recipe,
    first: u64,
    count: u64,
    profile: Option<Profile>,
    threads: usize,
    done: &(dyn Fn(&Sum) + Sync),
) -> Sum {
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let profile = profile.unwrap_or_else(|| usual(seed));
                    let plan = Plan::draw_for(recipe, Seed(seed), profile);
                    let run = run(&plan);
                    let found = judge(&run);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.add(&plan, &run, found);
                    done(&sum);
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Most seeds are swarms; the other profiles take turns.
#[must_use]
pub fn usual(seed: u64) -> Profile {
    match seed % 10 {
        4 if seed % 20 == 4 => Profile::Hostile,
        5 if seed % 100 == 5 => Profile::Calm,
        0 => Profile::Net,
        1 => Profile::Process,
        2 => Profile::Servers,
        3 => Profile::Callers,
        _ => Profile::Swarm,
    }
}
