//! Changes of several nodes in one transaction.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use crate::history::History;
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `A5`: of calls that were made together each change is in the log at one zxid, or none is in the log.
///
/// `changes`: the zxid of each call's change.
pub(super) fn judge(history: &History, changes: &BTreeMap<usize, Zxid>, findings: &mut Findings) {
    let mut groups: BTreeMap<(u32, Text), Vec<(usize, &Op)>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if op.function == Function::Change && !op.together.is_empty() {
            let group = groups.entry((op.process, op.together)).or_default();
            group.push((place, op));
        }
    }
    for group in groups.into_values() {
        let zxids: Vec<Option<Zxid>> = group
            .iter()
            .map(|(place, _)| changes.get(place).copied())
            .collect();
        // One that is told done and is not in the log is another rule's.
        let missing = group
            .iter()
            .any(|(place, op)| op.outcome == Outcome::Ok && !changes.contains_key(place));
        let same = zxids.windows(2).all(|pair| pair.first() == pair.last());
        if same || missing {
            continue;
        }
        let places: Vec<usize> = group.iter().map(|(place, _)| *place).collect();
        let paths: Vec<String> = group
            .iter()
            .map(|(_, op)| history.texts.shown(op.path))
            .collect();
        let text = format!("{} are not changed together: {zxids:?}", paths.join(", "));
        findings.add(Property::A5, &places, text);
    }
}
