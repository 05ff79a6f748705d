//! Which faults struck in which phase, and which should have.

use std::collections::BTreeMap;
use std::fmt::Write as _;

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

/// A recipe and what its users are doing: the columns of the table.
const COLUMNS: [(&str, Phase); 6] = [
    ("register", Phase::Reading),
    ("register", Phase::Writing),
    ("watch", Phase::Watching),
    ("mutex", Phase::Acquiring),
    ("mutex", Phase::Holding),
    ("mutex", Phase::Releasing),
];

/// The table as text.
#[must_use]
pub fn table(hits: &BTreeMap<(&'static str, Phase), u64>) -> String {
    let mut text = format!("{:<20}", "fault");
    for (recipe, phase) in COLUMNS {
        let _ = write!(text, "{:>20}", format!("{recipe} {}", phase.word()));
    }
    let mut faults: Vec<&str> = hits.keys().map(|(fault, _)| *fault).collect();
    faults.dedup();
    for fault in faults {
        let _ = write!(text, "\n{fault:<20}");
        for (_, phase) in COLUMNS {
            let count = hits.get(&(fault, phase)).copied().unwrap_or(0);
            let _ = write!(text, "{count:>20}");
        }
    }
    text
}

/// The cells of the list of what can be reached that are empty.
#[must_use]
pub fn missing(hits: &BTreeMap<(&'static str, Phase), u64>) -> Vec<String> {
    let everywhere = EVERYWHERE
        .iter()
        .flat_map(|fault| COLUMNS.iter().map(move |column| (*fault, *column)));
    let holding = HOLDING
        .iter()
        .map(|fault| (*fault, ("mutex", Phase::Holding)));
    everywhere
        .chain(holding)
        .filter(|(fault, (_, phase))| !hits.contains_key(&(*fault, *phase)))
        .map(|(fault, (recipe, phase))| format!("{fault} while a {recipe} is {}", phase.word()))
        .collect()
}
