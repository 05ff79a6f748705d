//! Nodes as registers with versions: every answer is a state of the log's replay.

use zk_wire::Zxid;

use crate::history::History;
use crate::known::{Tree, Writes};
use crate::verdict::{Findings, Property, Verdict};

mod children;
mod reads;
mod writes;

/// `Read`, `G1` (no read goes back), `G2` (writes), and `Record` (the log itself).
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let tree = Tree::replay(history);
    for problem in &tree.problems {
        findings.add(Property::Record, &[], problem.clone());
    }
    let floors = floors(history);
    reads::judge(history, &tree, &floors, &mut findings);
    children::judge(history, &tree, &floors, &mut findings);
    writes::judge(history, &tree, &Writes::of(history), &mut findings);
    findings.verdict()
}

/// For each operation the highest zxid that its session had seen for certain when it was called.
fn floors(history: &History) -> Vec<Zxid> {
    use std::collections::BTreeMap;

    let ops = &history.ops;
    let mut begins: Vec<usize> = (0..ops.len()).collect();
    begins.sort_by_key(|place| ops.get(*place).map(|op| op.invoked));
    let mut ends: Vec<usize> = begins.clone();
    ends.retain(|place| ops.get(*place).is_some_and(|op| op.returned.is_some()));
    ends.sort_by_key(|place| ops.get(*place).map(|op| op.returned));
    let mut ends = ends.into_iter().peekable();
    let mut seen: BTreeMap<_, Zxid> = BTreeMap::new();
    let mut floors = vec![Zxid::NONE; ops.len()];
    for begin in begins {
        let Some(op) = ops.get(begin) else { continue };
        let before = |end: &usize| {
            ops.get(*end)
                .and_then(|end| end.returned)
                .is_some_and(|returned| returned < op.invoked)
        };
        while let Some(end) = ends.next_if(before) {
            if let Some(end) = ops.get(end) {
                let highest = seen.entry(end.session).or_default();
                *highest = end.at.max(*highest);
            }
        }
        let known = seen.get(&op.session).copied().unwrap_or_default();
        if let Some(floor) = floors.get_mut(begin) {
            *floor = known.max(op.seen);
        }
    }
    floors
}
