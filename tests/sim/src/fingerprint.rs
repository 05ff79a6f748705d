//! What two runs of one seed have in common: everything.

use std::fmt::Write as _;

use crate::bare;
use crate::batch::usual;
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::run::Run;
use crate::seed::Seed;
use crate::sweep::Harness;
use crate::world::Trace;

/// A hash over what arrived anywhere, with its time, and over every record of the history.
#[must_use]
pub fn of(run: &Run) -> u64 {
    let mut trace = Trace::default();
    trace.number(run.trace);
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write!(text, "{}", run.history);
    trace.bytes(text.as_bytes());
    trace.value()
}

/// A line with the fingerprint of a seed on a harness; the cores know mutexes alone.
#[must_use]
pub fn line(harness: Harness, recipe: Recipe, seed: u64) -> String {
    let plan = match harness {
        Harness::Library => Plan::draw_for(recipe, Seed(seed), usual(seed)),
        Harness::Cores => bare::draw(Seed(seed), usual(seed)),
    };
    format!("{seed} {:016x}", of(&harness.run(&plan)))
}
