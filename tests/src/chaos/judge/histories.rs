//! Queues, kept nodes, parts, pictures and transactions, by the checkers that judge the simulation.

use std::collections::BTreeMap;

use zk_checkers::{CHECKERS, Change, ChangeKind, Fault, History, Limits, Violation};
use zk_recipes::{SessionId, Zxid};
use zk_wire::Moment;

use super::super::access::SESSION;
use super::super::scribe::Scribe;
use super::super::work::{caches, kept, parts, queues, shards, transactions};
use crate::txn_log::{Effect, Txn};

/// A checker, and below which nodes what it looks at is.
struct Family {
    checker: &'static str,
    roots: Vec<&'static str>,
}

fn families() -> [Family; 6] {
    let mut items: Vec<&str> = queues::KINDS.iter().map(|kind| kind.path).collect();
    items.push(shards::SHARDS);
    // Their locks, beside them.
    items.push("/chaos/_locks_");
    let kept = vec!["/chaos/kept", "/chaos/lasting", kept::TTLS, kept::GROUP];
    let shown = vec![caches::TREE, kept::GROUP, kept::PARTY, kept::SERVICES];
    [
        ("queues", items),
        ("kept", [kept, vec![kept::SERVICES]].concat()),
        ("owners", vec![parts::PARTS]),
        ("pictures", shown),
        ("values", vec![transactions::ACCOUNTS]),
        ("branches", vec![transactions::SWITCH]),
    ]
    .map(|(checker, roots)| Family { checker, roots })
}

/// When faults ended, and when the judged part of the run did: milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Span {
    pub(in super::super) healed: i64,
    pub(in super::super) ended: i64,
}

/// What the checkers say.
#[derive(Debug, Default)]
pub(in super::super) struct Said {
    /// All that is wrong, a line each.
    pub(in super::super) findings: Vec<String>,
    /// How much was judged.
    pub(in super::super) judged: usize,
    /// What a checker did not accept, as a test can read it.
    pub(in super::super) refused: Vec<(&'static str, History)>,
}

pub(in super::super) fn judge(scribe: &Scribe, txns: &[Txn], span: Span) -> Said {
    let mut history = scribe.finish();
    history.limits = Limits {
        ended: scribe.moment(span.ended),
        session_timeout: SESSION,
        tick: SESSION / 8,
        election: SESSION,
        round_trip: SESSION / 40,
        round_trips: 20,
        ..Limits::default()
    };
    let what = history.text("all of them");
    history.faults.push(Fault {
        what,
        at: scribe.moment(0),
        ended: Some(scribe.moment(span.healed)),
        ..Fault::default()
    });
    let mut said = Said::default();
    for Family { checker, roots } in families() {
        let mut part = history.clone();
        part.truth.changes = changes(&mut part, scribe, txns, &roots);
        let check = CHECKERS.iter().find(|it| it.name == checker);
        let check = check.expect("there is a checker of that name").check;
        match check(&part) {
            Ok(stats) => said.judged += stats.judged,
            Err(found) => {
                let lines = found.iter().map(|violation| in_words(&part, violation));
                said.findings.extend(lines);
                said.refused.push((checker, part));
            }
        }
    }
    said
}

fn in_words(history: &History, violation: &Violation) -> String {
    let Violation {
        property,
        text,
        ops,
    } = violation;
    let millis = |at: Moment| at.as_nanos() / 1_000_000;
    let ops = ops.iter().filter_map(|place| history.ops.get(*place));
    let ops = ops.map(|op| {
        let (function, outcome) = (op.function.word(), op.outcome.word());
        let (from, to) = (millis(op.invoked), op.returned.map(millis));
        format!("; {function} from {from} to {to:?} ms, {outcome}")
    });
    let ops: String = ops.collect();
    format!("{property}: {text}{ops}")
}

/// What the logs tell of the nodes below those.
fn changes(history: &mut History, scribe: &Scribe, txns: &[Txn], roots: &[&str]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut versions: BTreeMap<String, i32> = BTreeMap::new();
    for txn in txns {
        let common = Change {
            zxid: Zxid::from_raw(txn.zxid),
            at: scribe.moment(txn.ms),
            session: SessionId::from_raw(txn.session),
            ..Change::default()
        };
        if txn.ends_session {
            let kind = ChangeKind::Close;
            changes.push(Change { kind, ..common });
        }
        for effect in &txn.effects {
            let (path, kind, data) = match effect {
                Effect::Created { path, data, .. } => (path, ChangeKind::Create, data.as_ref()),
                Effect::Written { path, data } => (path, ChangeKind::Set, data.as_ref()),
                Effect::Deleted { path } => (path, ChangeKind::Delete, &[][..]),
            };
            if !roots.iter().any(|root| path.starts_with(root)) {
                continue;
            }
            let version = match kind {
                ChangeKind::Set => versions.get(path).map_or(0, |version| version + 1),
                _ => 0,
            };
            versions.insert(path.clone(), version);
            let is_ephemeral = matches!(
                effect,
                Effect::Created {
                    ephemeral: true,
                    ..
                }
            );
            changes.push(Change {
                kind,
                path: history.text(path),
                data: history.data(data),
                version,
                owner: if is_ephemeral {
                    common.session
                } else {
                    SessionId::NONE
                },
                ..common
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests;
