//! In which order items are had.

use zk_wire::{Moment, Zxid};

use super::queue::{Item, Queue, Stay};
use crate::known::{begun, later};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// An item that was had: by which call, and by which write.
struct Had<'q> {
    place: usize,
    op: &'q Op,
    item: &'q Item,
    /// Since when it may have been under way.
    since: Moment,
    zxid: Zxid,
    at: Moment,
}

/// `Q5`: who has an item could have had none that comes before it, and not before its time.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    for (place, op) in &queue.calls {
        if op.outcome != Outcome::Ok {
            continue;
        }
        let Some(item) = queue.item(op.reply) else {
            continue;
        };
        let grant = match op.function {
            Function::Take => item.end().map(|end| (end.zxid, end.at)),
            Function::Claim => {
                let life = queue.tree.made(op.guard, op.token);
                life.map(|life| (life.czxid, life.created))
            }
            _ => continue,
        };
        let Some((zxid, at)) = grant else { continue };
        let had = Had {
            place: *place,
            op,
            item,
            since: since(queue, *place, op, item),
            zxid,
            at,
        };
        in_time(queue, &had, findings);
        if op.sequential {
            in_turn(queue, &had, findings);
        }
    }
}

/// What an earlier take of the handle had under way when it was dropped or gave up, a later one tells; not before the item
/// was there.
fn since(queue: &Queue<'_>, place: usize, op: &Op, item: &Item) -> Moment {
    if op.function != Function::Take {
        return op.invoked;
    }
    let put = item.stays.first().map_or(op.invoked, |stay| stay.since);
    // The one that took it.
    let call = |op: &Op| (op.function, op.process, op.recipe);
    let taken = item.end().map_or(op.invoked, |end| end.at);
    let mut calls = queue.calls.iter().rev();
    let taker = calls.find(|(_, it)| call(it) == call(op) && it.invoked <= taken.min(op.invoked));
    let (place, taker) = taker.copied().unwrap_or((place, *op));
    begun(queue.history, place, &taker).max(put).min(op.invoked)
}

fn in_time(queue: &Queue<'_>, had: &Had<'_>, findings: &mut Findings) {
    let put = had.item.put.as_ref().map(|(_, put)| put);
    let Some(due) = put.and_then(|put| queue.due(put)) else {
        return;
    };
    // By a clock that is wrong nobody knows when that is.
    let mut clocks = queue.history.clocks.iter();
    let wrong = clocks.any(|clock| {
        clock.process == had.op.process || put.is_some_and(|put| put.process == clock.process)
    });
    if had.at < due && !wrong {
        let (what, at) = (queue.what(had.op), due.as_nanos() / 1_000_000);
        let text = format!("{what} had it before {at} ms");
        findings.add(Property::Q5, &[had.place], text);
    }
}

/// Whoever sees an item sees what was there before it.
fn in_turn(queue: &Queue<'_>, had: &Had<'_>, findings: &mut Findings) {
    let stays = had.item.stays.iter().rev();
    let mut stays = stays.filter(|stay| stay.from < had.zxid);
    let Some((own, rank)) = stays.next().zip(had.item.rank()) else {
        return;
    };
    let alone = is_alone(queue, had);
    // Who lost a race draws among those of the same class.
    let is_before = |other: (i32, Zxid)| other < rank && (alone || other.0 < rank.0);
    for (text, other) in &queue.items {
        if !other.rank().is_some_and(is_before) || *text == queue.history.texts.bytes(had.op.reply)
        {
            continue;
        }
        let was_there = |stay: &&Stay| stay.from < own.from && stay.is_there_at(had.zxid);
        let due = other.put.as_ref().and_then(|(_, put)| queue.due(put));
        // What is due later may come before it in rank.
        let due = due.is_none_or(|due| due <= had.since);
        if due && other.stays.iter().any(|stay| was_there(&stay)) && is_free(queue, had, other) {
            let (what, before) = (queue.what(had.op), String::from_utf8_lossy(text));
            let text = format!("{what} went before {before}, which was free");
            findings.add(Property::Q5, &[had.place], text);
        }
    }
}

/// Whether nobody else had anything from the queue meanwhile, told or not.
fn is_alone(queue: &Queue<'_>, had: &Had<'_>) -> bool {
    let lag = queue.history.limits.session_timeout * 2;
    let meanwhile = |at: Moment| at <= had.at && later(at, lag).is_none_or(|end| end >= had.since);
    let is_anothers = |session| queue.ends.user(session) != Some(had.op.process);
    let mut stays = queue.items.values().flat_map(|item| &item.stays);
    !stays.any(|stay| {
        let taken = stay.gone.filter(|gone| meanwhile(gone.at));
        let mut claimed = queue.locks(stay).filter(|lock| meanwhile(lock.created));
        taken.is_some_and(|gone| is_anothers(gone.session))
            || claimed.any(|lock| is_anothers(lock.owner))
    })
}

/// Whether nobody had a claim on it that this process may have seen: on a server that lags, too.
fn is_free(queue: &Queue<'_>, had: &Had<'_>, other: &Item) -> bool {
    let lag = queue.history.limits.session_timeout * 2;
    let stays = other.stays.iter();
    !stays.flat_map(|stay| queue.locks(stay)).any(|lock| {
        let end = lock.removal.and_then(|gone| later(gone.at, lag));
        lock.created <= had.at && end.is_none_or(|end| end >= had.since)
    })
}
