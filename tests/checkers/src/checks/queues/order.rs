//! In which order items are had.

use zk_wire::{Moment, Zxid};

use super::queue::{Item, Queue, Stay};
use crate::known::later;
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// An item that was had: by which call, and by which write.
struct Had<'q> {
    place: usize,
    op: &'q Op,
    item: &'q Item,
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
            zxid,
            at,
        };
        in_time(queue, &had, findings);
        if op.sequential {
            in_turn(queue, &had, findings);
        }
    }
}

fn in_time(queue: &Queue<'_>, had: &Had<'_>, findings: &mut Findings) {
    let put = had.item.put.as_ref().map(|(_, put)| put);
    let Some(due) = put.and_then(|put| queue.due(put)) else {
        return;
    };
    if had.at < due {
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
    for (text, other) in &queue.items {
        if other.rank().is_none_or(|other| other >= rank)
            || *text == queue.history.texts.bytes(had.op.reply)
        {
            continue;
        }
        let was_there = |stay: &&Stay| stay.from < own.from && stay.is_there_at(had.zxid);
        let due = other.put.as_ref().and_then(|(_, put)| queue.due(put));
        // What is due later may come before it in rank.
        let due = due.is_none_or(|due| due <= had.op.invoked);
        if due && other.stays.iter().any(|stay| was_there(&stay)) && is_free(queue, had, other) {
            let (what, before) = (queue.what(had.op), String::from_utf8_lossy(text));
            let text = format!("{what} went before {before}, which was free");
            findings.add(Property::Q5, &[had.place], text);
        }
    }
}

/// Whether nobody had a claim on it that this process may have seen: on a server that lags, too.
fn is_free(queue: &Queue<'_>, had: &Had<'_>, other: &Item) -> bool {
    let lag = queue.history.limits.session_timeout * 2;
    let claimed = other.claims.iter().any(|claim| {
        let end = claim.gone.and_then(|gone| later(gone.at, lag));
        claim.since <= had.at && end.is_none_or(|end| end >= had.op.invoked)
    });
    // A claim may have been made whose call was not told.
    let silently = queue.calls.iter().any(|(_, op)| {
        let over = op.returned.and_then(|over| later(over, lag));
        let meanwhile = op.invoked <= had.at && over.is_none_or(|over| over >= had.op.invoked);
        let unknown = !matches!(op.outcome, Outcome::Ok | Outcome::NotApplied);
        op.function == Function::Claim && unknown && meanwhile
    });
    !claimed && !silently
}
