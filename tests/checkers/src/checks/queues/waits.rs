//! Waits for an item.

use zk_wire::Moment;

use super::queue::{Item, Queue};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// `G9`: who waits for an item does not give up while there is one for it.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    for (place, op) in &queue.calls {
        let takes = matches!(op.function, Function::Take | Function::Claim);
        let gave_up = op.outcome == Outcome::NotApplied && op.error == 0 && op.deadline.is_some();
        let Some(returned) = op.returned.filter(|_| takes && gave_up) else {
            continue;
        };
        let items = queue.items.iter();
        let free = items.filter_map(|(item, it)| Some((item, since(queue, it, op, returned)?)));
        for (item, since) in free {
            if queue.bounds.is_late(since.max(op.invoked), Some(returned)) {
                let (what, item) = (queue.what(op), String::from_utf8_lossy(item));
                let since = since.as_nanos() / 1_000_000;
                let text = format!("{what} gave up, and {item} is free since {since} ms");
                findings.add(Property::G9, &[*place], text);
            }
        }
    }
}

/// Since when the item can be had at the call's return; `None` if it cannot.
fn since(queue: &Queue<'_>, item: &Item, op: &Op, returned: Moment) -> Option<Moment> {
    let stay = item.stays.last().filter(|stay| stay.since <= returned)?;
    if stay.gone.is_some_and(|gone| gone.at <= returned) {
        return None;
    }
    let due = item.put.as_ref().and_then(|(_, put)| queue.due(put));
    let mut since = due.map_or(stay.since, |due| due.max(stay.since));
    for lock in item.stays.iter().flat_map(|stay| queue.locks(stay)) {
        if lock.created <= returned {
            since = since.max(lock.removal.filter(|gone| gone.at <= returned)?.at);
        }
    }
    (op.invoked <= returned).then_some(since)
}
