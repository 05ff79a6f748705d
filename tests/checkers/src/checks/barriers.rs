//! Whatever many wait at: barriers, flags and latches; double and cyclic barriers.

use std::collections::BTreeMap;

use crate::history::History;
use crate::known::{Bounds, Ends, Late, Rows, Tree};
use crate::records::{Function, Op};
use crate::text::Text;
use crate::verdict::{Findings, Verdict};

mod cyclic;
mod double;
mod gates;
mod sites;

use sites::Sites;

/// `B1` to `B3`, `B5`, and `G9` of waits.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let mut places: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if kind(op.function).is_some() {
            places.entry(op.path).or_default().push(place);
        }
    }
    if places.is_empty() {
        return findings.verdict();
    }
    let site = Sites {
        history,
        tree: Tree::replay(history),
        rows: Rows::of(history),
        bounds: Bounds::of(history),
        ends: Ends::of(history),
        late: Late::of(history),
    };
    for (path, places) in places {
        findings.stats.judged += places.len();
        let op = |place: usize| history.ops.get(place).copied().unwrap_or_default();
        let mut calls: Vec<(usize, Op)> =
            places.into_iter().map(|place| (place, op(place))).collect();
        calls.sort_by_key(|(_, op)| op.invoked);
        match calls.first().and_then(|(_, op)| kind(op.function)) {
            Some(Kind::Double) => double::judge(&site, path, &calls, &mut findings),
            Some(Kind::Cyclic) => cyclic::judge(&site, path, &calls, &mut findings),
            _ => gates::judge(&site, path, &calls, &mut findings),
        }
    }
    findings.verdict()
}

enum Kind {
    Gate,
    Double,
    Cyclic,
}

const fn kind(function: Function) -> Option<Kind> {
    match function {
        Function::Raise
        | Function::Lower
        | Function::AwaitAbsent
        | Function::AwaitPresent
        | Function::AwaitZero => Some(Kind::Gate),
        Function::Enter | Function::Leave => Some(Kind::Double),
        Function::Arrive => Some(Kind::Cyclic),
        _ => None,
    }
}
