//! Queues that are to hold no more than so many items.

use zk_wire::{Moment, Zxid};

use super::batches::size;
use super::queue::{Item, Queue};
use crate::known::later;
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// `Bound`: with a put that is bounded there are no more items than there may be; but those, if it is not strictly bounded,
/// that others have put since it began, or that its server may not have known of. `G9`: who waits for room does not give up
/// while there is some.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    for (text, item) in &queue.items {
        let Some((place, op)) = &item.put else {
            continue;
        };
        let (Some(bound), Some(first)) = (bound(queue, op), item.stays.first()) else {
            continue;
        };
        let all = queue.items.values();
        let there = all.filter(|item| item.is_there_at(first.from));
        let lag = queue.history.limits.session_timeout * 2;
        let may_miss = |other: &Item| {
            let stay = other.stays.first();
            stay.is_some_and(|stay| {
                let late = later(stay.since, lag).is_none_or(|known| known >= op.invoked);
                stay.from != first.from && stay.by != first.by && late
            })
        };
        let count = there
            .filter(|item| op.sequential || !may_miss(item))
            .count();
        if count > bound {
            let (name, item) = (&queue.name, String::from_utf8_lossy(text));
            let text = format!("there are {count} items in {name} with {item}, and {bound} may be");
            findings.add(Property::Bound, &[*place], text);
        }
    }
    for (place, op) in &queue.calls {
        let gave_up = op.outcome == Outcome::NotApplied && op.error == 0 && op.deadline.is_some();
        let puts = op.function == Function::Put && gave_up;
        let Some((bound, returned)) = bound(queue, op).zip(op.returned).filter(|_| puts) else {
            continue;
        };
        let Some(since) = has_room(queue, op, bound, returned) else {
            continue;
        };
        if queue.bounds.is_late(since.max(op.invoked), Some(returned)) {
            let (what, since) = (queue.what(op), since.as_nanos() / 1_000_000);
            let text = format!("{what} gave up, and there is room since {since} ms");
            findings.add(Property::G9, &[*place], text);
        }
    }
}

/// How many items there may be.
fn bound(queue: &Queue<'_>, op: &Op) -> Option<usize> {
    let text = queue.history.texts.bytes(op.capacity);
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Since when there is room for what is put, at the call's return; `None` if there is none then.
fn has_room(queue: &Queue<'_>, op: &Op, bound: usize, returned: Moment) -> Option<Moment> {
    let mut turns: Vec<(Zxid, Moment, bool)> = Vec::new();
    for stay in queue.items.values().flat_map(|item| &item.stays) {
        turns.push((stay.from, stay.since, true));
        turns.extend(stay.gone.map(|gone| (gone.zxid, gone.at, false)));
    }
    turns.retain(|(_, at, _)| *at <= returned);
    // What goes within a transaction makes room for what comes within it.
    turns.sort_unstable();
    let wanted = size(queue, op);
    let (mut count, mut since) = (0_usize, Some(Moment::ZERO));
    for (_, at, comes) in turns {
        count = if comes {
            count + 1
        } else {
            count.saturating_sub(1)
        };
        let room = count + wanted <= bound;
        since = since.filter(|_| room).or_else(|| room.then_some(at));
    }
    since
}
