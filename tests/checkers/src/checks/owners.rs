//! Parts of a whole: each is one's at a time, and each is somebody's.

use std::collections::BTreeMap;

use crate::history::History;
use crate::known::{Bounds, Ends, Life, Tree, parent};
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

/// Each part's grants: the call's place, the call, and the node.
type Parts<'h> = BTreeMap<Text, Vec<(usize, &'h Op, Option<&'h Life>)>>;

/// `L1`, `L2`, `L7` of parts; `G9` of parts that stay nobody's.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let calls = history.ops.iter().enumerate();
    let calls: Vec<(usize, &Op)> = calls
        .filter(|(_, op)| matches!(op.function, Function::Own | Function::Disown))
        .collect();
    if calls.is_empty() {
        return findings.verdict();
    }
    findings.stats.judged += calls.len();
    let (tree, ends, bounds) = (
        Tree::replay(history),
        Ends::of(history),
        Bounds::of(history),
    );
    let mut parts: Parts<'_> = BTreeMap::new();
    for (place, op) in &calls {
        if op.function != Function::Own || op.outcome != Outcome::Ok {
            continue;
        }
        let life = tree.made(op.reply, op.token);
        let shown = history.texts.shown(op.path);
        let who = format!("{shown} of process {}", op.process);
        if life.is_none_or(|life| ends.user(life.owner) != Some(op.process)) {
            let text = format!("{who} has no node of its own for {}", op.token);
            findings.add(Property::L7, &[*place], text);
        }
        // It is told of what it has, and not of what it had.
        let in_time = life.is_none_or(|life| op.returned.is_none_or(|at| life.created <= at));
        if !in_time {
            let text = format!("{who} is had before its node is there");
            findings.add(Property::L7, &[*place], text);
        }
        parts.entry(op.path).or_default().push((*place, op, life));
    }
    for (part, owners) in &mut parts {
        owners.sort_by_key(|(_, op, _)| op.token);
        let shown = history.texts.shown(*part);
        for pair in owners.windows(2) {
            let [(one, first, life), (other, next, _)] = pair else {
                continue;
            };
            if first.token == next.token {
                let text = format!("{shown} is given out twice with {}", first.token);
                findings.add(Property::L2, &[*one, *other], text);
                continue;
            }
            // A node that waits is older than its turn: the one before is gone when the next one is told.
            let gone = life.and_then(|life| life.removal);
            let over = gone.is_some_and(|gone| next.returned.is_none_or(|at| gone.at <= at));
            if life.is_some() && !over {
                let text = format!("{shown} is had by {} and {}", first.token, next.token);
                findings.add(Property::L1, &[*one, *other], text);
            }
        }
    }
    for (place, op) in &calls {
        nobodys(history, &parts, &bounds, (*place, op), &mut findings);
    }
    findings.verdict()
}

/// Who waits long for another part to come does so because each is somebody's.
fn nobodys(
    history: &History,
    parts: &Parts<'_>,
    bounds: &Bounds,
    (place, op): (usize, &Op),
    findings: &mut Findings,
) {
    let gave_up = op.function == Function::Own
        && op.outcome == Outcome::NotApplied
        && op.error == 0
        && !op.data.is_empty();
    let Some(at) = op.returned.filter(|_| gave_up) else {
        return;
    };
    let whole = history.texts.bytes(op.path);
    for (part, owners) in parts {
        if parent(history.texts.bytes(*part)) != whole {
            continue;
        }
        let lives = owners.iter().filter_map(|(_, _, life)| *life);
        let owned = lives.clone().any(|life| life.lives_at(at));
        let free = lives.filter_map(|life| life.removal).map(|gone| gone.at);
        let since = free.filter(|gone| *gone <= at).max();
        let since = since.unwrap_or(op.invoked).max(op.invoked);
        if !owned && bounds.is_late(since, Some(at)) {
            let shown = history.texts.shown(*part);
            let text = format!("{shown} is nobody's, and process {} waits", op.process);
            findings.add(Property::G9, &[place], text);
        }
    }
}
