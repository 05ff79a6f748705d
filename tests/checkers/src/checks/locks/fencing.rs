//! Resources and writes that are protected by tokens.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use super::view::Locks;
use crate::known::Writes;
use crate::records::{Access, Op};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `L3` and `L4`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    resources(locks, findings);
    guarded(locks, findings);
}

/// A resource that checks tokens accepts none below the highest that it has accepted.
fn resources(locks: &Locks<'_>, findings: &mut Findings) {
    let mut accesses: Vec<&Access> = locks.history.accesses.iter().collect();
    accesses.sort_by_key(|access| access.at);
    let mut highest: BTreeMap<(Text, bool), &Access> = BTreeMap::new();
    for access in accesses.into_iter().filter(|access| access.accepted) {
        findings.stats.judged += 1;
        let before = highest
            .entry((access.resource, access.checked))
            .or_insert(access);
        if before.token <= access.token {
            *before = access;
            continue;
        }
        if !access.checked {
            // This is what tokens are for.
            findings.meet("stale uses of an unfenced resource");
            continue;
        }
        let text = format!(
            "{} accepts process {}'s token {} after process {}'s {}",
            locks.history.texts.shown(access.resource),
            access.process,
            access.token,
            before.process,
            before.token
        );
        findings.add(Property::L3, &[], text);
    }
}

/// A guarded write commits only while the lock node that guards it is there.
fn guarded(locks: &Locks<'_>, findings: &mut Findings) {
    for group in Writes::of(locks.history).iter() {
        let ops = group
            .ops
            .iter()
            .filter_map(|place| locks.history.ops.get(*place));
        // If one of them is unguarded, a change may be that one's.
        if ops.clone().any(|op| op.guard.is_empty()) {
            continue;
        }
        for change in &group.changes {
            findings.stats.judged += 1;
            if ops.clone().any(|op| is_guarded(locks, op, change.zxid)) {
                continue;
            }
            let text = format!(
                "{} {} by session {} commits at {} without its lock node",
                change.kind.word(),
                locks.history.texts.shown(change.path),
                change.session,
                change.zxid
            );
            findings.add(Property::L4, &group.ops, text);
        }
    }
}

fn is_guarded(locks: &Locks<'_>, op: &Op, at: Zxid) -> bool {
    let guard = locks.tree.at(op.guard, at);
    guard.is_some_and(|life| {
        let same = op.token == Zxid::NONE || op.token == life.czxid;
        same && life.owner == op.session
    })
}
