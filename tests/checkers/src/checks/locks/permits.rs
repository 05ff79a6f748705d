//! Permits of a semaphore, and its entrance.

use zk_wire::{Moment, Zxid};

use super::view::Locks;
use crate::known::{Contender, Late, Life, Share, acquires};
use crate::records::{ChangeKind, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `L1` of permits, and `L8` of those who queue for them.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    for line in locks.contenders.by_lock.values() {
        for contender in line.iter().filter(|one| one.share == Share::Permit) {
            count(locks, line, contender, findings);
        }
    }
    queue(locks, findings);
}

/// Whoever gets a permit finds room beside the permits that are older: of as many as there were at some time while it
/// asked. Fewer permits do not end any that are held.
fn count(
    locks: &Locks<'_>,
    line: &[Contender<'_>],
    contender: &Contender<'_>,
    findings: &mut Findings,
) {
    let own = contender.life.czxid;
    let op = contender.op.and_then(|op| locks.history.ops.get(op));
    let granted = op.filter(|op| contender.granted && op.token == own);
    let Some((op, returned)) = granted.and_then(|op| Some((op, op.returned?))) else {
        return;
    };
    findings.stats.judged += 1;
    let held = line.iter().filter(|one| {
        one.granted && one.life.czxid <= own && one.life.removal.is_none_or(|it| it.at > returned)
    });
    let held = held.count();
    let Some(most) = most(locks, op.capacity, (op.seen, returned)) else {
        return;
    };
    if held > most {
        let node = locks.history.texts.shown(contender.life.path);
        let text = format!("{node} is granted as one of {held}, and there are {most} at most");
        let places: Vec<usize> = contender.op.into_iter().collect();
        findings.add(Property::L1, &places, text);
    }
}

/// The largest number that the node said between what a session had seen and that time.
fn most(locks: &Locks<'_>, node: Text, (seen, until): (Zxid, Moment)) -> Option<usize> {
    let says = |data: Text| -> Option<usize> {
        let bytes: [u8; 4] = locks.history.texts.bytes(data).try_into().ok()?;
        usize::try_from(i32::from_be_bytes(bytes)).ok()
    };
    let changes = locks.history.truth.changes.iter().filter(|change| {
        let sets = matches!(change.kind, ChangeKind::Create | ChangeKind::Set);
        sets && change.path == node && change.at <= until
    });
    let mut most = None;
    for change in changes {
        let number = says(change.data)?;
        most = match most {
            // What it said before is over.
            Some(before) if change.zxid > seen => Some(number.max(before)),
            _ => Some(number),
        };
    }
    most
}

/// Those who came to the entrance before, and are there still, come in before.
fn queue(locks: &Locks<'_>, findings: &mut Findings) {
    let asked = |op: &&Op| acquires(op.function) && !op.entrance.is_empty();
    let calls: Vec<&Op> = locks.history.ops.iter().filter(asked).collect();
    let late = Late::of(locks.history);
    let entries: Vec<(&Op, &Life)> = calls
        .iter()
        .filter_map(|op| Some((*op, entry(locks, op, &late)?)))
        .collect();
    for (op, own) in &entries {
        let Some(returned) = op.returned.filter(|_| op.outcome == Outcome::Ok) else {
            continue;
        };
        findings.stats.judged += 1;
        let passed = entries.iter().find(|(other, entry)| {
            let waits = !matches!(other.outcome, Outcome::Cancelled | Outcome::NotApplied);
            other.entrance == op.entrance
                && other.process != op.process
                && waits
                && entry.czxid < own.czxid
                && entry.lives_at(returned)
        });
        if let Some((other, entry)) = passed {
            let node = locks.history.texts.shown(entry.path);
            let text = format!(
                "process {} comes in before process {}, which is at the entrance as {node}",
                op.process, other.process
            );
            findings.add(Property::L8, &[], text);
        }
    }
}

/// The last node that a call made at the entrance; one that was made late has no place in the line if there is another.
fn entry<'l>(locks: &'l Locks<'_>, op: &Op, late: &Late) -> Option<&'l Life> {
    let until = op.returned.unwrap_or(locks.bounds.ended);
    let made = locks.tree.children(op.entrance).filter(|life| {
        let own = locks.ends.user(life.owner) == Some(op.process);
        own && (op.invoked..=until).contains(&life.created)
    });
    made.max_by_key(|life| (!late.has(life.czxid), life.czxid))
}
