//! Takes from queues, which leave to each other what they had under way.

use zk_wire::Moment;

use crate::history::History;
use crate::records::{Op, Outcome};

/// Since when what a take tells of may have been under way: a call of its handle that was dropped or gave up leaves that to
/// the next one.
pub(crate) fn begun(history: &History, place: usize, op: &Op) -> Moment {
    let before = history.ops.get(..place).unwrap_or_default().iter().rev();
    let same = before
        .filter(|it| (it.function, it.process, it.recipe) == (op.function, op.process, op.recipe));
    let given_up =
        same.take_while(|it| matches!(it.outcome, Outcome::Cancelled | Outcome::NotApplied));
    given_up.last().map_or(op.invoked, |first| first.invoked)
}
