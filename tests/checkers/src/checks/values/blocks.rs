//! Numbers handed out from blocks.

use std::collections::BTreeMap;

use super::object::Object;
use crate::known::number_in;
use crate::records::{Function, Outcome};
use crate::verdict::{Findings, Property};

/// `A2`.
pub(super) fn judge(object: &Object<'_>, findings: &mut Findings) {
    let texts = &object.history.texts;
    let mut given: BTreeMap<i64, usize> = BTreeMap::new();
    let mut last: BTreeMap<_, i64> = BTreeMap::new();
    for (place, op) in &object.calls {
        if op.function != Function::Next || op.outcome != Outcome::Ok {
            continue;
        }
        let what = object.what(op);
        let Some(taken) = number_in(texts, Some(op.reply)) else {
            findings.add(Property::A2, &[*place], format!("{what} answers no number"));
            continue;
        };
        if let Some(before) = given.insert(taken, *place) {
            let text = format!("{what} answers {taken}, which was handed out before");
            findings.add(Property::A2, &[before, *place], text);
        }
        let before = last.insert((op.process, op.recipe), taken);
        if let Some(before) = before.filter(|before| *before >= taken) {
            let text = format!("{what} answers {taken} after {before}");
            findings.add(Property::A2, &[*place], text);
        }
        let reserved = object.rows.iter().any(|row| {
            let block = number_in(texts, row.before).zip(number_in(texts, row.after));
            let holds = block.is_some_and(|(first, end)| (first..end).contains(&taken));
            let by_then = op.returned.is_none_or(|returned| row.at <= returned);
            row.process == Some(op.process) && holds && by_then
        });
        if !reserved {
            let text = format!("{what} answers {taken}, which its process has not reserved");
            findings.add(Property::A2, &[*place], text);
        }
    }
}
