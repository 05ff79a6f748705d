//! Small objects without zxids: is there any order of the calls that explains all answers?

use std::collections::{BTreeMap, BTreeSet};

use crate::history::History;
use crate::known::{Tree, acquires, excludes};
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

mod linearize;
mod models;

use linearize::{Call, End, linearize};
use models::{Counter, Mutex, Register};

/// How much a search may take. Beyond that it gives up, which is a failure of its own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Calls on one object.
    pub ops: usize,
    /// Processes that call one object.
    pub processes: usize,
    /// Steps of the search over one object.
    pub steps: usize,
}

impl Default for Cap {
    /// 1,000 calls by 10 processes, and a million steps: about a second.
    fn default() -> Self {
        Self {
            ops: 1_000,
            processes: 10,
            steps: 1_000_000,
        }
    }
}

/// `Order` and `GaveUp`, within the default cap.
pub(super) fn check(history: &History) -> Verdict {
    search_within(history, Cap::default())
}

/// Searches each object for an order of its calls: registers, counters and fenced mutexes, told
/// apart by the functions called on them.
///
/// # Errors
///
/// `Order` for an object that has no such order, and `GaveUp` for one beyond the cap.
pub fn search_within(history: &History, cap: Cap) -> Verdict {
    let mut findings = Findings::default();
    let mut objects: BTreeMap<(Kind, Text), Vec<usize>> = BTreeMap::new();
    let counters: BTreeSet<Text> = (history.ops.iter())
        .filter(|op| op.function == Function::Add)
        .map(|op| op.path)
        .collect();
    let alone: BTreeSet<Text> = (history.ops.iter())
        .filter(|op| excludes(op.function))
        .map(|op| op.path)
        .collect();
    for (place, op) in history.ops.iter().enumerate() {
        let kind = match op.function {
            Function::Read | Function::Add if counters.contains(&op.path) => Kind::Counter,
            Function::Read | Function::Write | Function::CompareAndSet => Kind::Register,
            Function::Release if alone.contains(&op.path) => Kind::Mutex,
            function if excludes(function) => Kind::Mutex,
            _ => continue,
        };
        objects.entry((kind, op.path)).or_default().push(place);
    }
    let tree = Tree::replay(history);
    for ((kind, object), places) in objects {
        let name = history.texts.shown(object);
        findings.stats.judged += places.len();
        let ops = |place: &usize| history.ops.get(*place).copied().unwrap_or_default();
        let processes: BTreeSet<u32> = places.iter().map(|place| ops(place).process).collect();
        if places.len() > cap.ops || processes.len() > cap.processes {
            let (calls, processes) = (places.len(), processes.len());
            let text =
                format!("{name} has {calls} calls by {processes} processes: too many to search");
            findings.add(Property::GaveUp, &[], text);
            continue;
        }
        let calls: Vec<Call> = places
            .iter()
            .filter_map(|place| call(*place, ops(place)))
            .collect();
        let end = match kind {
            Kind::Register => linearize(&Register, calls, cap.steps),
            Kind::Counter => linearize(&Counter::new(&history.texts), calls, cap.steps),
            Kind::Mutex => linearize(&Mutex, models::with_losses(calls, &tree), cap.steps),
        };
        match end {
            End::Explained { steps } => {
                *findings.stats.met.entry("search steps").or_default() += steps;
            }
            End::Impossible { stuck } => {
                let text = format!("no order of the calls on {name} explains their answers");
                findings.add(Property::Order, &stuck, text);
            }
            End::GaveUp => {
                let text = format!("{name}: no order found in {} steps", cap.steps);
                findings.add(Property::GaveUp, &[], text);
            }
        }
    }
    findings.verdict()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Register,
    Counter,
    Mutex,
}

/// The call as the search sees it. One that surely did nothing, and learned nothing, is left out.
fn call(place: usize, op: Op) -> Option<Call> {
    let returned = match op.outcome {
        Outcome::Ok => op.returned,
        // A refused comparison has seen another value.
        Outcome::NotApplied if op.function == Function::CompareAndSet && op.error != 0 => {
            op.returned
        }
        Outcome::NotApplied => return None,
        Outcome::Pending | Outcome::Unknown | Outcome::Cancelled => {
            // Nobody holds what was not granted, and reads that answer nothing say nothing.
            if acquires(op.function) || op.function == Function::Read {
                return None;
            }
            None
        }
    };
    Some(Call {
        place: Some(place),
        invoked: op.invoked,
        returned,
        op,
    })
}
