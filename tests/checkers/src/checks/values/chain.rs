//! Each change is one call's.

use std::collections::BTreeMap;

use zk_wire::ErrorCode;

use super::object::Object;
use crate::known::{Row, number_in, same};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// `A1`. A call that is known to have changed the value has one row of the log, made while it ran, with the data that it
/// answers. Each other row is of a call whose outcome is not known, and no two of the same one.
///
/// Yields the place in the log of each call's change.
pub(super) fn judge(object: &Object<'_>, findings: &mut Findings) -> BTreeMap<usize, usize> {
    let mut owner: Vec<Option<usize>> = vec![None; object.rows.len()];
    let mut made = BTreeMap::new();
    for (place, op) in &object.calls {
        truthful(object, *place, op, findings);
        if !must_change(object, op) {
            continue;
        }
        let own = object.rows.iter().enumerate().rev().find(|(at, row)| {
            let free = owner.get(*at) == Some(&None);
            free && row.process == Some(op.process) && row.is_within(op) && fits(object, op, row)
        });
        match own {
            Some((at, _)) => {
                made.insert(*place, at);
                if let Some(owner) = owner.get_mut(at) {
                    *owner = Some(*place);
                }
            }
            None => {
                let what = object.what(op);
                let text = format!("{what} was told done, and no such change is in the log");
                findings.add(Property::A1, &[*place], text);
            }
        }
    }
    for (at, row) in object.rows.iter().enumerate() {
        if owner.get(at) != Some(&None) {
            continue;
        }
        let fitting = |(_, op): &&(usize, Op)| {
            row.process == Some(op.process)
                && op.invoked <= row.at
                && fits_unanswered(object, op, row)
        };
        let mut calls = object.calls.iter().rev().filter(fitting);
        let free = |place: &usize| !made.contains_key(place);
        let open = calls.find(|(place, op)| may_change(op, row) && free(place));
        if let Some((place, _)) = open {
            made.insert(*place, at);
            continue;
        }
        let refused = object.calls.iter().rev().filter(fitting);
        let mut refused = refused.filter(|(_, op)| op.outcome == Outcome::NotApplied);
        let name = &object.name;
        match refused.find(|(_, op)| row.is_within(op)) {
            Some((place, op)) => {
                let what = object.what(op);
                let text = format!(
                    "{what} was told not applied and is in the log at {}",
                    row.zxid
                );
                findings.add(Property::A1, &[*place], text);
            }
            None => {
                let text = format!(
                    "the change of {name} at {} is no call's, or a second one's",
                    row.zxid
                );
                findings.add(Property::A1, &[], text);
            }
        }
    }
    made
}

/// A comparison that was refused has found something else.
fn truthful(object: &Object<'_>, place: usize, op: &Op, findings: &mut Findings) {
    if !found_another(op) {
        return;
    }
    let by_write = op.token.as_raw() > 0;
    let is_there = if by_write {
        op.mzxid == op.token
    } else {
        same(&object.history.texts, Some(op.from), op.reply)
    };
    if is_there {
        let text = format!(
            "{} was refused, and found what it asked for",
            object.what(op)
        );
        findings.add(Property::A1, &[place], text);
    }
}

/// Whether a condition was refused, and the call tells what is there instead.
pub(super) fn found_another(op: &Op) -> bool {
    op.function == Function::ReplaceIf
        && op.outcome == Outcome::NotApplied
        && op.error == ErrorCode::BadVersion.raw()
}

/// Whether the call is known to have changed the value.
fn must_change(object: &Object<'_>, op: &Op) -> bool {
    let open_before = || number_in(&object.history.texts, Some(op.reply)) == Some(0);
    op.outcome == Outcome::Ok
        && match op.function {
            Function::Change | Function::Replace | Function::ReplaceIf => true,
            // Of an open latch nothing is counted.
            Function::CountDown => !open_before(),
            _ => false,
        }
}

/// Whether the row may be the call's, for all that its caller knows.
fn may_change(op: &Op, row: &Row) -> bool {
    match (op.outcome, op.function) {
        // A read that fails may have made the node before.
        (Outcome::Ok | Outcome::NotApplied, Function::Look) => row.is_within(op),
        (Outcome::Ok, Function::CountDown) => row.is_within(op),
        (Outcome::Unknown | Outcome::Cancelled | Outcome::Pending, _) => true,
        _ => false,
    }
}

/// Whether the row is what the call answers.
fn fits(object: &Object<'_>, op: &Op, row: &Row) -> bool {
    let texts = &object.history.texts;
    let answered = match op.function {
        Function::Change => same(texts, row.before, op.from) && same(texts, row.after, op.reply),
        Function::CountDown => same(texts, row.after, op.reply),
        _ => true,
    };
    answered && fits_unanswered(object, op, row)
}

/// Whether the row is what the call was to do.
fn fits_unanswered(object: &Object<'_>, op: &Op, row: &Row) -> bool {
    let texts = &object.history.texts;
    if row.after.is_none() {
        return false;
    }
    let (before, after) = (number_in(texts, row.before), number_in(texts, row.after));
    match op.function {
        Function::Change if op.data.is_empty() => true,
        Function::Change => {
            let sum = before.zip(number_in(texts, Some(op.data)));
            sum.and_then(|(before, delta)| before.checked_add(delta)) == after
        }
        Function::Replace => same(texts, row.after, op.data),
        Function::ReplaceIf => {
            let condition = if op.token.as_raw() > 0 {
                row.last == op.token
            } else {
                same(texts, row.before, op.from)
            };
            condition && same(texts, row.after, op.data)
        }
        Function::Look => {
            !op.data.is_empty() && row.before.is_none() && same(texts, row.after, op.data)
        }
        Function::CountDown => {
            let before = number_in(texts, row.before.or(Some(op.data)));
            before.map(|before| before - 1) == after && before > Some(0)
        }
        _ => false,
    }
}
