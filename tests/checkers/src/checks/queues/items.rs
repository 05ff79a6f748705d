//! What was put, and where it lay.

use super::queue::{Item, Queue};
use crate::records::Outcome;
use crate::verdict::{Findings, Property};

/// `Q1`: what was acknowledged is there, and what is there was put. `Q4`: once, and nothing that was told not to be.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    for (text, item) in &queue.items {
        let shown = String::from_utf8_lossy(text);
        put(queue, &shown, item, findings);
        once(queue, &shown, item, findings);
    }
}

fn put(queue: &Queue<'_>, shown: &str, item: &Item, findings: &mut Findings) {
    let first = item.stays.first();
    let Some((place, op)) = &item.put else {
        if let Some(first) = first {
            let text = format!(
                "{shown} is in {} at {}, and no call put it",
                queue.name, first.from
            );
            findings.add(Property::Q1, &[], text);
        }
        return;
    };
    let what = queue.what(op);
    match (op.outcome, first) {
        (Outcome::Ok, None) => {
            findings.add(
                Property::Q1,
                &[*place],
                format!("{what} was told done, and never was"),
            );
        }
        (Outcome::NotApplied, Some(first)) => {
            let text = format!(
                "{what} was told not applied, and is there at {}",
                first.from
            );
            findings.add(Property::Q4, &[*place], text);
        }
        (Outcome::Cancelled, Some(first)) if op.polls == 0 => {
            let text = format!("{what} was never polled, and is there at {}", first.from);
            findings.add(Property::Q4, &[*place], text);
        }
        (outcome, Some(first)) => {
            let by_then = op.returned.is_none_or(|returned| first.since <= returned);
            let in_time = op.invoked <= first.since && (outcome != Outcome::Ok || by_then);
            if !in_time || first.by != Some(op.process) {
                let text = format!("{what} is there at {}, which is not its doing", first.from);
                findings.add(Property::Q1, &[*place], text);
            }
        }
        (_, None) => {}
    }
}

/// It lies in one node at a time, from its put until it is taken away: moved within one transaction, if at all.
fn once(queue: &Queue<'_>, shown: &str, item: &Item, findings: &mut Findings) {
    for pair in item.stays.windows(2) {
        let [one, next] = pair else { continue };
        let place = item.put.as_ref().map(|(place, _)| *place);
        let places: Vec<usize> = place.into_iter().collect();
        match one.gone {
            Some(gone) if gone.zxid == next.from => {}
            Some(gone) if gone.zxid < next.from => {
                let text = format!(
                    "{shown} is gone at {} and there again at {}",
                    gone.zxid, next.from
                );
                findings.add(Property::Q4, &places, text);
            }
            _ => {
                let text = format!(
                    "{shown} is in {} and {} at {}",
                    queue.shown(one.path),
                    queue.shown(next.path),
                    next.from
                );
                findings.add(Property::Q4, &places, text);
            }
        }
    }
}
