//! Writes.

use crate::history::History;
use crate::known::{Match, Tree, Writes};
use crate::records::{Change, Function, Op, Outcome};
use crate::verdict::{Findings, Property};

use zk_wire::Zxid;

/// What was reported of a write is what the log says of it.
pub(super) fn judge(
    history: &History,
    tree: &Tree<'_>,
    writes: &Writes<'_>,
    findings: &mut Findings,
) {
    for group in writes.iter() {
        findings.stats.judged += group.ops.len();
        count(history, group, findings);
        for &place in &group.ops {
            let Some(op) = history.ops.get(place) else {
                continue;
            };
            if op.outcome == Outcome::Ok && !group.changes.is_empty() {
                answer(history, tree, group, (place, op), findings);
            }
        }
    }
}

/// Reported done: once in the log. Reported not done: not in the log. Else: at most once.
fn count(history: &History, group: &Match<'_>, findings: &mut Findings) {
    let outcomes = |wanted: &[Outcome]| {
        let ops = group.ops.iter().filter_map(|place| history.ops.get(*place));
        ops.filter(|op| wanted.contains(&op.outcome)).count()
    };
    let sure = outcomes(&[Outcome::Ok]);
    let open = outcomes(&[Outcome::Unknown, Outcome::Cancelled, Outcome::Pending]);
    let applied = group.changes.len();
    let Some(op) = group.ops.first().and_then(|place| history.ops.get(*place)) else {
        return;
    };
    let what = format!("{} {}", op.function.word(), history.texts.shown(op.path));
    let zxids: Vec<String> = group
        .changes
        .iter()
        .map(|change| change.zxid.to_string())
        .collect();
    let zxids = zxids.join(", ");
    if applied < sure {
        findings.add(
            Property::G2,
            &group.ops,
            format!("{what} was reported done {sure} times and is in the log {applied} times"),
        );
    } else if applied > sure + open {
        let text = if sure + open == 0 {
            format!("{what} was reported not applied and is in the log at {zxids}")
        } else {
            let calls = sure + open;
            format!("{what} was called {calls} times and is in the log {applied} times, at {zxids}")
        };
        findings.add(Property::G2, &group.ops, text);
    }
}

/// The answer's numbers are those of the transaction, which fell into the time of the call.
fn answer(
    history: &History,
    tree: &Tree<'_>,
    group: &Match<'_>,
    (place, op): (usize, &Op),
    findings: &mut Findings,
) {
    let known = match op.function {
        Function::Create => op.czxid,
        Function::Set => op.mzxid,
        _ => Zxid::NONE,
    };
    let fits = |change: &Change| {
        (known == Zxid::NONE || change.zxid == known)
            && (op.function != Function::Set
                || op.version.is_none_or(|version| version == change.version))
            && (op.reply.is_empty() || op.function != Function::Create || op.reply == change.path)
    };
    let what = format!("{} {}", op.function.word(), history.texts.shown(op.path));
    let Some(change) = group.changes.iter().find(|change| fits(change)) else {
        let text = format!(
            "{what} answered version {:?} and zxid {known}, which no transaction of it has",
            op.version.unwrap_or_default()
        );
        findings.add(Property::Read, &[place], text);
        return;
    };
    let early = change.at < op.invoked;
    let late = op.returned.is_some_and(|returned| change.at > returned);
    if early || late {
        let side = if early {
            "before it was called"
        } else {
            "after it had returned"
        };
        let text = format!("{what} was committed at {} {side}", change.zxid);
        findings.add(Property::G2, &[place], text);
    }
    let found = match op.function {
        Function::Set => Some(change.version.wrapping_sub(1)),
        Function::Delete => version_before(tree, op, change),
        _ => None,
    };
    if let Some((expected, found)) = op.expected.zip(found).filter(|(one, other)| one != other) {
        let text = format!("{what} asked for version {expected} and was done on {found}");
        findings.add(Property::Read, &[place], text);
    }
}

/// The version that a transaction found.
fn version_before(tree: &Tree<'_>, op: &Op, change: &Change) -> Option<i32> {
    let before = Zxid::from_raw(change.zxid.as_raw().wrapping_sub(1));
    let states = tree.at(op.path, before)?.states_within(before, before);
    states.last().map(|state| state.version)
}
