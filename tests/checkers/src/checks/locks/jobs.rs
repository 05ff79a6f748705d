//! Jobs that do not start again too soon, and do not take too long.

use std::collections::BTreeMap;

use zk_wire::{Moment, Zxid};

use super::view::Locks;
use crate::known::{excludes, later};
use crate::records::{Conviction, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `Lease`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    starts(locks, findings);
    durations(locks, findings);
}

/// The next contender that starts its job was made so long after the call of the one before.
fn starts(locks: &Locks<'_>, findings: &mut Findings) {
    let least = locks.history.limits.min_hold;
    if least.is_zero() {
        return;
    }
    let mut jobs: BTreeMap<(Text, Zxid), (usize, &Op)> = BTreeMap::new();
    for (place, op) in locks.history.ops.iter().enumerate() {
        if excludes(op.function) && op.outcome == Outcome::Ok {
            jobs.insert((op.path, op.token), (place, op));
        }
    }
    let jobs: Vec<_> = jobs.into_iter().collect();
    for pair in jobs.windows(2) {
        let [((path, _), (one, before)), ((other, _), (two, op))] = pair else {
            continue;
        };
        let made = locks.tree.made(op.reply, op.token);
        let due = later(before.invoked, least);
        let (Some(made), Some(due)) = (made.filter(|_| path == other), due) else {
            continue;
        };
        findings.stats.judged += 1;
        if made.created < due {
            let text = format!(
                "{} starts for process {}, made at {} ms, and was called for at {} ms before",
                locks.history.texts.shown(*path),
                op.process,
                millis(made.created),
                millis(before.invoked)
            );
            findings.add(Property::Lease, &[*one, *two], text);
        }
    }
}

/// Nobody works longer than it may, but for the time that it stood still.
fn durations(locks: &Locks<'_>, findings: &mut Findings) {
    let limits = &locks.history.limits;
    if limits.max_hold.is_zero() {
        return;
    }
    let mut begun: BTreeMap<(u32, Zxid), Moment> = BTreeMap::new();
    for belief in &locks.history.beliefs {
        let key = (belief.process, belief.token);
        let since = *begun.entry(key).or_insert(belief.at);
        if !matches!(belief.says, Conviction::Released | Conviction::Lost) {
            continue;
        }
        begun.remove(&key);
        let crashed = locks.ends.crashed(belief.process);
        if crashed.is_some_and(|at| (since..=belief.at).contains(&at)) {
            // It may have stood still when it ended.
            findings.stats.exempt += 1;
            continue;
        }
        findings.stats.judged += 1;
        let resumed = locks.ends.resumed_within(belief.process, since, belief.at);
        let from = resumed.map_or(since, |resumed| resumed.max(since));
        let due = later(from, limits.max_hold + limits.lateness);
        // Its client may be closed, or its node deleted, while it stands still.
        let still = locks.ends.still_since(belief.process, belief.at);
        let until = still.map_or(belief.at, |still| still.max(since));
        if due.is_some_and(|due| until > due) {
            let text = format!(
                "process {} works from {} ms to {} ms, and may for {} ms",
                belief.process,
                millis(since),
                millis(belief.at),
                limits.max_hold.as_millis()
            );
            findings.add(Property::Lease, &[], text);
        }
    }
}

fn millis(at: Moment) -> u64 {
    at.as_nanos() / 1_000_000
}
