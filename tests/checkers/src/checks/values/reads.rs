//! What readers see.

use std::collections::BTreeMap;

use zk_wire::{SessionId, Zxid};

use super::chain::found_another;
use super::object::Object;
use crate::known::{Bounds, Row, same};
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `A3`: a session's reads show its own changes and what it has seen before, or something later; a stream's values grow.
/// `G9`: a stream does not stay silent about the last value.
///
/// `made`: the place in the log of each call's change.
pub(super) fn judge(
    object: &Object<'_>,
    made: &BTreeMap<usize, usize>,
    bounds: &Bounds,
    findings: &mut Findings,
) {
    // How many rows each session has seen for certain.
    let mut seen: BTreeMap<SessionId, usize> = BTreeMap::new();
    let mut streams: BTreeMap<(u32, Text), usize> = BTreeMap::new();
    for (place, op) in &object.calls {
        let stream = (op.process, op.recipe);
        let own = made.get(place).filter(|_| op.outcome == Outcome::Ok);
        if let Some(own) = own.filter(|_| !op.session.is_none()) {
            let floor = seen.entry(op.session).or_default();
            *floor = (*floor).max(own + 1);
        }
        if !answers(op, own.is_some()) {
            let last = streams.get(&stream).copied().unwrap_or(0);
            in_vain(object, *place, op, last, bounds, findings);
            continue;
        }
        let follows = op.function == Function::Follow;
        let floor = if follows {
            // The next one: not the last one again.
            streams.get(&stream).map_or(0, |last| last + 1)
        } else if op.session.is_none() {
            0
        } else {
            seen.get(&op.session).copied().unwrap_or(0)
        };
        match found(object, op, floor) {
            Some(at) if follows => {
                streams.insert(stream, at);
            }
            Some(at) => {
                if !op.session.is_none() {
                    seen.insert(op.session, at);
                }
            }
            None => {
                let (what, reply) = (object.what(op), object.history.texts.shown(op.reply));
                let why = match found(object, op, 0) {
                    Some(_) => "which is older than what was seen before",
                    None => "which was not there",
                };
                let text = format!("{what} answers {reply:?}, {why}");
                findings.add(Property::A3, &[*place], text);
            }
        }
    }
}

/// Whether the call tells what is there: also one that has found a latch open.
fn answers(op: &Op, changed: bool) -> bool {
    let reads = match op.function {
        Function::Look | Function::Follow => true,
        Function::CountDown => !changed,
        _ => false,
    };
    found_another(op) || (op.outcome == Outcome::Ok && reads)
}

/// The first state from `floor` on that the call may have seen: so many rows had been applied.
fn found(object: &Object<'_>, op: &Op, floor: usize) -> Option<usize> {
    let texts = &object.history.texts;
    let is_it = |row: Option<&Row>| {
        let by_write = op.mzxid == Zxid::NONE || row.is_some_and(|row| row.zxid == op.mzxid);
        let version = op
            .version
            .is_none_or(|version| row.is_some_and(|row| row.version == version));
        let in_time = row.is_none_or(|row| op.returned.is_none_or(|returned| row.at <= returned));
        by_write && version && in_time && same(texts, row.and_then(|row| row.after), op.reply)
    };
    (floor..=object.rows.len()).find(|applied| {
        is_it(
            applied
                .checked_sub(1)
                .and_then(|last| object.rows.get(last)),
        )
    })
}

/// A wait for the next value ends once there is one.
fn in_vain(
    object: &Object<'_>,
    place: usize,
    op: &Op,
    last: usize,
    bounds: &Bounds,
    findings: &mut Findings,
) {
    if op.function != Function::Follow || op.outcome != Outcome::NotApplied {
        return;
    }
    let next = object
        .rows
        .get(last..)
        .and_then(|rows| rows.iter().rev().find(|row| row.after.is_some()));
    if let Some(next) = next.filter(|next| bounds.is_late(next.at.max(op.invoked), op.returned)) {
        let text = format!("{} was not told of {}", object.what(op), next.zxid);
        findings.add(Property::G9, &[place], text);
    }
}
