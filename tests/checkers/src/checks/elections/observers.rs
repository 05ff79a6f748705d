//! What observers are told.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use super::view::Elections;
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// An observer is told of terms that there were, and never of an earlier one after a later one.
pub(super) fn judge(elections: &Elections<'_>, findings: &mut Findings) {
    let history = elections.history;
    let mut told: Vec<(usize, &Op)> = history.ops.iter().enumerate().collect();
    told.retain(|(_, op)| {
        op.function == Function::Observe && op.outcome == Outcome::Ok && op.mzxid != Zxid::NONE
    });
    told.sort_by_key(|(_, op)| op.returned);
    let mut latest: BTreeMap<(Text, Text), (Zxid, usize)> = BTreeMap::new();
    for (place, op) in told {
        findings.stats.judged += 1;
        let name = history.texts.shown(op.recipe);
        let written = elections.written(op.path, op.mzxid);
        if written.is_none_or(|change| change.session != op.owner) {
            let text = format!("{name} is told of {}, which is no term", op.mzxid);
            findings.add(Property::E1, &[place], text);
        }
        let before = latest.entry((op.recipe, op.path)).or_default();
        if op.mzxid < before.0 {
            let text = format!("{name} is told of {} after {}", op.mzxid, before.0);
            findings.add(Property::E1, &[before.1, place], text);
        }
        *before = (*before).max((op.mzxid, place));
    }
}
