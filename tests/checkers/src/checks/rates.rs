//! Permits per span of time.

use std::collections::BTreeMap;

use zk_wire::Moment;

use crate::history::History;
use crate::known::later;
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

/// `Rate`: windows are so long at least and do not overlap, so a span of that length touches two of them at most. What a
/// process takes whose clock is wrong is left out: it cannot tell when its block is void.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let (permits, per) = (u64::from(history.limits.permits), history.limits.per);
    if permits == 0 {
        return findings.verdict();
    }
    let wrong = |op: &Op| history.clocks.iter().any(|it| it.process == op.process);
    let mut taken: BTreeMap<Text, Vec<(Moment, u64, usize)>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if op.function != Function::Take || op.outcome != Outcome::Ok {
            continue;
        }
        if wrong(op) {
            findings.stats.exempt += 1;
            continue;
        }
        findings.stats.judged += 1;
        let count = std::str::from_utf8(history.texts.bytes(op.data)).ok();
        let count = count.and_then(|text| text.parse().ok());
        if let (Some(at), Some(count)) = (op.returned, count) {
            taken.entry(op.path).or_default().push((at, count, place));
        }
    }
    for (path, mut taken) in taken {
        taken.sort_unstable();
        for (first, (from, ..)) in taken.iter().enumerate() {
            let Some(end) = later(*from, per) else {
                continue;
            };
            let within = taken.iter().skip(first).take_while(|(at, ..)| *at < end);
            let sum: u64 = within.clone().map(|(_, count, _)| count).sum();
            if sum > permits * 2 {
                let places: Vec<usize> = within.map(|(.., place)| *place).collect();
                let text = format!(
                    "{sum} permits of {} are taken within {per:?}, where a window has {permits}",
                    history.texts.shown(path)
                );
                findings.add(Property::Rate, &places, text);
                break;
            }
        }
    }
    findings.verdict()
}
