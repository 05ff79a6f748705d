//! Which faults struck in which phase, and which should have.

use std::fmt::Write as _;

use crate::director::Hits;
use crate::recipe::Recipe;
use crate::schedule::Phase;

/// The faults that can strike in every phase: what a long enough run must have shown.
const EVERYWHERE: [&str; 26] = [
    "cut-before-apply",
    "cut-after-apply",
    "cut-at-byte",
    "half-open",
    "blackhole",
    "refuse",
    "delay",
    "pause",
    "starve",
    "kill",
    "expire",
    "no-quorum",
    "throttle",
    "crash-leader",
    "crash-follower",
    "lag",
    "lose-tail",
    "partition",
    "one-way",
    "drip",
    "stall",
    "busy",
    "evict",
    "new-session-silently",
    "restore-old",
    "bytes",
];

/// Faults that a holder's own code is.
const HOLDING: [&str; 3] = ["drop-guard", "leak-guard", "panic-holding"];

/// The table as text.
#[must_use]
pub fn table(recipe: Recipe, hits: &Hits) -> String {
    let mut text = format!("{:<20}", "fault");
    for (what, phase) in recipe.columns() {
        let _ = write!(text, "{:>20}", format!("{what} {}", phase.word()));
    }
    let mut faults: Vec<&str> = hits.keys().map(|(fault, _)| *fault).collect();
    faults.dedup();
    for fault in faults {
        let _ = write!(text, "\n{fault:<20}");
        for (_, phase) in recipe.columns() {
            let count = hits.get(&(fault, *phase)).copied().unwrap_or(0);
            let _ = write!(text, "{count:>20}");
        }
    }
    text
}

/// The cells of the list of what can be reached that are empty.
#[must_use]
pub fn missing(recipe: Recipe, hits: &Hits) -> Vec<String> {
    let columns = recipe.columns();
    let everywhere = EVERYWHERE
        .iter()
        .flat_map(|fault| columns.iter().map(move |column| (*fault, *column)));
    let held = columns.iter().filter(|(_, phase)| *phase == Phase::Holding);
    let holding = held.flat_map(|column| HOLDING.iter().map(move |fault| (*fault, *column)));
    everywhere
        .chain(holding)
        .filter(|(fault, (_, phase))| !hits.contains_key(&(*fault, *phase)))
        .map(|(fault, (what, phase))| format!("{fault} while a {what} is {}", phase.word()))
        .collect()
}
