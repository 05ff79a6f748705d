//! Claims on items, and their ends.

use super::queue::{Claim, Item, Queue};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// `Q6`.
pub(super) fn judge(queue: &Queue<'_>, findings: &mut Findings) {
    for (text, item) in &queue.items {
        for claim in &item.claims {
            granted(queue, item, claim, findings);
        }
        for pair in item.claims.windows(2) {
            if let [one, next] = pair {
                apart(text, (one, next), findings);
            }
        }
    }
    for (place, op) in &queue.calls {
        if op.function == Function::Complete {
            completed(queue, (*place, op), findings);
        }
    }
}

/// What is claimed is there, and its claim is a node of the session.
fn granted(queue: &Queue<'_>, item: &Item, claim: &Claim, findings: &mut Findings) {
    let (place, op) = (claim.place, &claim.op);
    let life = queue.tree.made(op.guard, op.token);
    let own = life.and_then(|life| queue.ends.user(life.owner)) == Some(op.process);
    if !own {
        let text = format!("{} has no node for its claim {}", queue.what(op), op.token);
        findings.add(Property::Q6, &[place], text);
    }
    if !item.is_there_at(op.token) {
        let text = format!("{} was not there at its claim {}", queue.what(op), op.token);
        findings.add(Property::Q6, &[place], text);
    }
}

/// The claim before is over when the next one begins.
fn apart(item: &[u8], (one, next): (&Claim, &Claim), findings: &mut Findings) {
    let is_over = one.gone.is_some_and(|gone| gone.zxid <= next.op.token);
    if !is_over {
        let text = format!(
            "{} is claimed at {} and at {}",
            String::from_utf8_lossy(item),
            one.op.token,
            next.op.token
        );
        findings.add(Property::Q6, &[one.place, next.place], text);
    }
}

/// Whoever was told that it has completed an item has taken it out, and held the claim until then.
fn completed(queue: &Queue<'_>, (place, op): (usize, &Op), findings: &mut Findings) {
    let item = queue.item(op.data);
    let end = item.and_then(Item::end);
    let own = end.filter(|end| {
        let within = op.invoked <= end.at && op.returned.is_none_or(|returned| end.at <= returned);
        within && queue.ends.user(end.session) == Some(op.process)
    });
    let what = queue.what(op);
    match (op.outcome, own) {
        (Outcome::Ok, None) => {
            let text = format!("{what} was told done, and did not take it out");
            findings.add(Property::Q6, &[place], text);
        }
        (Outcome::NotApplied, Some(end)) => {
            let text = format!(
                "{what} was told not applied, and took it out at {}",
                end.zxid
            );
            findings.add(Property::Q6, &[place], text);
        }
        (_, Some(end)) => {
            let claims = item.map(|item| item.claims.as_slice()).unwrap_or_default();
            let holds = claims.iter().any(|claim| {
                let lasts = claim.gone.is_none_or(|gone| end.zxid <= gone.zxid);
                claim.op.token == op.token && claim.op.process == op.process && lasts
            });
            if !holds {
                let text = format!(
                    "{what} took it out at {}, and did not hold its claim",
                    end.zxid
                );
                findings.add(Property::Q6, &[place], text);
            }
        }
        (_, None) => {}
    }
}
