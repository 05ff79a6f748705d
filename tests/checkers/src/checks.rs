//! The checkers. Each reads the recorded history and the server's log, and nothing else.

mod barriers;
mod branches;
mod cancel;
mod effort;
mod elections;
mod kept;
mod leaks;
mod liveness;
mod locks;
mod owners;
mod pictures;
mod queues;
mod registers;
mod search;
mod sessions;
mod values;
mod watches;

pub use search::{Cap, search_within};

use crate::history::History;
use crate::verdict::{Stats, Verdict};

/// A checker: a name, and the function that judges a history.
#[derive(Clone, Copy, Debug)]
pub struct Checker {
    /// What it is called in reports.
    pub name: &'static str,
    /// Judges a history.
    pub check: fn(&History) -> Verdict,
}

/// All checkers.
pub const CHECKERS: [Checker; 17] = [
    Checker {
        name: "registers",
        check: registers::check,
    },
    Checker {
        name: "sessions",
        check: sessions::check,
    },
    Checker {
        name: "watches",
        check: watches::check,
    },
    Checker {
        name: "locks",
        check: locks::check,
    },
    Checker {
        name: "values",
        check: values::check,
    },
    Checker {
        name: "branches",
        check: branches::check,
    },
    Checker {
        name: "barriers",
        check: barriers::check,
    },
    Checker {
        name: "elections",
        check: elections::check,
    },
    Checker {
        name: "queues",
        check: queues::check,
    },
    Checker {
        name: "pictures",
        check: pictures::check,
    },
    Checker {
        name: "kept",
        check: kept::check,
    },
    Checker {
        name: "owners",
        check: owners::check,
    },
    Checker {
        name: "leaks",
        check: leaks::check,
    },
    Checker {
        name: "cancel",
        check: cancel::check,
    },
    Checker {
        name: "effort",
        check: effort::check,
    },
    Checker {
        name: "liveness",
        check: liveness::check,
    },
    Checker {
        name: "search",
        check: search::check,
    },
];

/// Asks all checkers.
///
/// # Errors
///
/// The violations that any of them found.
pub fn check(history: &History) -> Verdict {
    let mut sum = Stats::default();
    let mut violations = Vec::new();
    for checker in CHECKERS {
        match (checker.check)(history) {
            Ok(stats) => {
                sum.judged += stats.judged;
                sum.exempt += stats.exempt;
                for (what, count) in stats.met {
                    *sum.met.entry(what).or_default() += count;
                }
            }
            Err(found) => violations.extend(found),
        }
    }
    if violations.is_empty() {
        Ok(sum)
    } else {
        Err(violations)
    }
}
