//! Items that were put in one transaction.

use std::collections::BTreeMap;

use super::queue::Queue;
use crate::known::name;
use crate::records::{Function, Op};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `A5`: all of them are there from one write on, or none ever is. `Q5`: in the order in which they were given.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    let mut batches: BTreeMap<(u32, Text), Vec<(usize, &Op)>> = BTreeMap::new();
    for (place, op) in &queue.calls {
        if op.function == Function::Put && !op.together.is_empty() {
            let batch = batches.entry((op.process, op.together)).or_default();
            batch.push((*place, op));
        }
    }
    for batch in batches.into_values() {
        let places: Vec<usize> = batch.iter().map(|(place, _)| *place).collect();
        let items = batch.iter().map(|(_, op)| queue.item(op.data));
        let first = items.map(|item| item.and_then(|item| item.stays.first()));
        let first: Vec<_> = first.collect();
        let zxids: Vec<_> = first
            .iter()
            .map(|stay| stay.map(|stay| stay.from))
            .collect();
        let Some((_, op)) = batch.first() else {
            continue;
        };
        if zxids.windows(2).any(|pair| pair.first() != pair.last()) {
            let (what, count) = (queue.what(op), batch.len());
            let text = format!("{what} and what was put with it, {count}, are there by {zxids:?}");
            findings.add(Property::A5, &places, text);
            continue;
        }
        let numbers: Option<Vec<u32>> = first
            .iter()
            .map(|stay| number(name(queue.history.texts.bytes((*stay)?.path))))
            .collect();
        if numbers.is_some_and(|numbers| !numbers.is_sorted()) {
            let what = queue.what(op);
            let text = format!("{what} and what was put with it do not follow each other");
            findings.add(Property::Q5, &places, text);
        }
    }
}

/// The number that the server has given a node.
fn number(name: &[u8]) -> Option<u32> {
    let digits = name.get(name.len().checked_sub(10)?..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// How many items were put with that one.
pub(super) fn size(queue: &Queue<'_>, op: &Op) -> usize {
    if op.together.is_empty() {
        return 1;
    }
    let puts = queue.calls.iter().filter(|(_, other)| {
        let same = (other.process, other.together) == (op.process, op.together);
        other.function == Function::Put && same
    });
    puts.count()
}
