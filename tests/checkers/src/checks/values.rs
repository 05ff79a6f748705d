//! Counters, values, latches' counts and limits: nodes whose data many calls replace.

use std::collections::BTreeMap;

use crate::history::History;
use crate::known::{Bounds, Rows};
use crate::records::Function;
use crate::text::Text;
use crate::verdict::{Findings, Verdict};

mod blocks;
mod chain;
mod limits;
mod object;
mod reads;
mod together;

use object::Object;

/// `A1` to `A5`, and `G9` of streams.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let mut objects: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if is_of_value(op.function) {
            objects.entry(op.path).or_default().push(place);
        }
    }
    if objects.is_empty() {
        return findings.verdict();
    }
    let rows = Rows::of(history);
    let bounds = Bounds::of(history);
    let mut changes = BTreeMap::new();
    for (path, mut places) in objects {
        let op = |place: usize| history.ops.get(place).copied().unwrap_or_default();
        places.sort_by_key(|place| op(*place).invoked);
        findings.stats.judged += places.len();
        let object = Object {
            history,
            name: history.texts.shown(path),
            calls: places.into_iter().map(|place| (place, op(place))).collect(),
            rows: rows.at(path),
        };
        let uses = |function| {
            let mut calls = object.calls.iter();
            calls.any(|(_, op)| op.function == function)
        };
        if uses(Function::Next) {
            blocks::judge(&object, &mut findings);
        } else if uses(Function::Spend) {
            limits::judge(&object, &mut findings);
        } else {
            let made = chain::judge(&object, &mut findings);
            reads::judge(&object, &made, &bounds, &mut findings);
            let zxid = |at: usize| object.rows.get(at).map(|row| row.zxid);
            let own = made
                .into_iter()
                .filter_map(|(place, at)| Some((place, zxid(at)?)));
            changes.extend(own);
        }
    }
    together::judge(history, &changes, &mut findings);
    findings.verdict()
}

const fn is_of_value(function: Function) -> bool {
    matches!(
        function,
        Function::Change
            | Function::Replace
            | Function::ReplaceIf
            | Function::Look
            | Function::Follow
            | Function::CountDown
            | Function::Next
            | Function::Spend
    )
}
