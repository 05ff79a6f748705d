//! Queues: what was put and what became of it, in the server's order.

use std::collections::BTreeMap;

use crate::history::History;
use crate::known::{Bounds, Ends, Tree};
use crate::records::{Function, Op};
use crate::text::Text;
use crate::verdict::{Findings, Verdict};

mod batches;
mod bounds;
mod claims;
mod items;
mod order;
mod queue;
mod takes;
mod waits;

use queue::Queue;

/// `Q1`, `Q3` to `Q6`, `Bound`, `A5` of what was put together, and `G9` of takes and puts that give up. `Q2` is `Q1` where nothing is left at the end (`G5`).
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let mut queues: BTreeMap<Text, Vec<(usize, Op)>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if is_of_queue(op.function) {
            queues.entry(op.path).or_default().push((place, *op));
        }
    }
    if queues.is_empty() {
        return findings.verdict();
    }
    let (tree, ends, bounds) = (
        Tree::replay(history),
        Ends::of(history),
        Bounds::of(history),
    );
    for (path, mut calls) in queues {
        findings.stats.judged += calls.len();
        calls.sort_by_key(|(_, op)| op.invoked);
        let queue = Queue::of(history, &tree, &ends, &bounds, path, calls);
        items::judge(&queue, &mut findings);
        batches::judge(&queue, &mut findings);
        bounds::judge(&queue, &mut findings);
        takes::judge(&queue, &mut findings);
        claims::judge(&queue, &mut findings);
        order::judge(&queue, &mut findings);
        waits::judge(&queue, &mut findings);
    }
    findings.verdict()
}

const fn is_of_queue(function: Function) -> bool {
    matches!(
        function,
        Function::Put | Function::Take | Function::Claim | Function::Complete | Function::GiveBack
    )
}
