//! Who took what away.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::queue::{Item, Queue};
use crate::known::{Removal, begun, timed_out};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// `Q1`: an item goes to a call that was told of it, or could not be. `Q3`: to one.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    let texts = &queue.history.texts;
    let mut taken: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (place, op) in &queue.calls {
        if op.function != Function::Take || op.outcome != Outcome::Ok {
            continue;
        }
        let what = queue.what(op);
        if let Some(before) = taken.insert(texts.bytes(op.reply), *place) {
            let text = format!("{what} was taken before");
            findings.add(Property::Q3, &[before, *place], text);
        }
        let stays = queue.item(op.reply).map(|item| item.stays.as_slice());
        let own = stays.unwrap_or_default().iter().any(|stay| {
            let by_then = |at| op.returned.is_none_or(|returned| at <= returned);
            let end = stay.gone.filter(|end| by_then(end.at));
            end.is_some_and(|end| queue.ends.user(end.session) == Some(op.process))
        });
        if !own {
            let text = format!("{what} was not taken out of it by this process");
            findings.add(Property::Q3, &[*place], text);
        }
    }
    for (text, item) in &queue.items {
        let Some(end) = item.end() else { continue };
        if !taken.contains_key(text)
            && !is_completed(queue, text, &end)
            && !may_be_lost(queue, &end)
        {
            let shown = String::from_utf8_lossy(text);
            let text = format!(
                "{shown} is taken out of {} at {}, and nobody has it",
                queue.name, end.zxid
            );
            findings.add(Property::Q1, &[], text);
        }
    }
}

/// Whether a call that was to complete the item may have done so.
fn is_completed(queue: &Queue<'_>, item: &[u8], end: &Removal) -> bool {
    let by = queue.ends.user(end.session);
    queue.calls.iter().any(|(_, op)| {
        let by_then = op.returned.is_none_or(|returned| end.at <= returned);
        // One that was told not applied is the claims' matter.
        let fits = op.outcome != Outcome::Ok || by_then;
        op.function == Function::Complete
            && queue.history.texts.bytes(op.data) == item
            && by == Some(op.process)
            && op.invoked <= end.at
            && fits
    })
}

/// Whether whoever took the item away had no chance to tell: its call's outcome is unknown, or it was dropped, and no other
/// call of the same handle was told anything since.
fn may_be_lost(queue: &Queue<'_>, end: &Removal) -> bool {
    let Some(by) = queue.ends.user(end.session) else {
        return false;
    };
    let mut takes = queue.calls.iter();
    takes.any(|(place, op)| {
        if op.function != Function::Take || op.process != by {
            return false;
        }
        // What is unknown may be what an earlier one had under way.
        let since = match op.outcome {
            Outcome::Unknown => begun(queue.history, *place, op),
            _ => op.invoked,
        };
        let may = match op.outcome {
            Outcome::Unknown | Outcome::Pending => op.returned.is_none_or(|returned| {
                // What was sent before the connection broke may be made after that was told.
                let cut = || queue.ends.cut_within(end.session, since, returned);
                end.at <= returned || cut()
            }),
            Outcome::Cancelled => op.polls > 0 && !was_told_since(queue, op, end),
            // Whoever gave up has dropped it.
            Outcome::NotApplied => {
                op.error == 0 && timed_out(op) && !was_told_since(queue, op, end)
            }
            Outcome::Ok => false,
        };
        since <= end.at && may
    })
}

/// Whether a later call of the dropped one's handle must have been told of it: what a handle has is handed out in the order in
/// which it was taken, before it takes anything else.
fn was_told_since(queue: &Queue<'_>, dropped: &Op, end: &Removal) -> bool {
    let mut calls = queue.calls.iter().map(|(_, op)| op);
    calls.any(|op| {
        let same = op.function == Function::Take
            && (op.process, op.recipe) == (dropped.process, dropped.recipe);
        let since = dropped.returned.unwrap_or(end.at);
        if !same || op.invoked < since {
            return false;
        }
        match op.outcome {
            Outcome::Ok => went_on(queue, dropped, op, end),
            // There was nothing.
            Outcome::NotApplied => op.error == 0,
            _ => false,
        }
    })
}

/// Whether what a call was told of leaves nothing of the write for another one: it was taken later, or with it and the call
/// wanted more; or the dropped call took that instead, and a call takes once.
fn went_on(queue: &Queue<'_>, dropped: &Op, told: &Op, end: &Removal) -> bool {
    let Some(item) = queue.item(told.reply).and_then(Item::end) else {
        return true;
    };
    match item.zxid.cmp(&end.zxid) {
        Ordering::Less => item.at >= dropped.invoked,
        Ordering::Equal => {
            let call = |op: &Op| (op.function, op.process, op.recipe, op.invoked);
            let answers = queue.calls.iter();
            let answers = answers
                .filter(|(_, op)| op.outcome == Outcome::Ok && call(op) == call(told))
                .count();
            let wanted = told
                .expected
                .and_then(|wanted| usize::try_from(wanted).ok());
            wanted.is_some_and(|wanted| answers < wanted)
        }
        Ordering::Greater => true,
    }
}
