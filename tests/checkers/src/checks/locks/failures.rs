//! Acquires that fail.

use super::view::Locks;
use crate::known::{acquires, later};
use crate::records::{Op, Outcome};
use crate::verdict::{Findings, Property};

/// `L10`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    for (_, contender) in locks.contenders.iter() {
        let op = contender.op.and_then(|op| locks.history.ops.get(op));
        let (Some(place), Some(op)) = (contender.op, op) else {
            continue;
        };
        let failed = matches!(op.outcome, Outcome::NotApplied | Outcome::Unknown);
        let Some(returned) = op.returned.filter(|_| failed) else {
            continue;
        };
        findings.stats.judged += 1;
        let since = returned.max(contender.life.created);
        if locks
            .bounds
            .is_late(since, contender.life.removal.map(|gone| gone.at))
        {
            let node = locks.history.texts.shown(contender.life.path);
            let text = format!("{} failed and leaves {node}", op.function.word());
            findings.add(Property::L10, &[place], text);
        }
    }
    if locks.history.limits.lateness.is_zero() {
        return;
    }
    for (place, op) in locks.history.ops.iter().enumerate() {
        if let Some(text) = lateness(locks, op) {
            findings.add(Property::L10, &[place], text);
        }
    }
}

/// Says by how much a timed acquire returned after its deadline.
fn lateness(locks: &Locks<'_>, op: &Op) -> Option<String> {
    let deadline = op.deadline.filter(|_| acquires(op.function))?;
    let returned = match op.outcome {
        Outcome::Cancelled => return None,
        Outcome::Pending => None,
        _ => op.returned,
    };
    if returned.is_none() && locks.ends.crashed(op.process).is_some() {
        return None;
    }
    let end = returned.unwrap_or(locks.bounds.ended);
    let resumed = locks.ends.resumed_within(op.process, op.invoked, end);
    let from = resumed.map_or(deadline, |resumed| resumed.max(deadline));
    let due = later(from, locks.history.limits.lateness)?;
    if end <= due {
        return None;
    }
    let (function, lock) = (op.function.word(), locks.history.texts.shown(op.path));
    let due = deadline.as_nanos() / 1_000_000;
    Some(match returned {
        Some(at) => {
            let at = at.as_nanos() / 1_000_000;
            format!("{function} {lock} was to return by {due} ms and did at {at} ms")
        }
        None => format!("{function} {lock} was to return by {due} ms and did not"),
    })
}
