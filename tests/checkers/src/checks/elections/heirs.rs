//! Leaders that name their successor.

use super::view::{Elections, Term, lives_at};
use crate::known::{Life, number};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// When a hand-over is reported, the one that was named stands in the leader's place, and nobody leads before it.
pub(super) fn judge(elections: &Elections<'_>, terms: &[Term<'_>], findings: &mut Findings) {
    for (place, op) in elections.history.ops.iter().enumerate() {
        if op.function != Function::HandOver || op.outcome != Outcome::Ok {
            continue;
        }
        findings.stats.judged += 1;
        let texts = &elections.history.texts;
        let name = texts.shown(op.data);
        let Some(heir) = heir(elections, op) else {
            let text = format!(
                "{name} is reported the next of {}, and is not there",
                texts.shown(op.path)
            );
            findings.add(Property::Heir, &[place], text);
            continue;
        };
        let passed = terms.iter().find(|term| {
            term.op.path == op.path
                && term.epoch() > op.mzxid
                && term.life.path != op.guard
                && term.life.czxid != heir.czxid
                && lives_at(heir, term.epoch())
        });
        if let Some(term) = passed {
            let text = format!(
                "{} leads in {} before {name}, which was named",
                texts.shown(term.life.path),
                term.epoch()
            );
            findings.add(Property::Heir, &[place, term.place], text);
        }
    }
}

/// The node in the leader's place that came meanwhile, of the process that was named.
fn heir<'h>(elections: &Elections<'h>, op: &Op) -> Option<&'h Life> {
    let texts = &elections.history.texts;
    let named = std::str::from_utf8(texts.bytes(op.data)).ok()?;
    let named: u32 = named.rsplit(' ').next()?.parse().ok()?;
    let place = number(texts.bytes(op.guard))?;
    let until = op.returned?;
    let mut children = elections.tree.children(op.path);
    children.find(|life| {
        life.path != op.guard
            && number(texts.bytes(life.path)) == Some(place)
            && (op.invoked..=until).contains(&life.created)
            && elections.ends.user(life.owner) == Some(named)
    })
}
